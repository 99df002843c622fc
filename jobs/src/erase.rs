//! Erasure: of a prompt, of an account, and the receipts that say when it was due and when it was done (R2, R10).
//!
//! What is erased leaves the pages of the database at once (`secure_delete`), and its write-ahead log when that is
//! emptied; only then does a receipt say done. A job that its user deletes is the affair of `delete.rs`.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use songwalker_schemas::job::Stage;
use songwalker_schemas::{JobId, UserId};

use crate::delete::{self, Deletion};
use crate::entity::{api_keys, erasures, idempotency_keys, jobs, prompts, shares, stage_outputs, users};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::ports::Signal;
use crate::row;
use crate::system::System;
use crate::{cancel, objects, planning};

/// How many objects or jobs of an account are read at once.
const PAGE: usize = 100;

/// Erases the prompt of a job that has ended, what is derived from its words, and the job's key, which is a hash of
/// them (R2). The receipt stays open until the log of the database is emptied: [`ready`], [`settle`].
///
/// # Errors
/// The job has not ended, or is not there.
pub async fn prompt(system: &System, job: JobId) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    if !row.state()?.is_final() {
        return Err(JobsError::Conflict("the job still needs its prompt".to_owned()));
    }
    row.model.job_key = None;
    row::save(&tx, &mut row, None).await?;
    prompts::Entity::delete_by_id(job.0).exec(&tx).await?;
    stage_outputs::Entity::delete_by_id((job.0, Stage::Planning.name().to_owned()))
        .exec(&tx)
        .await?;
    idempotency_keys::Entity::delete_many()
        .filter(idempotency_keys::Column::JobId.eq(job.0))
        .exec(&tx)
        .await?;
    write_receipt(&tx, system, row.user_id(), job).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::EraseCommitted).await?;
    system.bus.publish(Signal::JobChanged {
        job_id: job,
        user_id: row.user_id(),
    });
    Ok(())
}

async fn write_receipt(
    tx: &DatabaseTransaction,
    system: &System,
    user: UserId,
    job: JobId,
) -> Result<(), JobsError> {
    let now = system.clock.now();
    let receipt = erasures::Model {
        id: Uuid::now_v7(),
        user_id: user.0,
        job_id: Some(job.0),
        what: "prompt".to_owned(),
        requested_at: now.0,
        due_at: now.plus(system.config.retention.erase_within.duration()).0,
        done_at: None,
    };
    erasures::Entity::insert(receipt.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Erases everything of an account whose erasure was asked for: credentials first, then its jobs, its objects, its row.
/// `false`: some of its jobs have still to stop.
///
/// # Errors
/// Nobody asked for it; a job or an object cannot be deleted now (the others are).
pub async fn account(system: &System, user: UserId) -> Result<bool, JobsError> {
    close(system, user).await?;
    if !delete_jobs(system, user).await? {
        return Ok(false);
    }
    delete_objects(system, user).await?;
    let tx = system.db.begin().await?;
    planning::forget(&tx, user).await?;
    users::Entity::delete_many()
        .filter(users::Column::Id.eq(user.0))
        .filter(users::Column::EraseRequestedAt.is_not_null())
        .exec(&tx)
        .await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::EraseCommitted).await?;
    tracing::info!(user.id = %user, "account erased");
    Ok(true)
}

/// From here on nothing of the account opens anything.
async fn close(system: &System, user: UserId) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    let found = users::Entity::find_by_id(user.0)
        .one(&tx)
        .await?
        .ok_or(JobsError::NotFound("user"))?;
    if found.erase_requested_at.is_none() {
        return Err(JobsError::Conflict("nobody asked for this erasure".to_owned()));
    }
    // Sessions go with the keys that opened them.
    api_keys::Entity::delete_many()
        .filter(api_keys::Column::UserId.eq(user.0))
        .exec(&tx)
        .await?;
    shares::Entity::delete_many()
        .filter(shares::Column::UserId.eq(user.0))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes every job of the account; whether all are gone. One that fails does not keep the others.
async fn delete_jobs(system: &System, user: UserId) -> Result<bool, JobsError> {
    let mut all_gone = true;
    let mut failed = None;
    let mut after = None;
    loop {
        let page: Vec<Uuid> = jobs::Entity::find()
            .select_only()
            .column(jobs::Column::Id)
            .filter(jobs::Column::UserId.eq(user.0))
            .filter(Condition::all().add_option(after.map(|id| jobs::Column::Id.gt(id))))
            .order_by_asc(jobs::Column::Id)
            .limit(PAGE as u64)
            .into_tuple()
            .all(system.db.read())
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for id in page {
            match delete_job(system, JobId(id)).await {
                Ok(deletion) => all_gone &= deletion == Deletion::Done,
                Err(error) => failed = Some(error),
            }
        }
    }
    failed.map_or(Ok(all_gone), Err)
}

async fn delete_job(system: &System, job: JobId) -> Result<Deletion, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    if row.model.delete_requested_at.is_none() {
        row.model.delete_requested_at = Some(system.clock.now().0);
        row::save(&tx, &mut row, None).await?;
    }
    tx.commit().await?;
    cancel::cancel_row(system, job).await?;
    delete::finish(system, job).await
}

/// What lies under the account's keys in the store though no row ever spoke of it.
async fn delete_objects(system: &System, user: UserId) -> Result<(), JobsError> {
    let prefix = format!("users/{user}/");
    let mut after = None;
    loop {
        let page = system.store.list(&prefix, after.take(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.as_str().to_owned());
        for info in page {
            objects::collect(system, user, info.key.sha256()).await?;
        }
    }
}

/// A page of the open receipts that tell of something that is gone from the rows. Once the log of the database was
/// emptied after this, they can be settled.
///
/// # Errors
/// The database does not answer.
pub async fn ready(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    use erasures::Column;
    let gone = |what: &str, of: Column, rows: SelectStatement| {
        Condition::all()
            .add(Column::What.eq(what))
            .add(of.not_in_subquery(rows))
    };
    let with_prompt = Query::select()
        .column(prompts::Column::JobId)
        .from(prompts::Entity)
        .take();
    let there = Query::select().column(jobs::Column::Id).from(jobs::Entity).take();
    let account = Query::select()
        .column(users::Column::Id)
        .from(users::Entity)
        .take();
    Ok(erasures::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DoneAt.is_null())
        .filter(
            Condition::any()
                .add(gone("prompt", Column::JobId, with_prompt))
                .add(gone("job", Column::JobId, there))
                .add(gone("account", Column::UserId, account)),
        )
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

/// A receipt says done; whether it did not before.
///
/// # Errors
/// The database does not answer.
pub async fn settle(system: &System, receipt: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let settled = erasures::Entity::update_many()
        .col_expr(erasures::Column::DoneAt, system.clock.now().0.into())
        .filter(erasures::Column::Id.eq(receipt))
        .filter(erasures::Column::DoneAt.is_null())
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(settled.rows_affected > 0)
}
