//! The audit: it finds nothing where all is well, and each fault that is planted, by its invariant and job, and
//! nothing else; in a data directory and, where tests run on services, in PostgreSQL.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

#[expect(dead_code, reason = "other tests need more of it")]
mod support {
    pub mod finished;
}

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sea_orm::{ConnectionTrait, TransactionTrait};
use songwalker_jobs::audit::{Finding, Options, Report, audit, audit_by, patience};
use songwalker_jobs::claim::Ownership;
use songwalker_jobs::clock::Clock;
use songwalker_jobs::ending::{self, Fate};
use songwalker_jobs::planning::{self, PlannedBy};
use songwalker_jobs::ports::ObjectKey;
use songwalker_jobs::publish::{About, Packaged};
use songwalker_jobs::runner::RunnerLock;
use songwalker_jobs::system::Parts;
use songwalker_jobs::testing::{self, START, TestSystem};
use songwalker_jobs::{System, cancel, outbox, presence, publish, sweep};
use songwalker_migrations::triggers;
use songwalker_schemas::{ErrorCode, JobId, canonical};
use support::finished;
use uuid::Uuid;

/// A system in the middle of its work: a process runs jobs, and there is a job in every state.
struct Busy {
    system: TestSystem,
    lock: RunnerLock,
    worker: Uuid,
    queued: JobId,
    paused: JobId,
    running: Ownership,
    cancelling: JobId,
    succeeded: JobId,
    failed: JobId,
    cancelled: JobId,
}

async fn busy() -> Busy {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let user = system.user;
    let fails = |own: Ownership, code: ErrorCode| {
        let system = system.system.clone();
        async move {
            let error = ending::sanitised(code, "it did not work", Vec::new());
            ending::fail(&system, &own, error, Fate::Failed)
                .await
                .expect("ends");
            own.job_id
        }
    };
    let succeeded = finished::with_bundle(&system, user, "a job that succeeds")
        .await
        .id();
    let paused = fails(
        finished::running(&system, user, "a job that is tried again").await,
        ErrorCode::Timeout,
    )
    .await;
    let failed = fails(
        finished::running(&system, user, "a job that fails").await,
        ErrorCode::InvalidIntent,
    )
    .await;
    let cancelled = finished::queued(&system, user, "a job that is cancelled").await;
    cancel::cancel(&system, user, cancelled)
        .await
        .expect("is cancelled");
    let cancelling = finished::running(&system, user, "a job that is to stop")
        .await
        .job_id;
    cancel::cancel(&system, user, cancelling).await.expect("is told");
    outbox::relay(&system, 100).await.expect("the queue takes them");
    let queued = finished::queued(&system, user, "a job that waits").await;
    let running = finished::running(&system, user, "a job that runs").await;
    planning::store_intent(&system, &running, b"{}", &PlannedBy::EMBEDDED)
        .await
        .expect("is stored");
    let lock = RunnerLock::try_take(system.path())
        .expect("can be looked at")
        .expect("is free");
    let worker = Uuid::now_v7();
    if system.db.is_shared() {
        presence::register(&system, worker, 1).await.expect("is written");
    }
    Busy {
        lock,
        worker,
        queued,
        paused,
        running,
        cancelling,
        succeeded,
        failed,
        cancelled,
        system,
    }
}

impl Busy {
    async fn report(&self) -> Report {
        audit(&self.system, true).await.expect("the audit goes through")
    }

    /// Writes what the guards of the database would refuse, and puts the guards up again.
    async fn plant(&self, sql: &str) {
        let writer = self.system.db.writer();
        if self.system.db.is_shared() {
            // Triggers and references rest for one transaction; checks go for good, the audit does not look for them.
            let tx = writer.begin().await.expect("begins");
            for sql in [DROP_CHECKS, "SET LOCAL session_replication_role = replica", sql] {
                tx.execute_unprepared(sql).await.expect(sql);
            }
            return tx.commit().await.expect("is written");
        }
        let run = async |sql: &str| writer.execute_unprepared(sql).await.expect(sql);
        let guards = ["jobs_step", "jobs_result", "jobs_fence", "jobs_start"];
        for guard in guards {
            run(&format!("DROP TRIGGER {guard}")).await;
        }
        run("PRAGMA ignore_check_constraints = ON").await;
        run("PRAGMA foreign_keys = OFF").await;
        run(sql).await;
        run("PRAGMA foreign_keys = ON").await;
        run("PRAGMA ignore_check_constraints = OFF").await;
        for statement in triggers::statements(writer.get_database_backend()) {
            run(&statement).await;
        }
    }

