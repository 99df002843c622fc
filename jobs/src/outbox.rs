//! The outbox: hints that are written in the transaction that makes them necessary, and sent afterwards (R1). Sending
//! one twice is harmless; the row of the job is the truth.

mod shared;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Condition;
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use songwalker_schemas::limits::QUARANTINE_DEATHS;
use songwalker_schemas::{JobId, JobKind, Timestamp};

use crate::entity::{jobs, outbox, users};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::ports::{Hint, Signal};
use crate::system::System;
use crate::trace;

/// Of what age a job's word that it was hinted at is young enough: the relay does not write it again.
fn recent(system: &System) -> Duration {
    system.config.queue.rehint_after.duration() / 12
}

/// Writes the hint of a job.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn write(tx: &DatabaseTransaction, job: JobId, now: Timestamp) -> Result<(), JobsError> {
    outbox::Entity::insert(outbox::ActiveModel {
        id: ActiveValue::NotSet,
        job_id: ActiveValue::Set(job.0),
        created_at: ActiveValue::Set(now.0),
    })
    .exec_without_returning(tx)
    .await?;
    Ok(())
}

/// Sends at most `limit` hints to the queue and takes them out of the outbox; the number that were sent.
///
/// Relays of several processes take different rows: each passes over what another has locked, and keeps its own locked
/// while it sends. In a data directory there is one relay, which locks nothing meanwhile: SQLite's one writer must not
/// wait for a queue.
///
/// # Errors
/// The queue does not take them (they stay), or the database does not answer.
pub async fn relay(system: &System, limit: u64) -> Result<usize, JobsError> {
    if system.db.is_shared() {
        return shared::relay(system, limit).await;
    }
    let rows = outbox::Entity::find()
        .order_by_asc(outbox::Column::Id)
        .limit(limit)
        .all(system.db.read())
        .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids: Vec<_> = rows.iter().map(|row| row.job_id).collect();
    let mut hints = hints(system.db.read(), &ids).await?;
    let spans = trace::relayed(&mut hints);
    system.queue.publish(&hints).await?;
    drop(spans);
    failpoint::reached(Failpoint::RelayPublished).await?;
    let tx = system.db.begin().await?;
    let steady = system.clock.steady();
    jobs::Entity::update_many()
        .col_expr(jobs::Column::HintedAt, steady.0.into())
        .filter(jobs::Column::Id.is_in(ids))
        .filter(
            Condition::any()
                .add(jobs::Column::HintedAt.is_null())
                .add(jobs::Column::HintedAt.lte(steady.minus(recent(system)).0))
                .add(jobs::Column::HintedAt.gt(steady.0)),
        )
        .exec(&tx)
        .await?;
    outbox::Entity::delete_many()
        .filter(outbox::Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(rows.len())
}

/// What the jobs' rows say of each, and their users' plans; a job that is gone has a hint all the same, that its outbox row
/// may go too.
async fn hints<C: ConnectionTrait>(db: &C, ids: &[Uuid]) -> Result<Vec<Hint>, JobsError> {
    let found: Vec<(Uuid, Uuid, String, i32, Option<String>)> = jobs::Entity::find()
        .select_only()
        .columns([
            jobs::Column::Id,
            jobs::Column::UserId,
            jobs::Column::Kind,
            jobs::Column::Deaths,
            jobs::Column::Trace,
        ])
        .filter(jobs::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let plans: HashMap<Uuid, String> = users::Entity::find()
        .select_only()
        .columns([users::Column::Id, users::Column::Plan])
        .filter(users::Column::Id.is_in(found.iter().map(|(_, user, ..)| *user).collect::<HashSet<_>>()))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    let found: HashMap<Uuid, Hint> = found
        .into_iter()
        .map(|(id, user, kind, deaths, trace)| {
            let plain = Hint::of(JobId(id));
            let hint = Hint {
                quarantine: u32::try_from(deaths).unwrap_or(0) >= QUARANTINE_DEATHS,
                kind: JobKind::from_name(&kind).unwrap_or(plain.kind),
                class: plans.get(&user).cloned().unwrap_or_default(),
                trace,
                ..plain
            };
            (id, hint)
        })
        .collect();
    let hint = |id: &Uuid| found.get(id).cloned().unwrap_or_else(|| Hint::of(JobId(*id)));
    Ok(ids.iter().map(hint).collect())
}

/// Tells the relay that there is something to send.
pub(crate) fn wake(system: &System) {
    system.bus.publish(Signal::Wake);
}
