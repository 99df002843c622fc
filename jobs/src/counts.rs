//! What the job domain counts once something is committed: how long jobs wait, take and fail. Labels are words of ours,
//! never of a user (R10).
//!
//! What happens seldom is counted from 0 on ([`begin`]): an increase from nothing is none, and the first failure of a kind
//! would alert nobody.

use std::time::Instant;

use songwalker_schemas::job::PlannerFallback;
use songwalker_schemas::{ErrorCode, Timestamp};

use crate::row::JobRow;

/// What a job can fail with; everything else that goes wrong is told to whoever asked, and no job fails by it.
pub const FAILING: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::UnknownTemplate,
    ErrorCode::Unavailable,
    ErrorCode::QueueTimeout,
    ErrorCode::WorkerLost,
    ErrorCode::Conflict,
    ErrorCode::Gone,
    ErrorCode::PlannerRefused,
    ErrorCode::PlannerUnavailable,
    ErrorCode::InvalidIntent,
    ErrorCode::RenderFailed,
    ErrorCode::SilentPatch,
    ErrorCode::Timeout,
    ErrorCode::BundleTooLarge,
    ErrorCode::StorageUnavailable,
    ErrorCode::Internal,
];

/// Counts 0 of everything that happens seldom; called once there is somebody who counts.
pub fn begin() {
    for code in FAILING {
        metrics::counter!("songwalker_jobs_failed_total", "code" => code.name()).increment(0);
    }
    for why in PlannerFallback::ALL {
        metrics::counter!("songwalker_planner_fallbacks_total", "code" => why.name()).increment(0);
    }
    metrics::counter!("songwalker_attempts_lost_total").increment(0);
    metrics::counter!("songwalker_queue_sessions_lost_total").increment(0);
    metrics::counter!("songwalker_dead_hints_total").increment(0);
}

/// A request became a job; its transaction began at `began`.
pub(crate) fn accepted(began: Instant) {
    metrics::counter!("songwalker_jobs_accepted_total").increment(1);
    metrics::histogram!("songwalker_accept_seconds").record(began.elapsed().as_secs_f64());
}

/// A job was claimed for the first time.
pub(crate) fn started(row: &JobRow) {
    let queued_at = row.model.queued_at;
    let waited = Timestamp(row.model.started_at.unwrap_or(queued_at)).since(Timestamp(queued_at));
    metrics::histogram!("songwalker_start_wait_seconds").record(waited.as_secs_f64());
}

/// A job has its result.
pub(crate) fn succeeded(row: &JobRow) {
    metrics::counter!("songwalker_jobs_ended_total", "state" => "succeeded").increment(1);
    let created_at = row.model.created_at;
    let took = Timestamp(row.model.finished_at.unwrap_or(created_at)).since(Timestamp(created_at));
    metrics::histogram!("songwalker_job_seconds").record(took.as_secs_f64());
}

/// A job failed.
pub(crate) fn failed(code: ErrorCode) {
    metrics::counter!("songwalker_jobs_ended_total", "state" => "failed").increment(1);
    metrics::counter!("songwalker_jobs_failed_total", "code" => code.name()).increment(1);
}

/// An attempt's lease ended without its worker.
pub(crate) fn attempt_lost() {
    metrics::counter!("songwalker_attempts_lost_total").increment(1);
}
