//! Browsers' sessions past their time. They were not served any more anyway.

use std::fmt;

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::sessions::{Column, Entity};
use crate::error::JobsError;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// A session by the hash of its cookie, which no log shows.
#[derive(Clone)]
struct Hash(Vec<u8>);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session")
    }
}

/// Removes them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Sessions,
        |after| past(system, after),
        |hash| remove(system, hash),
    )
    .await
}

async fn past(system: &System, after: Option<Hash>) -> Result<Vec<Hash>, JobsError> {
    let found: Vec<Vec<u8>> = Entity::find()
        .select_only()
        .column(Column::Hash)
        .filter(Column::ExpiresAt.lte(system.clock.now().0))
        .filter(Condition::all().add_option(after.map(|hash| Column::Hash.gt(hash.0))))
        .order_by_asc(Column::Hash)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?;
    Ok(found.into_iter().map(Hash).collect())
}

async fn remove(system: &System, hash: Hash) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let gone = Entity::delete_by_id(hash.0).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