    /// The process that runs jobs is still there, as far as others can tell.
    async fn lives(&self) {
        if self.system.db.is_shared() {
            presence::seen(&self.system, self.worker)
                .await
                .expect("is written");
        }
    }

    /// What the audit says of the same once the process that runs jobs has ended.
    async fn report_while_nobody_runs(self) -> Report {
        let Busy {
            system, lock, worker, ..
        } = self;
        drop(lock);
        presence::leave(&system, worker).await.expect("goes");
        if system.db.is_shared() {
            // No scheduler has been through either.
            let sql = "DELETE FROM sweeps";
            system.db.writer().execute_unprepared(sql).await.expect(sql);
        }
        audit(&system, true).await.expect("goes through")
    }

    async fn plant_in(&self, job: JobId, set: &str) {
        self.plant(&format!("UPDATE jobs SET {set} WHERE id = {}", literal(job)))
            .await;
    }

    /// The audit finds these: invariant, job, and words of the text; and nothing else.
    async fn finds(&self, expected: &[(&str, Option<JobId>, &str)]) {
        let findings = self.report().await.findings;
        assert_eq!(findings.len(), expected.len(), "{findings:#?}");
        for (invariant, job_id, words) in expected {
            let is_it = |finding: &&Finding| {
                finding.invariant == *invariant && finding.job_id == *job_id && finding.what.contains(words)
            };
            assert!(
                findings.iter().any(|finding| is_it(&finding)),
                "{invariant} {words}: {findings:#?}"
            );
        }
    }

    fn object(&self) -> PathBuf {
        let key = ObjectKey::bundle(self.system.user, &sha256()).expect("a key");
        self.system.path().join("objects").join(key.as_str())
    }
}

/// The hash of the bundle that succeeded.
fn sha256() -> String {
    canonical::sha256_hex(&finished::bundle().zip)
}

/// Takes away what keeps a row within its form.
const DROP_CHECKS: &str = "DO $$ DECLARE found RECORD; BEGIN
    FOR found IN SELECT conname, conrelid::regclass AS relation FROM pg_constraint
        WHERE contype = 'c' AND connamespace = current_schema()::regnamespace
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.relation, found.conname); END LOOP; END $$";

/// The job's id as SQL writes it.
fn literal(job: JobId) -> String {
    if testing::is_on_services() {
        format!("'{}'::uuid", job.0)
    } else {
        format!("x'{}'", job.0.simple())
    }
}

/// An id of something else.
fn id(number: u128) -> String {
    literal(JobId(Uuid::from_u128(number)))
}

#[tokio::test]
async fn where_all_is_well_nothing_is_found() {
    let busy = busy().await;
    for deep in [false, true] {
        let report = audit(&busy.system, deep).await.expect("goes through");
        assert_eq!((report.findings, report.more), (Vec::new(), 0));
        assert_eq!((report.looked.jobs, report.looked.unfinished), (7, 4));
        assert_eq!((report.looked.objects, report.looked.unreferred), (1, 0));
        assert_eq!(report.looked.read, u64::from(deep));
        assert_eq!(report.looked.prompts, 7);
        assert!(report.looked.is_running && report.looked.events > 7);
    }
}

#[tokio::test]
async fn r1_a_job_that_lost_its_prompt_is_found() {
    let busy = busy().await;
    busy.plant(&format!(
        "DELETE FROM prompts WHERE job_id = {}",
        literal(busy.queued)
    ))
    .await;
    busy.finds(&[("R1", Some(busy.queued), "no prompt")]).await;
}

#[tokio::test]
async fn r1_a_database_that_is_damaged_is_found_by_a_deep_audit() {
    let busy = busy().await;
    // An index that is not in the order that it says.
    busy.plant("PRAGMA writable_schema = ON").await;
    busy.plant("UPDATE sqlite_schema SET sql = 'CREATE INDEX jobs_of_user ON jobs (user_id, created_at DESC, id)' WHERE name = 'jobs_of_user'").await;
    busy.plant("PRAGMA writable_schema = RESET").await;
    let findings = busy.report().await.findings;
    assert!(
        findings
            .iter()
            .any(|finding| finding.invariant == "R1" && finding.what.contains("damaged")),
        "{findings:?}"
    );
    let shallow = audit(&busy.system, false).await.expect("goes through");
    assert_eq!(shallow.findings, Vec::new());
}

