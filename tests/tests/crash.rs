//! The service is killed without warning at every step that has a name, and started again: whatever was accepted ends
//! as it should, once (R1, R3, R4, R6, R7). The log has to show that the step was reached, so that no case passes by
//! never happening.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use songwalker_generator::pipeline::{Hooks, Request, generate};
use songwalker_jobs::failpoint::Failpoint;
use songwalker_schemas::canonical::sha256_hex;
use songwalker_tests::service::{Service, Settings, audit, is_final, objects, small, until};
use tempfile::TempDir;

const PROMPT: &str = "short dry pluck";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// What the pipeline makes of the prompt when it is called directly.
fn expected_hash() -> String {
    let request = Request {
        prompt: PROMPT.to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 0,
        variations: 0,
        parent: None,
    };
    let made = generate(&request, &Hooks::none()).expect("a bundle");
    sha256_hex(&made.bundle.zip)
}

/// Starts a service that stops at `point`, runs `work` until it is there, and kills it.
async fn killed_at(dir: &Path, settings: Settings, point: Failpoint, work: impl AsyncFnOnce(&Service)) {
    let settings = settings.failing(&format!("{}=stop", point.name()));
    let mut service = Service::start(dir, &settings).await.expect("it starts");
    work(&service).await;
    service
        .logged(&format!("failpoint reached failpoint=\"{}\"", point.name()))
        .await
        .expect("the step is reached");
    service.kill().expect("it dies");
}

/// Posts without waiting for the answer: the service may die before it gives one.
fn post_and_leave(service: &Service, body: Value) {
    let request = service.request("POST", "/v1/jobs").json(&body);
    tokio::spawn(request.send());
}

async fn all_succeeded_once(dir: &Path, hash: &str) {
    let service = Service::start(dir, &Settings::new())
        .await
        .expect("it starts again");
    for job in service.jobs().await.expect("the jobs") {
        let job = service
            .ended(job["id"].as_str().expect("an id"))
            .await
            .expect("it ends");
        assert_eq!(job["state"], "succeeded", "{job}");
        assert!(
            job["attempt"].as_u64().is_some_and(|attempt| attempt <= 3),
            "{job}"
        );
        assert_eq!(job["bundle"]["sha256"], hash, "{job}");
    }
    assert_eq!(objects(dir).expect("the store").len(), 1);
    drop(service);
    audit(dir).expect("nothing found");
}

async fn dies_while_a_job_runs(points: &[Failpoint]) {
    let hash = expected_hash();
    for point in points {
        let dir = folder();
        killed_at(dir.path(), Settings::new(), *point, async |service| {
            post_and_leave(service, small(PROMPT));
        })
        .await;
        if *point == Failpoint::AcceptInserted {
            // Nobody was told that it is accepted, and it is not.
            let service = Service::start(dir.path(), &Settings::new())
                .await
                .expect("it starts");
            assert!(service.jobs().await.expect("the jobs").is_empty());
            service.post(small(PROMPT)).await.expect("it is accepted now");
        }
        all_succeeded_once(dir.path(), &hash).await;
    }
}

#[tokio::test]
async fn r1_a_kill_around_accepting_loses_and_doubles_nothing() {
    dies_while_a_job_runs(&[
        Failpoint::AcceptInserted,
        Failpoint::AcceptCommitted,
        Failpoint::RelayPublished,
        Failpoint::IntakeReceived,
    ])
    .await;
}

#[tokio::test]
async fn r3_a_kill_between_claim_and_rendering_costs_an_attempt_and_nothing_else() {
    dies_while_a_job_runs(&[
        Failpoint::ClaimCommitted,
        Failpoint::PlanningStored,
        Failpoint::ChildStarted,
        Failpoint::RenderRequestSent,
    ])
    .await;
}

#[tokio::test]
async fn r6_a_kill_around_publishing_leaves_one_result() {
    dies_while_a_job_runs(&[
        Failpoint::PackagingClaimed,
        Failpoint::ObjectPut,
        Failpoint::PackagingStored,
        Failpoint::PublishingCommitted,
    ])
    .await;
}

#[tokio::test]
async fn r7_a_kill_around_a_failed_attempt_and_its_retry_still_ends_in_success() {
    let hash = expected_hash();
    for point in [Failpoint::EndingFailedCommitted, Failpoint::RetryReleased] {
        let dir = folder();
        let settings = Settings::new().with("SONGWALKER_CHILD_MISBEHAVE", "crash:times:1");
        killed_at(dir.path(), settings, point, async |service| {
            post_and_leave(service, small(PROMPT));
        })
        .await;
        all_succeeded_once(dir.path(), &hash).await;
    }
}

