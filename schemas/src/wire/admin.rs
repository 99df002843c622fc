//! What operators see and do: users, plans, queues, pauses, dead letters. Nobody's words are in any of it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::job::JobKind;
use crate::wire::{Job, LogLine};
use crate::{Timestamp, UserId};

/// A user as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: UserId,
    /// Its name.
    pub name: String,
    /// The plan that limits follow from.
    pub plan: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it asked for everything to be erased.
    pub erase_requested_at: Option<Timestamp>,
}

/// `POST /v1/admin/users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// What to call the user, 1 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub name: String,
    /// The plan that limits follow from; `standard` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// `PATCH /v1/admin/users/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// The plan that limits follow from, from now on.
    pub plan: String,
}

/// What a plan allows; null is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Jobs of a user that are not final.
    pub unfinished_jobs: Option<u32>,
    /// Requests of a user each minute.
    pub requests_per_minute: Option<u32>,
    /// Plugin builds of a user each hour.
    pub plugin_builds_per_hour: Option<u32>,
    /// How long artifacts are kept; null: until they are deleted.
    pub keep_artifacts: Option<String>,
    /// How long prompts are kept; null: until they are deleted.
    pub keep_prompts: Option<String>,
    /// How many users have it.
    pub users: u64,
}

/// `POST /v1/admin/plans`: what is null or left out is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePlan {
    /// What to call it.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9_-]{1,64}$"))]
    pub name: String,
    /// Jobs of a user that are not final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub unfinished_jobs: Option<u32>,
    /// Requests of a user each minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub requests_per_minute: Option<u32>,
    /// Plugin builds of a user each hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub plugin_builds_per_hour: Option<u32>,
    /// How long artifacts are kept: a whole number with `s`, `m`, `h` or `d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "90d"))]
    pub keep_artifacts: Option<String>,
    /// How long prompts are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "30d"))]
    pub keep_prompts: Option<String>,
}

/// `PATCH /v1/admin/plans/{name}`: what is left out stays as it is, null is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdatePlan {
    /// Jobs of a user that are not final.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000))]
    pub unfinished_jobs: Option<Option<u32>>,
    /// Requests of a user each minute.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000))]
    pub requests_per_minute: Option<Option<u32>>,
    /// Plugin builds of a user each hour.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000))]
    pub plugin_builds_per_hour: Option<Option<u32>>,
    /// How long artifacts are kept: a whole number with `s`, `m`, `h` or `d`.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "90d"))]
    pub keep_artifacts: Option<Option<String>>,
    /// How long prompts are kept.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "30d"))]
    pub keep_prompts: Option<Option<String>>,
}

/// A field that may be left out, and is told apart from null.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A kind of job that no worker takes now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// The kind; null: every kind.
    pub kind: Option<JobKind>,
    /// Since when.
    pub paused_at: Timestamp,
}

/// `POST /v1/admin/pause` and `POST /v1/admin/resume`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PauseJobs {
    /// Jobs of this kind; every kind where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<JobKind>,
}

/// How the queues stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queues {
    /// One for each kind and plan that has jobs which are not final.
    pub lanes: Vec<Lane>,
    /// What is paused.
    pub pauses: Vec<Pause>,
    /// The workers that were seen lately.
    pub workers: Vec<WorkerSeen>,
    /// Hints that wait to be sent to the queue.
    pub outbox: u64,
    /// Hints that wait in the queue; null where it does not answer.
    pub hints: Option<u64>,
}

/// Unfinished jobs of one kind whose users have one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lane {
    /// The kind.
    pub kind: JobKind,
    /// The plan.
    pub plan: String,
    /// Jobs that wait.
    pub queued: u64,
    /// Jobs that run.
    pub running: u64,
    /// Jobs that are to stop.
    pub cancelling: u64,
    /// Since when the one waits that waits longest.
    pub oldest_queued_at: Option<Timestamp>,
    /// Why those that wait do.
    pub waiting: WaitingCounts,
}

/// How many jobs wait for which reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingCounts {
    /// A failed attempt is followed by a pause.
    pub backoff: u64,
    /// No worker is there.
    pub no_worker: u64,
    /// The service is paused.
    pub paused: u64,
    /// Others are before them.
    pub queue: u64,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkerSeen {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: crate::ids::Uuid,
    /// How many jobs it takes at once.
    pub slots: u32,
    /// How many it has.
    pub jobs: u64,
    /// Since when it is there.
    pub started_at: Timestamp,
    /// When it was last seen.
    pub seen_at: Timestamp,
    /// Whether that is lately enough to count on it.
    pub is_alive: bool,
}

/// A failed job that ran out of attempts, without its prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// Whose it is.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub user_id: UserId,
    /// How many workers died at it.
    pub deaths: u32,
    /// The job; its `error` has the evidence.
    pub job: Job,
}

/// A dead letter with all that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterDetail {
    /// The letter.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// What happened, oldest first; empty once it is past its retention.
    pub log: Vec<LogLine>,
}
