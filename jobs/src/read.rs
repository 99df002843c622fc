//! What users read: one job, lists of jobs, the log, the bundle. Another user's job is not there.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use songwalker_schemas::job::{JobKind, JobState};
use songwalker_schemas::limits::MAX_PAGE;
use songwalker_schemas::wire::{Job, LogLine, Page};
use songwalker_schemas::{ErrorCode, JobId, UserId};

use crate::entity::{jobs, prompts};
use crate::error::JobsError;
use crate::ports::ObjectKey;
use crate::row::JobRow;
use crate::system::System;
use crate::{events, view};

/// The row of a user's job.
///
/// # Errors
/// There is no such job of this user.
pub async fn row(system: &System, user: UserId, job: JobId) -> Result<JobRow, JobsError> {
    jobs::Entity::find_by_id(job.0)
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .one(system.db.read())
        .await?
        .map(JobRow::from)
        .ok_or(JobsError::NotFound("job"))
}

/// A user's job as its user sees it.
///
/// # Errors
/// There is no such job of this user.
pub async fn job(system: &System, user: UserId, job: JobId) -> Result<Job, JobsError> {
    let row = row(system, user, job).await?;
    view::job(system, row).await
}

/// Which jobs of a list are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<JobState>,
    /// Of this kind.
    pub kind: Option<JobKind>,
    /// Of this category.
    pub category: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// With, or without, a star.
    pub starred: Option<bool>,
    /// With these letters in name, tags, category or prompt.
    pub q: Option<String>,
    /// Behind this place.
    pub cursor: Option<String>,
    /// At most so many, 1..=100; 20 where it is not said.
    pub limit: Option<u64>,
}

/// The jobs of a user, newest first.
///
/// # Errors
/// The cursor or the limit is none.
pub async fn list(system: &System, user: UserId, filter: &Filter) -> Result<Page<Job>, JobsError> {
    let limit = filter.limit.unwrap_or(20);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(JobsError::refused(
            ErrorCode::InvalidRequest,
            "/limit",
            format!("1 to {MAX_PAGE}"),
        ));
    }
    let mut query = jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .filter(wanted(filter)?)
        .order_by_desc(jobs::Column::CreatedAt)
        .order_by_desc(jobs::Column::Id)
        .limit(limit + 1);
    if let Some(cursor) = &filter.cursor {
        query = query.filter(behind(cursor, jobs::Column::CreatedAt, jobs::Column::Id)?);
    }
    let rows = query.all(system.db.read()).await?;
    let (rows, next_cursor) = page(rows, limit, |row| (row.created_at, row.id));
    let items = view::jobs(system, rows.into_iter().map(JobRow::from).collect()).await?;
    Ok(Page { items, next_cursor })
}

fn wanted(filter: &Filter) -> Result<Condition, JobsError> {
    use jobs::Column;
    let mut all = Condition::all()
        .add_option(filter.state.map(|state| Column::State.eq(state.name())))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.name())))
        .add_option(
            filter
                .category
                .as_ref()
                .map(|category| Column::Category.eq(category)),
        )
        .add_option(filter.starred.map(|starred| Column::Starred.eq(starred)));
    if let Some(tag) = &filter.tag {
        let quoted = serde_json::to_string(tag)?;
        all = all.add(Expr::col(Column::Tags).like(containing(&quoted)));
    }
    if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        // SQLite's `lower` knows ASCII only: what was typed is looked for as it stands too.
        let found = |column: sea_orm::sea_query::ColumnRef| {
            Condition::any()
                .add(Expr::expr(Func::lower(Expr::col(column.clone()))).like(containing(&q.to_lowercase())))
                .add(Expr::expr(Func::lower(Expr::col(column))).like(containing(&q.to_ascii_lowercase())))
        };
        let like = |column: Column| found(column.as_column_ref().into());
        let prompt = prompts::Entity::find()
            .select_only()
            .column(prompts::Column::JobId)
            .filter(found(prompts::Column::Prompt.as_column_ref().into()));
        all = all.add(
            Condition::any()
                .add(like(Column::OwnName))
                .add(like(Column::SoundName))
                .add(like(Column::Category))
                .add(like(Column::Tags))
                .add(Column::Id.in_subquery(sea_orm::QueryTrait::into_query(prompt))),
        );
    }
    Ok(all)
}

