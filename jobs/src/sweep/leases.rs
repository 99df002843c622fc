//! Attempts whose lease is over: their owner is dead (R3, R4, R7). Whoever owned the row finds itself stale.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use crate::entity::jobs::Column;
use crate::error::JobsError;
use crate::sweep::pass::{jobs_that, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::{counts, ending};

/// Ends them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let are = Condition::all()
        .add(Column::State.is_in([JobState::Running.name(), JobState::Cancelling.name()]))
        .add(Column::LeaseUntil.lte(system.clock.steady().0));
    walk(
        Sweep::Leases,
        |after| jobs_that(system, are.clone(), after),
        |id| async move {
            ending::lost(system, JobId(id), "no heartbeat within its lease").await?;
            counts::attempt_lost();
            Ok(true)
        },
    )
    .await
}
