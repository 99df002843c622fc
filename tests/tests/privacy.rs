//! Planted canaries (R10): prompt, key, share token and cookie of a service that logs everything turn up in no log line,
//! no metric, no argument and no environment of a child; what is deleted leaves the database files.

use std::path::Path;

use serde_json::json;
use songwalker_tests::service::{Service, Settings, cookie, small, until};

const PROMPT: &str = "canary prompt zq7xk pad";
const NEEDLE: &str = "zq7xk";

/// Every process that descends from `pid`.
fn descendants(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        let tasks = std::fs::read_dir(format!("/proc/{parent}/task"))
            .into_iter()
            .flatten()
            .flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
        at += 1;
    }
    found.remove(0);
    found
}

fn files_with(dir: &Path, needle: &str) -> Vec<String> {
    std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            std::fs::read(entry.path())
                .is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle.as_bytes()))
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn r10_canaries_turn_up_nowhere() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = Settings::new().with("SONGWALKER__LOG__FILTER", "trace");
    let service = Service::start(dir.path(), &settings).await.expect("it starts");

    let job = service.post(small(PROMPT)).await.expect("accepted");
    let id = job["id"].as_str().expect("an id");
    let mut environments = Vec::new();
    until("a child", || {
        let children = descendants(service.pid());
        for child in &children {
            for file in ["environ", "cmdline"] {
                environments.push(std::fs::read(format!("/proc/{child}/{file}")).unwrap_or_default());
            }
        }
        let is_there = !children.is_empty();
        async move { is_there.then_some(()) }
    })
    .await
    .expect("there is one");
    service.ended(id).await.expect("it ends");

    let (status, share) = service
        .call("POST", &format!("/v1/jobs/{id}/shares"), Some(json!({})))
        .await
        .expect("an answer");
    assert_eq!(status, 201, "{share}");
    let token = share["token"].as_str().expect("a token").to_owned();
    let page = songwalker_tests::service::client()
        .get(format!("{}/s/{token}", service.url))
        .send()
        .await
        .expect("the page");
    assert_eq!(page.status(), 200);
    assert!(
        !page.text().await.expect("the page").contains(NEEDLE),
        "the page shows no prompt"
    );

    let session = service
        .request("POST", "/v1/session")
        .send()
        .await
        .expect("a session");
    assert!(session.status().is_success(), "{}", session.status());
    let cookie = cookie(&session).expect("a cookie");
    let (_, key) = service
        .call(
            "POST",
            "/v1/keys",
            Some(json!({ "name": "canary", "scopes": ["jobs:read"] })),
        )
        .await
        .expect("a key");
    let secret = key["secret"].as_str().expect("a secret").to_owned();
    // Private things in wrong places: bodies that are refused, keys that are not accepted, addresses that are none.
    let wrong = format!("{{\"prompt\": \"{NEEDLE}\"");
    let _ = service
        .request("POST", "/v1/jobs")
        .header("Content-Type", "application/json")
        .body(wrong)
        .send()
        .await;
    let _ = service
        .call("POST", "/v1/jobs", Some(json!({ "prompt": PROMPT, NEEDLE: 1 })))
        .await;
    let _ = service
        .request_as(&format!("{secret}x"), "GET", "/v1/me")
        .send()
        .await;
    let _ = service.call("GET", &format!("/s/{token}x"), None).await;
    let _ = service.call("GET", &format!("/v1/jobs?q={NEEDLE}"), None).await;

    let metrics = service.request("GET", "/metrics").send().await.expect("metrics");
    assert_eq!(metrics.status(), 200);
    let metrics = metrics.text().await.expect("metrics");
    let log = service.log().join("\n");
    // What only we say, and only in detail: so much is looked through, and not the little of the usual level.
    assert!(log.contains("request answered"), "the log is in detail: {log}");
    for (what, canary) in [
        ("prompt", NEEDLE),
        ("share token", &token),
        ("cookie", &cookie),
        ("key", &secret),
        ("local token", &service.token),
    ] {
        for (place, text) in [("log", &log), ("metrics", &metrics)] {
            let line = text.lines().find(|line| line.contains(canary));
            assert!(line.is_none(), "the {what} is in the {place}: {line:?}");
        }
        for seen in &environments {
            assert!(
                !seen.windows(canary.len()).any(|part| part == canary.as_bytes()),
                "the {what} is in a child's environment or arguments"
            );
        }
        if what != "prompt" && what != "local token" {
            assert_eq!(
                files_with(dir.path(), canary),
                Vec::<String>::new(),
                "the {what} is in a file"
            );
        }
    }
}

#[tokio::test]
async fn r10_a_deleted_prompt_leaves_the_database_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    let job = service.post(small(PROMPT)).await.expect("accepted");
    let id = job["id"].as_str().expect("an id");
    service.ended(id).await.expect("it ends");
    assert!(
        !files_with(dir.path(), NEEDLE).is_empty(),
        "it is stored until then"
    );
    let (status, _) = service
        .call("DELETE", &format!("/v1/jobs/{id}"), None)
        .await
        .expect("an answer");
    assert!(matches!(status, 200 | 202 | 204), "{status}");
    until("files without the prompt", || async {
        files_with(dir.path(), NEEDLE).is_empty().then_some(())
    })
    .await
    .expect("it is gone");
}
