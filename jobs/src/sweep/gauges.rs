//! How the service stands, as metrics: who waits and why, how old the last full sweep is (R12), which erasures are overdue.
//! Read from the rows, so that whoever serves the metrics can ask at any moment.

use std::collections::HashMap;
use std::time::Duration;

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use songwalker_schemas::job::{JobState, WaitingReason};
use songwalker_schemas::{Timestamp, wire};

use crate::admin::{dead_letters, queues};

use crate::entity::{erasures, jobs, outbox, prompts, sweeps};
use crate::error::JobsError;
use crate::pause::Paused;
use crate::ports::Lane;
use crate::presence;
use crate::sweep::Sweep;
use crate::system::System;
use crate::webhooks::delivery;

/// Sets the gauges of what goes on: rows that are few whatever the service has done, each found by an index.
///
/// # Errors
/// The database or the queue does not answer.
pub async fn tell(system: &System) -> Result<(), JobsError> {
    if let Some(skew) = system.clock.skew() {
        metrics::gauge!("songwalker_clock_skew_seconds").set(skew as f64 / 1e3);
    }
    if let Some(free) = room(system) {
        metrics::gauge!("songwalker_data_free_bytes").set(free as f64);
    }
    for (sweep, age) in ages(system).await? {
        metrics::gauge!("songwalker_sweep_age_seconds", "sweep" => sweep.name()).set(age);
    }
    metrics::gauge!("songwalker_erasures_overdue").set(overdue(system).await? as f64);
    waiting(system).await?;
    let outbox = outbox::Entity::find().count(system.db.read()).await?;
    metrics::gauge!("songwalker_outbox_depth").set(outbox as f64);
    metrics::gauge!("songwalker_outbox_age_seconds").set(outbox_age(system).await?.as_secs_f64());
    metrics::gauge!("songwalker_webhooks_pending").set(delivery::pending(system).await? as f64);
    metrics::gauge!("songwalker_dead_letters").set(dead_letters::count(system).await? as f64);
    let lanes = system.queue.lanes().await?;
    for lane in &lanes {
        metrics::gauge!("songwalker_lane_depth", "lane" => lane.name.clone()).set(lane.waiting as f64);
    }
    metrics::gauge!("songwalker_queue_depth").set(Lane::depth(&lanes) as f64);
    Ok(())
}

/// Sets the gauges of jobs that have ended: these rows grow more and more, so they are counted once a round and not
/// whenever somebody reads the metrics.
///
/// # Errors
/// The database does not answer.
pub async fn tell_ended(system: &System) -> Result<(), JobsError> {
    for (state, count) in ended(system).await? {
        metrics::gauge!("songwalker_jobs", "state" => state.name()).set(count as f64);
    }
    Ok(())
}

/// Who waits, since when, and why; and who could take it.
async fn waiting(system: &System) -> Result<(), JobsError> {
    let paused = Paused::read(system.db.read()).await?;
    metrics::gauge!("songwalker_paused").set(if paused.is_any() { 1.0 } else { 0.0 });
    let workers = presence::alive(system).await?;
    metrics::gauge!("songwalker_workers").set(workers as f64);
    metrics::gauge!("songwalker_worker_slots").set(presence::slots(system).await? as f64);
    let lanes = queues::lanes(system, &paused, workers > 0).await?;
    let sum = |count: fn(&wire::Lane) -> u64| lanes.iter().map(count).sum::<u64>() as f64;
    for (state, count) in [
        (JobState::Queued, sum(|lane| lane.queued)),
        (JobState::Running, sum(|lane| lane.running)),
        (JobState::Cancelling, sum(|lane| lane.cancelling)),
    ] {
        metrics::gauge!("songwalker_jobs", "state" => state.name()).set(count);
    }
    for (reason, count) in [
        (WaitingReason::Backoff, sum(|lane| lane.waiting.backoff)),
        (WaitingReason::NoWorker, sum(|lane| lane.waiting.no_worker)),
        (WaitingReason::Paused, sum(|lane| lane.waiting.paused)),
        (WaitingReason::Queue, sum(|lane| lane.waiting.queue)),
    ] {
        metrics::gauge!("songwalker_jobs_waiting", "reason" => reason.name()).set(count);
    }
    metrics::gauge!("songwalker_oldest_waiting_seconds").set(longest_wait(system).await?.as_secs_f64());
    Ok(())
}

/// How long the job waits that waits longest and does not rest after a failure.
async fn longest_wait(system: &System) -> Result<Duration, JobsError> {
    let may_start = Condition::any()
        .add(jobs::Column::NotBefore.is_null())
        .add(jobs::Column::NotBefore.lte(system.clock.steady().0));
    let oldest: Option<i64> = jobs::Entity::find()
        .select_only()
        .column(jobs::Column::QueuedAt)
        .filter(jobs::Column::State.eq(JobState::Queued.name()))
        .filter(may_start)
        .order_by_asc(jobs::Column::QueuedAt)
        .into_tuple()
        .one(system.db.read())
        .await?;
    Ok(since(system, oldest))
}

async fn outbox_age(system: &System) -> Result<Duration, JobsError> {
    let oldest: Option<i64> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::CreatedAt)
        .order_by_asc(outbox::Column::Id)
        .into_tuple()
        .one(system.db.read())
        .await?;
    Ok(since(system, oldest))
}

fn since(system: &System, at: Option<i64>) -> Duration {
    at.map_or(Duration::ZERO, |at| system.clock.now().since(Timestamp(at)))
}

/// The bytes that are free where the data lies, where bundles lie there too.
fn room(system: &System) -> Option<u64> {
    let config = &system.config;
    let is_here = config.store.bucket.is_none();
    let told = is_here.then(|| rustix::fs::statvfs(&config.data_dir).ok())??;
    Some(told.f_bavail * told.f_frsize)
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
        Some(at) => now.since(Timestamp(*at)).as_secs_f64(),
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

/// How many jobs there are in each state in which a job has ended.
///
/// # Errors
/// The database does not answer.
pub async fn ended(system: &System) -> Result<Vec<(JobState, u64)>, JobsError> {
    let states: Vec<JobState> = JobState::ALL
        .iter()
        .copied()
        .filter(|state| state.is_final())
        .collect();
    let counted: HashMap<String, i64> = jobs::Entity::find()
        .select_only()
        .column(jobs::Column::State)
        .column_as(jobs::Column::State.count(), "jobs")
        .filter(jobs::Column::State.is_in(states.iter().map(|state| state.name())))
        .group_by(jobs::Column::State)
        .into_tuple::<(String, i64)>()
        .all(system.db.read())
        .await?
        .into_iter()
        .collect();
    let count = |state: JobState| counted.get(state.name()).copied().unwrap_or(0);
    Ok(states
        .into_iter()
        .map(|state| (state, u64::try_from(count(state)).unwrap_or(0)))
        .collect())
}
