//! R7, R8, R11: how attempts end that do not succeed, how often there is another, and what is written down of it.

use std::time::Duration;

use songwalker_jobs::attempt::{Pulse, beat, pulse};
use songwalker_jobs::clock::Clock;
use songwalker_jobs::delete::{self, Deletion};
use songwalker_jobs::ending::{self, Fate, Outcome};
use songwalker_jobs::entity::erasures;
use songwalker_jobs::ports::Signal;
use songwalker_jobs::sweep::Sweep;
use songwalker_jobs::testing;
use songwalker_jobs::{JobsError, cancel, publish, quota, read};
use songwalker_schemas::limits::MAX_ERROR_CHARS;
use songwalker_schemas::{ErrorCode, Fault};

use crate::bench::{
    LEASE, SECOND, ask, count, fail, find, hints, intend, is_stored, outbox_of, outputs_of, packaged, put_by,
    row, running, state, succeeded, take,
};

#[tokio::test]
async fn r7_a_retryable_error_is_tried_three_times_in_all() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    let mut pauses = Vec::new();
    for attempt in 1..=3 {
        let own = take(&system, job).await.own;
        assert_eq!(own.attempt, attempt);
        let outcome = fail(&system, &own, ErrorCode::Timeout).await;
        let row = row(&system, job).await;
        if attempt == 3 {
            assert_eq!((outcome, row.state.as_str()), (Outcome::Failed, "failed"));
            assert_eq!(row.not_before, None);
        } else {
            assert_eq!((outcome, row.state.as_str()), (Outcome::Again, "queued"));
            assert_eq!(row.deaths, 0);
            let due = row.not_before.unwrap();
            assert!(
                row.queue_deadline > due,
                "its wait in the queue begins after its pause"
            );
            pauses.push(due - system.clock.steady().0);
            system.clock.advance(60 * SECOND);
        }
    }
    assert!(pauses[0] > 0 && pauses[1] > 2 * pauses[0], "{pauses:?}");
    let told = read::job(&system, system.user, job).await.unwrap();
    assert_eq!(told.error.unwrap().code, ErrorCode::Timeout);
}

#[tokio::test]
async fn r7_an_error_that_would_come_again_is_the_end() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    assert_eq!(fail(&system, &own, ErrorCode::SilentPatch).await, Outcome::Failed);
    let job = read::job(&system, system.user, own.job_id).await.unwrap();
    assert_eq!(job.attempt, 1);
    let error = job.error.unwrap();
    assert_eq!((error.code, error.retryable), (ErrorCode::SilentPatch, false));
    assert!(job.links.retry.is_some() && job.links.bundle.is_none());
}

#[tokio::test]
async fn r7_a_child_that_dies_counts_as_a_death_and_two_make_the_job_run_alone() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    for quarantine in [false, false, true] {
        let claimed = take(&system, job).await;
        assert_eq!(claimed.quarantine, quarantine);
        let error = ending::sanitised(ErrorCode::WorkerLost, "killed by signal 9", Vec::new());
        ending::fail(&system, &claimed.own, error, Fate::Died)
            .await
            .unwrap();
        system.clock.advance(60 * SECOND);
    }
    let row = row(&system, job).await;
    assert_eq!((row.state.as_str(), row.deaths), ("failed", 3));
    assert!(row.error.unwrap().contains("signal 9"), "with the evidence");
}

#[tokio::test]
async fn r7_a_job_that_was_handed_back_keeps_its_attempts_and_waits_at_once() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    hints(&system).await;
    for _ in 0..5 {
        let own = take(&system, job).await.own;
        assert_eq!(own.attempt, 1);
        intend(&system, &own, b"put by").await;
        ending::hand_back(&system, &own).await.unwrap();
        let row = row(&system, job).await;
        assert_eq!((row.state.as_str(), row.attempt, row.deaths), ("queued", 0, 0));
        assert!(row.not_before.is_none() && row.fence > own.fence);
        assert_eq!(hints(&system).await.len(), 1);
    }
    assert_eq!(outputs_of(&system, job).await, ["planning"]);
}

