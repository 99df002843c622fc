//! When a job is to end before it is done: cancelled, too long, or the worker goes down.

use std::time::Duration;

use songwalker_jobs::cancel;
use songwalker_jobs::config::Span;
use songwalker_schemas::ErrorCode;
use songwalker_workers::{Workers, WorkersOptions};

use super::{Service, program};

#[tokio::test]
async fn a_running_job_that_hears_its_cancel_stops_and_leaves_nothing() {
    let service = Service::start(1, Some("hang:times:1"), |_| {}).await;
    let job = service.submit("pad", 0).await;
    service.until_generating().await;
    let row = cancel::cancel(&service.system, service.user, job)
        .await
        .expect("heard");
    assert_eq!(row.model.state, "cancelling");
    let row = service.until_final(job).await;
    assert_eq!(row.model.state, "cancelled");
    assert!(row.model.stopped_at >= row.model.cancel_acknowledged_at);
    assert!(row.model.cancel_acknowledged_at >= row.model.cancel_requested_at);
    assert_eq!(service.objects().await, 0);
    let next = service.submit("pad", 1).await;
    assert_eq!(service.until_final(next).await.model.state, "succeeded");
    assert_eq!(
        service.workers.state().pool.births,
        1,
        "the child that obeyed was replaced"
    );
    service.stop().await;
}

#[tokio::test]
async fn a_running_job_whose_child_hears_nothing_is_cancelled_all_the_same() {
    let service = Service::start(1, Some("hang_hard:times:1"), |_| {}).await;
    let job = service.submit("pad", 0).await;
    service.until_generating().await;
    cancel::cancel(&service.system, service.user, job)
        .await
        .expect("heard");
    assert_eq!(service.until_final(job).await.model.state, "cancelled");
    let next = service.submit("pad", 1).await;
    assert_eq!(service.until_final(next).await.model.state, "succeeded");
    assert_eq!(service.workers.state().pool.births, 2);
    service.stop().await;
}

#[tokio::test]
async fn a_cancel_is_found_without_the_bus() {
    let service = Service::start(1, Some("hang:times:1"), |config| {
        // A heartbeat hears it too; none comes here.
        config.worker.heartbeat = Span::from_secs(300);
        config.worker.lease = Span::from_secs(900);
    })
    .await;
    let job = service.submit("pad", 0).await;
    service.until_generating().await;
    // Control dies and is not there to hear; the owner's own look at the row is what is left.
    service.workers.hurt("control");
    service
        .until_workers("control is missed", |state| state.restarts > 0)
        .await;
    cancel::cancel(&service.system, service.user, job)
        .await
        .expect("heard");
    assert_eq!(service.until_final(job).await.model.state, "cancelled");
    service.stop().await;
}

#[tokio::test]
async fn an_attempt_beyond_its_soft_deadline_is_a_timeout_and_the_next_may_succeed() {
    let service = Service::start(1, Some("hang_hard:times:1"), |config| {
        config.worker.soft_deadline = Span::from_secs(4);
        config.worker.hard_deadline = Span::from_secs(30);
    })
    .await;
    let job = service.submit("short pluck", 0).await;
    let row = service.until(job, |row| row.model.error.is_some()).await;
    let error = row.error().expect("reads").expect("an error");
    assert_eq!((error.code, row.model.deaths), (ErrorCode::Timeout, 0));
    let row = service.until_final(job).await;
    assert_eq!(row.model.state, "succeeded");
    assert!(row.model.attempt > 1);
    service.stop().await;
}

#[tokio::test]
async fn a_worker_that_goes_down_lets_its_jobs_finish() {
    let service = Service::start(1, Some("slow"), |_| {}).await;
    let job = service.submit("pad", 0).await;
    service.until_generating().await;
    service.workers.drain(Duration::from_secs(60)).await;
    let row = service.row(job).await;
    assert_eq!((row.model.state.as_str(), row.model.attempt), ("succeeded", 1));
    service.stop().await;
}

#[tokio::test]
async fn a_worker_that_goes_down_now_hands_its_jobs_to_the_next() {
    let service = Service::start(1, Some("hang_hard:times:1"), |_| {}).await;
    let job = service.submit("pad", 0).await;
    let waiting = service.submit("pad", 1).await;
    service.until_generating().await;
    service.workers.stop().await;
    let model = service.row(job).await.model;
    assert_eq!(
        (model.state.as_str(), model.attempt, model.deaths),
        ("queued", 0, 0)
    );
    let options = WorkersOptions {
        program: service.dir.path().join("child"),
        slots: Some(1),
    };
    let next = Workers::start(service.system.clone(), options).expect("a thread");
    for job in [job, waiting] {
        let model = service.until_final(job).await.model;
        assert_eq!((model.state.as_str(), model.attempt), ("succeeded", 1));
    }
    next.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn a_handle_that_is_dropped_hands_back_what_runs() {
    let mut service = Service::start(1, Some("hang:times:1"), |_| {}).await;
    let job = service.submit("pad", 0).await;
    service.until_generating().await;
    let folder = tempfile::tempdir().expect("a folder");
    let options = WorkersOptions {
        program: program(&folder, None),
        slots: Some(1),
    };
    let next = Workers::start(service.system.clone(), options).expect("a thread");
    drop(std::mem::replace(&mut service.workers, next));
    let model = service.until_final(job).await.model;
    assert_eq!(
        (model.state.as_str(), model.attempt, model.deaths),
        ("succeeded", 1, 0)
    );
    service.stop().await;
}
