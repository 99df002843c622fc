//! A delivery on its way: taken under a lease, so that two schedulers do not send it at once; sent by whoever took it;
//! ended, or put off, under the attempt with which it was taken. Whoever dies in between leaves a lease that ends, and
//! the next one sends it again: at least once.

use std::fmt;
use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, Statement,
};
use serde_json::json;
use songwalker_schemas::Timestamp;
use songwalker_schemas::wire::{DeliveryProblem, DeliveryState};

use crate::entity::webhook_deliveries::{Column, Entity, Model};
use crate::entity::{jobs, webhook_secrets, webhooks};
use crate::error::JobsError;
use crate::row::JobRow;
use crate::system::System;
use crate::view;
use crate::webhooks::signature;

/// The pauses behind each attempt but the last: three days in all, as Standard Webhooks suggests.
pub const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];
/// How often a delivery is tried.
pub const MOST_ATTEMPTS: i32 = 10;
/// How many deliveries of one user are on their way at once: one whose receiver is slow is in nobody else's way.
const OF_ONE_USER: i64 = 4;
/// By how much the lease is longer than what sending may take.
const LEASE_BEYOND: Duration = Duration::from_secs(20);

/// The ids of what is due. `$1` is now on the steady clock, `$2` the latest moment at which a row of this clock could be
/// due, `$3` the latest end of a lease of it: what is beyond was written by the clock of a process that is no more.
const DUE: &str = "SELECT d.id FROM webhook_deliveries d WHERE d.id IN (
        SELECT p.id FROM (
            SELECT a.id, a.due_at,
                ROW_NUMBER() OVER (PARTITION BY a.user_id ORDER BY a.due_at, a.id) + COALESCE(b.held, 0) AS place
            FROM webhook_deliveries a
            LEFT JOIN (SELECT user_id, COUNT(*) AS held FROM webhook_deliveries
                WHERE state = 'pending' AND lease_until > $1 AND lease_until <= $3 GROUP BY user_id) b
                ON b.user_id = a.user_id
            WHERE a.state = 'pending' AND a.attempts < $4 AND (a.due_at <= $1 OR a.due_at > $2)
                AND (a.lease_until IS NULL OR a.lease_until <= $1 OR a.lease_until > $3)
        ) p WHERE p.place <= $5 ORDER BY p.due_at, p.id LIMIT $6
    )";

/// A message on its way. Its `Debug` shows ids only (R10).
#[derive(Clone)]
pub struct Delivery {
    row: i64,
    /// The webhook.
    pub webhook_id: Uuid,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The header `webhook-id`.
    pub id: String,
    /// Where to.
    pub url: String,
    /// The body.
    pub body: Vec<u8>,
    /// The `traceparent` of the job that it tells of.
    pub trace: Option<String>,
    /// The address is one that a job named.
    is_of_job: bool,
    secrets: Vec<Vec<u8>>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// The header `webhook-signature` for this moment, in seconds since 1970.
    #[must_use]
    pub fn signature(&self, timestamp_s: i64) -> String {
        signature::sign(&self.secrets, &self.id, timestamp_s, &self.body)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempted {
    /// The status of the answer, where one came.
    pub status: Option<u16>,
    /// What was wrong; `None`: it arrived.
    pub problem: Option<DeliveryProblem>,
}

/// The `webhook-id` of a delivery.
#[must_use]
pub fn message_id(webhook: Uuid, delivery: i64) -> String {
    format!("msg_{}_{delivery}", webhook.simple())
}

/// Takes at most `room` of what is due; this counts as an attempt of each, so that a death counts too.
///
/// # Errors
/// The database does not answer.
pub async fn take(system: &System, room: usize) -> Result<Vec<Delivery>, JobsError> {
    let tx = system.db.begin().await?;
    let rows = due(&tx, system, room).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let lease_until = system.clock.steady().plus(lease(system));
    Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(lease_until.0))
        .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        match prepare(system, row).await {
            Ok(Some(delivery)) => taken.push(delivery),
            Ok(None) => {}
            // Its lease ends, and it is tried again; the others are not kept waiting (R12).
            Err(error) => tracing::warn!(delivery.id = id, error = %error, "delivery not prepared"),
        }
    }
    Ok(taken)
}

