//! What happens by the clock: the outbox is relayed to the queue, due rows are woken, everything is looked through from
//! time to time (R4, R12), webhooks are told. When it happens is decided here; what happens is in `songwalker-jobs`.
//!
//! Four loops, each for itself, so that a slow one holds up no other, each outliving errors and panics of what it
//! runs. Any number of schedulers may work on one database: every step decides by the rows.

mod handle;
mod relay;
mod rounds;
mod supervise;
mod webhooks;

use songwalker_jobs::System;
use tokio_util::sync::CancellationToken;

pub use handle::{Loop, SchedulerHandle, State};

/// What happens by the clock.
#[derive(Debug)]
pub struct Scheduler;

impl Scheduler {
    /// Starts the loops on the present runtime, paced by `system.config.scheduler`.
    #[must_use]
    pub fn start(system: System) -> SchedulerHandle {
        let stop = CancellationToken::new();
        let mut handle = SchedulerHandle::new(stop.clone());
        for which in Loop::ALL {
            let (system, stop) = (system.clone(), stop.clone());
            handle.spawn(which, |told| {
                supervise::keep(which, stop.clone(), told, move |told| {
                    let (system, stop) = (system.clone(), stop.clone());
                    async move {
                        match which {
                            Loop::Relay => relay::run(&system, &stop, &told).await,
                            Loop::Due => rounds::due(&system, &stop, &told).await,
                            Loop::Full => rounds::full(&system, &stop, &told).await,
                            Loop::Webhooks => webhooks::run(&system, &stop, &told).await,
                        }
                    }
                })
            });
        }
        handle
    }
}
