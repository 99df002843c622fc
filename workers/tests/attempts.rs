//! Attempts without actors: real rows, a real store, a real child; what each ending leaves behind.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use songwalker_generator::pipeline::{self, Hooks, Request};
use songwalker_generator::refine::{self, Parent};
use songwalker_jobs::claim::{Claimed, claim};
use songwalker_jobs::failpoint;
use songwalker_jobs::planning::{self, PlannedBy};
use songwalker_jobs::publish::{self, About, Packaged};
use songwalker_jobs::row::JobRow;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{accept, cancel, ending, read};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId, JobState, Stage};
use songwalker_workers::attempt::{Admitted, Attempt, Cause, Ending, Failure, StopSign, end, run};
use songwalker_workers::child::misbehaviour::Misbehaviour;
use songwalker_workers::child::{ChildLimits, RenderChild};
use tokio::time::Instant;
use uuid::Uuid;

const WORKER: Uuid = Uuid::from_u128(7);

async fn child() -> RenderChild {
    let limits = ChildLimits {
        memory_bytes: 1 << 30,
        cores: 2,
        slot: 0,
    };
    let program = Path::new(env!("CARGO_BIN_EXE_songwalker-child-for-tests"));
    RenderChild::spawn(&limits, program).await.expect("a child")
}

async fn submitted(system: &TestSystem, prompt: &str, variations: u8) -> JobId {
    let request = CreateJob {
        variations,
        ..CreateJob::new(prompt)
    };
    let accepted = accept::accept(system, system.user, request, None).await;
    accepted.expect("accepted").row.id()
}

async fn claimed(system: &TestSystem, job: JobId) -> Claimed {
    claim(system, WORKER, job)
        .await
        .expect("answers")
        .expect("claims")
}

/// The next attempt, however long its pause is.
async fn claimed_again(system: &TestSystem, job: JobId) -> Claimed {
    system.clock.advance(Duration::from_secs(120));
    claimed(system, job).await
}

async fn row(system: &TestSystem, job: JobId) -> JobRow {
    read::row(system, system.user, job).await.expect("a row")
}

async fn objects(system: &TestSystem) -> usize {
    system.store.list("users/", None, 10).await.expect("lists").len()
}

/// Runs an attempt to its written end, telling `report` of each stage.
async fn done(
    system: &TestSystem,
    claimed: &Claimed,
    child: &mut RenderChild,
    sign: &StopSign,
    report: &dyn Fn(Stage, f64),
) -> Ending {
    let attempt = Attempt {
        system,
        own: &claimed.own,
        work: &claimed.work,
        sign,
        deadline: Instant::now() + Duration::from_secs(60),
        report,
    };
    let outcome = run(&attempt, child, async |_| Ok(Admitted::default())).await;
    end(system, &claimed.own, outcome, sign).await
}

async fn simply(system: &TestSystem, claimed: &Claimed, child: &mut RenderChild) -> Ending {
    done(system, claimed, child, &StopSign::new(), &|_, _| {}).await
}

fn direct(prompt: &str, variations: usize) -> Vec<u8> {
    let request = Request {
        prompt: prompt.to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 0,
        variations,
        parent: None,
    };
    let made = pipeline::generate(&request, &Hooks::none()).expect("a bundle");
    made.bundle.zip
}

