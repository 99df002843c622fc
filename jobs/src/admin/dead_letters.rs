//! Dead letters: jobs that failed because their attempts ran out, by workers that died or by errors that another attempt
//! might have outlived (R7). They are rows like all others; the list shows those that nobody has done again or dropped.
//!
//! An operator sees the job, the evidence and the log, never the prompt (R10).

use sea_orm::sea_query::{Condition, Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::MAX_PAGE;
use songwalker_schemas::wire::{DeadLetter, DeadLetterDetail, Page};
use songwalker_schemas::{ErrorCode, JobId, UserId};

use crate::accept::Accepted;
use crate::entity::{dropped_letters, jobs};
use crate::error::JobsError;
use crate::row::JobRow;
use crate::system::System;
use crate::{read, retry, view};

/// How many a page has where nothing is said.
const USUAL: u64 = 20;

/// A page of them, the youngest jobs first.
///
/// # Errors
/// The cursor or the limit is none.
pub async fn list(
    system: &System,
    cursor: Option<&str>,
    limit: Option<u64>,
) -> Result<Page<DeadLetter>, JobsError> {
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MAX_PAGE).contains(&limit) {
        let problem = format!("1 to {MAX_PAGE}");
        return Err(JobsError::refused(ErrorCode::InvalidRequest, "/limit", problem));
    }
    let mut query = jobs::Entity::find()
        .filter(are_dead())
        .order_by_desc(jobs::Column::CreatedAt)
        .order_by_desc(jobs::Column::Id)
        .limit(limit + 1);
    if let Some(cursor) = cursor {
        query = query.filter(read::behind(cursor, jobs::Column::CreatedAt, jobs::Column::Id)?);
    }
    let rows = query.all(system.db.read()).await?;
    let (rows, next_cursor) = read::page(rows, limit, |row| (row.created_at, row.id));
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(letter(system, row).await?);
    }
    Ok(Page { items, next_cursor })
}

/// How many there are.
///
/// # Errors
/// The database does not answer.
pub async fn count(system: &System) -> Result<u64, JobsError> {
    Ok(jobs::Entity::find()
        .filter(are_dead())
        .count(system.db.read())
        .await?)
}

/// One of them with its log.
///
/// # Errors
/// There is no such dead letter.
pub async fn show(system: &System, job: JobId) -> Result<DeadLetterDetail, JobsError> {
    let row = find(system, job).await?;
    let log = read::log(system, UserId(row.user_id), job).await?;
    Ok(DeadLetterDetail {
        letter: letter(system, row).await?,
        log,
    })
}

/// Does one again, as its user could: a new job, through the same door (R2, R9). The new job, without its prompt.
///
/// # Errors
/// There is no such dead letter; its prompt is erased; its user has as many unfinished jobs as may be.
pub async fn requeue(system: &System, job: JobId) -> Result<DeadLetter, JobsError> {
    let row = find(system, job).await?;
    let user = UserId(row.user_id);
    let Accepted { row, .. } = retry::retry(system, user, job).await?;
    tracing::info!(job.id = %row.id(), job.retry_of = %job, user.id = %user, "dead letter requeued");
    letter(system, row.model).await
}

/// Takes one off the list; the job stays as it is. Again is harmless.
///
/// # Errors
/// There is no such dead letter.
pub async fn discard(system: &System, job: JobId) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    if dropped_letters::Entity::find_by_id(job.0)
        .one(&tx)
        .await?
        .is_some()
    {
        return Ok(());
    }
    if jobs::Entity::find_by_id(job.0)
        .filter(are_dead())
        .one(&tx)
        .await?
        .is_none()
    {
        return Err(JobsError::NotFound("dead letter"));
    }
    let dropped = dropped_letters::Model {
        job_id: job.0,
        dropped_at: system.clock.now().0,
    };
    let mut once = OnConflict::column(dropped_letters::Column::JobId);
    once.do_nothing();
    dropped_letters::Entity::insert(dropped.into_active_model().reset_all())
        .on_conflict(once)
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    tracing::info!(job.id = %job, "dead letter dropped");
    Ok(())
}

async fn find(system: &System, job: JobId) -> Result<jobs::Model, JobsError> {
    jobs::Entity::find_by_id(job.0)
        .filter(are_dead())
        .one(system.db.read())
        .await?
        .ok_or(JobsError::NotFound("dead letter"))
}

/// Failed in the last attempt with an error that another one might have outlived, not done again, not dropped.
fn are_dead() -> Condition {
    use jobs::Column;
    Condition::all()
        .add(Column::State.eq(JobState::Failed.name()))
        .add(Expr::col((jobs::Entity, Column::Attempt)).gte(Expr::col((jobs::Entity, Column::MaxAttempts))))
        // The column holds our own JSON; in its texts, quotes are escaped.
        .add(Column::Error.contains("\"retryable\":true"))
        .add(Column::DeleteRequestedAt.is_null())
        .add(Column::Id.not_in_subquery(dropped()))
        .add(Column::Id.not_in_subquery(done_again()))
}

fn dropped() -> SelectStatement {
    Query::select()
        .column(dropped_letters::Column::JobId)
        .from(dropped_letters::Entity)
        .take()
}

fn done_again() -> SelectStatement {
    Query::select()
        .column(jobs::Column::RetryOf)
        .from(jobs::Entity)
        .and_where(jobs::Column::RetryOf.is_not_null())
        .take()
}

async fn letter(system: &System, row: jobs::Model) -> Result<DeadLetter, JobsError> {
    let row = JobRow::from(row);
    let (user_id, deaths) = (row.user_id(), row.model.deaths);
    Ok(DeadLetter {
        user_id,
        deaths: u32::try_from(deaths).unwrap_or(0),
        job: view::without_words(view::job(system, row).await?),
    })
}
