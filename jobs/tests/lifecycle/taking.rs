//! R3: an attempt has one owner. Whoever is not it, or not any more, changes nothing.

use std::sync::Arc;

use futures::future::join_all;
use songwalker_jobs::attempt::{self, Pulse, beat, begin_stage, pulse};
use songwalker_jobs::claim::{Ownership, claim, peek};
use songwalker_jobs::ending::{self, Fate};
use songwalker_jobs::planning::{self, PlannedBy};
use songwalker_jobs::ports::Signal;
use songwalker_jobs::sweep::Sweep;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, cancel, publish, read};
use songwalker_schemas::job::{JobKind, PlannerChoice, Stage};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId};
use uuid::Uuid;

use crate::bench::{
    LEASE, SECOND, ask, fail, find, finish, intend, objects, outputs_of, packaged, put_by, row, running,
    state, take,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_of_twenty_workers_one_gets_the_job() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    let claims = join_all((0..20).map(|_| {
        let system = system.system.clone();
        tokio::spawn(async move { claim(&system, Uuid::now_v7(), job).await.unwrap() })
    }))
    .await;
    let owners: Vec<Ownership> = claims
        .into_iter()
        .filter_map(|claimed| claimed.unwrap().map(|claimed| claimed.own))
        .collect();
    assert_eq!(owners.len(), 1);
    let row = row(&system, job).await;
    assert_eq!((row.fence, row.attempt), (1, 1));
    assert_eq!(row.worker_id, Some(owners[0].worker_id));
}

#[tokio::test]
async fn a_stale_hint_takes_nothing() {
    let system = testing::system().await;
    let own = running(&system, system.user, "running").await;
    let done = running(&system, system.user, "done").await;
    finish(&system, &done, b"bundle").await;
    for job in [own.job_id, done.job_id, JobId(Uuid::now_v7())] {
        assert!(claim(&system, Uuid::now_v7(), job).await.unwrap().is_none());
        assert_eq!(peek(&system, job).await.unwrap(), None);
    }
    assert_eq!(row(&system, own.job_id).await.fence, own.fence);
}

#[tokio::test]
async fn what_is_taken_is_what_was_asked_for() {
    let system = testing::system().await;
    let request = CreateJob {
        tags: vec!["wide".to_owned(), "dark".to_owned()],
        template_id: Some("pad_warm".to_owned()),
        seed: 9,
        variations: 2,
        ..CreateJob::new(" pad ")
    };
    let job = songwalker_jobs::accept::accept(&system, system.user, request, None)
        .await
        .unwrap()
        .row
        .id();
    let claimed = take(&system, job).await;
    assert!(!claimed.quarantine);
    let work = claimed.work;
    assert_eq!(work.prompt, "pad");
    assert_eq!(work.tags, ["dark", "wide"]);
    assert_eq!(work.template_id.as_deref(), Some("pad_warm"));
    assert_eq!((work.seed, work.variations), (9, 2));
    assert_eq!(
        (work.kind, work.planner),
        (JobKind::Patch, PlannerChoice::Embedded)
    );
    assert!(work.intent.is_none() && work.packaged.is_none() && work.parent_sha256.is_none());
    assert!(
        !format!("{work:?}").contains("pad"),
        "R10: nothing of it is printed"
    );
}

#[tokio::test]
async fn an_owner_tells_its_stages_and_their_times() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let mut signals = system.bus.subscribe();
    begin_stage(&system, &own, Stage::Planning, 0.1).await.unwrap();
    system.clock.advance(2 * SECOND);
    begin_stage(&system, &own, Stage::Mapping, 7.0).await.unwrap();
    attempt::log(&system, &own, "mapped again").await.unwrap();
    attempt::tell_progress(&system, &own, Stage::Mapping, 0.3);
    let job = read::job(&system, system.user, own.job_id).await.unwrap();
    assert_eq!((job.stage, job.progress), (Some(Stage::Mapping), 1.0));
    let times: Vec<_> = job
        .stages
        .iter()
        .map(|timing| (timing.stage, timing.duration_ms))
        .collect();
    assert_eq!(times, [(Stage::Planning, Some(2_000)), (Stage::Mapping, None)]);
    let lines: Vec<String> = read::log(&system, system.user, own.job_id)
        .await
        .unwrap()
        .into_iter()
        .map(|line| line.message)
        .collect();
    assert_eq!(
        lines,
        ["accepted", "started", "planning", "mapping", "mapped again"]
    );
    let mut heard = Vec::new();
    while let Ok(signal) = signals.try_recv() {
        heard.push(signal);
    }
    let changed = Signal::JobChanged {
        job_id: own.job_id,
        user_id: system.user,
    };
    let progress = Signal::Progress {
        job_id: own.job_id,
        stage: "mapping".to_owned(),
        progress: 0.3,
    };
    assert_eq!(heard, [changed.clone(), changed.clone(), changed, progress]);
}

