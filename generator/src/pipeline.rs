//! The whole way from a request to a bundle, stage by stage. It knows no job and no clock: who runs it passes a
//! progress callback and a cancellation check, and may time the stages by the callback.

use songwalker_schemas::intent::Conflict;
use songwalker_schemas::{Intent, PatchSpec};

use crate::check::Report;
use crate::error::GenerateError;
use crate::package::PackedBundle;

/// What is asked for. Text is normalised and checked by [`generate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the sound should be.
    pub prompt: String,
    /// The user's own words to find it by.
    pub tags: Vec<String>,
    /// The template to start from.
    pub template_id: Option<String>,
    /// Another seed, another version of the same answer; 0..2^53−1.
    pub seed: u64,
    /// How many variations, 0..5.
    pub variations: usize,
}

/// The stages, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Words become an intent.
    Planning,
    /// The intent becomes a patch.
    Mapping,
    /// The phrase is rendered.
    Rendering,
    /// Probes are measured and corrected.
    Checking,
    /// Variations are made and checked.
    Varying,
    /// Everything becomes one bundle.
    Packaging,
}

impl Stage {
    /// Every stage, in the order in which they run.
    pub const ALL: [Self; 6] = [Self::Planning, Self::Mapping, Self::Checking, Self::Rendering, Self::Varying, Self::Packaging];

    /// Its name, as jobs and `timings_ms` write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Mapping => "mapping",
            Self::Rendering => "rendering",
            Self::Checking => "checking",
            Self::Varying => "varying",
            Self::Packaging => "packaging",
        }
    }
}

/// What the caller of the pipeline hears and may do.
pub struct Hooks<'a> {
    /// Called when a stage begins and as it goes on, with its share done, 0..1.
    pub progress: &'a (dyn Fn(Stage, f64) + Sync),
    /// Asked often; true ends the generation with [`GenerateError::Cancelled`].
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Hooks<'_> {
    /// Hears nothing, never stops.
    #[must_use]
    pub fn none() -> Hooks<'static> {
        Hooks { progress: &|_, _| {}, cancelled: &|| false }
    }

    pub(crate) fn check(&self) -> Result<(), GenerateError> {
        if (self.cancelled)() { Err(GenerateError::Cancelled) } else { Ok(()) }
    }
}

/// A finished generation.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The sound's name, also that of its folder.
    pub name: String,
    /// What the words were taken to mean.
    pub intent: Intent,
    /// The patch.
    pub patch: PatchSpec,
    /// What was measured, asked and reached.
    pub report: Report,
    /// Contradictions and how they were settled.
    pub conflicts: Vec<Conflict>,
    /// The bundle, packed and as files.
    pub bundle: PackedBundle,
}
