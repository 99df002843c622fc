//! What is asked for too often, too much, too slowly or by too many at once (R2, R9): clear answers, and nobody else
//! waits for it.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use serde_json::json;
use songwalker_tests::service::{Service, Settings, audit, is_final, small};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn service(settings: &Settings) -> (TempDir, Service) {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), settings).await.expect("it starts");
    (dir, service)
}

fn address(service: &Service) -> String {
    service.url.trim_start_matches("http://").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_fifty_parallel_posts_of_one_user_leave_exactly_two_unfinished_jobs() {
    let (dir, service) = service(&Settings::new().with("SONGWALKER_CHILD_MISBEHAVE", "hang")).await;
    let service = Arc::new(service);
    let is_over = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn({
        let (service, is_over) = (Arc::clone(&service), Arc::clone(&is_over));
        async move {
            let mut most = 0;
            while !is_over.load(Ordering::Relaxed) {
                let jobs = service.jobs().await.expect("the jobs");
                most = most.max(jobs.iter().filter(|job| !is_final(job)).count());
            }
            most
        }
    });
    let answers = join_all((0..50).map(|n| {
        let service = Arc::clone(&service);
        async move {
            service
                .call("POST", "/v1/jobs", Some(small(&format!("pad {n}"))))
                .await
                .expect("an answer")
        }
    }))
    .await;
    is_over.store(true, Ordering::Relaxed);
    assert_eq!(watch.await.expect("it watched"), 2);
    let accepted = answers.iter().filter(|(status, _)| *status == 202).count();
    assert_eq!(accepted, 2);
    for (status, body) in answers.iter().filter(|(status, _)| *status != 202) {
        assert_eq!(
            (*status, &body["error"]["code"]),
            (429, &json!("too_many_concurrent_jobs"))
        );
    }
    drop(service);
    audit(dir.path()).expect("nothing found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_the_same_request_from_fifty_clients_makes_one_job() {
    let (dir, service) = service(&Settings::new()).await;
    let answers = join_all((0..50).map(|_| service.call("POST", "/v1/jobs", Some(small("one pluck"))))).await;
    let answers: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect("an answer"))
        .collect();
    let mut ids: Vec<&str> = answers
        .iter()
        .map(|(_, job)| job["id"].as_str().expect("a job"))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|(status, _)| *status == 202).count(), 1);
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 49);
    let job = service.ended(ids[0]).await.expect("it ends");
    assert_eq!(job["state"], "succeeded");
    let (status, again) = service
        .call("POST", "/v1/jobs", Some(small("one pluck")))
        .await
        .expect("an answer");
    assert_eq!((status, &again["id"]), (200, &json!(ids[0])));
    drop(service);
    audit(dir.path()).expect("nothing found");
}

#[tokio::test]
async fn wrong_bodies_get_their_code_and_every_fault() {
    let (_dir, service) = service(&Settings::new()).await;
    let post = |body: &'static str, content_type: &'static str| {
        let request = service
            .request("POST", "/v1/jobs")
            .header("Content-Type", content_type)
            .body(body);
        async move {
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            (
                status,
                answer.json::<serde_json::Value>().await.expect("the envelope"),
            )
        }
    };
    for (body, status, code) in [
        ("{", 400, "invalid_json"),
        ("", 400, "invalid_json"),
        ("[]", 400, "invalid_request"),
        ("{}", 400, "invalid_request"),
        (r#"{"prompt": 5}"#, 400, "invalid_request"),
        (r#"{"prompt": "x", "colour": "red"}"#, 400, "invalid_request"),
        (r#"{"prompt": "x", "seed": -1}"#, 400, "invalid_request"),
        (
            r#"{"prompt": "x", "webhook_url": "http://localhost/"}"#,
            400,
            "invalid_request",
        ),
        (r#"{"prompt": "\u0000"}"#, 400, "invalid_request"),
        (
            r#"{"prompt": "x", "template_id": "none such"}"#,
            422,
            "unknown_template",
        ),
        (r#"{"prompt": "x", "planner": "llm"}"#, 503, "planner_unavailable"),
    ] {
        let (got, answer) = post(body, "application/json").await;
        assert_eq!(
            (got, answer["error"]["code"].as_str()),
            (status, Some(code)),
            "{body}: {answer}"
        );
    }
    let (_, answer) = post(
        r#"{"prompt": 5, "seed": "a", "tags": "b", "x": 1}"#,
        "application/json",
    )
    .await;
    let details = answer["error"]["details"].as_array().expect("details");
    assert!(details.len() >= 4, "every fault is listed: {answer}");
    let (status, answer) = post(r#"{"prompt": "x"}"#, "text/plain").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (415, &json!("unsupported_media_type"))
    );
    assert!(service.jobs().await.expect("the jobs").is_empty());
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused() {
    let (_dir, service) = service(&Settings::new()).await;
    let body = json!({ "prompt": "x".repeat(10_000_000) });
    // The server may close the connection while the rest is still on its way.
    if let Ok((status, answer)) = service.call("POST", "/v1/jobs", Some(body)).await {
        assert_eq!(
            (status, &answer["error"]["code"]),
            (413, &json!("payload_too_large"))
        );
    }
    assert!(service.jobs().await.expect("it answers others").is_empty());
}

#[tokio::test]
async fn thousands_of_idle_connections_and_slow_bodies_do_not_stop_others() {
    let (_dir, service) = service(&Settings::new()).await;
    let mut open = Vec::new();
    for n in 0..2_000 {
        let mut stream = TcpStream::connect(address(&service)).await.expect("a connection");
        if n % 2 == 0 {
            let head = format!(
                "POST /v1/jobs HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"pro",
                address(&service),
                service.token
            );
            stream
                .write_all(head.as_bytes())
                .await
                .expect("a part of a request");
        }
        open.push(stream);
    }
    let job = service
        .post(small("pluck among thousands"))
        .await
        .expect("accepted");
    let job = service
        .ended(job["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    assert_eq!(job["state"], "succeeded");
    // A body that never comes to its end is given up: the server closes the connection.
    let mut slow = open.swap_remove(0);
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer)
        .await
        .expect("the end of the connection");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.contains(" 4"), "{answer}");
}
