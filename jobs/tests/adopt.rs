//! R4 across a death: whatever a process left behind, the next one puts every job on its way again, once.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, Statement};
use songwalker_jobs::accept::accept;
use songwalker_jobs::claim::{self, Claimed};
use songwalker_jobs::entity::{jobs, outbox, tombstones, workers};
use songwalker_jobs::failpoint;
use songwalker_jobs::publish::{About, Packaged, store};
use songwalker_jobs::runner::{Adopted, RunnerLock, adopt};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, System, cancel, delete, outbox as relay};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{JobId, UserId, canonical};
use uuid::Uuid;

async fn queued(system: &System, user: UserId, prompt: &str) -> JobId {
    let request: CreateJob =
        serde_json::from_value(serde_json::json!({ "prompt": prompt })).expect("a request");
    accept(system, user, request, None)
        .await
        .expect("is accepted")
        .row
        .id()
}

async fn running(system: &System, user: UserId, prompt: &str) -> Claimed {
    let job = queued(system, user, prompt).await;
    relay::relay(system, 100).await.expect("the queue takes it");
    claim::claim(system, Uuid::now_v7(), job)
        .await
        .expect("answers")
        .expect("is taken")
}

async fn row(system: &System, job: JobId) -> jobs::Model {
    jobs::Entity::find_by_id(job.0)
        .one(system.db.read())
        .await
        .expect("answers")
        .expect("is there")
}

async fn hints(system: &System, job: JobId) -> usize {
    let rows = outbox::Entity::find()
        .all(system.db.read())
        .await
        .expect("answers");
    rows.iter().filter(|row| row.job_id == job.0).count()
}

/// R4: a job that is not final is queued, and has one waker.
async fn assert_one_waker_each(system: &System) {
    for row in jobs::Entity::find().all(system.db.read()).await.expect("answers") {
        if ["succeeded", "failed", "cancelled"].contains(&row.state.as_str()) {
            continue;
        }
        assert_eq!(row.state, "queued", "{}", row.id);
        let hints = hints(system, JobId(row.id)).await;
        assert_eq!(hints + usize::from(row.not_before.is_some()), 1, "{}", row.id);
        assert!(row.hinted_at.is_none());
        assert!(row.queue_deadline > system.clock.steady().0);
    }
}

async fn adopted(system: &TestSystem) -> Adopted {
    let lock = RunnerLock::try_take(system.path())
        .expect("can be looked at")
        .expect("is free");
    adopt(system, &lock).await.expect("adopts")
}

async fn generous() -> TestSystem {
    testing::system_with(|config| config.quotas.enabled = false).await
}

#[tokio::test]
async fn r4_every_job_that_a_dead_process_left_has_exactly_one_waker_again() {
    let system = generous().await;
    let user = system.user;
    let untold = queued(&system, user, "hint in the outbox").await;
    let told = queued(&system, user, "hint lost with the queue").await;
    relay::relay(&system, 100).await.expect("the queue takes it");
    let untold_again = queued(&system, user, "hint in the outbox as well").await;
    let owned = running(&system, user, "owner dead").await;
    let stopping = running(&system, user, "was to stop").await;
    cancel::cancel(&system, user, stopping.own.job_id)
        .await
        .expect("is told");
    // A clock that went back between the processes: what the dead one wrote lies far ahead.
    system.clock.jump(-3_600_000);
    let system = system.restarted().await;

    let adopted = adopted(&system).await;
    assert_eq!((adopted.queued, adopted.again, adopted.cancelled), (3, 1, 1));
    assert_eq!((adopted.failed, adopted.left), (0, 0));
    assert_one_waker_each(&system).await;
    for job in [untold, told, untold_again] {
        assert_eq!(hints(&system, job).await, 1);
    }
    let again = row(&system, owned.own.job_id).await;
    assert_eq!((again.attempt, again.deaths), (1, 1));
    assert!(again.fence > owned.own.fence);
    assert_eq!(row(&system, stopping.own.job_id).await.state, "cancelled");
}

