//! A user's own account: who one is, what one uses, and the end of it.
//!
//! An erasure takes effect at once: nobody can act for the account any more, its name is free, its links are dead, its
//! jobs stop. What is left is erased by the sweep, and the receipt says when (R10). An embedded installation's user is
//! made anew at the next start.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect,
};
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::{Erasure, Me, Usage};
use songwalker_schemas::{JobId, Timestamp, UserId};

use crate::access::Caller;
use crate::entity::{erasures, jobs, plans, users};
use crate::error::JobsError;
use crate::system::System;
use crate::{cancel, keys, quota, shares, webhooks};

/// What a receipt for a whole account is called.
const ACCOUNT: &str = "account";

/// Who a caller is.
///
/// # Errors
/// The account is gone by now.
pub async fn me(system: &System, caller: &Caller) -> Result<Me, JobsError> {
    let user = user(system, caller.user_id).await?;
    let erase_due_at = receipt(system.db.read(), caller.user_id)
        .await?
        .map(|receipt| Timestamp(receipt.due_at));
    Ok(Me {
        id: caller.user_id,
        name: user.name,
        plan: user.plan,
        scopes: caller.scopes.clone(),
        created_at: Timestamp(user.created_at),
        erase_due_at,
    })
}

/// What a user uses and may use.
///
/// # Errors
/// There is no such user.
pub async fn usage(system: &System, user_id: UserId) -> Result<Usage, JobsError> {
    let user = user(system, user_id).await?;
    let connection = system.db.read();
    let plan = plans::Entity::find_by_id(user.plan)
        .one(connection)
        .await?
        .ok_or_else(|| JobsError::Internal("a user has a plan that is not there".to_owned()))?;
    let limit = |column: Option<i64>| {
        column
            .filter(|_| system.config.quotas.enabled)
            .map(|limit| u32::try_from(limit).unwrap_or(u32::MAX))
    };
    let unfinished = quota::unfinished(connection, user_id).await?;
    let of_user = jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user_id.0))
        .filter(jobs::Column::DeleteRequestedAt.is_null());
    let jobs = of_user.clone().count(connection).await?;
    // Jobs with the same bytes share one object.
    let bundles: Vec<(String, i64)> = of_user
        .select_only()
        .column(jobs::Column::BundleSha256)
        .column(jobs::Column::BundleBytes)
        .distinct()
        .filter(jobs::Column::BundleSha256.is_not_null())
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(Usage {
        unfinished_jobs: u32::try_from(unfinished).unwrap_or(u32::MAX),
        unfinished_jobs_limit: limit(plan.unfinished_jobs),
        requests_per_minute: limit(plan.requests_per_minute),
        jobs,
        stored_bytes: bundles
            .iter()
            .map(|(_, bytes)| u64::try_from(*bytes).unwrap_or(0))
            .sum(),
    })
}

/// Ends an account: from the commit on nobody can act for it; everything of it is erased until the receipt's date.
/// Again for the same account, the same receipt.
///
/// # Errors
/// There is no such user.
pub async fn erase(system: &System, user_id: UserId) -> Result<Erasure, JobsError> {
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    let user = users::Entity::find_by_id(user_id.0)
        .lock_exclusive()
        .one(&tx)
        .await?
        .ok_or(JobsError::NotFound("user"))?;
    let receipt = match receipt(&tx, user_id).await? {
        Some(receipt) if user.erase_requested_at.is_some() => receipt,
        _ => {
            take_away(&tx, user_id, now).await?;
            write_receipt(&tx, system, user_id, now).await?
        }
    };
    tx.commit().await?;
    tracing::info!(user.id = %user_id, "account erasure requested");
    stop_jobs(system, user_id).await;
    Ok(Erasure {
        requested_at: Timestamp(receipt.requested_at),
        due_at: Timestamp(receipt.due_at),
        done_at: receipt.done_at.map(Timestamp),
    })
}

/// Everything by which somebody could act for the account, and its name.
async fn take_away(tx: &DatabaseTransaction, user: UserId, now: Timestamp) -> Result<(), JobsError> {
    users::Entity::update_many()
        .col_expr(users::Column::EraseRequestedAt, Expr::value(now.0))
        .col_expr(users::Column::Name, Expr::value(format!("erased {user}")))
        .filter(users::Column::Id.eq(user.0))
        .exec(tx)
        .await?;
    keys::revoke_all(tx, user, now).await?;
    webhooks::remove_all(tx, user).await?;
    shares::revoke_all(tx, user, now).await
}

async fn write_receipt(
    tx: &DatabaseTransaction,
    system: &System,
    user: UserId,
    now: Timestamp,
) -> Result<erasures::Model, JobsError> {
    let receipt = erasures::Model {
        id: Uuid::now_v7(),
        user_id: user.0,
        job_id: None,
        what: ACCOUNT.to_owned(),
        requested_at: now.0,
        due_at: now.plus(system.config.retention.erase_within.duration()).0,
        done_at: None,
    };
    erasures::Entity::insert(receipt.clone().into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(receipt)
}

/// Cancels what is not final. What fails here, or is cut short, the sweep that erases the account does again.
async fn stop_jobs(system: &System, user: UserId) {
    let open = match unfinished(system, user).await {
        Ok(open) => open,
        Err(error) => {
            tracing::warn!(user.id = %user, error = %error, "jobs of an erased account not stopped");
            return;
        }
    };
    for job in open {
        if let Err(error) = cancel::cancel_row(system, job).await {
            tracing::warn!(job.id = %job, error = %error, "job of an erased account not stopped");
        }
    }
}

async fn unfinished(system: &System, user: UserId) -> Result<Vec<JobId>, JobsError> {
    let is_final = [JobState::Succeeded, JobState::Failed, JobState::Cancelled].map(JobState::name);
    let ids: Vec<Uuid> = jobs::Entity::find()
        .select_only()
        .column(jobs::Column::Id)
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::State.is_not_in(is_final))
        .into_tuple()
        .all(system.db.read())
        .await?;
    Ok(ids.into_iter().map(JobId).collect())
}

async fn user(system: &System, id: UserId) -> Result<users::Model, JobsError> {
    users::Entity::find_by_id(id.0)
        .one(system.db.read())
        .await?
        .ok_or(JobsError::NotFound("user"))
}

async fn receipt<C: sea_orm::ConnectionTrait>(
    connection: &C,
    user: UserId,
) -> Result<Option<erasures::Model>, JobsError> {
    Ok(erasures::Entity::find()
        .filter(erasures::Column::UserId.eq(user.0))
        .filter(erasures::Column::What.eq(ACCOUNT))
        .one(connection)
        .await?)
}
