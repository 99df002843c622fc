//! Several requests in one transaction (R1, R2, R9), each of another user: what is plain is accepted, everything else is
//! left to be decided alone.

use std::collections::HashMap;

use futures::future::BoxFuture;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::json;
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::EventKind;

use super::{Checked, Idempotency, key_of, model};
use crate::entity::{plans, users};
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::group::{Member, Told};
use crate::quota::{LockedUser, open_states};
use crate::row::JobRow;
use crate::row::together::statement;
use crate::system::System;

/// A request that names neither a parent nor an address to be told.
pub(crate) struct Plain {
    pub user: UserId,
    pub checked: Checked,
    pub idempotency: Option<Idempotency>,
}

impl Member for Plain {
    fn alone(&self) -> Uuid {
        self.user.0
    }
}

/// Users whom nobody else has locked, with their plans. Never waited for: who holds several must not wait for another.
const USERS: &str = "
SELECT p.*, u.id AS user_id, u.name AS user_name, u.job_key_secret AS secret, u.created_at AS user_created_at
FROM users u JOIN plans p ON p.name = u.plan
WHERE u.id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id))) AND u.erase_requested_at IS NULL
FOR UPDATE OF u SKIP LOCKED";

/// What there is of each already. Another statement than the lock: it must see what was committed before that. Counted, where
/// EXISTS would have PostgreSQL read all jobs into a table of hashes.
const THERE: &str = "
SELECT v.user_id,
    (SELECT count(*) FROM jobs j WHERE j.user_id = v.user_id AND j.state IN ({open})) AS unfinished,
    (SELECT count(*) FROM jobs j
        WHERE j.user_id = v.user_id AND j.job_key = v.job_key AND j.delete_requested_at IS NULL)
    + (SELECT count(*) FROM idempotency_keys i
        WHERE i.user_id = v.user_id AND i.key_sha256 = v.key_sha256) AS known
FROM json_to_recordset($1::json) AS v(user_id uuid, job_key text, key_sha256 text)";

/// Row, event, prompt, hint and Idempotency-Key of each.
const INSERT: &str = "
WITH v AS (
    SELECT * FROM json_to_recordset($1::json) AS v(
        id uuid, user_id uuid, kind text, state text, max_attempts integer, queue_deadline bigint, hinted_at bigint,
        job_key text, template_id text, seed bigint, variations integer, planner text, generator_version text, tags text,
        created_at bigint, prompt text, erase_at bigint, event_kind text, event_message text, key_sha256 text,
        body_sha256 text, expires_at bigint, trace text)
), new_job AS (
    INSERT INTO jobs (id, user_id, kind, state, progress, attempt, max_attempts, deaths, fence, queue_deadline, hinted_at,
            job_key, template_id, seed, variations, planner, generator_version, tags, starred, stages, event_seq,
            created_at, queued_at, trace)
        SELECT id, user_id, kind, state, 0, 0, max_attempts, 0, 0, queue_deadline, hinted_at,
            job_key, template_id, seed, variations, planner, generator_version, tags, FALSE, '[]', 1,
            created_at, created_at, trace FROM v
), new_event AS (
    INSERT INTO job_events (job_id, seq, kind, at, attempt, state, message)
        SELECT id, 1, event_kind, created_at, 0, state, event_message FROM v
), new_prompt AS (
    INSERT INTO prompts (job_id, prompt, tags, erase_at) SELECT id, prompt, tags, erase_at FROM v
), new_key AS (
    INSERT INTO idempotency_keys (user_id, key_sha256, body_sha256, job_id, expires_at)
        SELECT user_id, key_sha256, body_sha256, id, expires_at FROM v WHERE key_sha256 IS NOT NULL
)
INSERT INTO outbox (job_id, created_at) SELECT id, created_at FROM v ORDER BY id";

#[derive(FromQueryResult)]
struct Locked {
    #[sea_orm(nested)]
    plan: plans::Model,
    user_id: Uuid,
    user_name: String,
    secret: Vec<u8>,
    user_created_at: i64,
}

#[derive(FromQueryResult)]
struct There {
    user_id: Uuid,
    unfinished: i64,
    known: i64,
}