fn lease(system: &System) -> Duration {
    system.config.webhooks.timeout.duration() + LEASE_BEYOND
}

async fn due(tx: &DatabaseTransaction, system: &System, room: usize) -> Result<Vec<Model>, JobsError> {
    let steady = system.clock.steady();
    let backend = tx.get_database_backend();
    let latest_due = steady.plus(PAUSES[PAUSES.len() - 1]);
    let latest_lease = steady.plus(lease(system));
    let mut sql = DUE.to_owned();
    if backend == DbBackend::Postgres {
        sql.push_str(" FOR UPDATE SKIP LOCKED");
    }
    let values = [
        steady.0.into(),
        latest_due.0.into(),
        latest_lease.0.into(),
        MOST_ATTEMPTS.into(),
        OF_ONE_USER.into(),
        i64::try_from(room).unwrap_or(i64::MAX).into(),
    ];
    let found = tx
        .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    let ids: Result<Vec<i64>, _> = found.iter().map(|row| row.try_get_by_index(0)).collect();
    let ids = ids?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Entity::find()
        .filter(Column::Id.is_in(ids))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .all(tx)
        .await?)
}

/// What is needed to send a row that was taken; `None` where there is nothing to send any more.
async fn prepare(system: &System, row: Model) -> Result<Option<Delivery>, JobsError> {
    let db = system.db.read();
    let Some(webhook) = webhooks::Entity::find_by_id(row.webhook_id).one(db).await? else {
        return Ok(None);
    };
    let is_of_job = row.url.is_some();
    let url = row.url.clone().or_else(|| webhook.url.clone());
    let Some(url) = url.filter(|_| webhook.disabled_at.is_none()) else {
        let given_up = (DeliveryState::Failed, Some(DeliveryProblem::Disabled));
        end(system, row.id, row.attempts + 1, given_up, None).await?;
        return Ok(None);
    };
    let Some((body, trace)) = body(system, &row).await? else {
        return Ok(None);
    };
    let now = system.clock.now();
    let secrets = webhook_secrets::Entity::find()
        .filter(webhook_secrets::Column::WebhookId.eq(row.webhook_id))
        .filter(
            Condition::any()
                .add(webhook_secrets::Column::ExpiresAt.is_null())
                .add(webhook_secrets::Column::ExpiresAt.gt(now.0)),
        )
        .order_by_desc(webhook_secrets::Column::CreatedAt)
        .order_by_desc(webhook_secrets::Column::Id)
        .all(db)
        .await?;
    Ok(Some(Delivery {
        row: row.id,
        webhook_id: row.webhook_id,
        attempt: row.attempts + 1,
        id: message_id(row.webhook_id, row.id),
        url,
        body,
        trace,
        is_of_job,
        secrets: secrets.into_iter().map(|secret| secret.secret).collect(),
    }))
}

/// The message: what happened, when, and the job as the API shows it, without its prompt; and the job's trace.
async fn body(system: &System, row: &Model) -> Result<Option<(Vec<u8>, Option<String>)>, JobsError> {
    let (data, trace) = match row.job_id {
        None => (json!({ "webhook_id": row.webhook_id }), None),
        Some(id) => {
            let found = jobs::Entity::find_by_id(id)
                .filter(jobs::Column::DeleteRequestedAt.is_null())
                .one(system.db.read())
                .await?;
            let Some(model) = found else { return Ok(None) };
            let trace = model.trace.clone();
            let job = view::job(system, JobRow::from(model)).await?;
            (json!(view::without_prompt(job)), trace)
        }
    };
    let body = json!({
        "type": row.event,
        "timestamp": Timestamp(row.created_at),
        "data": data,
    });
    Ok(Some((serde_json::to_vec(&body)?, trace)))
}

