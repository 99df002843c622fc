//! What ends an attempt without a bundle, and what its row is to say then (R11): a code of ours and a fixed text. No word
//! of a child's or a database's own goes further than the log (R10).

use songwalker_jobs::JobsError;
use songwalker_jobs::ending::{Fate, sanitised};
use songwalker_schemas::ErrorCode;
use songwalker_schemas::error_code::ErrorBody;

use super::stop_sign::Cause;
use crate::child::ChildError;

/// What ended an attempt.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Its child gave no bundle.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The database or the store did not do its part, or the row is no longer the attempt's.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// The planner that is asked for is not to be had.
    #[error("the planner is not to be had")]
    Planner,
    /// The sound that it was to change is gone.
    #[error("the parent's bundle is gone")]
    Parent,
    /// It saw its sign.
    #[error("stopped")]
    Stopped,
    /// It did not see its sign in time and was given up.
    #[error("given up")]
    GivenUp,
    /// It panicked; where, the log says.
    #[error("panicked")]
    Panicked,
}

/// What the row is to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing of ours: it is another's.
    Discard,
    /// It has stopped, as it was to.
    Cancelled,
    /// It goes back as if it had not been taken.
    HandBack,
    /// It went wrong.
    Fail(ErrorBody, Fate),
}

impl Failure {
    /// What the row is to say, given why the attempt was stopped, if it was.
    pub(super) fn verdict(&self, cause: Option<Cause>) -> Verdict {
        match (self, cause) {
            (_, Some(Cause::Stale)) | (Self::Jobs(JobsError::Stale), _) => Verdict::Discard,
            (_, Some(Cause::Cancelled)) | (Self::Jobs(JobsError::Stopping), _) => Verdict::Cancelled,
            // A child that died by itself died, whatever else was going on.
            (Self::Child(error), _) if error.is_death() => died(&error.to_string()),
            (Self::Panicked, _) => died("the attempt panicked"),
            (_, Some(Cause::Shutdown)) => Verdict::HandBack,
            (_, Some(Cause::Deadline)) => failed(ErrorCode::Timeout, "the attempt took too long"),
            (Self::Child(error), None) => of_child(error),
            (Self::Jobs(error), None) => of_jobs(error),
            (Self::Planner, None) => failed(
                ErrorCode::PlannerUnavailable,
                "this planner is not to be had here",
            ),
            (Self::Parent, None) => failed(ErrorCode::Gone, "the sound that was to be changed is gone"),
            (Self::Stopped | Self::GivenUp, None) => {
                failed(ErrorCode::Internal, "the attempt stopped for no reason")
            }
        }
    }
}

fn failed(code: ErrorCode, message: &str) -> Verdict {
    Verdict::Fail(sanitised(code, message, Vec::new()), Fate::Failed)
}

fn died(evidence: &str) -> Verdict {
    Verdict::Fail(sanitised(ErrorCode::WorkerLost, evidence, Vec::new()), Fate::Died)
}

fn of_child(error: &ChildError) -> Verdict {
    match error {
        ChildError::Failed(body) => failed(body.code, fixed(body.code)),
        ChildError::TooLarge(_) => failed(ErrorCode::BundleTooLarge, fixed(ErrorCode::BundleTooLarge)),
        ChildError::Timeout => failed(ErrorCode::Timeout, "the attempt took too long"),
        ChildError::Cancelled => failed(ErrorCode::Internal, "the child stopped for no reason"),
        ChildError::Unborn(_) | ChildError::Died(_) | ChildError::Rubbish(_) => died(&error.to_string()),
    }
}

fn of_jobs(error: &JobsError) -> Verdict {
    match error {
        JobsError::Port(port) if port.retryable() => {
            failed(ErrorCode::StorageUnavailable, "the store did not take the bundle")
        }
        // Another attempt's leftovers are still being cleared away.
        JobsError::Conflict(_) => failed(ErrorCode::StorageUnavailable, "the store is being cleaned"),
        JobsError::Database(_) | JobsError::Failpoint(_) => {
            failed(ErrorCode::Unavailable, "the database did not answer")
        }
        _ => failed(ErrorCode::Internal, fixed(ErrorCode::Internal)),
    }
}

