//! What goes wrong around a job while the service itself lives: children that hang, leak, crash or print rubbish, a
//! poison job, a full disk, a store that did what it says it did not, a clock that jumps. Every job ends, with a result
//! or with its error, and others do not suffer (R4, R7, R8).

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use serde_json::Value;
use songwalker_tests::service::{Service, Settings, audit, objects, small};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs one job under these settings; how it ended. Nothing may be found afterwards.
async fn ended(settings: &Settings, prompt: &str) -> Value {
    let dir = folder();
    let mut service = Service::start(dir.path(), settings).await.expect("it starts");
    let job = service.post(small(prompt)).await.expect("accepted");
    let job = service
        .ended(job["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    let expected = usize::from(job["state"] == "succeeded");
    assert_eq!(objects(dir.path()).expect("the store").len(), expected, "{job}");
    service.stop().await.expect("it stops");
    audit(dir.path()).expect("nothing found");
    job
}

#[tokio::test]
async fn a_child_that_crashes_leaks_exits_or_prints_rubbish_once_costs_one_attempt() {
    for how in ["crash", "leak", "exit", "rubbish", "endless_line"] {
        let settings = Settings::new().with("SONGWALKER_CHILD_MISBEHAVE", &format!("{how}:times:1"));
        let job = ended(&settings, "short dry pluck").await;
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&"succeeded".into(), &2.into()),
            "{how}: {job}"
        );
    }
}

#[tokio::test]
async fn a_child_that_hangs_is_stopped_by_the_deadlines_and_its_job_tried_again() {
    for how in ["hang", "hang_hard"] {
        let settings = Settings::new()
            .with("SONGWALKER_CHILD_MISBEHAVE", &format!("{how}:times:1"))
            .with("SONGWALKER__WORKER__SOFT_DEADLINE", "6s")
            .with("SONGWALKER__WORKER__HARD_DEADLINE", "7s");
        let job = ended(&settings, "short dry pluck").await;
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&"succeeded".into(), &2.into()),
            "{how}: {job}"
        );
    }
}

#[tokio::test]
async fn r7_a_poison_job_fails_with_worker_lost_and_the_job_beside_it_succeeds() {
    let dir = folder();
    let settings = Settings::new()
        .with("SONGWALKER_CHILD_MISBEHAVE", "crash:prompt-contains:POISON")
        .with("SONGWALKER__WORKER__SLOTS", "2");
    let mut service = Service::start(dir.path(), &settings).await.expect("it starts");
    let poison = service.post(small("POISON pad")).await.expect("accepted");
    let good = service.post(small("short dry pluck")).await.expect("accepted");
    let poison = service
        .ended(poison["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    let good = service
        .ended(good["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    assert_eq!(good["state"], "succeeded", "{good}");
    assert_eq!(
        (&poison["state"], &poison["attempt"]),
        (&"failed".into(), &3.into()),
        "{poison}"
    );
    assert_eq!(poison["error"]["code"], "worker_lost", "{poison}");
    let (_, log) = service
        .call(
            "GET",
            &format!("/v1/jobs/{}/log", poison["id"].as_str().expect("an id")),
            None,
        )
        .await
        .expect("its log");
    assert!(
        log.to_string().contains("alone"),
        "its last attempt ran alone: {log}"
    );
    service.stop().await.expect("it stops");
    audit(dir.path()).expect("nothing found");
}

#[tokio::test]
async fn a_store_that_took_the_bundle_and_says_it_did_not_costs_no_attempt() {
    let job = ended(
        &Settings::new().failing("store_put_lies=fail:always"),
        "short dry pluck",
    )
    .await;
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&"succeeded".into(), &1.into()),
        "{job}"
    );
}

#[tokio::test]
async fn a_full_disk_fails_the_job_with_storage_unavailable_and_one_that_gets_room_succeeds() {
    let job = ended(
        &Settings::new().failing("store_put_full=fail:always"),
        "short dry pluck",
    )
    .await;
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&"failed".into(), &3.into()),
        "{job}"
    );
    assert_eq!(job["error"]["code"], "storage_unavailable", "{job}");

    let job = ended(&Settings::new().failing("store_put_full=fail"), "short dry pluck").await;
    assert_eq!(job["state"], "succeeded", "{job}");
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_forth_and_back_disturbs_no_job() {
    let dir = folder();
    let offset = dir.path().join("clock-offset");
    let settings = Settings::new().with(
        "SONGWALKER_CLOCK_OFFSET_FILE",
        offset.to_str().expect("a path in UTF-8"),
    );
    let mut service = Service::start(dir.path(), &settings).await.expect("it starts");
    for (n, jump_ms) in ["3600000", "-3600000", "0"].into_iter().enumerate() {
        let job = service
            .post(small(&format!("pluck number {n}")))
            .await
            .expect("accepted");
        std::fs::write(&offset, jump_ms).expect("the clock jumps");
        let job = service
            .ended(job["id"].as_str().expect("an id"))
            .await
            .expect("it ends");
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&"succeeded".into(), &1.into()),
            "{job}"
        );
    }
    service.stop().await.expect("it stops");
    audit(dir.path()).expect("nothing found");
}