/// Writes down how an attempt ended: for good, or until the next one.
///
/// # Errors
/// The database does not answer.
pub async fn settle(system: &System, delivery: &Delivery, attempted: Attempted) -> Result<(), JobsError> {
    let Attempted { status, problem } = attempted;
    let state = match problem {
        None => DeliveryState::Delivered,
        Some(DeliveryProblem::Gone) => DeliveryState::Failed,
        Some(_) if delivery.attempt >= MOST_ATTEMPTS => DeliveryState::Failed,
        Some(_) => DeliveryState::Pending,
    };
    // The webhook's word first: whoever sees the delivery ended sees what the webhook says of it.
    note(system, delivery, problem).await?;
    end(system, delivery.row, delivery.attempt, (state, problem), status).await?;
    metrics::counter!("songwalker_webhook_attempts_total", "outcome" => problem.map_or("delivered", DeliveryProblem::name))
        .increment(1);
    tracing::info!(
        delivery.id = delivery.id, webhook.id = %delivery.webhook_id, delivery.attempt = delivery.attempt,
        delivery.state = %state, problem = problem.map(DeliveryProblem::name), "webhook attempted"
    );
    Ok(())
}

/// What the row says of an attempt, unless another one has begun since.
async fn end(
    system: &System,
    row: i64,
    attempt: i32,
    (state, problem): (DeliveryState, Option<DeliveryProblem>),
    status: Option<u16>,
) -> Result<(), JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let pause = usize::try_from(attempt - 1)
        .ok()
        .and_then(|at| PAUSES.get(at))
        .copied()
        .unwrap_or_default();
    let ended_at = (state != DeliveryState::Pending).then_some(now.0);
    let tx = system.db.begin().await?;
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state.name()))
        .col_expr(Column::Status, Expr::value(status.map(i32::from)))
        .col_expr(Column::Problem, Expr::value(problem.map(DeliveryProblem::name)))
        .col_expr(Column::DueAt, Expr::value(steady.plus(pause).0))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(Column::EndedAt, Expr::value(ended_at))
        .filter(Column::Id.eq(row))
        .filter(Column::Attempts.eq(attempt))
        .filter(Column::State.eq(DeliveryState::Pending.name()))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// What the webhook says of it: the last success, the last failure, and whether it is wanted no more.
async fn note(
    system: &System,
    delivery: &Delivery,
    problem: Option<DeliveryProblem>,
) -> Result<(), JobsError> {
    use webhooks::Column;
    let now = system.clock.now().0;
    let mut change = webhooks::Entity::update_many().filter(Column::Id.eq(delivery.webhook_id));
    change = match problem {
        None => change.col_expr(Column::DeliveredAt, Expr::value(now)),
        Some(problem) => change
            .col_expr(Column::FailedAt, Expr::value(now))
            .col_expr(Column::Problem, Expr::value(problem.name())),
    };
    // Where a job named the address, that one is gone, and the others are not.
    let is_gone = problem == Some(DeliveryProblem::Gone) && !delivery.is_of_job;
    if is_gone {
        change = change.col_expr(Column::DisabledAt, Expr::value(now));
    }
    let tx = system.db.begin().await?;
    change.exec(&tx).await?;
    tx.commit().await?;
    if is_gone {
        tracing::info!(webhook.id = %delivery.webhook_id, "webhook disabled, its receiver says that it is gone");
    }
    Ok(())
}

/// How many deliveries are still to be sent or tried again.
///
/// # Errors
/// The database does not answer.
pub async fn pending(system: &System) -> Result<u64, JobsError> {
    Ok(Entity::find()
        .filter(Column::State.eq(DeliveryState::Pending.name()))
        .count(system.db.read())
        .await?)
}

/// Gives up a delivery whose last attempt nobody ended.
pub(crate) async fn give_up(system: &System, row: &Model) -> Result<(), JobsError> {
    let given_up = (DeliveryState::Failed, Some(DeliveryProblem::Interrupted));
    end(system, row.id, row.attempts, given_up, None).await
}
