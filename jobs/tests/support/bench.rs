//! What tests of the job domain do again and again: ask for jobs, take them, finish them, look at rows. Real operations
//! on a real system; nothing here stands in for a part of it.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Statement};
use songwalker_jobs::System;
use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::claim::{Claimed, Ownership, claim};
use songwalker_jobs::ending::{self, Fate, Outcome};
use songwalker_jobs::entity::{job_events, jobs, outbox, stage_outputs};
use songwalker_jobs::planning::{self, PlannedBy};
use songwalker_jobs::ports::{Hint, ObjectKey};
use songwalker_jobs::publish::{About, Packaged, store, succeed};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId, UserId, canonical};

pub const DAY: Duration = Duration::from_secs(24 * 3600);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const SECOND: Duration = Duration::from_secs(1);
pub const LEASE: Duration = Duration::from_secs(30);

/// A new job for `prompt`.
pub async fn ask(system: &System, user: UserId, prompt: &str) -> JobId {
    let accepted = accept(system, user, CreateJob::new(prompt), None)
        .await
        .expect("the request is accepted");
    assert_eq!(accepted.answer, Answer::New, "{prompt}");
    accepted.row.id()
}

/// A worker takes the job.
pub async fn take(system: &System, job: JobId) -> Claimed {
    claim(system, Uuid::now_v7(), job)
        .await
        .expect("the database answers")
        .expect("the job can be taken")
}

/// A new job that a worker has.
pub async fn running(system: &System, user: UserId, prompt: &str) -> Ownership {
    let job = ask(system, user, prompt).await;
    take(system, job).await.own
}

/// What these bytes are as a bundle.
pub fn packaged(bundle: &[u8]) -> Packaged {
    Packaged {
        sha256: canonical::sha256_hex(bundle),
        bytes: bundle.len() as u64,
        about: About {
            name: "Slow Dawn".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: canonical::sha256_hex(b"manifest"),
        },
    }
}

/// Puts a bundle by.
pub async fn put_by(system: &System, own: &Ownership, bundle: &[u8]) -> Packaged {
    let packaged = packaged(bundle);
    store(system, own, &packaged, Arc::from(bundle))
        .await
        .expect("the bundle is put by");
    packaged
}

/// Puts a bundle by and publishes it.
pub async fn finish(system: &System, own: &Ownership, bundle: &[u8]) -> Packaged {
    let packaged = put_by(system, own, bundle).await;
    succeed(system, own, &packaged).await.expect("the job succeeds");
    packaged
}

/// A new job that has succeeded with `bundle`.
pub async fn succeeded(system: &System, user: UserId, prompt: &str, bundle: &[u8]) -> JobId {
    let own = running(system, user, prompt).await;
    finish(system, &own, bundle).await;
    own.job_id
}

/// A new job that was cancelled before anybody took it.
pub async fn cancelled(system: &System, user: UserId, prompt: &str) -> JobId {
    let job = ask(system, user, prompt).await;
    songwalker_jobs::cancel::cancel(system, user, job)
        .await
        .expect("the job is cancelled");
    job
}

/// The attempt fails with `code`.
pub async fn fail(system: &System, own: &Ownership, code: ErrorCode) -> Outcome {
    ending::fail(
        system,
        own,
        ending::sanitised(code, "it went wrong", Vec::new()),
        Fate::Failed,
    )
    .await
    .expect("the failure is written")
}

/// The worker's intent is put by.
pub async fn intend(system: &System, own: &Ownership, intent: &[u8]) {
    planning::store_intent(system, own, intent, &PlannedBy::EMBEDDED)
        .await
        .expect("the intent is put by");
}

/// The row of a job.
pub async fn row(system: &System, job: JobId) -> jobs::Model {
    find(system, job).await.expect("the row is there")
}

/// The row of a job, if it is there.
pub async fn find(system: &System, job: JobId) -> Option<jobs::Model> {
    jobs::Entity::find_by_id(job.0)
        .one(system.db.read())
        .await
        .expect("the database answers")
}

/// The state of a job.
pub async fn state(system: &System, job: JobId) -> String {
    row(system, job).await.state
}

/// How many rows an entity has.
pub async fn count<E: EntityTrait>(system: &System) -> u64
where
    E::Model: Sync,
{
    E::find()
        .count(system.db.read())
        .await
        .expect("the database answers")
}

/// How many hints of a job stand in the outbox.
pub async fn outbox_of(system: &System, job: JobId) -> u64 {
    outbox::Entity::find()
        .filter(outbox::Column::JobId.eq(job.0))
        .count(system.db.read())
        .await
        .expect("the database answers")
}

/// How many events of a job are stored.
pub async fn events_of(system: &System, job: JobId) -> u64 {
    job_events::Entity::find()
        .filter(job_events::Column::JobId.eq(job.0))
        .count(system.db.read())
        .await
        .expect("the database answers")
}

/// What the stages of a job have put by.
pub async fn outputs_of(system: &System, job: JobId) -> Vec<String> {
    stage_outputs::Entity::find()
        .filter(stage_outputs::Column::JobId.eq(job.0))
        .all(system.db.read())
        .await
        .expect("the database answers")
        .into_iter()
        .map(|output| output.stage)
        .collect()
}