#[tokio::test]
async fn an_attempt_publishes_the_pipelines_bytes_and_records_every_stage() {
    let system = testing::system().await;
    let job = submitted(&system, "glassy bell", 1).await;
    let claimed = claimed(&system, job).await;
    let told = Mutex::new(Vec::new());
    let ending = done(
        &system,
        &claimed,
        &mut child().await,
        &StopSign::new(),
        &|stage, progress| {
            told.lock().expect("whole").push((stage, progress));
        },
    )
    .await;
    assert_eq!(ending, Ending::Succeeded);
    let row = row(&system, job).await;
    assert_eq!(row.state().expect("a state"), JobState::Succeeded);
    let bundle = read::bundle(&system, &row).await.expect("a bundle");
    assert!(
        bundle == direct("glassy bell", 1),
        "other bytes than the pipeline's"
    );
    let stages: Vec<Stage> = row
        .stages()
        .expect("stages")
        .iter()
        .map(|note| note.timing.stage)
        .collect();
    assert_eq!(stages, Stage::ALL);
    let told = told.into_inner().expect("whole");
    assert!(
        told.is_sorted_by(|(_, before), (_, after)| before <= after),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_intent_that_was_put_by_is_not_asked_for_again() {
    let system = testing::system().await;
    let job = submitted(&system, "warm pad", 0).await;
    let first = claimed(&system, job).await;
    let request = Request {
        prompt: "punchy bass".to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 0,
        variations: 0,
        parent: None,
    };
    let intent = pipeline::plan(&request).expect("plans").intent;
    let stored = serde_json::to_vec(&intent).expect("JSON");
    planning::store_intent(&system, &first.own, &stored, &PlannedBy::EMBEDDED)
        .await
        .expect("stored");
    let lost = ending::sanitised(ErrorCode::Timeout, "too long", Vec::new());
    ending::fail(&system, &first.own, lost, ending::Fate::Failed)
        .await
        .expect("queued again");

    let second = claimed_again(&system, job).await;
    let sign = StopSign::new();
    let attempt = Attempt {
        system: &system,
        own: &second.own,
        work: &second.work,
        sign: &sign,
        deadline: Instant::now() + Duration::from_secs(60),
        report: &|_, _| {},
    };
    let never = async |_| -> Result<Admitted, Failure> { panic!("planned again") };
    run(&attempt, &mut child().await, never).await.expect("a bundle");
    let row = row(&system, job).await;
    assert_eq!(
        row.model.category.as_deref(),
        Some("bass"),
        "made from another intent than the stored one"
    );
    assert!(
        row.stages()
            .expect("stages")
            .iter()
            .all(|note| note.timing.stage != Stage::Planning)
    );
}

#[tokio::test]
async fn the_stored_intent_holds_no_reasons_that_could_quote_the_prompt() {
    let system = testing::system().await;
    let job = submitted(&system, "warm pad canaryword", 0).await;
    let first = claimed(&system, job).await;
    let mut child = child().await;
    child.misbehave(Misbehaviour::Talkative).await.expect("told");
    let ended = failpoint::scope("child_started=fail", simply(&system, &first, &mut child)).await;
    assert_eq!(ended.expect("a plan of failpoints"), Ending::Again);
    let second = claimed_again(&system, job).await;
    let stored = second.work.intent.expect("an intent was put by");
    let text = String::from_utf8(stored).expect("text");
    assert!(
        text.contains("\"rationale\":\"\"") && !text.contains("canaryword"),
        "{text}"
    );
}

async fn put_by(system: &TestSystem, claimed: &Claimed, bundle: Vec<u8>) -> Packaged {
    let packaged = Packaged {
        sha256: songwalker_schemas::canonical::sha256_hex(&bundle),
        bytes: bundle.len() as u64,
        about: About {
            name: "Put By".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: "0".repeat(64),
        },
    };
    publish::store(system, &claimed.own, &packaged, bundle.into())
        .await
        .expect("stored");
    packaged
}

#[tokio::test]
async fn a_bundle_that_was_put_by_is_published_without_a_child() {
    let system = testing::system().await;
    let job = submitted(&system, "warm pad", 0).await;
    let first = claimed(&system, job).await;
    let packaged = put_by(&system, &first, direct("warm pad", 0)).await;
    let lost = ending::sanitised(ErrorCode::Unavailable, "gone", Vec::new());
    ending::fail(&system, &first.own, lost, ending::Fate::Failed)
        .await
        .expect("queued again");

    let second = claimed_again(&system, job).await;
    let mut dead = child().await;
    dead.kill().await;
    assert_eq!(simply(&system, &second, &mut dead).await, Ending::Succeeded);
    let row = row(&system, job).await;
    assert_eq!(row.model.bundle_sha256, Some(packaged.sha256));
    assert_eq!(row.model.sound_name.as_deref(), Some("Put By"));
}

#[tokio::test]
async fn a_bundle_that_was_put_by_and_is_gone_is_made_again() {
    let system = testing::system().await;
    let job = submitted(&system, "warm pad", 0).await;
    let first = claimed(&system, job).await;
    put_by(&system, &first, b"other bytes".to_vec()).await;
    let lost = ending::sanitised(ErrorCode::Unavailable, "gone", Vec::new());
    ending::fail(&system, &first.own, lost, ending::Fate::Failed)
        .await
        .expect("queued again");
    for object in system.store.list("users/", None, 10).await.expect("lists") {
        system.store.delete(&object.key).await.expect("deleted");
    }

    let second = claimed_again(&system, job).await;
    assert_eq!(
        simply(&system, &second, &mut child().await).await,
        Ending::Succeeded
    );
    let bundle = read::bundle(&system, &row(&system, job).await)
        .await
        .expect("a bundle");
    assert!(bundle == direct("warm pad", 0));
    assert_eq!(objects(&system).await, 1);
}

#[tokio::test]
async fn a_cancelled_attempt_leaves_nothing_wherever_it_was() {
    for at in [
        Stage::Planning,
        Stage::Checking,
        Stage::Varying,
        Stage::Publishing,
    ] {
        let system = testing::system().await;
        let job = submitted(&system, "warm evolving pad", 1).await;
        let claimed = claimed(&system, job).await;
        let sign = StopSign::new();
        let reached = tokio::sync::Notify::new();
        let mut child = child().await;
        let report = |stage, _| {
            if stage == at {
                reached.notify_one();
            }
        };
        let attempt = done(&system, &claimed, &mut child, &sign, &report);
        let user = async {
            reached.notified().await;
            cancel::cancel(&system, system.user, job).await.expect("heard");
            sign.raise(Cause::Cancelled);
        };
        let (ending, ()) = tokio::join!(attempt, user);
        assert_eq!(ending, Ending::Cancelled, "{at}");
        let model = row(&system, job).await.model;
        assert_eq!(model.state, "cancelled", "{at}");
        assert!(model.cancel_requested_at.is_some() && model.cancel_acknowledged_at.is_some());
        assert!(model.stopped_at.is_some() && model.bundle_sha256.is_none());
        assert_eq!(objects(&system).await, 0, "{at}: something is left in the store");
        assert!(child.is_reusable(), "{at}");
    }
}

#[tokio::test]
async fn a_cancel_that_nobody_raised_a_sign_for_is_found_at_the_next_write() {
    let system = testing::system().await;
    let job = submitted(&system, "pad", 0).await;
    let claimed = claimed(&system, job).await;
    cancel::cancel(&system, system.user, job).await.expect("heard");
    assert_eq!(
        simply(&system, &claimed, &mut child().await).await,
        Ending::Cancelled
    );
    assert_eq!(objects(&system).await, 0);
}

#[tokio::test]
async fn deaths_are_counted_and_the_third_is_the_last_with_its_evidence() {
    let system = testing::system().await;
    let job = submitted(&system, "pad", 0).await;
    for (attempt, expected) in [(1, Ending::Again), (2, Ending::Again), (3, Ending::Failed)] {
        let claimed = claimed_again(&system, job).await;
        assert_eq!(claimed.own.attempt, attempt);
        assert_eq!(claimed.quarantine, attempt == 3);
        let mut child = child().await;
        child.misbehave(Misbehaviour::Crash).await.expect("told");
        assert_eq!(simply(&system, &claimed, &mut child).await, expected);
    }
    let row = row(&system, job).await;
    let error = row.error().expect("reads").expect("an error");
    assert_eq!((error.code, row.model.deaths), (ErrorCode::WorkerLost, 3));
    assert_eq!(error.message, "the child died: signal 6");
}

#[tokio::test]
async fn an_attempt_that_lost_its_lease_publishes_nothing() {
    let system = testing::system().await;
    let job = submitted(&system, "warm pad", 0).await;
    let stale = claimed(&system, job).await;
    system.clock.advance(Duration::from_secs(600));
    ending::lost(&system, job, "silent").await.expect("lost");
    assert_eq!(
        simply(&system, &stale, &mut child().await).await,
        Ending::Discarded
    );
    let model = row(&system, job).await.model;
    assert_eq!((model.state.as_str(), model.bundle_sha256), ("queued", None));
    assert_eq!(objects(&system).await, 0);

    let fresh = claimed_again(&system, job).await;
    assert_eq!(
        simply(&system, &fresh, &mut child().await).await,
        Ending::Succeeded
    );
}

#[tokio::test]
async fn a_full_store_is_another_attempt_and_a_lying_one_is_none() {
    let system = testing::system().await;
    let job = submitted(&system, "warm pad", 0).await;
    let mut child = child().await;
    let first = claimed(&system, job).await;
    let ended = failpoint::scope("store_put_full=fail:always", simply(&system, &first, &mut child)).await;
    assert_eq!(ended.expect("a plan of failpoints"), Ending::Again);
    let error = row(&system, job).await.error().expect("reads").expect("an error");
    assert_eq!(error.code, ErrorCode::StorageUnavailable);

    let second = claimed_again(&system, job).await;
    let ended = failpoint::scope("store_put_lies=fail", simply(&system, &second, &mut child)).await;
    assert_eq!(ended.expect("a plan of failpoints"), Ending::Succeeded);
    assert_eq!(objects(&system).await, 1);
}

#[tokio::test]
async fn a_deadline_is_a_timeout_and_a_shutdown_gives_the_attempt_back() {
    for (cause, expected) in [
        (Cause::Deadline, Ending::Again),
        (Cause::Shutdown, Ending::HandedBack),
    ] {
        let system = testing::system().await;
        let job = submitted(&system, "warm pad", 0).await;
        let claimed = claimed(&system, job).await;
        let (sign, mut child) = (StopSign::new(), child().await);
        child.misbehave(Misbehaviour::Hang).await.expect("told");
        let ending = done(&system, &claimed, &mut child, &sign, &|_, _| {});
        let stop = async { sign.raise(cause) };
        let (ending, ()) = tokio::join!(ending, stop);
        assert_eq!(ending, expected);
        let row = row(&system, job).await;
        assert_eq!(row.model.state, "queued");
        let error = row.error().expect("reads").map(|error| error.code);
        match cause {
            Cause::Deadline => assert_eq!((row.model.attempt, error), (1, Some(ErrorCode::Timeout))),
            _ => assert_eq!((row.model.attempt, error, row.model.deaths), (0, None, 0)),
        }
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_left_to_the_sweep() {
    let system = testing::system_with(|config| {
        config.worker.heartbeat = songwalker_jobs::config::Span::from_millis(20);
        config.worker.lease = songwalker_jobs::config::Span::from_millis(100);
    })
    .await;
    let job = submitted(&system, "warm pad", 0).await;
    let claimed = claimed(&system, job).await;
    system.db.close().await;
    let ending = end(&system, &claimed.own, Err(Failure::Panicked), &StopSign::new()).await;
    assert_eq!(ending, Ending::Unwritten);
}

#[tokio::test]
async fn a_parents_hash_reaches_the_bundle() {
    let system = testing::system().await;
    let mut child = child().await;
    let first = submitted(&system, "warm pad", 0).await;
    assert_eq!(
        simply(&system, &claimed(&system, first).await, &mut child).await,
        Ending::Succeeded
    );
    let request = CreateJob {
        variations: 0,
        parent_job_id: Some(first),
        ..CreateJob::new("warm pad")
    };
    let accepted = accept::accept(&system, system.user, request, None)
        .await
        .expect("accepted");
    let second = accepted.row.id();
    assert_eq!(
        simply(&system, &claimed(&system, second).await, &mut child).await,
        Ending::Succeeded
    );
    let bundle = async |job| {
        let row = row(&system, job).await;
        read::bundle(&system, &row).await.expect("a bundle")
    };
    let parent = Parent::of_zip(&bundle(first).await).expect("a parent");
    let request = refine::Request {
        words: "warm pad",
        parent: &parent,
        seed: 0,
        variations: 0,
    };
    let made = refine::refine(&request, &Hooks::none()).expect("a bundle");
    let hash = row(&system, first).await.model.manifest_sha256.expect("a hash");
    assert_eq!(parent.sha256, Some(hash));
    assert!(bundle(second).await == made.bundle.zip);
}
