//! A user deletes a job: the row goes, and with it prompt, events, outputs and shares; the object goes if nobody else
//! refers to it; a receipt stays. A job that is not final is cancelled first, and holds its slot until it has stopped (R9).

use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
};
use songwalker_schemas::{JobId, Timestamp, UserId};

use crate::entity::{erasures, jobs};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::row::{self, JobRow};
use crate::system::System;
use crate::{cancel, objects};

/// What a deletion found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Done,
    /// It goes as soon as it has stopped.
    Stopping,
}

/// Deletes a job of a user.
///
/// # Errors
/// There is no such job of this user.
pub async fn delete(system: &System, user: UserId, job: JobId) -> Result<Deletion, JobsError> {
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    let mut row = row::locked_of(&tx, user, job).await?;
    row.model.delete_requested_at = Some(now.0);
    row::save(&tx, &mut row, None).await?;
    write_receipt(&tx, system, &row, now).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::DeleteCommitted).await?;
    if !row.state()?.is_final() {
        cancel::cancel_row(system, job).await?;
        if finish(system, job).await? == Deletion::Stopping {
            return Ok(Deletion::Stopping);
        }
    } else {
        finish(system, job).await?;
    }
    Ok(Deletion::Done)
}

/// Finishes the deletion of a job that is final by now: what [`delete`], the end of a job, and the sweep do.
///
/// # Errors
/// The database does not answer.
pub async fn finish(system: &System, job: JobId) -> Result<Deletion, JobsError> {
    let tx = system.db.begin().await?;
    let row = match row::locked(&tx, job).await {
        Ok(row) => row,
        Err(JobsError::NotFound(_)) => return Ok(Deletion::Done),
        Err(other) => return Err(other),
    };
    if row.model.delete_requested_at.is_none() {
        return Err(JobsError::Conflict("nobody asked for this deletion".to_owned()));
    }
    if !row.state()?.is_final() {
        return Ok(Deletion::Stopping);
    }
    let mut graves = objects::drop_claims(&tx, system, &row).await?;
    jobs::Entity::delete_by_id(row.model.id).exec(&tx).await?;
    if let Some(sha256) = &row.model.bundle_sha256 {
        graves.extend(objects::entomb(&tx, system, row.user_id(), sha256).await?);
    }
    tx.commit().await?;
    objects::bury_all(system, graves).await;
    settle_receipts(system, row.model.id).await
}

async fn write_receipt(
    tx: &DatabaseTransaction,
    system: &System,
    row: &JobRow,
    now: Timestamp,
) -> Result<(), JobsError> {
    let receipt = erasures::Model {
        id: Uuid::now_v7(),
        user_id: row.model.user_id,
        job_id: Some(row.model.id),
        what: "job".to_owned(),
        requested_at: now.0,
        due_at: now.plus(system.config.retention.erase_within.duration()).0,
        done_at: None,
    };
    erasures::Entity::insert(receipt.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// A receipt says done only when the write-ahead log holds nothing of it either; else the sweep says it later.
async fn settle_receipts(system: &System, job: Uuid) -> Result<Deletion, JobsError> {
    if system.db.truncate_log().await.is_err() {
        return Ok(Deletion::Done);
    }
    let tx = system.db.begin().await?;
    erasures::Entity::update_many()
        .col_expr(erasures::Column::DoneAt, system.clock.now().0.into())
        .filter(erasures::Column::JobId.eq(job))
        .filter(erasures::Column::DoneAt.is_null())
        .exec(&tx)
        .await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::EraseCommitted).await?;
    Ok(Deletion::Done)
}
