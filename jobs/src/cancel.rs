//! Somebody wants a job to stop (R8). A queued one is final at once; a running one is told, and its owner ends it.

use sea_orm::DatabaseTransaction;
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::EventKind;
use songwalker_schemas::{JobId, UserId};

use crate::ending;
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::objects;
use crate::ports::Signal;
use crate::row::{self, JobRow};
use crate::system::System;

/// Cancels a job of a user; idempotent. The row as it is then: `cancelled`, `cancelling`, or final already.
///
/// # Errors
/// There is no such job of this user.
pub async fn cancel(system: &System, user: UserId, job: JobId) -> Result<JobRow, JobsError> {
    let tx = system.db.begin().await?;
    let row = row::locked_of(&tx, user, job).await?;
    take_effect(system, tx, row).await
}

/// The same for a job whose deletion was asked for.
pub(crate) async fn cancel_row(system: &System, job: JobId) -> Result<JobRow, JobsError> {
    let tx = system.db.begin().await?;
    let row = row::locked(&tx, job).await?;
    take_effect(system, tx, row).await
}

async fn take_effect(system: &System, tx: DatabaseTransaction, mut row: JobRow) -> Result<JobRow, JobsError> {
    let now = system.clock.now();
    let (user, job) = (row.user_id(), row.id());
    let mut graves = Vec::new();
    match row.state()? {
        JobState::Queued => {
            row.step(JobState::Cancelled, now)?;
            row.model.cancel_requested_at = Some(now.0);
            row.model.cancel_acknowledged_at = Some(now.0);
            row.model.stopped_at = Some(now.0);
            row.model.error = Some(serde_json::to_string(&ending::cancelled())?);
            row::save(
                &tx,
                &mut row,
                Some(NewEvent::new(EventKind::State, now, "cancelled")),
            )
            .await?;
            graves = ending::drop_outputs(&tx, system, &row).await?;
            metrics::counter!("songwalker_jobs_ended_total", "state" => "cancelled").increment(1);
        }
        JobState::Running => {
            row.step(JobState::Cancelling, now)?;
            row.model.cancel_requested_at = Some(now.0);
            row::save(
                &tx,
                &mut row,
                Some(NewEvent::new(EventKind::State, now, "cancellation requested")),
            )
            .await?;
        }
        JobState::Cancelling | JobState::Succeeded | JobState::Failed | JobState::Cancelled => {
            return Ok(row);
        }
    }
    tx.commit().await?;
    failpoint::reached(Failpoint::CancelCommitted).await?;
    objects::bury_all(system, graves).await;
    if row.state()? == JobState::Cancelling {
        system.bus.publish(Signal::CancelRequested { job_id: job });
    }
    system.bus.publish(Signal::JobChanged {
        job_id: job,
        user_id: user,
    });
    Ok(row)
}
