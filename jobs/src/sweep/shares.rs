//! Shares that expired or were revoked long ago: until then lists still show them, though nobody is served by them.

use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::shares::{Column, Entity};
use crate::error::JobsError;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// How long a share that ended is still listed.
pub const LISTED: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Shares,
        |after| ended(system, after),
        |id| remove(system, id),
    )
    .await
}

async fn ended(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    let before = system.clock.now().minus(LISTED).0;
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(
            Condition::any()
                .add(Column::ExpiresAt.lte(before))
                .add(Column::RevokedAt.lte(before)),
        )
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

async fn remove(system: &System, share: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let gone = Entity::delete_by_id(share).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