#[tokio::test]
async fn r1_a_database_that_a_newer_program_changed_meanwhile_is_found_by_a_deep_audit() {
    let busy = busy().await;
    busy.plant("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)")
        .await;
    busy.finds(&[("R1", None, "not of this version")]).await;
}

#[tokio::test]
async fn r2_two_jobs_of_one_request_and_the_lost_guard_are_found() {
    let busy = busy().await;
    busy.plant("DROP INDEX one_job_per_key").await;
    busy.finds(&[("R2", None, "one_job_per_key")]).await;
    let key = format!(
        "job_key = (SELECT job_key FROM jobs WHERE id = {})",
        literal(busy.succeeded)
    );
    busy.plant_in(busy.queued, &key).await;
    let first = busy.succeeded.min(busy.queued);
    busy.finds(&[
        ("R2", None, "one_job_per_key"),
        ("R2", Some(first), "2 jobs answer the same request"),
    ])
    .await;
}

#[tokio::test]
async fn r3_and_r5_lost_guards_are_found() {
    let busy = busy().await;
    for (guard, invariant) in [
        ("jobs_fence", "R3"),
        ("jobs_step", "R5"),
        ("jobs_result", "R5"),
        ("jobs_start", "R5"),
    ] {
        let writer = busy.system.db.writer();
        writer
            .execute_unprepared(&if busy.system.db.is_shared() {
                format!("DROP FUNCTION {guard} CASCADE")
            } else {
                format!("DROP TRIGGER {guard}")
            })
            .await
            .expect("is dropped");
        busy.finds(&[(invariant, None, guard)]).await;
        let statements = triggers::statements(writer.get_database_backend());
        for put_up in statements.iter().filter(|sql| sql.contains(guard)) {
            writer.execute_unprepared(put_up).await.expect("is put up");
        }
    }
}

#[tokio::test]
async fn r3_an_output_of_a_fence_that_never_was_is_found() {
    let busy = busy().await;
    busy.plant("UPDATE stage_outputs SET fence = 9").await;
    busy.finds(&[("R3", Some(busy.running.job_id), "the fence 9")])
        .await;
}

#[tokio::test]
async fn r4_an_owner_without_a_lease_and_a_lease_without_an_owner_are_found() {
    let busy = busy().await;
    busy.plant_in(busy.running.job_id, "lease_until = NULL").await;
    let worker = id(7);
    busy.plant_in(
        busy.queued,
        &format!("worker_id = {worker}, lease_until = queue_deadline"),
    )
    .await;
    busy.finds(&[
        ("R4", Some(busy.running.job_id), "lease"),
        ("R4", Some(busy.queued), "lease"),
    ])
    .await;
}

#[tokio::test]
async fn r4_a_queued_job_that_nothing_wakes_is_found() {
    let busy = busy().await;
    busy.plant(&format!(
        "DELETE FROM outbox WHERE job_id = {}",
        literal(busy.queued)
    ))
    .await;
    busy.plant_in(busy.queued, "hinted_at = NULL").await;
    busy.plant_in(busy.paused, "not_before = NULL, hinted_at = NULL")
        .await;
    busy.finds(&[
        ("R4", Some(busy.queued), "nothing will wake it"),
        ("R4", Some(busy.paused), "nothing will wake it"),
    ])
    .await;
}

/// Makes a process that goes on with its rounds look alive after `advance`.
async fn swept(busy: &Busy) {
    busy.lives().await;
    let now = busy.system.clock.now().0;
    for sweep in sweep::Sweep::ALL {
        let name = sweep.name();
        busy.plant(&format!(
            "INSERT INTO sweeps (name, last_full_at) VALUES ('{name}', {now})
                ON CONFLICT (name) DO UPDATE SET last_full_at = {now}"
        ))
        .await;
    }
}

#[tokio::test]
async fn r4_wakers_that_are_late_are_found_while_a_process_runs_and_only_then() {
    let busy = busy().await;
    let minutes = 30;
    busy.system.clock.advance(Duration::from_secs(minutes * 60));
    swept(&busy).await;
    let expected = [
        ("R4", Some(busy.running.job_id), "its lease is over"),
        ("R4", Some(busy.cancelling), "its lease is over"),
        ("R8", Some(busy.cancelling), "was to stop long ago"),
        ("R4", Some(busy.queued), "past the deadline of the queue"),
        ("R4", Some(busy.paused), "past the deadline of the queue"),
        ("R4", Some(busy.paused), "its pause is over"),
        ("R4", Some(busy.queued), "its hint is not being sent"),
    ];
    busy.finds(&expected).await;
    let report = busy.report_while_nobody_runs().await;
    assert_eq!((report.findings, report.looked.is_running), (Vec::new(), false));
}

