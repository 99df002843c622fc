//! How the queues stand, from the rows: how many jobs wait in which lane and why, which workers are there. What the queue
//! itself holds is told beside it; it is a hint and nothing more (R4).

use std::collections::{BTreeMap, HashMap};

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder, Statement};
use songwalker_schemas::Timestamp;
use songwalker_schemas::job::{JobKind, JobState};
use songwalker_schemas::wire::{Lane, Queues, WaitingCounts, WorkerSeen};

use crate::entity::{outbox, workers};
use crate::error::JobsError;
use crate::pause::Paused;
use crate::system::System;

/// Unfinished jobs by kind, plan and state. `$1` is now on the steady clock.
const LANES: &str = "SELECT j.kind, u.plan, j.state, COUNT(*),
        SUM(CASE WHEN j.not_before > $1 THEN 1 ELSE 0 END), MIN(j.queued_at)
    FROM jobs j JOIN users u ON u.id = j.user_id
    WHERE j.state IN ('queued', 'running', 'cancelling')
    GROUP BY j.kind, u.plan, j.state";

/// Jobs that each worker has.
const HELD: &str =
    "SELECT worker_id, COUNT(*) FROM jobs WHERE state IN ('running', 'cancelling') GROUP BY worker_id";

/// How they stand now.
///
/// # Errors
/// The database does not answer.
pub async fn look(system: &System) -> Result<Queues, JobsError> {
    let paused = Paused::read(system.db.read()).await?;
    let workers = workers(system).await?;
    let is_served = workers.iter().any(|worker| worker.is_alive);
    Ok(Queues {
        lanes: lanes(system, &paused, is_served).await?,
        pauses: paused.told(),
        workers,
        outbox: outbox::Entity::find().count(system.db.read()).await?,
        hints: system.queue.depth().await.ok(),
    })
}

/// The lanes in which there are jobs; `is_served` says whether a worker is alive.
///
/// # Errors
/// The database does not answer.
pub async fn lanes(system: &System, paused: &Paused, is_served: bool) -> Result<Vec<Lane>, JobsError> {
    let db = system.db.read();
    let steady = system.clock.steady().0;
    let sql = Statement::from_sql_and_values(db.get_database_backend(), LANES, [steady.into()]);
    let mut lanes: BTreeMap<(String, String), Lane> = BTreeMap::new();
    for row in db.query_all_raw(sql).await? {
        let (kind, plan): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let state: String = row.try_get_by_index(2)?;
        let (count, resting): (i64, Option<i64>) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let known = JobKind::from_name(&kind)
            .ok_or_else(|| JobsError::Internal("the column kind holds an unknown word".to_owned()))?;
        let lane = lanes.entry((kind.clone(), plan.clone())).or_insert_with(|| Lane {
            kind: known,
            plan,
            queued: 0,
            running: 0,
            cancelling: 0,
            oldest_queued_at: None,
            waiting: WaitingCounts::default(),
        });
        let count = u64::try_from(count).unwrap_or(0);
        match JobState::from_name(&state) {
            Some(JobState::Queued) => {
                lane.queued = count;
                lane.oldest_queued_at = row.try_get_by_index::<Option<i64>>(5)?.map(Timestamp);
                let resting = u64::try_from(resting.unwrap_or(0)).unwrap_or(0);
                lane.waiting = waiting(count, resting, paused.has(&kind), is_served);
            }
            Some(JobState::Running) => lane.running = count,
            _ => lane.cancelling = count,
        }
    }
    Ok(lanes.into_values().collect())
}

/// The reasons in the order in which a job tells them (`view.rs`).
const fn waiting(count: u64, resting: u64, is_paused: bool, is_served: bool) -> WaitingCounts {
    let mut counts = WaitingCounts {
        backoff: 0,
        no_worker: 0,
        paused: 0,
        queue: 0,
    };
    if is_paused {
        counts.paused = count;
        return counts;
    }
    counts.backoff = resting;
    let rest = count.saturating_sub(resting);
    if is_served {
        counts.queue = rest;
    } else {
        counts.no_worker = rest;
    }
    counts
}

async fn workers(system: &System) -> Result<Vec<WorkerSeen>, JobsError> {
    let db = system.db.read();
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let sql = Statement::from_string(db.get_database_backend(), HELD);
    let mut held: HashMap<Uuid, i64> = HashMap::new();
    for row in db.query_all_raw(sql).await? {
        if let Some(worker) = row.try_get_by_index::<Option<Uuid>>(0)? {
            held.insert(worker, row.try_get_by_index(1)?);
        }
    }
    // The rows stand on the steady clock; people read the wall.
    let on_wall = |at: i64| now.minus(steady.since(Timestamp(at)));
    let alive_since = steady.minus(system.config.worker.lease.duration());
    let rows = workers::Entity::find()
        .order_by_asc(workers::Column::Id)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| WorkerSeen {
            id: row.id,
            slots: u32::try_from(row.slots).unwrap_or(0),
            jobs: u64::try_from(held.get(&row.id).copied().unwrap_or(0)).unwrap_or(0),
            started_at: on_wall(row.started_at),
            seen_at: on_wall(row.seen_at),
            is_alive: row.seen_at > alive_since.0 && row.seen_at <= steady.0,
        })
        .collect())
}
