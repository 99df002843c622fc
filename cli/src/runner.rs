//! Running jobs in this process: under the runner lock of a data directory, what happens by the clock and the workers
//! with their children. A server keeps one while it is up, another command while it waits for its job.

use std::time::Duration;

use songwalker_jobs::System;
use songwalker_jobs::runner::{RunnerLock, adopt};
use songwalker_scheduler::{Scheduler, SchedulerHandle};
use songwalker_schemas::ErrorCode;
use songwalker_workers::{Workers, WorkersHandle, WorkersOptions};
use tokio::sync::Mutex;

use crate::failure::Failure;

/// Everything that runs jobs, and the right to do so.
pub struct Runner {
    workers: WorkersHandle,
    scheduler: Mutex<Option<SchedulerHandle>>,
    /// Held until everything else has stopped.
    _lock: RunnerLock,
}

impl Runner {
    /// Takes over what the process before left, and begins.
    ///
    /// # Errors
    /// The database does not answer, or the system gives no thread.
    pub async fn start(system: &System, lock: RunnerLock) -> Result<Self, Failure> {
        // Nobody else runs jobs now, and this process does not yet: what is running in the rows is dead.
        adopt(system, &lock).await?;
        let workers = Workers::start(system.clone(), WorkersOptions::default()).map_err(|error| {
            Failure::new(ErrorCode::Internal, format!("no worker can be started: {error}"))
        })?;
        Ok(Self {
            workers,
            scheduler: Mutex::new(Some(Scheduler::start(system.clone()))),
            _lock: lock,
        })
    }

    /// Why no jobs are taken; nothing where they are.
    pub fn problem(&self) -> Option<&'static str> {
        self.workers.state().problem()
    }

    /// Takes no more jobs, lets those that run go on for `grace`, and hands the rest back.
    pub async fn drain(&self, grace: Duration) {
        self.workers.drain(grace).await;
    }

    /// Hands back what runs, and ends.
    pub async fn stop(&self) {
        self.drain(Duration::ZERO).await;
        if let Some(scheduler) = self.scheduler.lock().await.take() {
            scheduler.stop().await;
        }
    }
}
