//! Pauses: kinds of jobs, or all of them, that no worker takes until somebody says so. Jobs are accepted and wait; what
//! runs goes on.
//!
//! A row says it, so that every process knows and none forgets. While it stands, claims are refused and no job of the
//! kind runs out of time; the waker of such a job (R4) is the end of the pause, which gives each a hint and its whole
//! time anew, in the transaction that takes the row away.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder,
};
use songwalker_schemas::job::{JobKind, JobState};
use songwalker_schemas::{Timestamp, wire};

use crate::entity::pauses::{Column, Entity, Model};
use crate::entity::{jobs, outbox as hints};
use crate::error::JobsError;
use crate::outbox;
use crate::system::System;

/// Stands for every kind.
const EVERY: &str = "*";

fn word(kind: Option<JobKind>) -> &'static str {
    kind.map_or(EVERY, JobKind::name)
}

/// What is paused.
#[derive(Debug, Clone, Default)]
pub struct Paused(Vec<Model>);

impl Paused {
    /// As the rows say it now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read<C: ConnectionTrait>(connection: &C) -> Result<Self, JobsError> {
        Ok(Self(
            Entity::find().order_by_asc(Column::Kind).all(connection).await?,
        ))
    }

    /// Whether no worker takes jobs of a kind.
    #[must_use]
    pub fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|row| row.kind == EVERY || row.kind == kind)
    }

    /// Whether anything is.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// As operators see it.
    #[must_use]
    pub fn told(&self) -> Vec<wire::Pause> {
        self.0
            .iter()
            .map(|row| wire::Pause {
                kind: JobKind::from_name(&row.kind),
                paused_at: Timestamp(row.paused_at),
            })
            .collect()
    }
}

/// Whether no worker takes jobs of a kind now.
///
/// # Errors
/// The database does not answer.
pub async fn is_paused<C: ConnectionTrait>(connection: &C, kind: &str) -> Result<bool, JobsError> {
    let found = Entity::find()
        .filter(Column::Kind.is_in([EVERY, kind]))
        .count(connection)
        .await?;
    Ok(found > 0)
}

/// That a job is of no kind that is paused.
pub(crate) fn goes_on() -> Condition {
    Condition::all().add(Expr::exists(pause_of_job()).not())
}

fn pause_of_job() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .cond_where(
            Condition::any()
                .add(Expr::col((Entity, Column::Kind)).eq(EVERY))
                .add(Expr::col((Entity, Column::Kind)).eq(Expr::col((jobs::Entity, jobs::Column::Kind)))),
        )
        .take()
}

/// What is paused, as operators see it.
///
/// # Errors
/// The database does not answer.
pub async fn list(system: &System) -> Result<Vec<wire::Pause>, JobsError> {
    Ok(Paused::read(system.db.read()).await?.told())
}

/// Pauses a kind, or every one; again is harmless. What is paused then.
///
/// # Errors
/// The database does not answer.
pub async fn pause(system: &System, kind: Option<JobKind>) -> Result<Vec<wire::Pause>, JobsError> {
    let tx = system.db.begin().await?;
    let model = Model {
        kind: word(kind).to_owned(),
        paused_at: system.clock.now().0,
    };
    let mut once = OnConflict::column(Column::Kind);
    once.do_nothing();
    Entity::insert(model.into_active_model().reset_all())
        .on_conflict(once)
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    tracing::info!(job.kind = word(kind), "jobs paused");
    list(system).await
}

/// Ends the pause of a kind, or, where none is named, every pause; again is harmless. What is still paused then.
///
/// # Errors
/// The database does not answer.
pub async fn resume(system: &System, kind: Option<JobKind>) -> Result<Vec<wire::Pause>, JobsError> {
    let tx = system.db.begin().await?;
    let ended = Entity::delete_many()
        .filter(Condition::all().add_option(kind.map(|kind| Column::Kind.eq(kind.name()))))
        .exec(&tx)
        .await?;
    if ended.rows_affected > 0 {
        wake(&tx, system, kind).await?;
    }
    tx.commit().await?;
    tracing::info!(job.kind = word(kind), "jobs resumed");
    outbox::wake(system);
    list(system).await
}

/// Every job that waited through a pause waits anew, from now on, and has a hint.
async fn wake(tx: &DatabaseTransaction, system: &System, kind: Option<JobKind>) -> Result<(), JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let deadline = steady.plus(system.config.queue.wait_deadline.duration());
    let waiting = Condition::all()
        .add(jobs::Column::State.eq(JobState::Queued.name()))
        .add_option(kind.map(|kind| jobs::Column::Kind.eq(kind.name())));
    jobs::Entity::update_many()
        .col_expr(jobs::Column::QueueDeadline, Expr::value(deadline.0))
        .filter(waiting.clone())
        .filter(jobs::Column::QueueDeadline.lt(deadline.0))
        .exec(tx)
        .await?;
    let hinted = Query::select()
        .column(hints::Column::JobId)
        .from(hints::Entity)
        .take();
    let without_hint = Query::select()
        .column(jobs::Column::Id)
        .expr(Expr::val(now.0))
        .from(jobs::Entity)
        .cond_where(waiting)
        .and_where(jobs::Column::NotBefore.is_null())
        .and_where(jobs::Column::Id.not_in_subquery(hinted))
        .order_by(jobs::Column::QueuedAt, sea_orm::Order::Asc)
        .take();
    let mut insert = Query::insert();
    insert
        .into_table(hints::Entity)
        .columns([hints::Column::JobId, hints::Column::CreatedAt])
        .select_from(without_hint)
        .map_err(|error| JobsError::Internal(error.to_string()))?;
    tx.execute(&insert).await?;
    Ok(())
}
