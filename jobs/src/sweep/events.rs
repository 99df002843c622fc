//! Events and log lines of jobs that ended long ago. The row keeps the result; the stream tells a late listener to
//! start anew.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::{job_events, jobs};
use crate::error::JobsError;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// Removes them, all of a job at once.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let keep = system.config.retention.events.duration();
    let with_events = Query::select()
        .distinct()
        .column(job_events::Column::JobId)
        .from(job_events::Entity)
        .take();
    let are = Condition::all()
        .add(jobs::Column::FinishedAt.lte(system.clock.now().minus(keep).0))
        .add(jobs::Column::Id.in_subquery(with_events));
    walk(
        Sweep::Events,
        |after| jobs_that(system, are.clone(), after),
        |id| remove(system, id),
    )
    .await
}

async fn remove(system: &System, job: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    job_events::Entity::delete_many()
        .filter(job_events::Column::JobId.eq(job))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}
