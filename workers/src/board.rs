//! What the workers show to the outside, and the signs by which running attempts are stopped.
//!
//! Actors write here what is their own; nobody learns from here what to do. The signs stand here, outside every mailbox,
//! so that a stop never queues behind work (R8).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use songwalker_jobs::claim::Ownership;
use songwalker_schemas::{JobId, Stage};
use tokio::sync::watch;

use crate::attempt::{Cause, StopSign};
use crate::child::PoolState;

/// What the intake is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntakeState {
    /// It is not there: not yet, no more, or being restarted.
    #[default]
    Away,
    /// It waits for a child.
    Full,
    /// It has a child and waits for a hint.
    Waiting,
    /// It holds a job that must run alone, and waits for the others to end, or for that one.
    Alone,
    /// Queue or database do not answer; it comes again after a pause.
    Pausing,
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningJob {
    /// Which.
    pub job_id: JobId,
    /// Its attempt.
    pub attempt: u32,
    /// The fence of that attempt: a job can stand here twice while an attempt that lost it still dies.
    pub fence: i64,
    /// The stage it is in.
    pub stage: Option<Stage>,
    /// How far it is as a whole, 0..1.
    pub progress: f64,
}

/// What the workers look like from outside.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkersState {
    /// The actors' thread is there.
    pub alive: bool,
    /// No more jobs are taken.
    pub draining: bool,
    /// How many jobs may run at a time.
    pub slots: usize,
    /// The intake.
    pub intake: IntakeState,
    /// The children.
    pub pool: PoolState,
    /// The jobs that run.
    pub running: Vec<RunningJob>,
    /// Attempts that ended, by how.
    pub ended: BTreeMap<&'static str, u64>,
    /// Actors that died and were started anew.
    pub restarts: u64,
    /// Actors that are dead now.
    pub down: Vec<&'static str>,
}

impl WorkersState {
    /// Whether jobs are taken: every actor is there, and so is a child or the hope of one.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.problem().is_none()
    }

    /// Why no jobs are taken; nothing where they are.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        if !self.alive {
            Some("the workers have ended")
        } else if self.draining {
            Some("the workers are shutting down")
        } else if !self.down.is_empty() {
            Some("an actor is being restarted")
        } else if self.pool.idle + self.pool.leased == 0 {
            Some("no child process is ready")
        } else if matches!(self.intake, IntakeState::Away | IntakeState::Pausing) {
            Some("queue or database do not answer")
        } else {
            None
        }
    }
}

/// Where all this stands.
#[derive(Debug)]
pub struct Board {
    state: watch::Sender<WorkersState>,
    /// By job and fence: what dies takes down its own sign, never its successor's (R3).
    signs: Mutex<BTreeMap<(JobId, i64), StopSign>>,
}

impl Board {
    /// An empty board.
    pub fn new(slots: usize) -> Arc<Self> {
        let state = watch::Sender::new(WorkersState {
            slots,
            ..WorkersState::default()
        });
        Arc::new(Self {
            state,
            signs: Mutex::new(BTreeMap::new()),
        })
    }

    /// What it shows now.
    pub fn state(&self) -> WorkersState {
        self.state.borrow().clone()
    }

    /// Tells each change.
    pub fn watch(&self) -> watch::Receiver<WorkersState> {
        self.state.subscribe()
    }

    /// Shows something else from now on.
    pub fn show(&self, change: impl FnOnce(&mut WorkersState)) {
        self.state.send_modify(change);
    }

    /// An attempt runs until the result goes away.
    pub fn enter(self: &Arc<Self>, own: &Ownership, sign: &StopSign) -> Entry {
        self.signs().insert((own.job_id, own.fence), sign.clone());
        let running = RunningJob {
            job_id: own.job_id,
            attempt: own.attempt,
            fence: own.fence,
            stage: None,
            progress: 0.0,
        };
        self.show(|state| state.running.push(running));
        metrics::gauge!("songwalker_jobs_running").increment(1.0);
        Entry {
            board: Arc::clone(self),
            job_id: own.job_id,
            fence: own.fence,
        }
    }

    /// Raises the sign of every running attempt.
    pub fn stop_all(&self, cause: Cause) {
        for sign in self.signs().values() {
            sign.raise(cause);
        }
    }

    /// Waits until no job runs.
    pub async fn until_idle(&self) {
        // The sender is ours: the wait cannot fail.
        let _ = self.watch().wait_for(|state| state.running.is_empty()).await;
    }

    fn signs(&self) -> MutexGuard<'_, BTreeMap<(JobId, i64), StopSign>> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running attempt's place on the board. It goes with its owner, however that ends.
#[derive(Debug)]
pub struct Entry {
    board: Arc<Board>,
    job_id: JobId,
    fence: i64,
}

impl Entry {
    /// Shows how far the job is.
    pub fn progress(&self, stage: Stage, progress: f64) {
        self.board.show(|state| {
            if let Some(running) = state.running.iter_mut().find(|running| self.is_of(running)) {
                running.stage = Some(stage);
                running.progress = progress;
            }
        });
    }

    fn is_of(&self, running: &RunningJob) -> bool {
        running.job_id == self.job_id && running.fence == self.fence
    }

    /// Counts how the attempt ended.
    pub fn ended(&self, ending: &'static str) {
        self.board
            .show(|state| *state.ended.entry(ending).or_default() += 1);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        metrics::gauge!("songwalker_jobs_running").decrement(1.0);
        self.board.signs().remove(&(self.job_id, self.fence));
        self.board
            .show(|state| state.running.retain(|running| !self.is_of(running)));
    }
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::UserId;
    use uuid::Uuid;

    use super::*;

    fn own(fence: i64) -> Ownership {
        Ownership {
            job_id: JobId(Uuid::from_u128(1)),
            user_id: UserId(Uuid::from_u128(2)),
            worker_id: Uuid::from_u128(3),
            fence,
            attempt: 1,
        }
    }

    #[test]
    fn an_attempt_that_dies_late_leaves_its_successor_on_the_board() {
        let board = Board::new(2);
        let (old_sign, new_sign) = (StopSign::new(), StopSign::new());
        let old = board.enter(&own(1), &old_sign);
        let new = board.enter(&own(2), &new_sign);
        new.progress(Stage::Planning, 0.5);
        let shown = |state: WorkersState| -> Vec<_> {
            state
                .running
                .iter()
                .map(|running| (running.fence, running.progress))
                .collect()
        };
        assert_eq!(shown(board.state()), [(1, 0.0), (2, 0.5)]);
        drop(old);
        assert_eq!(shown(board.state()), [(2, 0.5)]);
        board.stop_all(Cause::Shutdown);
        assert_eq!(
            (old_sign.cause(), new_sign.cause()),
            (None, Some(Cause::Shutdown))
        );
        drop(new);
        assert!(board.state().running.is_empty() && board.signs().is_empty());
    }
}