/// Whether the service came to `point`, rather than to the end of the job without it.
async fn stands_at(service: &Service, point: Failpoint, id: &str) -> bool {
    let line = format!("failpoint reached failpoint=\"{}\"", point.name());
    let is_there = || service.log().iter().any(|logged| logged.contains(&line));
    let look = Duration::from_secs(2);
    let over = until("the step, or the end of the job", || async {
        let job = tokio::time::timeout(look, service.job(id)).await;
        let is_over = matches!(&job, Ok(Ok(job)) if is_final(job));
        (is_there() || is_over).then_some(())
    });
    over.await.expect("one of them");
    // The line comes behind the row.
    let line = tokio::time::timeout(look, async {
        while !is_there() {
            tokio::task::yield_now().await;
        }
    });
    line.await.is_ok()
}

#[tokio::test]
async fn r8_a_kill_around_a_cancellation_ends_in_cancelled_with_nothing_left() {
    for point in [
        Failpoint::CancelCommitted,
        Failpoint::CancelAcknowledged,
        Failpoint::CancelledCommitted,
    ] {
        let dir = folder();
        let settings = Settings::new().with("SONGWALKER_CHILD_MISBEHAVE", "hang");
        killed_at(dir.path(), settings, point, async |service| {
            // An owner that meets the new state by itself has nothing to acknowledge: then another job is asked for.
            for n in 0..20 {
                let job = service
                    .post(small(&format!("{PROMPT} {n}")))
                    .await
                    .expect("accepted");
                let id = job["id"].as_str().expect("an id").to_owned();
                until("a running job", || async {
                    let job = service.job(&id).await.ok()?;
                    (job["state"] == "running").then_some(())
                })
                .await
                .expect("it runs");
                tokio::spawn(service.request("POST", &format!("/v1/jobs/{id}/cancel")).send());
                if stands_at(service, point, &id).await {
                    return;
                }
            }
        })
        .await;
        let service = Service::start(dir.path(), &Settings::new())
            .await
            .expect("it starts again");
        for job in service.jobs().await.expect("the jobs") {
            let id = job["id"].as_str().expect("an id");
            let job = service.ended(id).await.expect("it ends");
            assert_eq!(job["state"], "cancelled", "{point}: {job}");
            assert!(job["stopped_at"].is_string(), "{job}");
        }
        assert!(objects(dir.path()).expect("the store").is_empty());
        drop(service);
        audit(dir.path()).expect("nothing found");
    }
}

#[tokio::test]
async fn a_kill_around_a_deletion_still_deletes() {
    for point in [
        Failpoint::DeleteCommitted,
        Failpoint::ObjectTombstoned,
        Failpoint::ObjectDeleted,
        Failpoint::EraseCommitted,
    ] {
        let dir = folder();
        killed_at(dir.path(), Settings::new(), point, async |service| {
            let job = service.post(small(PROMPT)).await.expect("accepted");
            let id = job["id"].as_str().expect("an id").to_owned();
            assert_eq!(service.ended(&id).await.expect("it ends")["state"], "succeeded");
            tokio::spawn(service.request("DELETE", &format!("/v1/jobs/{id}")).send());
        })
        .await;
        let service = Service::start(dir.path(), &Settings::new())
            .await
            .expect("it starts again");
        assert!(service.jobs().await.expect("the jobs").is_empty(), "{point}");
        until("an empty store", || async {
            objects(dir.path()).ok()?.is_empty().then_some(())
        })
        .await
        .expect("the object goes");
        // The same request makes a new job: nothing of the old one stands in its way.
        let job = service.post(small(PROMPT)).await.expect("accepted");
        let job = service
            .ended(job["id"].as_str().expect("an id"))
            .await
            .expect("it ends");
        assert_eq!(job["state"], "succeeded", "{job}");
        drop(service);
        audit(dir.path()).expect("nothing found");
    }
}

#[tokio::test]
async fn a_share_whose_token_was_never_told_is_listed_and_can_be_revoked() {
    let dir = folder();
    killed_at(
        dir.path(),
        Settings::new(),
        Failpoint::ShareCreated,
        async |service| {
            let job = service.post(small(PROMPT)).await.expect("accepted");
            let id = job["id"].as_str().expect("an id").to_owned();
            service.ended(&id).await.expect("it ends");
            tokio::spawn(
                service
                    .request("POST", &format!("/v1/jobs/{id}/shares"))
                    .json(&json!({}))
                    .send(),
            );
        },
    )
    .await;
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts again");
    let (status, shares) = service.call("GET", "/v1/shares", None).await.expect("an answer");
    assert_eq!(status, 200);
    let id = shares["items"][0]["id"].as_str().expect("one share");
    let (status, _) = service
        .call("DELETE", &format!("/v1/shares/{id}"), None)
        .await
        .expect("an answer");
    assert!(matches!(status, 200 | 204), "{status}");
}

/// Every failpoint that stops is in one of the tests above, or of `llm.rs`; those that fail are in `faults.rs`.
#[test]
fn no_failpoint_is_forgotten() {
    let here = include_str!("crash.rs");
    let faults = include_str!("faults.rs");
    let models = include_str!("llm.rs");
    for point in Failpoint::ALL {
        let variant = format!("Failpoint::{point:?}");
        let named = format!("{}=", point.name());
        assert!(
            here.contains(&variant) || models.contains(&variant) || faults.contains(&named),
            "{point} is in no test"
        );
    }
}
