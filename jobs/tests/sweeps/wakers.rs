//! R4: every state that is not final has its waker, and the waker wakes at its time: the end of a lease, of a pause, of
//! the wait in the queue, and a hint that was lost.

use std::time::Duration;

use songwalker_jobs::attempt::{Pulse, beat};
use songwalker_jobs::claim::{claim, peek};
use songwalker_jobs::clock::Clock;
use songwalker_jobs::sweep::{Sweep, Swept};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{cancel, ending, failpoint};
use songwalker_schemas::ErrorCode;
use uuid::Uuid;

use crate::bench::{LEASE, SECOND, ask, fail, hints, outbox_of, row, running, state, take, waiting_hints};

const ONE: Swept = Swept { done: 1, failed: 0 };

async fn run(system: &TestSystem, sweep: Sweep) -> Swept {
    sweep.run(system).await.unwrap()
}

#[tokio::test]
async fn r4_an_attempt_whose_owner_is_silent_for_a_lease_is_queued_again() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    system.clock.advance(LEASE - Duration::from_millis(1));
    assert_eq!(run(&system, Sweep::Leases).await, Swept::default());
    system.clock.advance(Duration::from_millis(1));
    assert_eq!(run(&system, Sweep::Leases).await, ONE);
    let row = row(&system, own.job_id).await;
    assert_eq!((row.state.as_str(), row.attempt, row.deaths), ("queued", 1, 1));
    assert!(row.fence > own.fence && row.not_before.is_some());
    assert!(
        row.error.unwrap().contains("no heartbeat"),
        "the evidence is kept"
    );
}

#[tokio::test]
async fn r4_an_owner_that_beats_keeps_its_job_whatever_the_wall_clock_does() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    for jump in [3_600_000, -7_200_000, 3_600_000] {
        system.clock.advance(LEASE - SECOND);
        system.clock.jump(jump);
        assert_eq!(beat(&system, &own, 0.5).await.unwrap(), Pulse::Go);
        assert_eq!(run(&system, Sweep::Leases).await, Swept::default());
    }
    assert_eq!(state(&system, own.job_id).await, "running");
}

#[tokio::test]
async fn r4_a_job_that_was_to_stop_and_whose_owner_is_dead_is_cancelled() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    cancel::cancel(&system, system.user, own.job_id).await.unwrap();
    system.clock.advance(LEASE);
    assert_eq!(run(&system, Sweep::Leases).await, ONE);
    let row = row(&system, own.job_id).await;
    assert_eq!(row.state, "cancelled");
    assert!(row.stopped_at.is_some() && row.cancel_acknowledged_at.is_some());
}

#[tokio::test]
async fn r4_a_job_that_nobody_takes_fails_when_its_time_in_the_queue_is_over() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    let wait = system.config.queue.wait_deadline.duration();
    system.clock.jump(3_600_000);
    system.clock.advance(wait - SECOND);
    assert_eq!(run(&system, Sweep::QueueDeadlines).await, Swept::default());
    system.clock.advance(SECOND);
    assert!(
        claim(&system, Uuid::now_v7(), job).await.unwrap().is_none(),
        "too late to be taken"
    );
    assert_eq!(run(&system, Sweep::QueueDeadlines).await, ONE);
    let row = row(&system, job).await;
    assert_eq!((row.state.as_str(), row.attempt), ("failed", 0));
    assert!(row.error.unwrap().contains("queue_timeout"));
}

#[tokio::test]
async fn r4_a_failed_attempt_is_released_when_its_pause_is_over_and_not_before() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    hints(&system).await;
    fail(&system, &own, ErrorCode::Timeout).await;
    let due = row(&system, own.job_id).await.not_before.unwrap();
    let pause = Duration::from_millis(u64::try_from(due - system.clock.steady().0).unwrap());
    system.clock.advance(pause - Duration::from_millis(1));
    assert_eq!(run(&system, Sweep::Backoff).await, Swept::default());
    assert_eq!(
        peek(&system, own.job_id).await.unwrap(),
        None,
        "there is nothing to take yet"
    );
    assert!(
        claim(&system, Uuid::now_v7(), own.job_id)
            .await
            .unwrap()
            .is_none()
    );
    system.clock.advance(Duration::from_millis(1));
    assert_eq!(run(&system, Sweep::Backoff).await, ONE);
    let hints = hints(&system).await;
    assert_eq!(hints.len(), 1);
    assert_eq!(take(&system, hints[0].job_id).await.own.attempt, 2);
}

#[tokio::test]
async fn r4_a_release_whose_teller_died_is_told_by_the_relay() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    hints(&system).await;
    fail(&system, &own, ErrorCode::Timeout).await;
    system.clock.advance(2 * SECOND);
    let swept = failpoint::scope("retry_released=fail", Sweep::Backoff.run(&system)).await;
    assert_eq!(swept.unwrap().unwrap(), Swept { done: 0, failed: 1 });
    assert_eq!(outbox_of(&system, own.job_id).await, 1);
    assert_eq!(
        run(&system, Sweep::Backoff).await,
        Swept::default(),
        "it was released already"
    );
    assert_eq!(hints(&system).await.len(), 1);
}

#[tokio::test]
async fn r4_a_hint_that_was_lost_is_given_again_once() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    assert_eq!(
        run(&system, Sweep::Hints).await,
        Swept::default(),
        "the first one is still in the outbox"
    );
    assert_eq!(
        hints(&system).await.len(),
        1,
        "and then lost with whoever took it"
    );
    system.clock.advance(system.config.queue.rehint_after.duration());
    assert_eq!(run(&system, Sweep::Hints).await, ONE);
    assert_eq!(run(&system, Sweep::Hints).await, Swept::default());
    assert_eq!(outbox_of(&system, job).await, 1);
    assert_eq!(hints(&system).await.len(), 1);
    assert_eq!(run(&system, Sweep::Hints).await, Swept::default());
}

#[tokio::test]
async fn r4_a_queued_job_that_was_never_hinted_at_gets_its_hint() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    hints(&system).await;
    ending::hand_back(&system, &own).await.unwrap();
    crate::bench::sql(&system, "DELETE FROM outbox").await;
    crate::bench::sql(&system, "UPDATE jobs SET hinted_at = NULL").await;
    assert_eq!(run(&system, Sweep::Hints).await, ONE);
    assert_eq!(hints(&system).await[0].job_id, own.job_id);
}

#[tokio::test]
async fn r7_the_hint_of_a_job_that_killed_twice_says_so() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "poison").await;
    for death in 1..=2 {
        let claimed = take(&system, job).await;
        assert!(!claimed.quarantine, "death {death} is still to come");
        hints(&system).await;
        system.clock.advance(LEASE);
        run(&system, Sweep::Leases).await;
        system.clock.advance(60 * SECOND);
        assert_eq!(run(&system, Sweep::Backoff).await, ONE);
    }
    let told = hints(&system).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].quarantine);
    assert_eq!(peek(&system, job).await.unwrap(), Some(true));
    assert!(take(&system, job).await.quarantine);
    system.clock.advance(LEASE);
    run(&system, Sweep::Leases).await;
    let row = row(&system, job).await;
    assert_eq!((row.state.as_str(), row.attempt, row.deaths), ("failed", 3, 3));
    assert!(row.error.unwrap().contains("worker_lost"));
    assert!(waiting_hints(&system).await.is_empty());
}