/// Everything that an owner can write, by one that is not it: the row and what belongs to it stay as they are.
async fn assert_writes_nothing(system: &TestSystem, own: &Ownership) {
    let before = find(system, own.job_id).await;
    let (outputs, stored) = (outputs_of(system, own.job_id).await, objects(system).await);
    let stale =
        |result: Result<(), JobsError>| assert!(matches!(result, Err(JobsError::Stale)), "{result:?}");
    let bundle = packaged(b"of a stale owner");
    stale(begin_stage(system, own, Stage::Planning, 0.5).await);
    stale(attempt::log(system, own, "still here").await);
    stale(planning::store_intent(system, own, b"stale", &PlannedBy::EMBEDDED).await);
    stale(publish::store(system, own, &bundle, Arc::from(&b"of a stale owner"[..])).await);
    stale(publish::succeed(system, own, &bundle).await);
    let error = ending::sanitised(ErrorCode::Timeout, "stale", Vec::new());
    stale(ending::fail(system, own, error, Fate::Failed).await.map(drop));
    stale(ending::hand_back(system, own).await);
    stale(ending::acknowledge(system, own).await);
    stale(ending::stopped(system, own).await.map(drop));
    assert_eq!(beat(system, own, 0.9).await.unwrap(), Pulse::Stale);
    assert_eq!(pulse(system, own).await.unwrap(), Pulse::Stale);
    assert_eq!(find(system, own.job_id).await, before);
    assert_eq!(outputs_of(system, own.job_id).await, outputs);
    assert_eq!(objects(system).await, stored);
}

#[tokio::test]
async fn r3_an_owner_that_was_given_up_changes_nothing_any_more() {
    let system = testing::system().await;
    let dead = running(&system, system.user, "pad").await;
    system.clock.advance(LEASE);
    Sweep::Leases.run(&system).await.unwrap();
    assert_writes_nothing(&system, &dead).await;
    system.clock.advance(60 * SECOND);
    let next = take(&system, dead.job_id).await.own;
    assert!(next.fence > dead.fence);
    assert_writes_nothing(&system, &dead).await;
    put_by(&system, &next, b"bundle").await;
    assert_writes_nothing(&system, &dead).await;
    publish::succeed(&system, &next, &packaged(b"bundle"))
        .await
        .unwrap();
    assert_writes_nothing(&system, &dead).await;
    assert_writes_nothing(&system, &next).await;
}

#[tokio::test]
async fn r3_whoever_handed_back_failed_or_stopped_changes_nothing_any_more() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let back = running(&system, system.user, "handed back").await;
    ending::hand_back(&system, &back).await.unwrap();
    assert_writes_nothing(&system, &back).await;
    let again = running(&system, system.user, "failed").await;
    fail(&system, &again, ErrorCode::Timeout).await;
    assert_writes_nothing(&system, &again).await;
    let stopped = running(&system, system.user, "stopped").await;
    cancel::cancel(&system, system.user, stopped.job_id)
        .await
        .unwrap();
    ending::stopped(&system, &stopped).await.unwrap();
    assert_writes_nothing(&system, &stopped).await;
    let gone = running(&system, system.user, "gone").await;
    songwalker_jobs::delete::delete(&system, system.user, gone.job_id)
        .await
        .unwrap();
    ending::stopped(&system, &gone).await.unwrap();
    assert!(find(&system, gone.job_id).await.is_none());
    assert_writes_nothing(&system, &gone).await;
}

#[tokio::test]
async fn r3_another_worker_with_the_right_fence_is_not_the_owner() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let thief = Ownership {
        worker_id: Uuid::now_v7(),
        ..own
    };
    let refused = attempt::log(&system, &thief, "mine").await;
    assert!(matches!(refused, Err(JobsError::Stale)));
    assert_eq!(state(&system, own.job_id).await, "running");
}

#[tokio::test]
async fn r7_the_next_attempt_goes_on_where_the_last_one_came_to() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    intend(&system, &own, b"the intent").await;
    put_by(&system, &own, b"bundle").await;
    fail(&system, &own, ErrorCode::StorageUnavailable).await;
    system.clock.advance(60 * SECOND);
    let claimed = take(&system, own.job_id).await;
    assert_eq!(claimed.work.intent.as_deref(), Some(&b"the intent"[..]));
    assert_eq!(claimed.work.packaged, Some(packaged(b"bundle")));
    let what = claimed.work.packaged.unwrap();
    assert!(publish::is_stored(&system, &claimed.own, &what).await.unwrap());
    publish::succeed(&system, &claimed.own, &what).await.unwrap();
    assert_eq!(row(&system, own.job_id).await.attempt, 2);
}
