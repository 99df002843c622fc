//! Deliveries to webhooks that ended some days ago: until then lists still show them. And those whose last attempt nobody
//! ended: they are given up.

use std::time::Duration;

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use songwalker_schemas::wire::DeliveryState;

use crate::entity::webhook_deliveries::{Column, Entity};
use crate::error::JobsError;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;
use crate::webhooks::delivery;

/// How long a delivery that ended is still listed.
pub const LISTED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Removes the ones, gives up the others.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Deliveries,
        |after| due(system, after),
        |id| settle(system, id),
    )
    .await
}

async fn due(system: &System, after: Option<i64>) -> Result<Vec<i64>, JobsError> {
    let before = system.clock.now().minus(LISTED).0;
    let interrupted = Condition::all()
        .add(Column::State.eq(DeliveryState::Pending.name()))
        .add(Column::Attempts.gte(delivery::MOST_ATTEMPTS))
        .add(Column::LeaseUntil.lte(system.clock.steady().0));
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Condition::any().add(Column::EndedAt.lte(before)).add(interrupted))
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

async fn settle(system: &System, id: i64) -> Result<bool, JobsError> {
    let Some(row) = Entity::find_by_id(id).one(system.db.read()).await? else {
        return Ok(false);
    };
    if row.state == DeliveryState::Pending.name() {
        delivery::give_up(system, &row).await?;
        return Ok(true);
    }
    let tx = system.db.begin().await?;
    let gone = Entity::delete_by_id(id).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
