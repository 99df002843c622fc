//! Shares: links under which anybody can hear and take one sound, until they end or are revoked.
//!
//! A token is 128 random bits; the database holds its SHA-256 only, and it is told once (R10). Whatever is wrong with a
//! token, one query is made and the answer is the same. What a share shows comes out of the bundle (`artifacts.rs`),
//! which holds no prompt.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::{MAX_PAGE, MAX_SHARES};
use songwalker_schemas::wire::{CreateShare, NewShare, Page, Share};
use songwalker_schemas::{ErrorCode, JobId, ShareId, Timestamp, UserId};

use crate::config::Config;
use crate::entity::{jobs, shares};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::row::{self, JobRow};
use crate::system::System;
use crate::{expiry, quota, read, secret};

/// Random bits of a token.
const BITS: usize = 128;
/// How many shares that work no more stay in a user's list: the youngest.
const ENDED_KEPT: u64 = 500;

/// What a token opens.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The job, which succeeded and has its artifacts.
    pub row: JobRow,
    /// When the share ends.
    pub expires_at: Timestamp,
}

/// Shares a job of a user.
///
/// # Errors
/// There is no such job of this user; it has not succeeded; its artifacts are past their retention; the time is none or
/// too long; as many shares as may be.
pub async fn create(
    system: &System,
    user: UserId,
    job: JobId,
    request: CreateShare,
) -> Result<NewShare, JobsError> {
    let retention = &system.config.retention;
    let life = match &request.expires_in {
        Some(text) => expiry::parse_alone(text, retention.share_max)?,
        None => retention.share_default.min(retention.share_max).duration(),
    };
    let token = secret::token("", BITS)?;
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    quota::lock_user(&tx, user).await?;
    let job = row::locked_of(&tx, user, job).await?;
    may_be_shared(&job)?;
    let working = shares::Entity::find()
        .filter(shares::Column::UserId.eq(user.0))
        .filter(works(now))
        .count(&tx)
        .await?;
    if working >= MAX_SHARES && system.config.quotas.enabled {
        return Err(JobsError::Conflict(format!(
            "{working} shares of yours work, at most {MAX_SHARES} may; revoke one first"
        )));
    }
    let row = shares::Model {
        id: Uuid::now_v7(),
        user_id: user.0,
        job_id: job.model.id,
        hash: secret::hash(token.expose()).to_vec(),
        created_at: now.0,
        expires_at: now.plus(life).0,
        revoked_at: None,
    };
    shares::Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    forget_ended(&tx, user, now).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::ShareCreated).await?;
    tracing::info!(share.id = %row.id, job.id = %job.id(), user.id = %user, "share created");
    Ok(NewShare {
        share: told(row, Some(&job.model)),
        url: url(&system.config, token.expose()),
        token: token.expose().to_owned(),
    })
}

fn may_be_shared(job: &JobRow) -> Result<(), JobsError> {
    let state = job.state()?;
    if state != JobState::Succeeded {
        return Err(JobsError::Conflict(format!(
            "the job is {state}; only one that succeeded can be shared"
        )));
    }
    read::published(job).map(|_| ())
}

/// The address of a share's page: whole where the server knows its public address, else from the server's root.
#[must_use]
pub fn url(config: &Config, token: &str) -> String {
    let public = config.server.public_url.as_deref().unwrap_or_default();
    format!("{}/s/{token}", public.trim_end_matches('/'))
}

/// The shares of a user, newest first; 20 where no limit is said.
///
/// # Errors
/// The cursor or the limit is none.
pub async fn list(
    system: &System,
    user: UserId,
    cursor: Option<&str>,
    limit: Option<u64>,
) -> Result<Page<Share>, JobsError> {
    let limit = limit.unwrap_or(20);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(JobsError::refused(
            ErrorCode::InvalidRequest,
            "/limit",
            format!("1 to {MAX_PAGE}"),
        ));
    }
    let mut query = shares::Entity::find()
        .join(JoinType::InnerJoin, of_job())
        .select_also(jobs::Entity)
        .filter(shares::Column::UserId.eq(user.0))
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .order_by_desc(shares::Column::CreatedAt)
        .order_by_desc(shares::Column::Id)
        .limit(limit + 1);
    if let Some(cursor) = cursor {
        query = query.filter(read::behind(
            cursor,
            shares::Column::CreatedAt,
            shares::Column::Id,
        )?);
    }
    let rows = query.all(system.db.read()).await?;
    let (rows, next_cursor) = read::page(rows, limit, |(share, _)| (share.created_at, share.id));
    let items = rows
        .into_iter()
        .map(|(share, job)| told(share, job.as_ref()))
        .collect();
    Ok(Page { items, next_cursor })
}