#[tokio::test]
async fn r4_what_is_late_by_less_than_the_patience_is_no_fault() {
    let busy = busy().await;
    let lease = busy.system.config.worker.lease.duration();
    busy.system
        .clock
        .advance(lease + patience(&busy.system.config) - Duration::from_secs(1));
    swept(&busy).await;
    let found: Vec<String> = busy
        .report()
        .await
        .findings
        .into_iter()
        .map(|finding| finding.what)
        .collect();
    // Only what was due at once is late by now.
    let due_at_once = [
        "its hint is not being sent",
        "it was to stop long ago and has not",
        "its pause is over, and nobody woke it",
    ];
    assert!(
        found.iter().all(|what| due_at_once.contains(&what.as_str())),
        "{found:?}"
    );
}

#[tokio::test]
async fn r4_a_wall_clock_that_was_set_makes_no_lease_late() {
    let busy = busy().await;
    // The process that runs jobs began an hour before on its steady clock, and its workers write that down.
    let behind = busy.system.clock.now().0 - 3_600_000;
    busy.plant(&format!(
        "INSERT INTO workers (id, slots, started_at, seen_at) VALUES (x'01', 1, {behind}, {behind})"
    ))
    .await;
    busy.plant(&format!(
        "UPDATE jobs SET lease_until = {behind} + 30000 WHERE lease_until IS NOT NULL"
    ))
    .await;
    busy.plant(&format!("UPDATE jobs SET queue_deadline = {behind} + 900000, not_before = {behind} WHERE not_before IS NOT NULL")).await;
    busy.finds(&[]).await;
}

#[tokio::test]
async fn r5_what_happens_after_the_end_is_found() {
    let busy = busy().await;
    for (job, state) in [(busy.succeeded, "running"), (busy.failed, "failed")] {
        let id = literal(job);
        busy.plant(&format!(
            "INSERT INTO job_events (job_id, seq, kind, at, attempt, state)
                SELECT {id}, event_seq + 1, 'log', 0, 1, '{state}' FROM jobs WHERE id = {id}"
        ))
        .await;
    }
    busy.finds(&[
        ("R5", Some(busy.succeeded), "after its end"),
        ("R5", Some(busy.failed), "after its end"),
    ])
    .await;
}

#[tokio::test]
async fn r5_a_row_that_left_its_end_is_found() {
    let busy = busy().await;
    busy.plant_in(
        busy.failed,
        "state = 'queued', finished_at = NULL, error = NULL, not_before = queue_deadline",
    )
    .await;
    busy.finds(&[("R5", Some(busy.failed), "another state than its row")])
        .await;
}

#[tokio::test]
async fn r5_gaps_in_the_history_of_an_unfinished_job_are_found() {
    let busy = busy().await;
    busy.plant(&format!(
        "DELETE FROM job_events WHERE seq = 1 AND job_id = {}",
        literal(busy.running.job_id)
    ))
    .await;
    busy.finds(&[("R5", Some(busy.running.job_id), "1 of its events are missing")])
        .await;
}

#[tokio::test]
async fn r5_an_end_without_a_time_is_found() {
    let busy = busy().await;
    busy.plant_in(busy.failed, "finished_at = NULL").await;
    busy.finds(&[("R5", Some(busy.failed), "time of its end")]).await;
}

#[tokio::test]
async fn r6_a_bundle_that_is_missing_cut_or_another_is_found() {
    let busy = busy().await;
    let file = busy.object();
    let whole = fs::read(&file).expect("reads");
    let mut other = whole.clone();
    other[whole.len() / 2] ^= 1;
    fs::write(&file, &other).expect("writes");
    busy.finds(&[("R6", Some(busy.succeeded), "not what was stored")])
        .await;
    let shallow = audit(&busy.system, false).await.expect("goes through");
    assert_eq!(shallow.findings, Vec::new());
    fs::write(&file, &whole[..100]).expect("writes");
    let shallow = audit(&busy.system, false).await.expect("goes through").findings;
    assert!(
        shallow.len() == 1 && shallow[0].what.contains("another length"),
        "{shallow:?}"
    );
    fs::remove_file(&file).expect("removes");
    busy.finds(&[("R6", Some(busy.succeeded), "not in the store")])
        .await;
    fs::write(&file, &whole).expect("writes");
    busy.plant_in(busy.succeeded, &format!("manifest_sha256 = '{}'", "0".repeat(64)))
        .await;
    busy.finds(&[("R6", Some(busy.succeeded), "another manifest")])
        .await;
}