/// Relays the outbox and takes every hint that waits off the queue.
pub async fn hints(system: &System) -> Vec<Hint> {
    songwalker_jobs::outbox::relay(system, 1000)
        .await
        .expect("the queue takes the hints");
    waiting_hints(system).await
}

/// Takes every hint that waits off the queue.
pub async fn waiting_hints(system: &System) -> Vec<Hint> {
    let mut consumer = system
        .queue
        .consumer(usize::MAX)
        .await
        .expect("the queue answers");
    let mut hints = Vec::new();
    while let Some(Some(delivery)) = consumer.next().now_or_never() {
        hints.push(delivery.hint.clone());
        consumer.ack(delivery).await.expect("the queue answers");
    }
    hints
}

/// Whether the store has the object of a user with this hash.
pub async fn is_stored(system: &System, user: UserId, sha256: &str) -> bool {
    let key = ObjectKey::bundle(user, sha256).expect("a hash");
    system.store.get(&key).await.expect("the store answers").is_some()
}

/// The keys of every object.
pub async fn objects(system: &System) -> Vec<String> {
    system
        .store
        .list("users/", None, 100_000)
        .await
        .expect("the store answers")
        .into_iter()
        .map(|info| info.key.as_str().to_owned())
        .collect()
}

/// Runs a statement of the test's own.
pub async fn sql(system: &System, statement: &str) {
    system
        .db
        .writer()
        .execute_unprepared(statement)
        .await
        .expect("the statement runs");
}

/// Makes `act`, SQL of both databases, happen on every `event` on a row of `table` for which `when` holds.
async fn trigger(system: &System, name: &str, event: &str, table: &str, when: &str, act: [&str; 2]) {
    let [sqlite, postgres] = act;
    if !system.db.is_shared() {
        let when = if when.is_empty() {
            String::new()
        } else {
            format!("WHEN {when}")
        };
        return sql(
            system,
            &format!("CREATE TRIGGER {name} {event} ON {table} {when} BEGIN {sqlite}; END"),
        )
        .await;
    }
    let when = if when.is_empty() {
        String::new()
    } else {
        format!("WHEN ({when})")
    };
    sql(
        system,
        &format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {postgres}; RETURN NULL; END $$;
             CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {name}()"
        ),
    )
    .await;
}

/// A row that nothing can write: every `event` on a row of `table` for which `when` holds is refused from now on.
pub async fn poison(system: &System, event: &str, table: &str, when: &str) {
    let act = ["SELECT RAISE(ABORT, 'poisoned')", "RAISE EXCEPTION 'poisoned'"];
    trigger(system, "poison", &format!("BEFORE {event}"), table, when, act).await;
}

/// Makes it a row like every other again.
pub async fn cure(system: &System) {
    let cure = if system.db.is_shared() {
        "DROP FUNCTION poison CASCADE"
    } else {
        "DROP TRIGGER poison"
    };
    sql(system, cure).await;
}

/// An id as SQL writes it.
pub fn blob(id: Uuid) -> String {
    if songwalker_jobs::testing::is_on_services() {
        format!("'{id}'::uuid")
    } else {
        format!("X'{}'", id.simple())
    }
}

/// Bytes, given in hex, as SQL writes them.
pub fn bytes(hex: &str) -> String {
    if songwalker_jobs::testing::is_on_services() {
        format!("'\\x{hex}'::bytea")
    } else {
        format!("X'{hex}'")
    }
}

/// Makes tests faster where nothing depends on it: what is lost with the power.
pub async fn hasten(system: &System) {
    if !system.db.is_shared() {
        sql(system, "PRAGMA synchronous = OFF").await;
    }
}

/// From here on the database writes down, in each transaction that changes it, how many jobs of the user are not final.
/// A transaction of ours changes one job, so the last number that it writes is the one at its commit.
pub async fn observe(system: &System) {
    let id = if system.db.is_shared() { "UUID" } else { "BLOB" };
    sql(
        system,
        &format!("CREATE TABLE observed (user_id {id} NOT NULL, unfinished BIGINT NOT NULL)"),
    )
    .await;
    let count = "INSERT INTO observed SELECT NEW.user_id, count(*) FROM jobs
        WHERE user_id = NEW.user_id AND state NOT IN ('succeeded', 'failed', 'cancelled')";
    for (name, event) in [("inserted", "INSERT"), ("changed", "UPDATE OF state")] {
        let (name, event) = (format!("observe_{name}"), format!("AFTER {event}"));
        trigger(system, &name, &event, "jobs", "", [count, count]).await;
    }
}

/// The most that any commit left to a user, and how many commits were looked at.
pub async fn observed(system: &System, user: UserId) -> (i64, i64) {
    let db = system.db.read();
    let most = format!(
        "SELECT coalesce(max(unfinished), 0), count(*) FROM observed WHERE user_id = {}",
        blob(user.0)
    );
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), most))
        .await
        .expect("the database answers")
        .expect("one row");
    let number = |at| row.try_get_by_index(at).expect("a number");
    (number(0), number(1))
}