/// Revokes a share: the next request with its token finds nothing. Idempotent.
///
/// # Errors
/// There is no such share of this user.
pub async fn revoke(system: &System, user: UserId, share: ShareId) -> Result<Share, JobsError> {
    let tx = system.db.begin().await?;
    let (mut row, job) = shares::Entity::find_by_id(share.0)
        .join(JoinType::InnerJoin, of_job())
        .select_also(jobs::Entity)
        .filter(shares::Column::UserId.eq(user.0))
        .one(&tx)
        .await?
        .ok_or(JobsError::NotFound("share"))?;
    if row.revoked_at.is_none() {
        let now = system.clock.now().0;
        row.revoked_at = Some(now);
        shares::Entity::update_many()
            .col_expr(shares::Column::RevokedAt, Expr::value(now))
            .filter(shares::Column::Id.eq(row.id))
            .exec(&tx)
            .await?;
        tracing::info!(share.id = %share, user.id = %user, "share revoked");
    }
    tx.commit().await?;
    Ok(told(row, job.as_ref()))
}

/// Revokes every share of a user, within the caller's transaction.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn revoke_all(
    tx: &DatabaseTransaction,
    user: UserId,
    now: Timestamp,
) -> Result<(), JobsError> {
    shares::Entity::update_many()
        .col_expr(shares::Column::RevokedAt, Expr::value(now.0))
        .filter(shares::Column::UserId.eq(user.0))
        .filter(shares::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// The job that a token opens.
///
/// # Errors
/// As [`open`].
pub async fn resolve(system: &System, token: &str) -> Result<JobRow, JobsError> {
    open(system, token).await.map(|shared| shared.row)
}

/// What a token opens, with the end of the share.
///
/// # Errors
/// [`JobsError::NotFound`], alike for tokens that are malformed, unknown, expired or revoked, and where the job or its
/// artifacts are gone.
pub async fn open(system: &System, token: &str) -> Result<Shared, JobsError> {
    let (share, job) = shares::Entity::find()
        .join(JoinType::InnerJoin, of_job())
        .select_also(jobs::Entity)
        .filter(shares::Column::Hash.eq(secret::hash(token).to_vec()))
        .filter(works(system.clock.now()))
        .filter(jobs::Column::State.eq(JobState::Succeeded.name()))
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .one(system.db.read())
        .await?
        .ok_or(JobsError::NotFound("share"))?;
    Ok(Shared {
        row: job.ok_or(JobsError::NotFound("share"))?.into(),
        expires_at: Timestamp(share.expires_at),
    })
}

fn of_job() -> RelationDef {
    shares::Entity::belongs_to(jobs::Entity)
        .from(shares::Column::JobId)
        .to(jobs::Column::Id)
        .into()
}

/// That a share works at `now`, as far as it alone can say.
fn works(now: Timestamp) -> Condition {
    Condition::all()
        .add(shares::Column::RevokedAt.is_null())
        .add(shares::Column::ExpiresAt.gt(now.0))
}

/// Removes what works no more beyond the youngest, so that making and revoking shares fills nothing.
async fn forget_ended(tx: &DatabaseTransaction, user: UserId, now: Timestamp) -> Result<(), JobsError> {
    let old: Vec<Uuid> = shares::Entity::find()
        .select_only()
        .column(shares::Column::Id)
        .filter(shares::Column::UserId.eq(user.0))
        .filter(works(now).not())
        .order_by_desc(shares::Column::CreatedAt)
        .order_by_desc(shares::Column::Id)
        .offset(ENDED_KEPT)
        .limit(ENDED_KEPT)
        .into_tuple()
        .all(tx)
        .await?;
    if !old.is_empty() {
        shares::Entity::delete_many()
            .filter(shares::Column::Id.is_in(old))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn told(row: shares::Model, job: Option<&jobs::Model>) -> Share {
    Share {
        id: ShareId(row.id),
        job_id: JobId(row.job_id),
        name: job.and_then(|job| job.own_name.clone().or_else(|| job.sound_name.clone())),
        created_at: Timestamp(row.created_at),
        expires_at: Timestamp(row.expires_at),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}
