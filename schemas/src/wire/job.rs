//! A job as its user sees it.

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorBody;
use crate::job::{JobKind, JobState, PlannerChoice, PlannerFallback, Stage, WaitingReason};
use crate::{JobId, Timestamp};

/// A job. Treat states and stages that you do not know as not final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: JobId,
    /// What it makes.
    pub kind: JobKind,
    /// Where it is in its life.
    pub state: JobState,
    /// What it is doing, while it runs.
    pub stage: Option<Stage>,
    /// The share of it that is done, 0 to 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub progress: f64,
    /// How often a worker took it.
    pub attempt: u32,
    /// How often a worker may take it.
    pub max_attempts: u32,
    /// What was asked; the prompt is null once it is erased.
    pub request: RequestEcho,
    /// The sound's name, or the one that its user gave it.
    pub name: Option<String>,
    /// The sound's category, once it is known.
    pub category: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether it has a star.
    pub starred: bool,
    /// How good its user finds it, 1 to 5; null where it has no rating.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
    pub rating: Option<u8>,
    /// Why it does not run yet, while it is queued.
    pub waiting: Option<Waiting>,
    /// Why it failed or was cancelled, or why the last attempt failed.
    pub error: Option<ErrorBody>,
    /// Its bundle, once it succeeded.
    pub bundle: Option<BundleInfo>,
    /// Who turned the words into an intent, and what that cost.
    #[serde(default)]
    pub planner: Option<PlannerUse>,
    /// The stages of the last attempt with their times.
    pub stages: Vec<StageTiming>,
    /// The job that it goes on from.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Uuid))]
    pub parent_job_id: Option<JobId>,
    /// The job that it does again.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Uuid))]
    pub retry_of: Option<JobId>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it was last queued.
    pub queued_at: Timestamp,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When its cancellation was asked for.
    pub cancel_requested_at: Option<Timestamp>,
    /// When its worker heard of it.
    pub cancel_acknowledged_at: Option<Timestamp>,
    /// When everything of it had stopped.
    pub stopped_at: Option<Timestamp>,
    /// When it came into a final state.
    pub finished_at: Option<Timestamp>,
    /// How long its artifacts are kept; null: until they are deleted.
    pub retain_until: Option<Timestamp>,
    /// Where to go from here.
    pub links: Links,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestEcho {
    /// The prompt in its normal form; null once it is erased.
    pub prompt: Option<String>,
    /// The tags of the request; empty once they are erased.
    pub tags: Vec<String>,
    /// The template.
    pub template_id: Option<String>,
    /// The seed.
    pub seed: u64,
    /// How many variations.
    pub variations: u8,
    /// The planner.
    pub planner: PlannerChoice,
}

/// Who turned a job's words into an intent, and what that cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannerUse {
    /// The planner that was asked for, settled: never `auto`.
    pub asked: PlannerChoice,
    /// The planner whose intent was used; null until there is one.
    pub used: Option<PlannerChoice>,
    /// The language model that was asked, where one was.
    pub model: Option<String>,
    /// Calls that were made for this job.
    pub calls: u32,
    /// Tokens that the model read.
    pub input_tokens: u64,
    /// Tokens that it wrote.
    pub output_tokens: u64,
    /// Whether some of the tokens are guessed: the endpoint did not count them.
    pub estimated: bool,
    /// What that cost, where the installation knows prices, in their currency.
    pub cost: Option<f64>,
    /// Why the embedded planner took over, where it did.
    pub fallback: Option<PlannerFallback>,
}

impl PlannerUse {
    /// Nothing was spent yet.
    #[must_use]
    pub const fn of(asked: PlannerChoice) -> Self {
        Self {
            asked,
            used: None,
            model: None,
            calls: 0,
            input_tokens: 0,
            output_tokens: 0,
            estimated: false,
            cost: None,
            fallback: None,
        }
    }
}

/// Why a queued job does not run yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waiting {
    /// Why.
    pub reason: WaitingReason,
    /// How many are before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Until when at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A bundle, as a job refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BundleInfo {
    /// SHA-256 of the zip, lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// One stage of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageTiming {
    /// The stage.
    pub stage: Stage,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, milliseconds; null while it goes on.
    pub duration_ms: Option<u64>,
}

/// Addresses of what belongs to a job, relative to the server; what cannot be had now is null.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Links {
    /// The job.
    #[serde(rename = "self")]
    pub this: String,
    /// Its events.
    pub events: String,
    /// Its log.
    pub log: String,
    /// To cancel it.
    pub cancel: Option<String>,
    /// To do it again.
    pub retry: Option<String>,
    /// The patch.
    pub patch: Option<String>,
    /// The preview.
    pub preview: Option<String>,
    /// The bundle.
    pub bundle: Option<String>,
    /// The variations.
    pub variations: Option<String>,
    /// What was measured.
    pub analysis: Option<String>,
}
