//! What the stages of jobs that ended long ago put by for an attempt that will not come, and the objects that it lies
//! in (R6).

use sea_orm::ColumnTrait;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Query};
use songwalker_schemas::JobId;

use crate::entity::{jobs, stage_outputs};
use crate::error::JobsError;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::{ending, objects, row};

/// Removes it.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let keep = system.config.retention.stage_outputs.duration();
    let with_outputs = Query::select()
        .distinct()
        .column(stage_outputs::Column::JobId)
        .from(stage_outputs::Entity)
        .take();
    let are = Condition::all()
        .add(jobs::Column::FinishedAt.lte(system.clock.now().minus(keep).0))
        .add(jobs::Column::Id.in_subquery(with_outputs));
    walk(
        Sweep::StageOutputs,
        |after| jobs_that(system, are.clone(), after),
        |id| remove(system, id),
    )
    .await
}

async fn remove(system: &System, job: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let row = row::locked(&tx, JobId(job)).await?;
    let graves = ending::drop_outputs(&tx, system, &row).await?;
    tx.commit().await?;
    objects::bury_all(system, graves).await;
    Ok(true)
}