#[tokio::test]
async fn r7_a_death_with_the_process_counts_and_the_third_one_is_the_end() {
    let mut system = testing::system().await;
    let user = system.user;
    let job = queued(&system, user, "poison").await;
    for attempt in 1..=3 {
        system.clock.advance(Duration::from_secs(120));
        let claimed = claim::claim(&system, Uuid::now_v7(), job)
            .await
            .expect("answers")
            .expect("is taken");
        assert_eq!(claimed.own.attempt, attempt);
        assert_eq!(claimed.quarantine, attempt == 3);
        system = system.restarted().await;
        adopted(&system).await;
    }
    let row = row(&system, job).await;
    assert_eq!((row.state.as_str(), row.deaths), ("failed", 3));
    assert!(row.error.is_some_and(|error| error.contains("worker_lost")));
}

#[tokio::test]
async fn adopting_twice_changes_nothing_more() {
    let system = generous().await;
    running(&system, system.user, "owner dead").await;
    queued(&system, system.user, "waits").await;
    adopted(&system).await;
    let jobs_before = jobs::Entity::find().all(system.db.read()).await.expect("answers");
    let second = adopted(&system).await;
    assert_eq!((second.again, second.failed, second.cancelled), (0, 0, 0));
    assert_one_waker_each(&system).await;
    let jobs_after = jobs::Entity::find().all(system.db.read()).await.expect("answers");
    assert_eq!(jobs_after.len(), jobs_before.len());
    for (before, after) in jobs_before.iter().zip(&jobs_after) {
        assert_eq!(
            (&before.state, before.attempt, before.fence),
            (&after.state, after.attempt, after.fence)
        );
    }
}

#[tokio::test]
async fn workers_of_the_process_before_are_forgotten() {
    let system = testing::system().await;
    let tx = system.db.begin().await.expect("begins");
    tx.execute_unprepared("INSERT INTO workers (id, slots, started_at, seen_at) VALUES (x'00', 1, 0, 0)")
        .await
        .expect("is written");
    tx.commit().await.expect("commits");
    assert_eq!(adopted(&system).await.workers, 1);
    assert_eq!(
        workers::Entity::find()
            .count(system.db.read())
            .await
            .expect("answers"),
        0
    );
}

#[tokio::test]
async fn r6_an_object_whose_deletion_was_begun_is_deleted() {
    let system = testing::system().await;
    let claimed = running(&system, system.user, "cancelled after its put").await;
    let bytes: std::sync::Arc<[u8]> = b"a bundle".as_slice().into();
    let packaged = Packaged {
        sha256: canonical::sha256_hex(&bytes),
        bytes: bytes.len() as u64,
        about: About {
            name: "Pad".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: "0".repeat(64),
        },
    };
    store(&system, &claimed.own, &packaged, bytes)
        .await
        .expect("is stored");
    cancel::cancel(&system, system.user, claimed.own.job_id)
        .await
        .expect("is told");
    // The process dies between the tombstone and the deletion.
    let stopped = failpoint::scope("object_tombstoned=fail", async {
        songwalker_jobs::ending::stopped(&system, &claimed.own).await
    })
    .await;
    assert!(matches!(stopped, Ok(Ok(_))));
    assert_eq!(
        tombstones::Entity::find()
            .count(system.db.read())
            .await
            .expect("answers"),
        1
    );
    assert_eq!(system.store.list("", None, 10).await.expect("lists").len(), 1);

    let system = system.restarted().await;
    assert_eq!(adopted(&system).await.buried, 1);
    assert_eq!(
        tombstones::Entity::find()
            .count(system.db.read())
            .await
            .expect("answers"),
        0
    );
    assert_eq!(system.store.list("", None, 10).await.expect("lists"), Vec::new());
}

