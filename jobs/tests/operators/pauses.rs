//! Pauses: nobody takes what is paused, nothing of it runs out of time, and its end wakes all of it (R4).

use std::time::Duration;

use songwalker_jobs::claim::{claim, peek};
use songwalker_jobs::pause::{list, pause, resume};
use songwalker_jobs::sweep::{Sweep, Swept};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{attempt, presence, read};
use songwalker_schemas::job::{JobKind, WaitingReason};
use songwalker_schemas::{ErrorCode, JobId};
use uuid::Uuid;

use crate::bench::{HOUR, ask, fail, hints, outbox_of, row, running, state, take};

async fn reason(system: &TestSystem, job: JobId) -> WaitingReason {
    let job = read::job(system, system.user, job).await.unwrap();
    job.waiting.unwrap().reason
}

#[tokio::test]
async fn what_is_paused_is_accepted_and_waits_and_nobody_takes_it() {
    let system = testing::system().await;
    presence::register(&system, Uuid::now_v7(), 1).await.unwrap();
    let before = ask(&system, system.user, "before").await;
    assert_eq!(reason(&system, before).await, WaitingReason::Queue);
    for kind in [None, Some(JobKind::Patch)] {
        let paused = pause(&system, kind).await.unwrap();
        assert_eq!(pause(&system, kind).await.unwrap(), paused, "again is harmless");
        assert_eq!((paused.len(), paused[0].kind), (1, kind));
        assert_eq!(peek(&system, before).await.unwrap(), None);
        assert!(claim(&system, Uuid::now_v7(), before).await.unwrap().is_none());
        assert_eq!(reason(&system, before).await, WaitingReason::Paused);
        assert_eq!(resume(&system, None).await.unwrap(), []);
        assert_eq!(reason(&system, before).await, WaitingReason::Queue);
    }
    pause(&system, None).await.unwrap();
    let during = ask(&system, system.user, "during").await;
    assert_eq!(reason(&system, during).await, WaitingReason::Paused);
    resume(&system, None).await.unwrap();
    take(&system, before).await;
    take(&system, during).await;
}

#[tokio::test]
async fn the_pause_of_everything_outlasts_the_end_of_one_kinds() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    pause(&system, None).await.unwrap();
    pause(&system, Some(JobKind::Patch)).await.unwrap();
    assert_eq!(list(&system).await.unwrap().len(), 2);
    let left = resume(&system, Some(JobKind::Patch)).await.unwrap();
    assert_eq!((left.len(), left[0].kind), (1, None));
    assert!(claim(&system, Uuid::now_v7(), job).await.unwrap().is_none());
    assert_eq!(resume(&system, None).await.unwrap(), []);
    take(&system, job).await;
}

#[tokio::test]
async fn what_runs_goes_on_while_it_is_paused() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    pause(&system, None).await.unwrap();
    attempt::beat(&system, &own, 0.5).await.unwrap();
    assert_eq!(state(&system, own.job_id).await, "running");
}

#[tokio::test]
async fn r4_a_pause_takes_no_time_from_a_waiting_job_and_its_end_gives_it_a_hint() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    assert_eq!(hints(&system).await.len(), 1);
    pause(&system, None).await.unwrap();
    system.clock.advance(HOUR);
    for sweep in [Sweep::QueueDeadlines, Sweep::Hints] {
        assert_eq!(sweep.run(&system).await.unwrap(), Swept::default(), "{sweep:?}");
    }
    assert!(
        songwalker_jobs::ending::queue_timeout(&system, job)
            .await
            .is_err(),
        "whoever decided before the pause comes too late"
    );
    assert_eq!(outbox_of(&system, job).await, 0);
    resume(&system, None).await.unwrap();
    assert_eq!(outbox_of(&system, job).await, 1);
    assert_eq!(hints(&system).await[0].job_id, job);
    let wait = system.config.queue.wait_deadline.duration();
    system.clock.advance(wait - Duration::from_secs(1));
    assert_eq!(
        Sweep::QueueDeadlines.run(&system).await.unwrap(),
        Swept::default()
    );
    system.clock.advance(Duration::from_secs(1));
    let one = Swept { done: 1, failed: 0 };
    assert_eq!(Sweep::QueueDeadlines.run(&system).await.unwrap(), one);
    assert_eq!(state(&system, job).await, "failed");
}

#[tokio::test]
async fn a_job_that_rests_after_a_failure_keeps_its_rest_and_its_hint_is_no_second_one() {
    let system = testing::system().await;
    let resting = running(&system, system.user, "resting").await;
    fail(&system, &resting, ErrorCode::Timeout).await;
    hints(&system).await;
    let hinted = ask(&system, system.user, "hinted").await;
    pause(&system, None).await.unwrap();
    resume(&system, None).await.unwrap();
    assert_eq!(outbox_of(&system, hinted).await, 1);
    assert_eq!(outbox_of(&system, resting.job_id).await, 0);
    assert!(row(&system, resting.job_id).await.not_before.is_some());
}
