//! The queues as operators see them: a lane for each kind and plan, why its jobs wait, who is there to take them.

use songwalker_jobs::admin::queues::look;
use songwalker_jobs::clock::Clock;
use songwalker_jobs::testing;
use songwalker_jobs::{cancel, pause, presence};
use songwalker_schemas::ErrorCode;
use songwalker_schemas::job::JobKind;
use songwalker_schemas::wire::WaitingCounts;
use uuid::Uuid;

use crate::bench::{SECOND, ask, fail, hints, running};

#[tokio::test]
async fn lanes_count_who_waits_for_what() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    assert_eq!(look(&system).await.unwrap().lanes, []);
    let ada = system.add_user("ada", "standard").await;
    let first = system.clock.now();
    ask(&system, ada, "waits").await;
    system.clock.advance(SECOND);
    ask(&system, ada, "waits too").await;
    let resting = running(&system, ada, "rests").await;
    fail(&system, &resting, ErrorCode::Timeout).await;
    let stopping = running(&system, system.user, "stops").await;
    cancel::cancel(&system, system.user, stopping.job_id)
        .await
        .unwrap();
    let runs = running(&system, system.user, "runs").await;
    let queues = look(&system).await.unwrap();
    assert_eq!(queues.lanes.len(), 2);
    let [local, standard] = &queues.lanes[..] else {
        panic!("two lanes: {queues:?}");
    };
    assert_eq!(
        (local.plan.as_str(), local.queued, local.running, local.cancelling),
        ("local", 0, 1, 1)
    );
    assert_eq!(
        (standard.kind, standard.plan.as_str(), standard.queued),
        (JobKind::Patch, "standard", 3)
    );
    assert_eq!(standard.oldest_queued_at, Some(first));
    let nobody = WaitingCounts {
        backoff: 1,
        no_worker: 2,
        ..WaitingCounts::default()
    };
    assert_eq!(standard.waiting, nobody);
    presence::register(&system, runs.worker_id, 2).await.unwrap();
    let served = look(&system).await.unwrap();
    let counts = WaitingCounts {
        backoff: 1,
        queue: 2,
        ..WaitingCounts::default()
    };
    assert_eq!(served.lanes[1].waiting, counts);
    pause::pause(&system, None).await.unwrap();
    let paused = look(&system).await.unwrap();
    let counts = WaitingCounts {
        paused: 3,
        ..WaitingCounts::default()
    };
    assert_eq!((paused.lanes[1].waiting, paused.pauses.len()), (counts, 1));
}

#[tokio::test]
async fn workers_are_told_with_their_jobs_and_hints_where_they_wait() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    presence::register(&system, own.worker_id, 4).await.unwrap();
    let seen = system.clock.now();
    presence::register(&system, Uuid::now_v7(), 1).await.unwrap();
    system.clock.advance(2 * system.config.worker.lease.duration());
    presence::seen(&system, own.worker_id).await.unwrap();
    let queues = look(&system).await.unwrap();
    let (alive, silent): (Vec<_>, Vec<_>) = queues.workers.iter().partition(|worker| worker.is_alive);
    assert_eq!((alive.len(), silent.len()), (1, 1));
    assert_eq!(
        (alive[0].id, alive[0].slots, alive[0].jobs, alive[0].started_at),
        (own.worker_id, 4, 1, seen)
    );
    assert_eq!((silent[0].jobs, silent[0].seen_at), (0, seen));
    hints(&system).await;
    ask(&system, system.user, "another").await;
    let queues = look(&system).await.unwrap();
    assert_eq!((queues.outbox, queues.hints), (1, Some(0)));
    songwalker_jobs::outbox::relay(&system, 10).await.unwrap();
    let queues = look(&system).await.unwrap();
    assert_eq!((queues.outbox, queues.hints), (0, Some(1)));
}
