//! Calls of language models that no budget looks at any more.

use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::model_calls::{Column, Entity};
use crate::error::JobsError;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// How long they are kept: for who wants to know what a month cost.
pub const KEPT: Duration = Duration::from_secs(35 * 86_400);

/// Removes them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::ModelCalls,
        |after| past(system, after),
        |id| remove(system, id),
    )
    .await
}

async fn past(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::BegunAt.lte(system.clock.now().minus(KEPT).0))
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

async fn remove(system: &System, call: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let gone = Entity::delete_by_id(call).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
