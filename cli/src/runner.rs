//! Running jobs in this process: under the runner lock of a data directory, what happens by the clock and the workers
//! with their children. A server keeps one while it is up, another command while it waits for its job.

use std::time::Duration;

use songwalker_jobs::System;
use songwalker_jobs::runner::{RunnerLock, adopt};
use songwalker_scheduler::{Scheduler, SchedulerHandle};
use songwalker_workers::{Workers, WorkersHandle, WorkersOptions};

use crate::failure::Failure;

/// Everything that runs jobs, and the right to do so.
pub struct Runner {
    scheduler: SchedulerHandle,
    workers: WorkersHandle,
    /// Held until everything else has stopped.
    _lock: RunnerLock,
}

impl Runner {
    /// Takes over what the process before left, and begins.
    ///
    /// # Errors
    /// The database does not answer, or there is no program to start children from.
    pub async fn start(system: &System, lock: RunnerLock) -> Result<Self, Failure> {
        let options = WorkersOptions::of_this_program(system)?;
        let workers = Workers::start(system.clone(), options)?;
        adopt(system, &lock).await?;
        let scheduler = Scheduler::start(system.clone());
        Ok(Self {
            scheduler,
            workers,
            _lock: lock,
        })
    }

    /// The workers.
    pub const fn workers(&self) -> &WorkersHandle {
        &self.workers
    }

    /// Takes no more jobs, lets those that run go on for `grace`, and hands the rest back.
    pub async fn stop(self, grace: Duration) {
        self.workers.drain(grace).await;
        self.scheduler.stop().await;
    }

    /// Hands back at once what runs.
    pub async fn stop_now(self) {
        self.stop(Duration::ZERO).await;
    }
}