#[tokio::test]
async fn r6_a_result_without_success_and_a_success_without_result_are_found() {
    let busy = busy().await;
    let hash = sha256();
    busy.plant_in(busy.failed, &format!("bundle_sha256 = '{hash}'"))
        .await;
    busy.finds(&[("R6", Some(busy.failed), "without having succeeded")])
        .await;
    busy.plant_in(busy.failed, "bundle_sha256 = NULL").await;
    busy.plant_in(busy.succeeded, "bundle_sha256 = NULL").await;
    busy.finds(&[("R6", Some(busy.succeeded), "without a result")])
        .await;
    busy.plant_in(busy.succeeded, "bundle_sha256 = '../../token'")
        .await;
    busy.finds(&[("R6", Some(busy.succeeded), "names no object")])
        .await;
}

#[tokio::test]
async fn r6_a_final_job_that_claims_an_object_is_found() {
    let busy = busy().await;
    let packaged = Packaged {
        sha256: canonical::sha256_hex(b"claimed"),
        bytes: 7,
        about: About {
            name: "Pad".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: "0".repeat(64),
        },
    };
    publish::store(
        &busy.system,
        &busy.running,
        &packaged,
        b"claimed".as_slice().into(),
    )
    .await
    .expect("is stored");
    busy.finds(&[]).await;
    let (from, to) = (literal(busy.running.job_id), literal(busy.failed));
    busy.plant(&format!(
        "UPDATE stage_outputs SET job_id = {to} WHERE job_id = {from} AND content IS NULL"
    ))
    .await;
    busy.finds(&[("R6", Some(busy.failed), "still claims an object")])
        .await;
}

#[tokio::test]
async fn r6_an_object_that_nobody_swept_away_is_found_when_it_is_old_and_counted_before() {
    let busy = busy().await;
    let key = ObjectKey::bundle(busy.system.user, &canonical::sha256_hex(b"stray")).expect("a key");
    busy.system
        .store
        .put(&key, b"stray".as_slice().into())
        .await
        .expect("is stored");
    busy.finds(&[]).await;
    assert_eq!(busy.report().await.looked.unreferred, 1);
    let old = SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_000);
    let file = busy.system.path().join("objects").join(key.as_str());
    File::options()
        .write(true)
        .open(file)
        .and_then(|file| file.set_modified(old))
        .expect("is made old");
    busy.finds(&[("R6", None, key.as_str())]).await;
}

#[tokio::test]
async fn r6_tombstones_over_results_and_tombstones_that_stay_are_found() {
    let busy = busy().await;
    let key = ObjectKey::bundle(busy.system.user, &sha256()).expect("a key");
    let steady = START.0;
    busy.plant(&format!(
        "INSERT INTO tombstones (object_key, at) VALUES ('{key}', {steady})"
    ))
    .await;
    busy.finds(&[("R6", None, "is being deleted")]).await;
    busy.plant(&format!(
        "UPDATE tombstones SET object_key = 'users/x/y', at = {steady} - 3600000"
    ))
    .await;
    busy.finds(&[("R6", None, "is not gone")]).await;
}

#[tokio::test]
async fn r7_attempts_that_do_not_add_up_are_found() {
    let busy = busy().await;
    let job = busy.running.job_id;
    busy.plant_in(job, "attempt = 4, fence = 9").await;
    busy.finds(&[("R7", Some(job), "attempted 4 times")]).await;
    busy.plant_in(job, "attempt = 2, fence = 1").await;
    busy.finds(&[("R7", Some(job), "more attempts than fences")])
        .await;
    busy.plant_in(job, "attempt = 1, fence = 1, deaths = 2").await;
    busy.finds(&[("R7", Some(job), "its 2 deaths")]).await;
    busy.plant_in(job, "deaths = 0").await;
    busy.plant_in(busy.queued, "attempt = 3, fence = 3").await;
    busy.finds(&[("R7", Some(busy.queued), "no attempt left")]).await;
}

