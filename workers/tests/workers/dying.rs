//! When children and actors die.

use songwalker_jobs::config::Span;
use songwalker_schemas::ErrorCode;

use super::Service;

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