/// A pattern that finds `text` anywhere, whatever it holds.
fn containing(text: &str) -> LikeExpr {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}

/// The place of a row in a list that is ordered by time and id.
fn cursor(at: i64, id: sea_orm::prelude::Uuid) -> String {
    format!("{at:x}.{}", id.simple())
}

/// What stands behind a cursor in a list that is ordered by time and id, the newest first.
pub(crate) fn behind<C: ColumnTrait>(cursor: &str, created_at: C, id: C) -> Result<Condition, JobsError> {
    let (at, last) = read_cursor(cursor)?;
    Ok(Condition::any()
        .add(created_at.lt(at))
        .add(created_at.eq(at).and(id.lt(last))))
}

/// The first `limit` of rows of which one more was read, and the cursor behind them where there are more.
pub(crate) fn page<T>(
    mut rows: Vec<T>,
    limit: u64,
    place: impl Fn(&T) -> (i64, sea_orm::prelude::Uuid),
) -> (Vec<T>, Option<String>) {
    let is_more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| is_more).map(|row| {
        let (at, id) = place(row);
        cursor(at, id)
    });
    (rows, next_cursor)
}

/// The place that a cursor names.
fn read_cursor(cursor: &str) -> Result<(i64, sea_orm::prelude::Uuid), JobsError> {
    cursor
        .split_once('.')
        .and_then(|(at, id)| {
            Some((
                i64::from_str_radix(at, 16).ok()?,
                sea_orm::prelude::Uuid::try_parse(id).ok()?,
            ))
        })
        .ok_or_else(|| JobsError::refused(ErrorCode::InvalidRequest, "/cursor", "not one of ours"))
}

/// The log of a user's job.
///
/// # Errors
/// There is no such job of this user.
pub async fn log(system: &System, user: UserId, job: JobId) -> Result<Vec<LogLine>, JobsError> {
    row(system, user, job).await?;
    let lines = events::after(system, job, 0, 10_000).await?;
    Ok(lines
        .into_iter()
        .map(|event| LogLine {
            at: event.at,
            attempt: event.attempt,
            stage: event.stage,
            message: match (event.error, event.message, event.stage) {
                (Some(error), Some(message), _) => format!("{message}: {}: {}", error.code, error.message),
                (_, Some(message), _) => message,
                (_, None, Some(stage)) => stage.name().to_owned(),
                (_, None, None) => event.state.name().to_owned(),
            },
        })
        .collect())
}

/// The bundle of a row, as zip.
///
/// # Errors
/// It has none yet; it is past its retention, or was deleted meanwhile; the store does not have it.
pub async fn bundle(system: &System, row: &JobRow) -> Result<Vec<u8>, JobsError> {
    let key = published(row)?;
    if let Some(bundle) = system.store.get(&key).await? {
        return Ok(bundle);
    }
    // The row may have been read before somebody deleted the object.
    let now = jobs::Entity::find_by_id(row.model.id)
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .one(system.db.read())
        .await?
        .map(JobRow::from)
        .ok_or(JobsError::NotFound("job"))?;
    let key = published(&now)?;
    Err(JobsError::Internal(format!(
        "the object {key} is not in the store"
    )))
}

/// The key of a row's bundle, where it can be had.
///
/// # Errors
/// It has none yet; it is past its retention.
pub(crate) fn published(row: &JobRow) -> Result<ObjectKey, JobsError> {
    if row.model.artifacts_deleted_at.is_some() {
        return Err(JobsError::Gone(
            "the artifacts of this job are past their retention",
        ));
    }
    let Some(sha256) = &row.model.bundle_sha256 else {
        return Err(match row.state()? {
            JobState::Failed | JobState::Cancelled => JobsError::NotFound("artifact: the job has no result"),
            _ => JobsError::NotFound("artifact yet: the job has not succeeded"),
        });
    };
    Ok(ObjectKey::bundle(row.user_id(), sha256)?)
}
