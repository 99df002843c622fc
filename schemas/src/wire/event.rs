//! What happened to a job, as its event stream and its log tell it.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::choice::choice;
use crate::error_code::ErrorBody;
use crate::job::{JobState, Stage};

choice! {
    /// What kind of event it is; also the `event:` field of the stream.
    EventKind {
        /// The job came into a state.
        State = "state",
        /// A stage began.
        Stage = "stage",
        /// A line of the log.
        Log = "log",
    }
}

/// One stored event. The stream's `id:` is `seq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its place in the job's own order, from 1, without gaps.
    pub seq: u64,
    /// What kind it is.
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// The state the job is in.
    pub state: JobState,
    /// The stage the job is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// A line for people, without anything private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

/// How far a job has come: an event of the stream that is stored nowhere and has no id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The stage that goes on.
    pub stage: String,
    /// How much of the job is done, 0..1.
    pub progress: f64,
}

/// One line of `GET /v1/jobs/{id}/log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// In which attempt.
    pub attempt: u32,
    /// In which stage.
    pub stage: Option<Stage>,
    /// What happened.
    pub message: String,
}
