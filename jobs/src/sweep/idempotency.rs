//! Idempotency keys past their time: the same header means a new request from then on.

use std::fmt;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::idempotency_keys::{Column, Entity};
use crate::error::JobsError;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// A key by its user and its hash.
#[derive(Clone)]
struct Key(Uuid, String);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key of user {}", self.0)
    }
}

/// Removes them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Idempotency,
        |after| past(system, after),
        |key| remove(system, key),
    )
    .await
}

async fn past(system: &System, after: Option<Key>) -> Result<Vec<Key>, JobsError> {
    let behind = after.map(|Key(user, hash)| {
        Condition::any()
            .add(Column::UserId.gt(user))
            .add(Column::UserId.eq(user).and(Column::KeySha256.gt(hash)))
    });
    let found: Vec<(Uuid, String)> = Entity::find()
        .select_only()
        .column(Column::UserId)
        .column(Column::KeySha256)
        .filter(Column::ExpiresAt.lte(system.clock.now().0))
        .filter(Condition::all().add_option(behind))
        .order_by_asc(Column::UserId)
        .order_by_asc(Column::KeySha256)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?;
    Ok(found.into_iter().map(|(user, hash)| Key(user, hash)).collect())
}

async fn remove(system: &System, Key(user, hash): Key) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    // The same header may have come again since the page was read.
    let gone = Entity::delete_many()
        .filter(Column::UserId.eq(user))
        .filter(Column::KeySha256.eq(hash))
        .filter(Column::ExpiresAt.lte(system.clock.now().0))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
