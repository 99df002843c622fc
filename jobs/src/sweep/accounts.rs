//! Accounts whose erasure was asked for. One whose jobs have not all stopped goes on at the next round.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use songwalker_schemas::UserId;

use crate::entity::users::{Column, Entity};
use crate::erase;
use crate::error::JobsError;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// Erases them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Accounts,
        |after| asked_for(system, after),
        |id| erase::account(system, UserId(id)),
    )
    .await
}

async fn asked_for(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::EraseRequestedAt.is_not_null())
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}
