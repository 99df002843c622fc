//! Jobs that their user has deleted and that are still there, because they had to stop first or because whoever began
//! it died. One that nobody has told to stop yet is told so here.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use songwalker_schemas::JobId;

use crate::cancel;
use crate::delete::{self, Deletion};
use crate::entity::jobs::Column;
use crate::error::JobsError;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// Finishes what can be finished.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let are = Condition::all().add(Column::DeleteRequestedAt.is_not_null());
    walk(
        Sweep::Deletions,
        |after| jobs_that(system, are.clone(), after),
        |id| finish(system, JobId(id)),
    )
    .await
}

async fn finish(system: &System, job: JobId) -> Result<bool, JobsError> {
    let row = cancel::cancel_row(system, job).await?;
    if !row.state()?.is_final() {
        return Ok(false);
    }
    Ok(delete::finish(system, job).await? == Deletion::Done)
}
