//! When children and actors die.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use songwalker_jobs::config::Span;
use songwalker_jobs::{claim, ending};
use songwalker_schemas::{ErrorCode, JobId};
use songwalker_workers::{Workers, WorkersOptions};
use tokio::time::Instant;
use uuid::Uuid;

use super::{LONG, Service};

#[tokio::test]
async fn a_poison_job_fails_with_its_evidence_and_the_others_succeed() {
    let service = Service::start(2, Some("crash:seed:13"), |_| {}).await;
    let mut good = vec![service.submit("short pluck", 1).await];
    let poison = service.submit("short pluck", 13).await;
    good.push(service.submit("short pluck", 2).await);
    good.push(service.submit("short pluck", 3).await);
    let row = service.until_final(poison).await;
    let error = row.error().expect("reads").expect("an error");
    assert_eq!(
        (row.model.state.as_str(), row.model.attempt, row.model.deaths),
        ("failed", 3, 3)
    );
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::WorkerLost, "the child died: signal 6")
    );
    for job in good {
        assert_eq!(service.until_final(job).await.model.attempt, 1);
    }
    let log = songwalker_jobs::read::log(&service.system, service.user, poison)
        .await
        .expect("a log");
    assert!(log.iter().any(|line| line.message == "started, alone"), "{log:?}");
    service.stop().await;
}

#[tokio::test]
async fn a_prompt_that_kills_its_planner_takes_nothing_with_it() {
    let service = Service::start(1, Some("panic:prompt-contains:POISON"), |_| {}).await;
    let poison = service.submit("a POISON pad", 0).await;
    let good = service.submit("a warm pad", 0).await;
    let row = service.until_final(poison).await;
    let error = row.error().expect("reads").expect("an error");
    assert_eq!(error.code, ErrorCode::WorkerLost);
    assert!(
        error.message.contains("panicked at ") && !error.message.contains("secret"),
        "{}",
        error.message
    );
    assert_eq!(service.until_final(good).await.model.state, "succeeded");
    service.stop().await;
}

#[tokio::test]
async fn a_child_that_dies_once_costs_one_attempt() {
    for what in ["crash", "exit", "rubbish", "leak", "half_bundle", "wrong_hash"] {
        let service = Service::start(1, Some(&format!("{what}:times:1")), |_| {}).await;
        let job = service.submit("short pluck", 0).await;
        let model = service.until_final(job).await.model;
        assert_eq!(
            (model.state.as_str(), model.attempt, model.deaths),
            ("succeeded", 2, 1),
            "{what}"
        );
        assert_eq!(service.objects().await, 1, "{what}");
        service.stop().await;
    }
}

#[tokio::test]
async fn a_bundle_beyond_the_limit_fails_at_once() {
    let service = Service::start(1, Some("too_large"), |_| {}).await;
    let job = service.submit("short pluck", 0).await;
    let row = service.until_final(job).await;
    let error = row.error().expect("reads").expect("an error");
    assert_eq!((error.code, row.model.attempt), (ErrorCode::BundleTooLarge, 1));
    service.stop().await;
}

