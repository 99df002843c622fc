//! The end of an attempt is written (R7, R8, R11): whatever happened, the row gets its word, or its lease ends and the
//! sweep writes it.

use std::time::Duration;

use songwalker_jobs::claim::Ownership;
use songwalker_jobs::ending::{self, Outcome};
use songwalker_jobs::{JobsError, System};
use tokio::time::Instant;

use super::failure::{Failure, Verdict};
use super::stop_sign::StopSign;

/// The pause before a write that failed is tried again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its bundle is the job's result.
    Succeeded,
    /// The job is queued for another attempt.
    Again,
    /// The job failed for good.
    Failed,
    /// The job was to stop, and has.
    Cancelled,
    /// The job went back as if it had not been taken.
    HandedBack,
    /// The row is another's; nothing was written.
    Discarded,
    /// The database did not answer for as long as the lease is; the sweep will write it.
    Unwritten,
}

impl Ending {
    /// Its word in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Again => "again",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::HandedBack => "handed_back",
            Self::Discarded => "discarded",
            Self::Unwritten => "unwritten",
        }
    }
}

/// Writes how an attempt ended. A database that does not answer is asked again for as long as the lease is.
pub async fn end(system: &System, own: &Ownership, outcome: Result<(), Failure>, sign: &StopSign) -> Ending {
    let failure = match outcome {
        Ok(()) => return Ending::Succeeded,
        Err(failure) => failure,
    };
    tracing::info!(job.id = %own.job_id, job.attempt = own.attempt, error = %failure, "attempt ended");
    let verdict = failure.verdict(sign.cause());
    let give_up = Instant::now() + system.config.worker.lease.duration();
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match write(system, own, &verdict).await {
            Ok(ending) => return ending,
            Err(error) => error,
        };
        if Instant::now() + pause >= give_up {
            tracing::error!(job.id = %own.job_id, error = %error, "end not written");
            return Ending::Unwritten;
        }
        tracing::warn!(job.id = %own.job_id, error = %error, "end not written yet");
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

async fn write(system: &System, own: &Ownership, verdict: &Verdict) -> Result<Ending, JobsError> {
    let written = match verdict {
        Verdict::Discard => return Ok(Ending::Discarded),
        Verdict::Cancelled => Err(JobsError::Stopping),
        Verdict::HandBack => ending::hand_back(system, own).await.map(|()| Ending::HandedBack),
        Verdict::Fail(body, fate) => {
            let outcome = ending::fail(system, own, body.clone(), *fate).await;
            outcome.map(of_outcome)
        }
    };
    let written = match written {
        // Whatever else was to be said: the job was to stop, and everything of it has.
        Err(JobsError::Stopping) => ending::stopped(system, own).await.map(of_outcome),
        other => other,
    };
    match written {
        Err(JobsError::Stale) => Ok(Ending::Discarded),
        other => other,
    }
}

const fn of_outcome(outcome: Outcome) -> Ending {
    match outcome {
        Outcome::Again => Ending::Again,
        Outcome::Failed => Ending::Failed,
        Outcome::Cancelled => Ending::Cancelled,
    }
}