#[tokio::test]
async fn r8_a_cancellation_without_its_times_or_with_leftovers_is_found() {
    let busy = busy().await;
    busy.plant_in(busy.cancelled, "stopped_at = NULL").await;
    busy.plant_in(busy.cancelling, "cancel_requested_at = NULL").await;
    busy.finds(&[
        ("R8", Some(busy.cancelled), "when it stopped is not known"),
        ("R8", Some(busy.cancelling), "not known"),
    ])
    .await;
    busy.plant_in(busy.cancelled, "stopped_at = 1").await;
    busy.plant_in(busy.cancelling, "cancel_requested_at = created_at")
        .await;
    let (from, to) = (literal(busy.running.job_id), literal(busy.cancelled));
    busy.plant(&format!(
        "UPDATE stage_outputs SET job_id = {to}, fence = 0 WHERE job_id = {from}"
    ))
    .await;
    busy.finds(&[("R8", Some(busy.cancelled), "left 1 outputs")])
        .await;
}

/// The same system, its quotas enforced from now on.
fn with_quotas(system: &System) -> System {
    let mut config = system.config.clone();
    config.quotas.enabled = true;
    System::new(Parts {
        config,
        db: system.db.clone(),
        clock: Arc::clone(&system.clock),
        queue: Arc::clone(&system.queue),
        store: Arc::clone(&system.store),
        limiter: Arc::clone(&system.limiter),
        bus: Arc::clone(&system.bus),
        catalogue: system.catalogue.clone(),
    })
}

#[tokio::test]
async fn r9_a_user_with_more_unfinished_jobs_than_the_plan_allows_is_found_where_quotas_hold() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let mut jobs = Vec::new();
    for prompt in ["one", "two", "three"] {
        jobs.push(finished::queued(&system, system.user, prompt).await);
    }
    assert_eq!(
        audit(&system, false).await.expect("goes through").findings,
        Vec::new()
    );
    let held = with_quotas(&system.system);
    let findings = audit(&held, false).await.expect("goes through").findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        (findings[0].invariant, findings[0].job_id),
        ("R9", jobs.iter().min().copied())
    );
    assert!(findings[0].what.contains("3 unfinished jobs"));
}

#[tokio::test]
async fn r9_more_unfinished_jobs_than_the_plan_allows_are_found_in_the_past() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let user = system.user;
    let other = system.add_user("other", "standard").await;
    let end = async |job: JobId, of| {
        cancel::cancel(&system, of, job).await.expect("is cancelled");
    };
    let second = Duration::from_secs(1);
    let first = finished::queued(&system, user, "one").await;
    let of_other = finished::queued(&system, other, "one").await;
    system.clock.advance(second);
    let two = finished::queued(&system, user, "two").await;
    system.clock.advance(second);
    end(first, user).await;
    // As soon as one has ended another may come.
    let three = finished::queued(&system, user, "three").await;
    end(of_other, other).await;
    system.clock.advance(second);
    let one_too_many = finished::queued(&system, user, "four").await;
    system.clock.advance(second);
    for job in [two, three, one_too_many] {
        end(job, user).await;
    }
    let held = with_quotas(&system.system);
    let history = Options {
        with_history: true,
        ..Options::default()
    };
    assert_eq!(
        audit(&held, false).await.expect("goes through").findings,
        Vec::new()
    );
    let findings = audit_by(&held, &history).await.expect("goes through").findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        (findings[0].invariant, findings[0].job_id),
        ("R9", Some(one_too_many))
    );
    assert!(findings[0].what.contains("3 unfinished jobs"), "{findings:?}");
}

#[tokio::test]
async fn r10_prompts_past_their_date_and_overdue_receipts_are_found_whether_a_process_runs_or_not() {
    let busy = busy().await;
    busy.plant("UPDATE prompts SET erase_at = 1").await;
    let (user, job) = (literal(JobId(busy.system.user.0)), literal(busy.failed));
    let receipt = id(1);
    busy.plant(&format!(
        "INSERT INTO erasures (id, user_id, job_id, what, requested_at, due_at) VALUES ({receipt}, {user}, {job}, 'prompt', 1, 2)"
    ))
    .await;
    let expected = [
        ("R10", Some(busy.succeeded), "past its date"),
        ("R10", Some(busy.failed), "past its date"),
        ("R10", Some(busy.cancelled), "past its date"),
        ("R10", Some(busy.failed), "overdue"),
    ];
    busy.finds(&expected).await;
    let report = busy.report_while_nobody_runs().await;
    assert_eq!(report.findings.len(), expected.len());
}

