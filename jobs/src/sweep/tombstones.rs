//! Deletions of objects that somebody began and did not end (R6): until then nobody can publish under these keys.

use std::time::Duration;

use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::tombstones::{Column, Entity};
use crate::error::JobsError;
use crate::objects;
use crate::ports::ObjectKey;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// How long whoever put a tombstone up is left alone: longer than a deletion may take, and shorter than three attempts
/// of a publisher that waits for it.
pub const LEFT_ALONE: Duration = Duration::from_secs(20);

/// Ends them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Tombstones,
        |after| left(system, after),
        |key| end(system, key),
    )
    .await
}

/// Old ones, and those that were put up by the clock of a process that is no more.
fn is_left(system: &System) -> Condition {
    let steady = system.clock.steady();
    Condition::any()
        .add(Column::At.lte(steady.minus(LEFT_ALONE).0))
        .add(Column::At.gt(steady.0))
}

async fn left(system: &System, after: Option<String>) -> Result<Vec<String>, JobsError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::ObjectKey)
        .filter(is_left(system))
        .filter(Condition::all().add_option(after.map(|key| Column::ObjectKey.gt(key))))
        .order_by_asc(Column::ObjectKey)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

async fn end(system: &System, key: String) -> Result<bool, JobsError> {
    // Takes the tombstone over first, if it still stands and is still old: two that delete under one tombstone could
    // meet a publisher between them.
    let tx = system.db.begin().await?;
    let taken = Entity::update_many()
        .col_expr(Column::At, Expr::value(system.clock.steady().0))
        .filter(Column::ObjectKey.eq(&key))
        .filter(is_left(system))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    if taken.rows_affected == 0 {
        return Ok(false);
    }
    objects::bury(system, &ObjectKey::parse(&key)?).await?;
    Ok(true)
}
