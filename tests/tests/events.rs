//! The event stream as a client with a bad line sees it: cut anywhere and resumed, nothing is missed and nothing comes
//! twice; and many listen at once.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use futures::future::join_all;
use serde_json::json;
use songwalker_tests::service::{Service, Settings};
use songwalker_tests::sse::{self, Told};

fn stored(told: &[Told]) -> Vec<Told> {
    told.iter().filter(|event| event.id.is_some()).cloned().collect()
}

async fn start() -> (tempfile::TempDir, Service) {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    (dir, service)
}

#[tokio::test]
async fn a_client_that_is_cut_after_every_event_misses_nothing_and_sees_nothing_twice() {
    let (_dir, service) = start().await;
    let job = service
        .post(json!({ "prompt": "wide pad", "variations": 1 }))
        .await
        .expect("accepted");
    let id = job["id"].as_str().expect("an id");
    let mut seen: Vec<Told> = Vec::new();
    loop {
        let last = seen.iter().rev().find_map(|event| event.id);
        let told = sse::read(&service, id, last, 1).await.expect("the stream");
        let is_end = told.is_empty();
        seen.extend(told);
        if is_end
            || seen
                .last()
                .is_some_and(|event| event.data["state"] == "succeeded")
        {
            break;
        }
    }
    let whole = stored(
        &sse::read(&service, id, None, usize::MAX)
            .await
            .expect("the stream"),
    );
    assert_eq!(stored(&seen), whole);
    let ids: Vec<u64> = whole.iter().filter_map(|event| event.id).collect();
    assert_eq!(
        ids,
        (1..=ids.len() as u64).collect::<Vec<_>>(),
        "in order, without gaps"
    );
    let stages: Vec<&str> = whole
        .iter()
        .filter(|event| event.name == "stage")
        .filter_map(|event| event.data["stage"].as_str())
        .collect();
    assert_eq!(
        stages,
        [
            "planning",
            "mapping",
            "checking",
            "rendering",
            "varying",
            "packaging",
            "publishing"
        ]
    );
}

#[tokio::test]
async fn an_id_that_never_was_gets_a_reset_and_then_everything() {
    let (_dir, service) = start().await;
    let job = service
        .post(json!({ "prompt": "pluck", "variations": 0 }))
        .await
        .expect("accepted");
    let id = job["id"].as_str().expect("an id");
    service.ended(id).await.expect("it ends");
    let told = sse::read(&service, id, Some(9_999), usize::MAX)
        .await
        .expect("the stream");
    assert_eq!((told[0].name.as_str(), told[0].id), ("reset", None));
    let whole = sse::read(&service, id, None, usize::MAX)
        .await
        .expect("the stream");
    assert_eq!(stored(&told), stored(&whole));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_listeners_all_hear_the_end() {
    let (_dir, service) = start().await;
    let job = service
        .post(json!({ "prompt": "slow choir pad", "variations": 2 }))
        .await
        .expect("accepted");
    let id = job["id"].as_str().expect("an id");
    let all = join_all((0..200).map(|_| sse::read(&service, id, None, usize::MAX))).await;
    for told in all {
        let told = told.expect("the stream");
        let end = stored(&told).pop().expect("an end");
        assert_eq!(
            (end.name.as_str(), &end.data["state"]),
            ("state", &json!("succeeded"))
        );
    }
}