#[tokio::test]
async fn r10_a_key_that_outlived_its_prompt_is_found() {
    let busy = busy().await;
    busy.plant(&format!(
        "DELETE FROM prompts WHERE job_id = {}",
        literal(busy.failed)
    ))
    .await;
    busy.finds(&[("R10", Some(busy.failed), "its key")]).await;
}

#[tokio::test]
async fn r10_prompts_and_keys_in_errors_and_events_are_found() {
    let busy = busy().await;
    let error = |text: &str| format!(r#"{{"code":"timeout","message":"{text}","retryable":true}}"#);
    busy.plant("UPDATE prompts SET prompt = prompt || ', told at some length'")
        .await;
    busy.plant_in(
        busy.failed,
        &format!(
            "error = '{}'",
            error("words: a job that fails, told at some length")
        ),
    )
    .await;
    busy.plant(&format!(
        "UPDATE job_events SET message = 'words: a job that runs, told at some length' WHERE seq = 2 AND job_id = {}",
        literal(busy.running.job_id)
    ))
    .await;
    busy.plant(&format!(
        "UPDATE job_events SET error = '{}' WHERE seq = 1 AND job_id = {}",
        error("swk_0123"),
        literal(busy.succeeded)
    ))
    .await;
    busy.finds(&[
        ("R10", Some(busy.failed), "its prompt stands in its error"),
        ("R10", Some(busy.running.job_id), "its prompt stands in event 2"),
        ("R10", Some(busy.succeeded), "an API key stands in event 1"),
    ])
    .await;
    // The report itself tells nothing of them.
    let printed = format!("{:?}", busy.report().await);
    assert!(
        !printed.contains("a job that") && !printed.contains("swk_"),
        "{printed}"
    );
}

#[tokio::test]
async fn r11_errors_that_cannot_be_shown_and_stages_that_cannot_be_read_are_found() {
    let busy = busy().await;
    let long = "x".repeat(501);
    for (error, words) in [
        ("'no JSON'", "cannot be read"),
        (
            r#"'{"code":"timeout","message":"\u0000","retryable":true}'"#,
            "control characters",
        ),
        (
            &format!(r#"'{{"code":"timeout","message":"{long}","retryable":true}}'"#),
            "too long",
        ),
        ("NULL", "without an error"),
    ] {
        busy.plant_in(busy.failed, &format!("error = {error}")).await;
        busy.finds(&[("R11", Some(busy.failed), words)]).await;
    }
    busy.plant_in(
        busy.failed,
        r#"error = '{"code":"timeout","message":"late","retryable":true}'"#,
    )
    .await;
    busy.plant_in(busy.running.job_id, "stages = '{'").await;
    busy.plant(&format!(
        "UPDATE job_events SET error = '[]' WHERE error IS NOT NULL AND job_id = {}",
        literal(busy.paused)
    ))
    .await;
    busy.finds(&[
        ("R11", Some(busy.running.job_id), "stages cannot be read"),
        ("R11", Some(busy.paused), "the error of its event"),
    ])
    .await;
}

#[tokio::test]
async fn r12_a_sweep_that_does_not_come_through_is_found_once_the_process_has_run_for_long() {
    let busy = busy().await;
    // The process has only begun, by the clock of the test.
    busy.finds(&[]).await;
    let long_ago = 1_600_000_000_000;
    if busy.system.db.is_shared() {
        busy.plant(&format!("UPDATE workers SET started_at = {long_ago}"))
            .await;
    } else {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(long_ago);
        let file = File::options()
            .write(true)
            .open(busy.system.path().join("runner.lock"));
        file.and_then(|file| file.set_modified(at)).expect("is set");
    }
    let found = busy.report().await.findings;
    assert_eq!(found.len(), sweep::Sweep::ALL.len());
    assert!(
        found
            .iter()
            .all(|finding| finding.invariant == "R12" && finding.what.contains("has not been through"))
    );
    swept(&busy).await;
    busy.finds(&[]).await;
    busy.plant("UPDATE sweeps SET last_full_at = last_full_at - 3600000 WHERE name = 'strays'")
        .await;
    busy.finds(&[("R12", None, "the sweep strays")]).await;
}

#[tokio::test]
async fn r12_retention_and_deletions_that_nobody_sees_to_are_found() {
    let busy = busy().await;
    busy.plant_in(busy.succeeded, "retain_until = 1").await;
    busy.plant_in(busy.failed, "delete_requested_at = 1").await;
    busy.finds(&[
        ("R12", Some(busy.succeeded), "past their retention"),
        ("R12", Some(busy.failed), "deletion was asked for long ago"),
    ])
    .await;
}

#[tokio::test]
async fn r4_deliveries_that_nobody_sends_or_ends_are_found() {
    let busy = busy().await;
    let (webhook, user, job) = (id(5), literal(JobId(busy.system.user.0)), literal(busy.failed));
    busy.plant(&format!(
        "INSERT INTO webhooks (id, user_id, url, events, created_at) VALUES ({webhook}, {user}, 'https://example.com', 'job.failed', 1)"
    ))
    .await;
    busy.plant(&format!(
        "INSERT INTO webhook_deliveries (webhook_id, user_id, job_id, event, state, attempts, created_at, due_at)
            VALUES ({webhook}, {user}, {job}, 'job.failed', 'pending', 0, 1, 0)"
    ))
    .await;
    busy.finds(&[("R4", Some(busy.failed), "nobody sends anything")])
        .await;
    // Whoever sends it holds it, and has time.
    let later = START.0 + 20_000;
    let planted = async |set: &str| {
        busy.plant(&format!("UPDATE webhook_deliveries SET {set}")).await;
    };
    planted(&format!("attempts = 1, lease_until = {later}")).await;
    busy.finds(&[]).await;
    planted("attempts = 10, lease_until = 1").await;
    busy.finds(&[("R4", Some(busy.failed), "nobody ended it")]).await;
    planted("lease_until = NULL, state = 'failed', ended_at = 1").await;
    busy.finds(&[("R12", Some(busy.failed), "listed for too long")])
        .await;
}

#[tokio::test]
async fn r12_what_was_kept_for_its_time_and_did_not_go_is_found() {
    let busy = busy().await;
    let long_ago = START.0 - 30 * 3_600_000;
    busy.plant_in(busy.succeeded, &format!("finished_at = {long_ago}"))
        .await;
    busy.plant(&format!(
        "UPDATE stage_outputs SET job_id = {}",
        literal(busy.succeeded)
    ))
    .await;
    let (user, job) = (literal(JobId(busy.system.user.0)), literal(busy.succeeded));
    busy.plant(&format!(
        "INSERT INTO idempotency_keys (user_id, key_sha256, body_sha256, job_id, expires_at)
            VALUES ({user}, 'a', 'b', {job}, {long_ago})"
    ))
    .await;
    busy.finds(&[
        ("R12", Some(busy.succeeded), "of its events are past their time"),
        ("R12", Some(busy.succeeded), "1 outputs of its stages"),
        ("R12", None, "1 idempotency keys"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_late_is_found_earlier_where_less_patience_is_asked_for() {
    let busy = busy().await;
    let lease = busy.system.config.worker.lease.duration();
    let little = Options {
        patience: Some(Duration::from_secs(2)),
        ..Options::default()
    };
    busy.system.clock.advance(lease + Duration::from_secs(3));
    swept(&busy).await;
    let found = async |options: &Options| {
        let report = audit_by(&busy.system, options).await.expect("goes through");
        let is_lease = |finding: &&Finding| finding.what.contains("its lease is over");
        report.findings.iter().filter(is_lease).count()
    };
    assert_eq!((found(&Options::default()).await, found(&little).await), (0, 2));
}

#[tokio::test]
async fn r12_rows_that_belong_to_nothing_are_found() {
    let busy = busy().await;
    busy.plant("INSERT INTO prompts (job_id, prompt, tags) VALUES (x'07', 'left behind', '[]')")
        .await;
    busy.finds(&[("R12", None, "1 rows of prompts")]).await;
}

#[tokio::test]
async fn a_fault_of_many_rows_is_listed_in_part_and_counted_whole() {
    let busy = busy().await;
    let any = if busy.system.db.is_shared() {
        "gen_random_uuid()"
    } else {
        "randomblob(16)"
    };
    let user = id(1);
    busy.plant(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
            INSERT INTO erasures (id, user_id, what, requested_at, due_at)
            SELECT {any}, {user}, 'account', 1, 2 FROM n"
    ))
    .await;
    let report = busy.report().await;
    assert_eq!((report.findings.len(), report.more), (100, 50));
}
