//! Which workers are there: what tells a waiting job that nobody could take it. No job depends on these rows; who owns
//! which attempt stands in the jobs (R3).

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::entity::workers::{Column, Entity, Model};
use crate::error::JobsError;
use crate::system::System;

/// After how many leases without a sign a worker's row goes.
const LEASES_UNTIL_PRUNED: u32 = 10;

/// A worker is there, with so many slots.
///
/// # Errors
/// The database does not answer.
pub async fn register(system: &System, worker: Uuid, slots: usize) -> Result<(), JobsError> {
    let steady = system.clock.steady().0;
    let model = Model {
        id: worker,
        slots: i32::try_from(slots).unwrap_or(i32::MAX),
        started_at: steady,
        seen_at: steady,
    };
    let mut on_conflict = OnConflict::column(Column::Id);
    on_conflict.update_columns([Column::Slots, Column::SeenAt]);
    let tx = system.db.begin().await?;
    Entity::insert(model.into_active_model().reset_all())
        .on_conflict(on_conflict)
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// A worker is still there. `false`: its row has gone, because nobody saw it for long; it registers again.
///
/// # Errors
/// The database does not answer.
pub async fn seen(system: &System, worker: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let seen = Entity::update_many()
        .col_expr(Column::SeenAt, Expr::value(system.clock.steady().0))
        .filter(Column::Id.eq(worker))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(seen.rows_affected > 0)
}

/// A worker goes; one that is gone is fine.
///
/// # Errors
/// The database does not answer.
pub async fn leave(system: &System, worker: Uuid) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    Entity::delete_by_id(worker).exec(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Seen within a lease.
fn is_alive(system: &System) -> Condition {
    let steady = system.clock.steady();
    let since = steady.minus(system.config.worker.lease.duration());
    Condition::all()
        .add(Column::SeenAt.gt(since.0))
        .add(Column::SeenAt.lte(steady.0))
}

/// How many workers were seen within a lease.
///
/// # Errors
/// The database does not answer.
pub async fn alive(system: &System) -> Result<u64, JobsError> {
    Ok(Entity::find()
        .filter(is_alive(system))
        .count(system.db.read())
        .await?)
}

/// How many jobs these workers can run at a time.
///
/// # Errors
/// The database does not answer.
pub async fn slots(system: &System) -> Result<u64, JobsError> {
    let slots: Vec<i32> = Entity::find()
        .select_only()
        .column(Column::Slots)
        .filter(is_alive(system))
        .into_tuple()
        .all(system.db.read())
        .await?;
    Ok(slots.iter().map(|slots| u64::try_from(*slots).unwrap_or(0)).sum())
}

/// Not seen for long, or seen by the clock of a process that is no more.
fn is_unseen(system: &System) -> Condition {
    let steady = system.clock.steady();
    let before = steady.minus(system.config.worker.lease.duration() * LEASES_UNTIL_PRUNED);
    Condition::any()
        .add(Column::SeenAt.lte(before.0))
        .add(Column::SeenAt.gt(steady.0))
}

/// A page of the workers whose rows are to go.
pub(crate) async fn unseen(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(is_unseen(system))
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

/// Takes the row of a worker away, unless it was seen meanwhile; whether it did.
pub(crate) async fn prune(system: &System, worker: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let gone = Entity::delete_many()
        .filter(Column::Id.eq(worker))
        .filter(is_unseen(system))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