/// What is told of a failed generation: the generator's own messages may quote what the user wrote.
const fn fixed(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidIntent => "the planner's answer breaks the rules of an intent",
        ErrorCode::RenderFailed => "the patch could not be played",
        ErrorCode::SilentPatch => "the patch makes no sound",
        ErrorCode::BundleTooLarge => "the bundle is larger than allowed",
        ErrorCode::InvalidRequest | ErrorCode::PromptTooLong | ErrorCode::TooManyTags => {
            "the generator refuses the request"
        }
        ErrorCode::UnknownTemplate => "there is no such template any more",
        ErrorCode::PlannerRefused => "nothing understood: no word says how the sound is to change",
        ErrorCode::Conflict => "another kind of sound was asked for: ask for a new sound",
        _ => "something went wrong here",
    }
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::ErrorEnvelope;

    use super::*;
    use crate::child::Death;

    fn dead() -> Failure {
        Failure::Child(ChildError::Died(Death {
            ending: "signal 9".to_owned(),
            last_words: String::new(),
        }))
    }

    fn code(failure: &Failure, cause: Option<Cause>) -> Option<(ErrorCode, Fate)> {
        match failure.verdict(cause) {
            Verdict::Fail(body, fate) => Some((body.code, fate)),
            _ => None,
        }
    }

    #[test]
    fn a_stale_attempt_writes_nothing_whatever_happened() {
        for failure in [dead(), Failure::Stopped, Failure::Panicked] {
            assert_eq!(failure.verdict(Some(Cause::Stale)), Verdict::Discard);
        }
        let stale = Failure::Jobs(JobsError::Stale);
        assert_eq!(stale.verdict(Some(Cause::Cancelled)), Verdict::Discard);
    }

    #[test]
    fn a_cancelled_attempt_ends_cancelled_however_its_child_ended() {
        for failure in [dead(), Failure::GivenUp, Failure::Child(ChildError::Cancelled)] {
            assert_eq!(failure.verdict(Some(Cause::Cancelled)), Verdict::Cancelled);
        }
        assert_eq!(
            Failure::Jobs(JobsError::Stopping).verdict(None),
            Verdict::Cancelled
        );
    }

    #[test]
    fn a_death_counts_also_at_shutdown_and_a_stop_does_not() {
        assert_eq!(
            code(&dead(), Some(Cause::Shutdown)),
            Some((ErrorCode::WorkerLost, Fate::Died))
        );
        assert_eq!(Failure::GivenUp.verdict(Some(Cause::Shutdown)), Verdict::HandBack);
        assert_eq!(
            Failure::Child(ChildError::Cancelled).verdict(Some(Cause::Shutdown)),
            Verdict::HandBack
        );
    }

    #[test]
    fn a_deadline_is_a_timeout_and_no_death() {
        for failure in [
            Failure::Stopped,
            Failure::GivenUp,
            Failure::Child(ChildError::Cancelled),
        ] {
            assert_eq!(
                code(&failure, Some(Cause::Deadline)),
                Some((ErrorCode::Timeout, Fate::Failed))
            );
        }
        assert_eq!(
            code(&Failure::Child(ChildError::Timeout), None),
            Some((ErrorCode::Timeout, Fate::Failed))
        );
    }

    #[test]
    fn what_the_generator_says_of_the_users_words_is_not_stored() {
        let message = "there is no template canary";
        let body = ErrorEnvelope::new(ErrorCode::UnknownTemplate, message, Vec::new()).error;
        match Failure::Child(ChildError::Failed(Box::new(body))).verdict(None) {
            Verdict::Fail(body, Fate::Failed) => {
                assert_eq!(body.code, ErrorCode::UnknownTemplate);
                assert!(!body.message.contains("canary"));
            }
            other => panic!("{other:?}"),
        }
    }
}