#[tokio::test]
async fn r11_what_is_stored_of_an_error_is_short_and_clean() {
    let nasty = format!("a\0b\u{1b}[31m\r\n{}", "\u{1f3b9}".repeat(5_000));
    let faults = (0..50)
        .map(|_| Fault {
            pointer: "/\0".to_owned(),
            problem: nasty.clone(),
        })
        .collect();
    let error = ending::sanitised(ErrorCode::InvalidIntent, &nasty, faults);
    assert_eq!(error.message.chars().count(), MAX_ERROR_CHARS);
    assert!(error.message.starts_with("a b [31m  \u{1f3b9}"));
    assert_eq!(error.details.len(), 20);
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    ending::fail(&system, &own, error.clone(), Fate::Failed)
        .await
        .unwrap();
    let job = read::job(&system, system.user, own.job_id).await.unwrap();
    assert_eq!(job.error, Some(error));
    let log = read::log(&system, system.user, own.job_id).await.unwrap();
    assert!(log.iter().all(|line| !line.message.chars().any(char::is_control)));
}

#[tokio::test]
async fn r8_cancelling_a_queued_job_is_final_at_once() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    let row = cancel::cancel(&system, system.user, job).await.unwrap().model;
    let now = Some(system.clock.now().0);
    assert_eq!(row.state, "cancelled");
    assert_eq!(
        [
            row.cancel_requested_at,
            row.cancel_acknowledged_at,
            row.stopped_at,
            row.finished_at
        ],
        [now; 4]
    );
    assert!(row.error.unwrap().contains("cancelled"));
    assert!(
        songwalker_jobs::claim::claim(&system, uuid::Uuid::now_v7(), job)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn r8_a_running_job_stops_in_three_steps_each_with_its_time() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"bundle").await;
    let mut signals = system.bus.subscribe();
    let asked = cancel::cancel(&system, system.user, own.job_id).await.unwrap();
    assert_eq!(asked.model.state, "cancelling");
    let told = Signal::CancelRequested { job_id: own.job_id };
    assert!(std::iter::from_fn(|| signals.try_recv().ok()).any(|signal| signal == told));
    assert_eq!(pulse(&system, &own).await.unwrap(), Pulse::Stop);
    assert_eq!(beat(&system, &own, 0.5).await.unwrap(), Pulse::Stop);
    system.clock.advance(SECOND);
    ending::acknowledge(&system, &own).await.unwrap();
    ending::acknowledge(&system, &own).await.unwrap();
    system.clock.advance(SECOND);
    assert_eq!(ending::stopped(&system, &own).await.unwrap(), Outcome::Cancelled);
    let row = row(&system, own.job_id).await;
    assert_eq!(row.state, "cancelled");
    let (requested, heard, stopped) = (
        row.cancel_requested_at.unwrap(),
        row.cancel_acknowledged_at.unwrap(),
        row.stopped_at.unwrap(),
    );
    assert_eq!((heard - requested, stopped - heard), (1_000, 1_000));
    assert!(outputs_of(&system, own.job_id).await.is_empty());
    assert!(
        !is_stored(&system, system.user, &packaged(b"bundle").sha256).await,
        "nothing of it is left"
    );
}

#[tokio::test]
async fn r8_nothing_is_published_of_a_job_that_is_to_stop() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = put_by(&system, &own, b"bundle").await;
    cancel::cancel(&system, system.user, own.job_id).await.unwrap();
    let stopping = |result: Result<(), JobsError>| assert!(matches!(result, Err(JobsError::Stopping)));
    stopping(publish::succeed(&system, &own, &what).await);
    stopping(publish::store(&system, &own, &what, std::sync::Arc::from(&b"bundle"[..])).await);
    let error = ending::sanitised(ErrorCode::Timeout, "late", Vec::new());
    stopping(ending::fail(&system, &own, error, Fate::Failed).await.map(drop));
    stopping(ending::hand_back(&system, &own).await);
    assert_eq!(state(&system, own.job_id).await, "cancelling");
}

