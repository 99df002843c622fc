//! What ends by itself and is tidied away: events, idempotency keys, shares, sessions, workers that were not seen.

use sea_orm::EntityTrait;
use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::entity::{idempotency_keys, shares, workers};
use songwalker_jobs::sweep::{Sweep, Swept, shares as share_sweep};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{presence, read};
use songwalker_schemas::job::WaitingReason;
use songwalker_schemas::wire::{CreateJob, CreateShare};
use uuid::Uuid;

use crate::bench::{DAY, HOUR, LEASE, SECOND, ask, count, events_of, running, succeeded};

const ONE: Swept = Swept { done: 1, failed: 0 };

async fn run(system: &TestSystem, sweep: Sweep) -> Swept {
    sweep.run(system).await.unwrap()
}

#[tokio::test]
async fn events_go_a_day_after_the_end_and_only_then() {
    let system = testing::system().await;
    let ended = succeeded(&system, system.user, "pad", b"bundle").await;
    let own = running(&system, system.user, "lead").await;
    assert!(events_of(&system, ended).await >= 3);
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Events).await, ONE);
    assert_eq!(events_of(&system, ended).await, 0);
    assert_eq!(
        events_of(&system, own.job_id).await,
        2,
        "a job that goes on keeps its own"
    );
    let job = read::job(&system, system.user, ended).await.unwrap();
    assert!(job.bundle.is_some() && job.finished_at.is_some());
}

#[tokio::test]
async fn an_idempotency_key_that_was_used_again_is_not_the_one_that_is_past() {
    let system = testing::system().await;
    let first = accept(&system, system.user, CreateJob::new("pad"), Some("header"))
        .await
        .unwrap();
    assert_eq!(first.answer, Answer::New);
    system.clock.advance(DAY);
    let later = accept(&system, system.user, CreateJob::new("lead"), Some("header"))
        .await
        .unwrap();
    assert_eq!(later.answer, Answer::New, "its day is over");
    assert_eq!(run(&system, Sweep::Idempotency).await, Swept::default());
    assert_eq!(count::<idempotency_keys::Entity>(&system).await, 1);
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Idempotency).await, ONE);
}

#[tokio::test]
async fn a_share_that_ended_is_listed_for_another_month() {
    let system = testing::system().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    let hour = CreateShare {
        expires_in: Some("1h".to_owned()),
    };
    let expired = songwalker_jobs::shares::create(&system, system.user, job, hour)
        .await
        .unwrap();
    let revoked = songwalker_jobs::shares::create(&system, system.user, job, CreateShare::default())
        .await
        .unwrap();
    songwalker_jobs::shares::revoke(&system, system.user, revoked.share.id)
        .await
        .unwrap();
    system.clock.advance(share_sweep::LISTED);
    assert_eq!(run(&system, Sweep::Shares).await, ONE, "the revoked one");
    let left = shares::Entity::find().all(system.db.read()).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, expired.share.id.0);
    system.clock.advance(HOUR);
    assert_eq!(run(&system, Sweep::Shares).await, ONE);
}

async fn waiting_for(system: &TestSystem, job: songwalker_schemas::JobId) -> WaitingReason {
    read::job(system, system.user, job)
        .await
        .unwrap()
        .waiting
        .unwrap()
        .reason
}

#[tokio::test]
async fn a_waiting_job_is_told_whether_there_is_a_worker() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    assert_eq!(waiting_for(&system, job).await, WaitingReason::NoWorker);
    let worker = Uuid::now_v7();
    presence::register(&system, worker, 2).await.unwrap();
    assert_eq!(waiting_for(&system, job).await, WaitingReason::Queue);
    assert_eq!(presence::alive(&system).await.unwrap(), 1);
    system.clock.advance(LEASE - SECOND);
    assert!(presence::seen(&system, worker).await.unwrap());
    system.clock.advance(LEASE - SECOND);
    assert_eq!(waiting_for(&system, job).await, WaitingReason::Queue);
    system.clock.advance(SECOND);
    assert_eq!(waiting_for(&system, job).await, WaitingReason::NoWorker);
    assert_eq!(presence::alive(&system).await.unwrap(), 0);
    presence::leave(&system, worker).await.unwrap();
    presence::leave(&system, worker).await.unwrap();
    assert_eq!(count::<workers::Entity>(&system).await, 0);
}

#[tokio::test]
async fn a_worker_that_was_forgotten_hears_of_it_and_registers_again() {
    let system = testing::system().await;
    let worker = Uuid::now_v7();
    presence::register(&system, worker, 2).await.unwrap();
    system.clock.advance(LEASE * 10);
    assert_eq!(run(&system, Sweep::Workers).await, ONE);
    assert!(!presence::seen(&system, worker).await.unwrap());
    presence::register(&system, worker, 3).await.unwrap();
    presence::register(&system, worker, 4).await.unwrap();
    let rows = workers::Entity::find().all(system.db.read()).await.unwrap();
    assert_eq!((rows.len(), rows[0].slots), (1, 4));
}

#[tokio::test]
async fn a_worker_seen_by_the_clock_of_a_dead_process_goes_at_once() {
    let system = testing::system().await;
    presence::register(&system, Uuid::now_v7(), 1).await.unwrap();
    crate::bench::sql(&system, "UPDATE workers SET seen_at = seen_at + 3600000").await;
    assert_eq!(presence::alive(&system).await.unwrap(), 0);
    assert_eq!(run(&system, Sweep::Workers).await, ONE);
}
