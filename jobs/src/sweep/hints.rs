//! Queued jobs that are due and whose hint was lost, with the queue or with who held it (R4). A hint too many is
//! harmless; one that is still in the outbox is not written again. While their kind is paused, none of them needs one: the
//! end of the pause writes it.

use sea_orm::sea_query::{Condition, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use songwalker_schemas::job::JobState;
use songwalker_schemas::{JobId, Timestamp};

use crate::entity::jobs::{Column, Model};
use crate::entity::outbox as outbox_rows;
use crate::error::JobsError;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::{outbox, pause, row};

/// Gives them another one.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let steady = system.clock.steady();
    let lost_before = steady.minus(system.config.queue.rehint_after.duration());
    let are = Condition::all()
        .add(Column::State.eq(JobState::Queued.name()))
        .add(Column::NotBefore.is_null())
        .add(
            Condition::any()
                .add(Column::HintedAt.is_null())
                .add(Column::HintedAt.lte(lost_before.0))
                // By the clock of a process that is no more.
                .add(Column::HintedAt.gt(steady.0)),
        )
        .add(Column::Id.not_in_subquery(in_outbox()))
        .add(pause::goes_on());
    walk(
        Sweep::Hints,
        |after| jobs_that(system, are.clone(), after),
        |id| hint(system, JobId(id), lost_before),
    )
    .await
}

fn in_outbox() -> SelectStatement {
    Query::select()
        .column(outbox_rows::Column::JobId)
        .from(outbox_rows::Entity)
        .take()
}

fn is_lost(model: &Model, lost_before: Timestamp, steady: Timestamp) -> bool {
    model.state == JobState::Queued.name()
        && model.not_before.is_none()
        && model
            .hinted_at
            .is_none_or(|at| at <= lost_before.0 || at > steady.0)
}

async fn hint(system: &System, job: JobId, lost_before: Timestamp) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let row = row::locked(&tx, job).await?;
    let waiting = outbox_rows::Entity::find()
        .filter(outbox_rows::Column::JobId.eq(job.0))
        .count(&tx)
        .await?;
    if waiting > 0 || !is_lost(&row.model, lost_before, system.clock.steady()) {
        return Ok(false);
    }
    outbox::write(&tx, job, system.clock.now()).await?;
    tx.commit().await?;
    tracing::info!(job.id = %job, "lost hint written again");
    outbox::wake(system);
    Ok(true)
}
