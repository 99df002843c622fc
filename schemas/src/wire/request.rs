//! What is asked of the job system.

use serde::{Deserialize, Deserializer, Serialize};

use crate::JobId;
use crate::job::{JobKind, PlannerChoice};
use crate::limits::DEFAULT_VARIATIONS;

/// `POST /v1/jobs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateJob {
    /// What the sound should be: 1 to 4,000 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 4000,
            example = "warm analog pad with slow movement, wide"
        )
    )]
    pub prompt: String,
    /// Your own words to find it by: at most 20 of at most 64 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub tags: Vec<String>,
    /// The template to start from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Another seed, another version of the same answer.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_u64))]
    pub seed: u64,
    /// What to make.
    #[serde(default = "patch")]
    pub kind: JobKind,
    /// How many variations.
    #[serde(default = "default_variations")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 5, default = 3))]
    pub variations: u8,
    /// Who turns the words into an intent.
    #[serde(default = "auto")]
    pub planner: PlannerChoice,
    /// The job whose sound this one changes: the prompt is then read as words about that sound (`darker and shorter`).
    /// Its bundle's hash is recorded in the new one's provenance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Uuid))]
    pub parent_job_id: Option<JobId>,
    /// Where to tell of its end: `https` and a host by its name. It is signed with the secret of your webhook without an
    /// address, which must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(max_length = 2048, example = "https://example.org/songwalker")
    )]
    pub webhook_url: Option<String>,
}

const fn patch() -> JobKind {
    JobKind::Patch
}

const fn auto() -> PlannerChoice {
    PlannerChoice::Auto
}

const fn default_variations() -> u8 {
    DEFAULT_VARIATIONS
}

impl CreateJob {
    /// A request for `prompt` with everything else as it is by default.
    #[must_use]
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            tags: Vec::new(),
            template_id: None,
            seed: 0,
            kind: JobKind::Patch,
            variations: DEFAULT_VARIATIONS,
            planner: PlannerChoice::Auto,
            parent_job_id: None,
            webhook_url: None,
        }
    }
}

/// `PATCH /v1/jobs/{id}`: what is left out stays as it is; null is refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateJob {
    /// A name of your own, 1 to 48 characters; empty takes the sound's own name again.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 48))]
    pub name: Option<String>,
    /// Your words to find it by: at most 20 of at most 64 characters; an empty list takes them all off.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_items = 20))]
    pub tags: Option<Vec<String>>,
    /// Whether it has a star.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub starred: Option<bool>,
    /// How good it is, 1 to 5; 0 takes the rating back.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, minimum = 0, maximum = 5))]
    pub rating: Option<u8>,
}

/// A field that may be left out and is never null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
