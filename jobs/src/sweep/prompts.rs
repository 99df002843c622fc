//! Prompts past their retention, of jobs that have ended. Their receipts say done once the log of the database holds
//! nothing of them either: the sweep of receipts does that.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use crate::entity::jobs;
use crate::entity::prompts::{Column, Entity};
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
        Sweep::Prompts,
        |after| due(system, after),
        |id| async move {
            erase::prompt(system, JobId(id)).await?;
            Ok(true)
        },
    )
    .await
}

async fn due(system: &System, after: Option<Uuid>) -> Result<Vec<Uuid>, JobsError> {
    // Few, where those that have ended are many.
    let unfinished = Query::select()
        .column(jobs::Column::Id)
        .from(jobs::Entity)
        .and_where(jobs::Column::State.is_in(unfinished_states()))
        .take();
    Ok(Entity::find()
        .select_only()
        .column(Column::JobId)
        .filter(Column::EraseAt.is_not_null())
        .filter(Column::EraseAt.lte(system.clock.now().0))
        .filter(Column::JobId.not_in_subquery(unfinished))
        .filter(Condition::all().add_option(after.map(|id| Column::JobId.gt(id))))
        .order_by_asc(Column::JobId)
        .limit(system.config.scheduler.batch)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

fn unfinished_states() -> impl Iterator<Item = &'static str> {
    JobState::ALL
        .iter()
        .filter(|state| !state.is_final())
        .map(|state| state.name())
}
