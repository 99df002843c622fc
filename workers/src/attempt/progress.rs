//! How far a job is as a whole, and the stages as its row records them.

use songwalker_jobs::{JobsError, attempt};
use songwalker_schemas::Stage;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::Span;

use super::Attempt;
use super::stop_sign::Cause;

/// Where each stage begins in the whole job, 0..1, by the usual time that each takes.
const BEGINS: [(Stage, f64); 7] = [
    (Stage::Planning, 0.0),
    (Stage::Mapping, 0.03),
    (Stage::Checking, 0.05),
    (Stage::Rendering, 0.35),
    (Stage::Varying, 0.55),
    (Stage::Packaging, 0.85),
    (Stage::Publishing, 0.97),
];

/// How far the whole job is when a stage is `share` done.
pub fn whole(stage: Stage, share: f64) -> f64 {
    let at = BEGINS.iter().position(|(its, _)| *its == stage);
    let begin = at.and_then(|at| BEGINS.get(at)).map_or(0.0, |(_, begin)| *begin);
    let end = at
        .and_then(|at| BEGINS.get(at + 1))
        .map_or(1.0, |(_, begin)| *begin);
    begin + (end - begin) * share.clamp(0.0, 1.0)
}

/// Records the beginning of a stage. A database that does not answer delays nothing: a stage that is not recorded costs
/// a line, and the next step that must write finds out.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`].
pub async fn begin(attempt: &Attempt<'_>, stage: Stage) -> Result<(), JobsError> {
    let progress = whole(stage, 0.0);
    (attempt.report)(stage, progress);
    match attempt::begin_stage(attempt.system, attempt.own, stage, progress).await {
        Err(error @ (JobsError::Stale | JobsError::Stopping)) => Err(error),
        Err(error) => {
            tracing::warn!(job.id = %attempt.own.job_id, error = %error, "stage not recorded");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// A stage as a part of its attempt's trace.
pub fn span(stage: Stage) -> Span {
    tracing::info_span!("stage", job.stage = stage.name())
}

/// Records and tells what the child says of its progress, until it says no more.
pub async fn record(attempt: &Attempt<'_>, mut said: UnboundedReceiver<(Stage, f64)>) {
    let mut current = None;
    while let Some((stage, share)) = said.recv().await {
        if current.as_ref().is_none_or(|(its, _)| *its != stage) {
            // The span of the stage before ends here.
            current = Some((stage, span(stage)));
            match begin(attempt, stage).await {
                Err(JobsError::Stopping) => attempt.sign.raise(Cause::Cancelled),
                Err(_) => attempt.sign.raise(Cause::Stale),
                Ok(()) => {}
            }
        }
        let progress = whole(stage, share);
        (attempt.report)(stage, progress);
        attempt::tell_progress(attempt.system, attempt.own, stage, progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_grows_from_nothing_to_all_over_the_stages() {
        let mut last = -1.0;
        for stage in Stage::ALL {
            for share in [0.0, 0.5, 0.99] {
                let now = whole(*stage, share);
                assert!(now > last && now < 1.0, "{stage} {share}: {last} then {now}");
                last = now;
            }
        }
        assert!((whole(Stage::Publishing, 1.0) - 1.0).abs() < 1e-9);
    }
}
