//! Queued jobs that nobody took in time: the waker of a queued job when there is no worker (R4). While their kind is
//! paused, nobody was to take them.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use crate::entity::jobs::Column;
use crate::error::JobsError;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::{ending, pause};

/// Lets them fail.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let are = Condition::all()
        .add(Column::State.eq(JobState::Queued.name()))
        .add(Column::QueueDeadline.lte(system.clock.steady().0))
        .add(pause::goes_on());
    walk(
        Sweep::QueueDeadlines,
        |after| jobs_that(system, are.clone(), after),
        |id| async move {
            ending::queue_timeout(system, JobId(id)).await?;
            Ok(true)
        },
    )
    .await
}
