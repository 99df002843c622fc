//! One pass of a sweep over the rows that are due (R12): a page first, then row by row, each for itself. A row that
//! fails, panics or hangs is logged with its id and passed over; the next page begins behind it, so that it is never
//! in the way twice.

use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::jobs;
use crate::error::JobsError;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// How long one row may take: longer than any wait that a row knows of.
const ROW_WITHIN: Duration = Duration::from_secs(60);

/// A pass that goes on.
pub(super) struct Pass {
    sweep: Sweep,
    swept: Swept,
}

impl Pass {
    pub(super) const fn new(sweep: Sweep) -> Self {
        Self {
            sweep,
            swept: Swept { done: 0, failed: 0 },
        }
    }

    /// Does one row; `act` says whether there was anything to do.
    pub(super) async fn row(
        &mut self,
        id: &impl Display,
        act: impl Future<Output = Result<bool, JobsError>>,
    ) {
        let act = tokio::time::timeout(ROW_WITHIN, AssertUnwindSafe(act).catch_unwind());
        let (code, problem) = match act.await {
            Ok(Ok(Ok(is_done))) => {
                self.swept.done += u64::from(is_done);
                return;
            }
            Ok(Ok(Err(JobsError::Conflict(_) | JobsError::NotFound(_) | JobsError::Stale))) => {
                tracing::info!(sweep = self.sweep.name(), row.id = %id, "row moved on before the sweep came to it");
                return;
            }
            Ok(Ok(Err(error))) => (error.code().name(), cause(&error)),
            Ok(Err(_)) => ("internal", "it panicked".to_owned()),
            Err(_) => ("timeout", "it took too long".to_owned()),
        };
        self.swept.failed += 1;
        metrics::counter!("songwalker_sweep_rows_failed_total", "sweep" => self.sweep.name()).increment(1);
        tracing::warn!(
            sweep = self.sweep.name(), row.id = %id, error.code = code, error = problem, "row not swept"
        );
    }

    pub(super) const fn swept(&self) -> Swept {
        self.swept
    }
}

/// Goes over everything that `read` finds, page by page; `read` gets the last key of the page before.
pub(super) async fn walk<K, Read, Reading, Act, Acting>(
    sweep: Sweep,
    read: Read,
    act: Act,
) -> Result<Swept, JobsError>
where
    K: Clone + Display,
    Read: Fn(Option<K>) -> Reading,
    Reading: Future<Output = Result<Vec<K>, JobsError>>,
    Act: Fn(K) -> Acting,
    Acting: Future<Output = Result<bool, JobsError>>,
{
    let mut pass = Pass::new(sweep);
    let mut after = None;
    loop {
        let keys = read(after).await?;
        let Some(last) = keys.last() else {
            return Ok(pass.swept());
        };
        after = Some(last.clone());
        for key in keys {
            pass.row(&key.clone(), act(key)).await;
        }
    }
}

/// A page of the jobs that `are`, in the order of their ids, behind `after`.
pub(super) async fn jobs_that(
    system: &System,
    are: Condition,
    after: Option<Uuid>,
) -> Result<Vec<Uuid>, JobsError> {
    Ok(jobs::Entity::find()
        .select_only()
        .column(jobs::Column::Id)
        .filter(are)
        .filter(Condition::all().add_option(after.map(|id| jobs::Column::Id.gt(id))))
        .order_by_asc(jobs::Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

/// An error with what is behind it, for the log of the service. Our statements hold no values, so neither does this.
pub(super) fn cause(error: &JobsError) -> String {
    match error {
        JobsError::Database(inner) => format!("{error}: {inner}"),
        other => other.to_string(),
    }
}