/// Accepts those that nothing stands against.
pub(crate) fn accept_all<'a>(
    system: &'a System,
    all: &'a [Plain],
) -> BoxFuture<'a, Result<Told<JobRow>, JobsError>> {
    Box::pin(accept(system, all))
}

async fn accept(system: &System, all: &[Plain]) -> Result<Told<JobRow>, JobsError> {
    let mut told: Told<JobRow> = all.iter().map(|_| None).collect();
    let tx = system.db.begin().await?;
    let ids: Vec<Uuid> = all.iter().map(|one| one.user.0).collect();
    let locked = Locked::find_by_statement(statement(USERS, [json!(ids).to_string().into()]))
        .all(&tx)
        .await?;
    let locked: HashMap<Uuid, LockedUser> = locked.into_iter().map(of_row).collect();
    let mut asked = Vec::with_capacity(all.len());
    for (place, one) in all.iter().enumerate() {
        if let Some(locked) = locked.get(&one.user.0) {
            asked.push((place, one, locked, key_of(system, locked, &one.checked, None)?));
        }
    }
    let questions: Vec<_> = asked
        .iter()
        .map(|(_, one, _, key)| {
            let known = one.idempotency.as_ref().map(|known| &known.key_sha256);
            json!({ "user_id": one.user, "job_key": key, "key_sha256": known })
        })
        .collect();
    let there = statement(
        &THERE.replace("{open}", &open_states()),
        [json!(questions).to_string().into()],
    );
    let there = There::find_by_statement(there).all(&tx).await?;
    let there: HashMap<Uuid, There> = there.into_iter().map(|one| (one.user_id, one)).collect();
    let mut values = Vec::with_capacity(asked.len());
    for (place, one, locked, key) in asked {
        let is_plain = there
            .get(&one.user.0)
            .is_some_and(|there| there.known == 0 && has_room(system, locked, there.unfinished));
        if !is_plain {
            continue;
        }
        let mut row = JobRow::from(model(system, locked, &one.checked, &key, None, None)?);
        row.model.event_seq = 1;
        values.push(values_of(system, one, locked, &row));
        told[place] = Some(Ok(row));
    }
    if !values.is_empty() {
        tx.execute_raw(statement(INSERT, [json!(values).to_string().into()]))
            .await?;
        failpoint::reached(Failpoint::AcceptInserted).await?;
    }
    tx.commit().await?;
    Ok(told)
}

fn of_row(row: Locked) -> (Uuid, LockedUser) {
    let user = users::Model {
        id: row.user_id,
        name: row.user_name,
        plan: row.plan.name.clone(),
        job_key_secret: row.secret,
        created_at: row.user_created_at,
        erase_requested_at: None,
    };
    (row.user_id, LockedUser { user, plan: row.plan })
}

fn has_room(system: &System, locked: &LockedUser, unfinished: i64) -> bool {
    let limit = locked
        .plan
        .unfinished_jobs
        .filter(|_| system.config.quotas.enabled);
    limit.is_none_or(|limit| unfinished < limit)
}

fn values_of(system: &System, one: &Plain, locked: &LockedUser, row: &JobRow) -> serde_json::Value {
    let model = &row.model;
    let now = songwalker_schemas::Timestamp(model.created_at);
    let event = NewEvent::new(EventKind::State, now, super::ACCEPTED);
    let known = one.idempotency.as_ref();
    json!({
        "id": model.id, "user_id": model.user_id, "kind": model.kind, "state": JobState::Queued.name(),
        "max_attempts": model.max_attempts, "queue_deadline": model.queue_deadline, "hinted_at": model.hinted_at,
        "job_key": model.job_key, "template_id": model.template_id, "seed": model.seed, "variations": model.variations,
        "planner": model.planner, "generator_version": model.generator_version, "tags": model.tags,
        "created_at": model.created_at, "prompt": one.checked.request.prompt,
        "erase_at": system.keep_prompts(&locked.plan).map(|span| now.plus(span).0),
        "event_kind": event.kind.name(), "event_message": event.message,
        "key_sha256": known.map(|known| &known.key_sha256), "body_sha256": known.map(|known| &known.body_sha256),
        "expires_at": now.plus(system.config.retention.idempotency.duration()).0, "trace": model.trace,
    })
}
