//! How the service stands, as metrics: how old the last full sweep is (R12), which erasures are overdue, how many jobs
//! are in which state. Read from the rows, so that whoever serves the metrics can ask at any moment.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use songwalker_schemas::job::JobState;

use crate::entity::{erasures, jobs, outbox, prompts, sweeps};
use crate::error::JobsError;
use crate::ports::Lane;
use crate::presence;
use crate::sweep::Sweep;
use crate::system::System;
use crate::webhooks::delivery;

/// Sets every gauge.
///
/// # Errors
/// The database or the queue does not answer.
pub async fn tell(system: &System) -> Result<(), JobsError> {
    for (sweep, age) in ages(system).await? {
        metrics::gauge!("songwalker_sweep_age_seconds", "sweep" => sweep.name()).set(age);
    }
    metrics::gauge!("songwalker_erasures_overdue").set(overdue(system).await? as f64);
    for (state, count) in by_state(system).await? {
        metrics::gauge!("songwalker_jobs", "state" => state.name()).set(count as f64);
    }
    let outbox = outbox::Entity::find().count(system.db.read()).await?;
    metrics::gauge!("songwalker_outbox_depth").set(outbox as f64);
    metrics::gauge!("songwalker_webhooks_pending").set(delivery::pending(system).await? as f64);
    metrics::gauge!("songwalker_workers").set(presence::alive(system).await? as f64);
    let lanes = system.queue.lanes().await?;
    for lane in &lanes {
        metrics::gauge!("songwalker_lane_depth", "lane" => lane.name.clone()).set(lane.waiting as f64);
    }
    metrics::gauge!("songwalker_queue_depth").set(Lane::depth(&lanes) as f64);
    Ok(())
}

/// How many seconds ago each sweep was last done in full; infinite for one that never was.
///
/// # Errors
/// The database does not answer.
pub async fn ages(system: &System) -> Result<Vec<(Sweep, f64)>, JobsError> {
    let now = system.clock.now();
    let last: HashMap<String, i64> = sweeps::Entity::find()
        .all(system.db.read())
        .await?
        .into_iter()
        .map(|row| (row.name, row.last_full_at))
        .collect();
    let age = |sweep: Sweep| match last.get(sweep.name()) {
        Some(at) => now.since(songwalker_schemas::Timestamp(*at)).as_secs_f64(),
        None => f64::INFINITY,
    };
    Ok(Sweep::ALL.iter().map(|sweep| (*sweep, age(*sweep))).collect())
}

/// Erasures that should have been done by now: receipts that do not say so, and prompts that are still there.
///
/// # Errors
/// The database does not answer.
pub async fn overdue(system: &System) -> Result<u64, JobsError> {
    let now = system.clock.now();
    let receipts = erasures::Entity::find()
        .filter(erasures::Column::DoneAt.is_null())
        .filter(erasures::Column::DueAt.lte(now.0))
        .count(system.db.read())
        .await?;
    let within = system.config.retention.erase_within.duration();
    let prompts = prompts::Entity::find()
        .filter(prompts::Column::EraseAt.is_not_null())
        .filter(prompts::Column::EraseAt.lte(now.minus(within).0))
        .count(system.db.read())
        .await?;
    Ok(receipts + prompts)
}

/// How many jobs are in each state.
///
/// # Errors
/// The database does not answer.
pub async fn by_state(system: &System) -> Result<Vec<(JobState, u64)>, JobsError> {
    let counted: HashMap<String, i64> = jobs::Entity::find()
        .select_only()
        .column(jobs::Column::State)
        .column_as(jobs::Column::State.count(), "jobs")
        .group_by(jobs::Column::State)
        .into_tuple::<(String, i64)>()
        .all(system.db.read())
        .await?
        .into_iter()
        .collect();
    let count = |state: JobState| counted.get(state.name()).copied().unwrap_or(0);
    Ok(JobState::ALL
        .iter()
        .map(|state| (*state, u64::try_from(count(*state)).unwrap_or(0)))
        .collect())
}
