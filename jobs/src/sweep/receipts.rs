//! Receipts of erasure: they say done when what they tell of is gone and the log of the database holds nothing of it
//! either (R10); a year later they go themselves.

use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::erasures::{Column, Entity};
use crate::erase;
use crate::error::JobsError;
use crate::sweep::pass::{Pass, walk};
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// How long a receipt is kept once it says done.
pub const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Settles those that can be, and removes the old ones.
///
/// # Errors
/// The rows cannot be read, or the log cannot be emptied now.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let mut swept = settle(system).await?;
    swept += walk(
        Sweep::Receipts,
        |after| old(system, after),
        |id| remove(system, id),
    )
    .await?;
    Ok(swept)
}

async fn settle(system: &System) -> Result<Swept, JobsError> {
    let mut pass = Pass::new(Sweep::Receipts);
    let mut after = None;
    loop {
        let ready = erase::ready(system, after).await?;
        let Some(last) = ready.last() else {
            return Ok(pass.swept());
        };
        after = Some(*last);
        // After the page was read: all that these tell of was gone by then.
        system.db.truncate_log().await?;
        for id in ready {
            pass.row(&id, erase::settle(system, id)).await;
        }
    }
}

async fn old(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DoneAt.lte(system.clock.now().minus(KEPT).0))
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

async fn remove(system: &System, receipt: Uuid) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let gone = Entity::delete_by_id(receipt).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