#[tokio::test]
async fn a_deletion_that_was_asked_for_is_finished_whatever_the_job_was_doing() {
    let system = generous().await;
    let user = system.user;
    let waits = queued(&system, user, "deleted while it waits").await;
    let runs = running(&system, user, "deleted while it runs").await.own.job_id;
    for job in [waits, runs] {
        let died = failpoint::scope("delete_committed=fail", delete::delete(&system, user, job)).await;
        assert!(matches!(died, Ok(Err(JobsError::Failpoint(_)))));
    }
    let system = system.restarted().await;
    let adopted = adopted(&system).await;
    assert_eq!(adopted.left, 0);
    assert_eq!(
        jobs::Entity::find()
            .count(system.db.read())
            .await
            .expect("answers"),
        0
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_put_right_stops_no_other() {
    let system = generous().await;
    let broken = running(&system, system.user, "its stages are unreadable")
        .await
        .own
        .job_id;
    let sound = running(&system, system.user, "all is well").await.own.job_id;
    let tx = system.db.begin().await.expect("begins");
    let broken_id = broken.0.simple();
    tx.execute_unprepared(&format!(
        "UPDATE jobs SET stages = 'no json' WHERE hex(id) = upper('{broken_id}')"
    ))
    .await
    .expect("is written");
    tx.commit().await.expect("commits");
    let system = system.restarted().await;
    let adopted = adopted(&system).await;
    assert_eq!((adopted.left, adopted.again), (1, 1));
    assert_eq!(row(&system, sound).await.state, "queued");
    assert_eq!(row(&system, broken).await.state, "running");
}

#[tokio::test]
async fn the_lock_of_another_directory_adopts_nothing() {
    let system = testing::system().await;
    let other = tempfile::tempdir().expect("a directory");
    let lock = RunnerLock::try_take(other.path())
        .expect("can be looked at")
        .expect("is free");
    assert!(matches!(adopt(&system, &lock).await, Err(JobsError::Internal(_))));
}

/// Waits until a query finds something.
async fn until_found(system: &System, sql: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let statement = Statement::from_string(system.db.read().get_database_backend(), sql);
        let found = system.db.read().query_one_raw(statement).await.expect("answers");
        if found.is_some() {
            return;
        }
        assert!(Instant::now() < deadline, "never found: {sql}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn adopting_can_die_at_every_step_and_be_done_again() {
    let steps = [
        (
            "ending_failed_committed",
            "SELECT 1 FROM jobs WHERE state = 'queued' AND deaths = 1",
        ),
        (
            "cancelled_committed",
            "SELECT 1 FROM jobs WHERE state = 'cancelled'",
        ),
        ("object_tombstoned", "SELECT 1 FROM tombstones"),
        ("object_deleted", "SELECT 1 FROM tombstones"),
        (
            "delete_committed",
            "SELECT 1 FROM jobs WHERE delete_requested_at IS NOT NULL",
        ),
    ];
    for (step, reached) in steps {
        let system = generous().await;
        let user = system.user;
        queued(&system, user, "waits").await;
        running(&system, user, "owner dead").await;
        for prompt in ["was to stop", "was to stop and to be deleted"] {
            let stopping = running(&system, user, prompt).await;
            let bytes: std::sync::Arc<[u8]> = prompt.as_bytes().into();
            let packaged = Packaged {
                sha256: canonical::sha256_hex(&bytes),
                bytes: bytes.len() as u64,
                about: About {
                    name: "Pad".to_owned(),
                    category: "pad".to_owned(),
                    manifest_sha256: "0".repeat(64),
                },
            };
            store(&system, &stopping.own, &packaged, bytes)
                .await
                .expect("is stored");
            cancel::cancel(&system, user, stopping.own.job_id)
                .await
                .expect("is told");
            if prompt.ends_with("deleted") {
                delete::delete(&system, user, stopping.own.job_id)
                    .await
                    .expect("is asked for");
            }
        }
        let system = system.restarted().await;
        let lock = RunnerLock::try_take(system.path())
            .expect("can be looked at")
            .expect("is free");
        let (stop, dying) = (format!("{step}=stop"), system.system.clone());
        let death = tokio::spawn(async move {
            let _ = failpoint::scope(&stop, adopt(&dying, &lock)).await;
        });
        until_found(&system, reached).await;
        death.abort();
        let _ = death.await;

        let system = system.restarted().await;
        assert_eq!(adopted(&system).await.left, 0, "{step}");
        assert_one_waker_each(&system).await;
        let states: Vec<String> = jobs::Entity::find()
            .all(system.db.read())
            .await
            .expect("answers")
            .into_iter()
            .map(|row| row.state)
            .collect();
        assert_eq!(states, ["queued", "queued", "cancelled"], "{step}");
        assert_eq!(
            tombstones::Entity::find()
                .count(system.db.read())
                .await
                .expect("answers"),
            0,
            "{step}"
        );
        assert_eq!(
            system.store.list("", None, 10).await.expect("lists"),
            Vec::new(),
            "{step}"
        );
    }
}
