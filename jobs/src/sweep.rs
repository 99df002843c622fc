//! What happens by the clock: every sweep, one file each, and how a round of them is run.
//!
//! A sweep looks at every row that is due, in pages, and does each by itself: a row that fails is logged and passed
//! over, never in the way of those behind it (R12). Every state that is not final has its waker here (R4). When rounds
//! are run is the scheduler's affair; a sweep is harmless at any moment and may die on any line.

pub mod accounts;
pub mod backoff;
pub mod deletions;
pub mod deliveries;
pub mod events;
pub mod gauges;
pub mod hints;
pub mod idempotency;
pub mod leases;
pub mod model_calls;
mod pass;
pub mod prompts;
pub mod queue_deadlines;
pub mod receipts;
pub mod retention;
pub mod sessions;
pub mod shares;
pub mod stage_outputs;
pub mod strays;
pub mod tombstones;
pub mod workers;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use tokio_util::sync::CancellationToken;

use crate::entity;
use crate::error::JobsError;
use crate::system::System;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Rows that were dealt with.
    pub done: u64,
    /// Rows that failed and stay for the next time.
    pub failed: u64,
}

impl std::ops::AddAssign for Swept {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
    }
}

/// Defines the sweeps: one line each, in the order of a full round.
macro_rules! sweeps {
    ($($(#[$meta:meta])* $variant:ident = $module:ident,)+) => {
        /// A sweep.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Sweep { $($(#[$meta])* $variant,)+ }

        impl Sweep {
            /// Every sweep, in the order of a full round.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in logs, metrics and the table `sweeps`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)+ }
            }

            /// Goes over every row that is due.
            ///
            /// # Errors
            /// The rows cannot be read, or a service does not answer.
            pub async fn run(self, system: &System) -> Result<Swept, JobsError> {
                match self { $(Self::$variant => $module::sweep(system).await,)+ }
            }
        }
    };
}

sweeps! {
    /// Attempts whose owner is dead.
    Leases = leases,
    /// Queued jobs that nobody took in time.
    QueueDeadlines = queue_deadlines,
    /// Queued jobs whose pause is over.
    Backoff = backoff,
    /// Queued jobs whose hint was lost.
    Hints = hints,
    /// Jobs that their user has deleted.
    Deletions = deletions,
    /// Accounts that are to be erased.
    Accounts = accounts,
    /// Artifacts past their retention.
    Retention = retention,
    /// Prompts past theirs.
    Prompts = prompts,
    /// Events of jobs that ended long ago.
    Events = events,
    /// What the stages of such jobs put by.
    StageOutputs = stage_outputs,
    /// Idempotency keys past their time.
    Idempotency = idempotency,
    /// Shares that ended long ago.
    Shares = shares,
    /// Sessions past their time.
    Sessions = sessions,
    /// Deliveries to webhooks that ended some days ago.
    Deliveries = deliveries,
    /// Calls of language models that are long ago.
    ModelCalls = model_calls,
    /// Workers that were not seen for long.
    Workers = workers,
    /// Deletions of objects that somebody began and did not end.
    Tombstones = tombstones,
    /// Objects to which nobody refers.
    Strays = strays,
    /// Receipts of erasure. Last: it says done of what the others did.
    Receipts = receipts,
}

/// The sweeps for which somebody waits.
pub const FAST: &[Sweep] = &[
    Sweep::Leases,
    Sweep::QueueDeadlines,
    Sweep::Backoff,
    Sweep::Tombstones,
    Sweep::Deletions,
];

/// What a round of sweeps did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// All of them together.
    pub swept: Swept,
    /// Those that came to their end.
    pub complete: Vec<Sweep>,
    /// Those that did not: the log says why.
    pub broken: Vec<Sweep>,
}

/// Runs sweeps one after the other until `stop` says otherwise. One that breaks, or panics, does not stop the others.
pub async fn round(system: &System, sweeps: &[Sweep], stop: &CancellationToken) -> Round {
    let mut round = Round::default();
    for sweep in sweeps {
        if stop.is_cancelled() {
            break;
        }
        let run = AssertUnwindSafe(sweep.run(system)).catch_unwind();
        let problem = match Box::pin(run).await {
            Ok(Ok(swept)) => {
                round.swept += swept;
                round.complete.push(*sweep);
                continue;
            }
            Ok(Err(error)) => pass::cause(&error),
            Err(_) => "it panicked".to_owned(),
        };
        metrics::counter!("songwalker_sweeps_broken_total", "sweep" => sweep.name()).increment(1);
        tracing::error!(sweep = sweep.name(), error = problem, "sweep broken off");
        round.broken.push(*sweep);
    }
    round
}

/// Runs every sweep and records when.
pub async fn full(system: &System) -> Round {
    full_until(system, &CancellationToken::new()).await
}

/// The same until `stop` says otherwise.
pub async fn full_until(system: &System, stop: &CancellationToken) -> Round {
    let round = round(system, Sweep::ALL, stop).await;
    if let Err(error) = record(system, &round.complete).await {
        tracing::error!(error = pass::cause(&error), "sweeps not recorded");
    }
    round
}

/// Writes down that these sweeps have just seen every row, for the metric of their age (R12).
async fn record(system: &System, complete: &[Sweep]) -> Result<(), JobsError> {
    use entity::sweeps::{Column, Entity, Model};
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    for sweep in complete {
        let model = Model {
            name: sweep.name().to_owned(),
            last_full_at: now.0,
        };
        let mut on_conflict = OnConflict::column(Column::Name);
        on_conflict.update_column(Column::LastFullAt);
        Entity::insert(model.into_active_model().reset_all())
            .on_conflict(on_conflict)
            .exec_without_returning(&tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}
