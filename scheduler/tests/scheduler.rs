//! The loops of the scheduler on a real system: what is due happens by itself, whatever fails, panics or hangs, and ends
//! when it is told to (R1, R4, R12). Nothing here calls a sweep or the relay.

#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait};
use songwalker_jobs::accept::accept;
use songwalker_jobs::claim::claim;
use songwalker_jobs::clock::Clock;
use songwalker_jobs::entity::{jobs, outbox};
use songwalker_jobs::ports::{Consumer, Hint, PortError, Queue};
use songwalker_jobs::sweep::gauges;
use songwalker_jobs::system::Parts;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{System, cancel};
use songwalker_scheduler::{Loop, Scheduler, SchedulerHandle};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{JobId, UserId};
use uuid::Uuid;

/// What must happen by itself happens within this, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen"),
    }
}

/// Waits until `is` holds.
async fn until<F: Future<Output = bool>>(what: &str, is: impl Fn() -> F) {
    soon(what, async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

async fn quick() -> TestSystem {
    testing::system_with(|config| {
        config.quotas.enabled = false;
        config.scheduler.sweep_every = "10ms".parse().unwrap();
        config.scheduler.full_sweep_every = "20ms".parse().unwrap();
        config.scheduler.batch = 3;
    })
    .await
}

async fn ask(system: &System, user: UserId, prompt: &str) -> JobId {
    accept(system, user, CreateJob::new(prompt), None)
        .await
        .unwrap()
        .row
        .id()
}

async fn next_hint(system: &System) -> Hint {
    let mut consumer = system.queue.consumer(1).await.unwrap();
    let delivery = soon("a hint", consumer.next()).await.unwrap();
    let hint = delivery.hint.clone();
    consumer.ack(delivery).await.unwrap();
    hint
}

async fn row(system: &System, job: JobId) -> jobs::Model {
    jobs::Entity::find_by_id(job.0)
        .one(system.db.read())
        .await
        .unwrap()
        .unwrap()
}

/// A queue with something wrong with it: what happens at each publish comes from `mood`.
struct MoodyQueue {
    inner: Arc<dyn Queue>,
    published: AtomicU32,
    mood: Box<dyn Fn(u32) -> Mood + Send + Sync>,
}

enum Mood {
    Fine,
    Fails,
    Panics,
    Hangs,
}

#[async_trait]
impl Queue for MoodyQueue {
    async fn publish(&self, hints: &[Hint]) -> Result<(), PortError> {
        match (self.mood)(self.published.fetch_add(1, Ordering::SeqCst)) {
            Mood::Fine => self.inner.publish(hints).await,
            Mood::Fails => Err(PortError::Unavailable("as the test wants it".to_owned())),
            Mood::Panics => panic!("as the test wants it"),
            Mood::Hangs => std::future::pending().await,
        }
    }
    async fn consumer(&self, prefetch: usize) -> Result<Box<dyn Consumer>, PortError> {
        self.inner.consumer(prefetch).await
    }
    async fn depth(&self) -> Result<u64, PortError> {
        self.inner.depth().await
    }
    async fn ping(&self) -> Result<(), PortError> {
        self.inner.ping().await
    }
}

fn with_queue(system: &System, mood: impl Fn(u32) -> Mood + Send + Sync + 'static) -> System {
    System::new(Parts {
        config: system.config.clone(),
        db: system.db.clone(),
        clock: Arc::clone(&system.clock),
        queue: Arc::new(MoodyQueue {
            inner: Arc::clone(&system.queue),
            published: AtomicU32::new(0),
            mood: Box::new(mood),
        }),
        store: Arc::clone(&system.store),
        limiter: Arc::clone(&system.limiter),
        bus: Arc::clone(&system.bus),
        catalogue: system.catalogue.clone(),
    })
}

fn start(system: &System) -> SchedulerHandle {
    Scheduler::start(system.clone())
}

#[tokio::test]
async fn r1_the_hint_of_an_accepted_job_comes_to_the_queue_by_itself() {
    let system = quick().await;
    let before = ask(&system, system.user, "before the start").await;
    let scheduler = start(&system);
    assert_eq!(next_hint(&system).await.job_id, before);
    for n in 0..10 {
        let job = ask(&system, system.user, &format!("sound {n}")).await;
        assert_eq!(next_hint(&system).await.job_id, job);
    }
    until("an empty outbox", || async {
        outbox::Entity::find().count(system.db.read()).await.unwrap() == 0
    })
    .await;
    assert!(scheduler.is_alive());
    scheduler.stop().await;
}

#[tokio::test]
async fn r1_more_hints_than_one_batch_holds_are_all_sent() {
    let system = quick().await;
    let mut asked = Vec::new();
    for n in 0..10 {
        asked.push(ask(&system, system.user, &format!("sound {n}")).await);
    }
    let scheduler = start(&system);
    let mut hinted = Vec::new();
    for _ in 0..10 {
        hinted.push(next_hint(&system).await.job_id);
    }
    assert_eq!(hinted, asked, "in their order");
    scheduler.stop().await;
}

#[tokio::test]
async fn r4_a_row_in_the_outbox_whose_wake_was_lost_is_sent_all_the_same() {
    let system = quick().await;
    let job = ask(&system, system.user, "pad").await;
    let scheduler = start(&system);
    next_hint(&system).await;
    // Straight into the table: nobody is woken.
    let row = outbox::ActiveModel {
        id: ActiveValue::NotSet,
        job_id: ActiveValue::Set(job.0),
        created_at: ActiveValue::Set(0),
    };
    outbox::Entity::insert(row)
        .exec_without_returning(system.db.writer())
        .await
        .unwrap();
    assert_eq!(next_hint(&system).await.job_id, job);
    scheduler.stop().await;
}

#[tokio::test]
async fn r4_a_dead_owner_is_found_and_its_job_comes_back_to_the_queue_by_itself() {
    let system = quick().await;
    let scheduler = start(&system);
    let job = ask(&system, system.user, "pad").await;
    next_hint(&system).await;
    claim(&system, Uuid::now_v7(), job).await.unwrap().unwrap();
    system.clock.advance(system.config.worker.lease.duration());
    until("the end of the lease", || async {
        row(&system, job).await.state == "queued"
    })
    .await;
    let due = row(&system, job).await.not_before.unwrap();
    let pause = u64::try_from(due - system.clock.steady().0).unwrap();
    system.clock.advance(Duration::from_millis(pause));
    assert_eq!(next_hint(&system).await.job_id, job);
    assert!(claim(&system, Uuid::now_v7(), job).await.unwrap().is_some());
    scheduler.stop().await;
}

#[tokio::test]
async fn r12_full_rounds_come_again_and_again_and_their_age_is_known() {
    let system = quick().await;
    let scheduler = start(&system);
    soon(
        "a full round",
        scheduler.reached(Loop::Full, |state| state.rounds >= 1),
    )
    .await;
    let ages = gauges::ages(&system).await.unwrap();
    assert!(ages.iter().all(|(_, age)| *age == 0.0), "{ages:?}");
    system.clock.advance(Duration::from_secs(600));
    let rounds = scheduler.state(Loop::Full).rounds;
    // The one that goes on may have begun before the clock was moved.
    soon(
        "another round",
        scheduler.reached(Loop::Full, move |state| state.rounds >= rounds + 2),
    )
    .await;
    let ages = gauges::ages(&system).await.unwrap();
    assert!(ages.iter().all(|(_, age)| *age == 0.0), "{ages:?}");
    assert_eq!(scheduler.state(Loop::Full).failed, 0);
    scheduler.stop().await;
}

#[tokio::test]
async fn the_relay_outlives_a_queue_that_fails_and_then_sends_what_waited() {
    let system = quick().await;
    let moody = with_queue(&system, |n| if n < 3 { Mood::Fails } else { Mood::Fine });
    let job = ask(&moody, system.user, "pad").await;
    let scheduler = start(&moody);
    assert_eq!(next_hint(&moody).await.job_id, job);
    assert_eq!(scheduler.state(Loop::Relay).failed, 3);
    scheduler.stop().await;
}

#[tokio::test]
async fn a_loop_that_panicked_is_started_again() {
    let system = quick().await;
    let moody = with_queue(&system, |n| if n < 1 { Mood::Panics } else { Mood::Fine });
    let job = ask(&moody, system.user, "pad").await;
    let scheduler = start(&moody);
    assert_eq!(next_hint(&moody).await.job_id, job);
    assert_eq!(scheduler.state(Loop::Relay).panicked, 1);
    assert!(scheduler.is_alive());
    scheduler.stop().await;
}

#[tokio::test]
async fn a_loop_that_hangs_holds_up_neither_the_others_nor_the_end() {
    let system = quick().await;
    let moody = with_queue(&system, |_| Mood::Hangs);
    let hanging = ask(&moody, system.user, "hangs").await;
    let scheduler = start(&moody);
    let job = ask(&moody, system.user, "times out").await;
    cancel::cancel(&moody, system.user, hanging).await.unwrap();
    system.clock.advance(system.config.queue.wait_deadline.duration());
    until("the end of its time in the queue", || async {
        row(&system, job).await.state == "failed"
    })
    .await;
    soon("the end", scheduler.stop()).await;
    assert_eq!(
        outbox::Entity::find().count(system.db.read()).await.unwrap(),
        2,
        "what was not sent waits for the next start"
    );
}

#[tokio::test]
async fn when_it_has_stopped_nothing_of_it_is_left() {
    let system = quick().await;
    let clock = Arc::downgrade(&system.system.clock);
    let other = with_queue(&system, |_| Mood::Fine);
    let before = clock.strong_count();
    let scheduler = start(&other);
    for which in Loop::ALL {
        soon(which.name(), scheduler.reached(which, |state| state.rounds >= 2)).await;
    }
    scheduler.stop().await;
    // Each loop held the system; now only this test does.
    drop(other);
    assert_eq!(clock.strong_count(), before - 1);
}

#[tokio::test]
async fn a_handle_that_is_dropped_ends_its_loops() {
    let system = quick().await;
    let other = with_queue(&system, |_| Mood::Fine);
    let clock = Arc::downgrade(&other.clock);
    let before = clock.strong_count();
    drop(start(&other));
    drop(other);
    until("the end of the loops", || async {
        clock.strong_count() == before - 1
    })
    .await;
}

#[tokio::test]
async fn two_schedulers_on_one_database_are_as_good_as_one() {
    let system = quick().await;
    let (one, two) = (start(&system), start(&system));
    let mut asked = Vec::new();
    for n in 0..20 {
        asked.push(ask(&system, system.user, &format!("sound {n}")).await);
    }
    for job in asked {
        let mut claimed = None;
        while claimed.is_none() {
            // The same hint may come twice.
            let hint = next_hint(&system).await;
            claimed = claim(&system, Uuid::now_v7(), hint.job_id).await.unwrap();
        }
        assert!(row(&system, job).await.attempt <= 1);
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_sweep_that_breaks_is_told_and_does_not_end_its_loop() {
    let system = quick().await;
    let broken = jobs::Model {
        id: Uuid::now_v7(),
        // A column that cannot be read: every attempt to end this one fails.
        stages: "no json".to_owned(),
        job_key: None,
        ..row(&system, ask(&system, system.user, "pad").await).await
    };
    let id = JobId(broken.id);
    jobs::Entity::insert(broken.into_active_model().reset_all())
        .exec_without_returning(system.db.writer())
        .await
        .unwrap();
    let scheduler = start(&system);
    until("a hint", || async { system.queue.depth().await.unwrap() > 0 }).await;
    let statement = format!(
        "UPDATE jobs SET state = 'running', worker_id = id, lease_until = 1 WHERE id = X'{}'",
        id.0.simple()
    );
    system.db.writer().execute_unprepared(&statement).await.unwrap();
    soon(
        "failures",
        scheduler.reached(Loop::Due, |state| state.failed >= 3),
    )
    .await;
    let job = ask(&system, system.user, "healthy").await;
    claim(&system, Uuid::now_v7(), job).await.unwrap().unwrap();
    system.clock.advance(system.config.worker.lease.duration());
    until("the end of the other's lease", || async {
        row(&system, job).await.state == "queued"
    })
    .await;
    assert_eq!(scheduler.state(Loop::Due).panicked, 0);
    scheduler.stop().await;
}
