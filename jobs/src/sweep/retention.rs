//! Artifacts past their retention: the row says so first, then the object goes, unless another job has the same (R6).
//! From then on the same request makes a new job (R2).

use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use crate::entity::jobs::Column;
use crate::error::JobsError;
use crate::ports::Signal;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::{objects, row};

/// Deletes them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let are = Condition::all()
        .add(Column::RetainUntil.is_not_null())
        .add(Column::RetainUntil.lte(system.clock.now().0))
        .add(Column::ArtifactsDeletedAt.is_null());
    walk(
        Sweep::Retention,
        |after| jobs_that(system, are.clone(), after),
        |id| let_go(system, JobId(id)),
    )
    .await
}

async fn let_go(system: &System, job: JobId) -> Result<bool, JobsError> {
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    let is_past = row.model.retain_until.is_some_and(|until| until <= now.0);
    if row.state()? != JobState::Succeeded || !is_past || row.model.artifacts_deleted_at.is_some() {
        return Ok(false);
    }
    row.model.artifacts_deleted_at = Some(now.0);
    row::save(&tx, &mut row, None).await?;
    let mut graves = Vec::new();
    if let Some(sha256) = &row.model.bundle_sha256 {
        graves.extend(objects::entomb(&tx, system, row.user_id(), sha256).await?);
    }
    tx.commit().await?;
    system.bus.publish(Signal::JobChanged {
        job_id: job,
        user_id: row.user_id(),
    });
    objects::bury_all(system, graves).await;
    Ok(true)
}
