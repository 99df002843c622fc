//! When all is well.

use songwalker_generator::pipeline::{self, Hooks, Request};
use songwalker_jobs::config::Span;
use songwalker_jobs::{presence, read};
use songwalker_workers::IntakeState;

use super::Service;

#[tokio::test]
async fn a_submitted_job_becomes_the_pipelines_bundle() {
    let service = Service::start(1, None, |_| {}).await;
    let job = service.submit("glassy bell", 5).await;
    let row = service.until_final(job).await;
    assert_eq!((row.model.state.as_str(), row.model.attempt), ("succeeded", 1));
    let bundle = read::bundle(&service.system, &row).await.expect("a bundle");
    let request = Request {
        prompt: "glassy bell".to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 5,
        variations: 0,
        parent: None,
    };
    let direct = pipeline::generate(&request, &Hooks::none()).expect("a bundle");
    assert!(bundle == direct.bundle.zip, "other bytes than the pipeline's");
    service.stop().await;
}

#[tokio::test]
async fn many_jobs_are_done_by_as_many_children_as_there_are_slots() {
    let service = Service::start(2, None, |_| {}).await;
    let mut watch = service.workers.watch();
    let most = tokio::spawn(async move {
        let mut most = 0;
        while watch.changed().await.is_ok() {
            let state = watch.borrow_and_update().clone();
            most = most.max(state.running.len());
            if !state.alive {
                break;
            }
        }
        most
    });
    let mut jobs = Vec::new();
    for seed in 0..6 {
        jobs.push(service.submit("short pluck", seed).await);
    }
    for job in jobs {
        assert_eq!(service.until_final(job).await.model.state, "succeeded");
    }
    service
        .until_workers("idle", |state| state.running.is_empty())
        .await;
    let state = service.workers.state();
    assert_eq!(state.ended.get("succeeded"), Some(&6));
    assert_eq!(state.pool.births, 2, "children were replaced without need");
    service.stop().await;
    assert_eq!(most.await.expect("counted"), 2);
}

#[tokio::test]
async fn a_worker_says_that_it_is_ready_and_there_and_later_that_it_is_not() {
    let service = Service::start(1, None, |_| {}).await;
    service.until_workers("ready", |state| state.is_ready()).await;
    service
        .until_workers("waiting", |state| state.intake == IntakeState::Waiting)
        .await;
    let job = service.submit("pad", 0).await;
    service.until_final(job).await;
    assert_eq!(presence::alive(&service.system).await.expect("counted"), 1);
    service.workers.stop().await;
    assert_eq!(service.workers.state().problem(), Some("the workers have ended"));
    assert_eq!(presence::alive(&service.system).await.expect("counted"), 0);
    service.stop().await;
}

#[tokio::test]
async fn a_long_job_keeps_its_lease_by_its_heartbeat() {
    let service = Service::start(1, Some("slow"), |config| {
        config.worker.heartbeat = Span::from_millis(100);
        config.worker.lease = Span::from_millis(2_500);
    })
    .await;
    let job = service.submit("pad", 0).await;
    let row = service.until_final(job).await;
    assert_eq!(
        (row.model.state.as_str(), row.model.attempt, row.model.deaths),
        ("succeeded", 1, 0)
    );
    service.stop().await;
}
