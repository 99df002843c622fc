//! Signals that shorten a wait: something changed, look again. Never the only way by which anything is learned: every
//! listener also looks by itself from time to time, so a lost signal costs time and nothing else (R4, R8).

use songwalker_schemas::{JobId, UserId};
use tokio::sync::broadcast;

/// "Look again."
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The row or the stored events of a job changed.
    JobChanged {
        /// Which job.
        job_id: JobId,
        /// Whose job.
        user_id: UserId,
    },
    /// How far a stage has come; stored nowhere.
    Progress {
        /// Which job.
        job_id: JobId,
        /// Which stage.
        stage: String,
        /// How much of the job is done, 0..1.
        progress: f64,
    },
    /// Somebody wants a running job to stop.
    CancelRequested {
        /// Which job.
        job_id: JobId,
    },
    /// The outbox has rows.
    Wake,
    /// A worker has a free slot.
    SlotFree,
    /// Signals of other processes were lost: look at whatever may have changed.
    Missed,
}

/// Where signals are left and heard.
pub trait EventBus: Send + Sync {
    /// Leaves a signal. Never waits; the signal may be lost.
    fn publish(&self, signal: Signal);

    /// Hears what is published from now on. Who listens too slowly is told that signals were lost, and looks again.
    fn subscribe(&self) -> broadcast::Receiver<Signal>;
}
