//! Queued jobs whose pause after a failed attempt is over: the waker of a job that waits for its next attempt (R4).

use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use crate::entity::jobs::Column;
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::{outbox, row};

/// Gives them a hint.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let are = Condition::all()
        .add(Column::State.eq(JobState::Queued.name()))
        .add(Column::NotBefore.lte(system.clock.steady().0));
    walk(
        Sweep::Backoff,
        |after| jobs_that(system, are.clone(), after),
        |id| release(system, JobId(id)),
    )
    .await
}

async fn release(system: &System, job: JobId) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    let is_due = row
        .model
        .not_before
        .is_some_and(|at| at <= system.clock.steady().0);
    if row.state()? != JobState::Queued || !is_due {
        return Ok(false);
    }
    row.model.not_before = None;
    row.model.hinted_at = None;
    row::save(&tx, &mut row, None).await?;
    outbox::write(&tx, job, system.clock.now()).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::RetryReleased).await?;
    outbox::wake(system);
    Ok(true)
}