#[tokio::test]
async fn r8_cancelling_is_idempotent_and_leaves_what_has_ended_alone() {
    let system = testing::system().await;
    let done = succeeded(&system, system.user, "done", b"bundle").await;
    let own = running(&system, system.user, "running").await;
    let first = cancel::cancel(&system, system.user, own.job_id).await.unwrap();
    system.clock.advance(SECOND);
    let second = cancel::cancel(&system, system.user, own.job_id).await.unwrap();
    assert_eq!(first.model, second.model);
    let before = row(&system, done).await;
    let after = cancel::cancel(&system, system.user, done).await.unwrap();
    assert_eq!(after.model, before);
    assert!(is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
}

#[tokio::test]
async fn r8_a_cancelled_job_between_two_attempts_leaves_nothing_in_the_store() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"bundle").await;
    fail(&system, &own, ErrorCode::Timeout).await;
    assert!(is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
    cancel::cancel(&system, system.user, own.job_id).await.unwrap();
    assert!(!is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
}

#[tokio::test]
async fn deleting_a_finished_job_takes_everything_of_it_and_leaves_a_receipt() {
    let system = testing::system().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    assert_eq!(
        delete::delete(&system, system.user, job).await.unwrap(),
        Deletion::Done
    );
    assert!(find(&system, job).await.is_none());
    assert!(!is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
    assert_eq!(outbox_of(&system, job).await, 0);
    assert_eq!(
        count::<songwalker_jobs::entity::prompts::Entity>(&system).await,
        0
    );
    assert_eq!(
        count::<songwalker_jobs::entity::job_events::Entity>(&system).await,
        0
    );
    assert_eq!(count::<erasures::Entity>(&system).await, 1);
    let again = delete::delete(&system, system.user, job).await;
    assert!(matches!(again, Err(JobsError::NotFound(_))));
}

#[tokio::test]
async fn deleting_one_of_two_jobs_with_the_same_bundle_leaves_the_others() {
    let system = testing::system().await;
    let first = succeeded(&system, system.user, "pad", b"same").await;
    let second = succeeded(&system, system.user, "same pad", b"same").await;
    delete::delete(&system, system.user, first).await.unwrap();
    let left = read::row(&system, system.user, second).await.unwrap();
    assert_eq!(read::bundle(&system, &left).await.unwrap(), b"same");
    delete::delete(&system, system.user, second).await.unwrap();
    assert!(!is_stored(&system, system.user, &packaged(b"same").sha256).await);
}

#[tokio::test]
async fn r9_a_deleted_running_job_is_not_seen_and_holds_its_slot_until_it_has_stopped() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    assert_eq!(
        delete::delete(&system, system.user, own.job_id).await.unwrap(),
        Deletion::Stopping
    );
    assert!(matches!(
        read::job(&system, system.user, own.job_id).await,
        Err(JobsError::NotFound(_))
    ));
    assert_eq!(quota::unfinished(system.db.read(), system.user).await.unwrap(), 1);
    ending::stopped(&system, &own).await.unwrap();
    assert_eq!(quota::unfinished(system.db.read(), system.user).await.unwrap(), 0);
    assert!(find(&system, own.job_id).await.is_none());
}

#[tokio::test]
async fn a_deleted_job_whose_owner_is_dead_goes_with_its_lease() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    delete::delete(&system, system.user, own.job_id).await.unwrap();
    system.clock.advance(LEASE - Duration::from_millis(1));
    Sweep::Leases.run(&system).await.unwrap();
    assert!(find(&system, own.job_id).await.is_some());
    system.clock.advance(Duration::from_millis(1));
    Sweep::Leases.run(&system).await.unwrap();
    assert!(find(&system, own.job_id).await.is_none());
}