#[tokio::test]
async fn every_actor_that_dies_is_started_anew_and_jobs_go_on() {
    let service = Service::start(1, None, |_| {}).await;
    for (seed, actor) in ["intake", "planner", "control", "render_pool", "supervisor"]
        .into_iter()
        .enumerate()
    {
        let before = service.workers.state().restarts;
        service.workers.hurt(actor);
        service
            .until_workers(actor, |state| state.restarts > before)
            .await;
        service.until_workers(actor, |state| state.is_ready()).await;
        let job = service.submit("short pluck", seed as u64).await;
        let model = service.until_final(job).await.model;
        assert_eq!((model.state.as_str(), model.deaths), ("succeeded", 0), "{actor}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_job_that_runs_while_the_other_actors_die_is_not_disturbed() {
    let service = Service::start(1, Some("slow:times:1"), |_| {}).await;
    let job = service.submit("short pluck", 0).await;
    service.until_generating().await;
    for actor in ["intake", "control", "planner", "supervisor"] {
        let before = service.workers.state().restarts;
        service.workers.hurt(actor);
        service
            .until_workers(actor, |state| state.restarts > before)
            .await;
    }
    let model = service.until_final(job).await.model;
    assert_eq!(
        (model.state.as_str(), model.attempt, model.deaths),
        ("succeeded", 1, 0)
    );
    service.stop().await;
}

#[tokio::test]
async fn a_lease_that_nobody_renews_is_taken_over() {
    let service = Service::start(1, Some("hang_hard:times:1"), |config| {
        config.worker.heartbeat = Span::from_millis(100);
        config.worker.lease = Span::from_secs(2);
    })
    .await;
    let job = service.submit("short pluck", 0).await;
    service.until_generating().await;
    service.workers.hurt("job");
    let model = service.until_final(job).await.model;
    assert_eq!(
        (model.state.as_str(), model.attempt, model.deaths),
        ("succeeded", 2, 1)
    );
    service.stop().await;
}

/// Claims by hand, as soon as the pause after the last attempt is over, and dies.
async fn die_on(service: &Service, job: JobId) {
    let deadline = Instant::now() + LONG;
    let claimed = loop {
        let claimed = claim::claim(&service.system, Uuid::from_u128(1), job).await;
        if let Some(claimed) = claimed.expect("answers") {
            break claimed;
        }
        assert!(Instant::now() < deadline, "never: the job is due");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let error = ending::sanitised(ErrorCode::WorkerLost, "by hand", Vec::new());
    ending::fail(&service.system, &claimed.own, error, ending::Fate::Died)
        .await
        .expect("counted");
}

#[tokio::test]
async fn a_job_that_two_workers_died_on_runs_alone() {
    let service = Service::start(2, Some("slow"), |_| {}).await;
    service.workers.stop().await;
    let dangerous = service.submit("short pluck", 0).await;
    die_on(&service, dangerous).await;
    die_on(&service, dangerous).await;
    let first = service.submit("short pluck", 1).await;
    let others = [
        first,
        service.submit("short pluck", 2).await,
        service.submit("short pluck", 3).await,
    ];
    let options = WorkersOptions {
        program: service.dir.path().join("child"),
        slots: Some(2),
    };
    let workers = Workers::start(service.system.clone(), options).expect("a thread");
    // Each job takes seconds: no state of the board is too short to be seen.
    let mut watch = workers.watch();
    let seen = tokio::spawn(async move {
        let (mut together, mut alone) = (0, 0);
        while watch.changed().await.is_ok() {
            let state = watch.borrow_and_update().clone();
            let is_dangerous = state.running.iter().any(|running| running.job_id == dangerous);
            together = together.max(if is_dangerous { 0 } else { state.running.len() });
            alone = alone.max(if is_dangerous { state.running.len() } else { 0 });
            if !state.alive {
                break;
            }
        }
        (together, alone)
    });
    for job in others.into_iter().chain([dangerous]) {
        assert_eq!(service.until_final(job).await.model.state, "succeeded");
    }
    workers.stop().await;
    assert_eq!(seen.await.expect("watched"), (2, 1));
    service.stop().await;
}

#[tokio::test]
async fn a_row_that_the_database_refuses_does_not_block_the_queue() {
    let service = Service::start(1, None, |_| {}).await;
    service.workers.stop().await;
    let refused = service.submit("short pluck", 0).await;
    let unreadable = service.submit("short pluck", 1).await;
    let good = service.submit("short pluck", 2).await;
    let (first, second) = (refused.0.simple(), unreadable.0.simple());
    let statements = [
        format!(
            "CREATE TRIGGER refuses BEFORE UPDATE ON jobs WHEN OLD.id = X'{first}' AND NEW.state = 'running' \
             BEGIN SELECT RAISE(ABORT, 'by hand'); END"
        ),
        format!("UPDATE prompts SET tags = X'FF00' WHERE job_id = X'{second}'"),
    ];
    for statement in statements {
        let done = service.system.db.writer().execute_unprepared(&statement).await;
        done.expect("runs");
    }
    let options = WorkersOptions {
        program: service.dir.path().join("child"),
        slots: Some(1),
    };
    let workers = Workers::start(service.system.clone(), options).expect("a thread");
    assert_eq!(service.until_final(good).await.model.state, "succeeded");
    for job in [refused, unreadable] {
        let model = service.row(job).await.model;
        assert_eq!((model.state.as_str(), model.attempt), ("queued", 0));
    }
    workers.stop().await;
    service.stop().await;
}
