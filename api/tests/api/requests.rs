//! Requests that are not in order: each gets the envelope with its code, and leaves nothing behind.

use serde_json::{Value, json};
use songwalker_api::operations::{Access, OPERATIONS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Server, header, made, refused, send};

async fn post(server: &Server, content_type: Option<&str>, body: Vec<u8>) -> reqwest::Response {
    let mut request = server.request("POST", "/v1/jobs").body(body);
    if let Some(content_type) = content_type {
        request = request.header("Content-Type", content_type);
    }
    send(request).await
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn what_is_no_json_is_told_with_its_place() {
    let server = Server::start().await;
    let deep = "[".repeat(200_000);
    for body in [
        "",
        "{",
        "{\"prompt\": pad}",
        "{'prompt': 'pad'}",
        "nonsense",
        "{\"prompt\": \"\\ud800\"}",
        "{\"prompt\": 1e999}",
        "{\"prompt\": \"a\u{1}b\"}",
        "{} {}",
        deep.as_str(),
    ] {
        let body = refused(
            post(&server, JSON, body.as_bytes().to_vec()).await,
            400,
            "invalid_json",
        )
        .await;
        let problem = body["error"]["details"][0]["problem"].as_str().expect("a place");
        assert!(problem.contains("line 1, column"), "{problem}");
    }
    refused(
        post(&server, JSON, b"{\"prompt\": \"\xff\"}".to_vec()).await,
        400,
        "invalid_json",
    )
    .await;
}

#[tokio::test]
async fn every_fault_of_a_body_is_listed() {
    let server = Server::start().await;
    for (body, places) in [
        (json!([]), vec![""]),
        (json!("x"), vec![""]),
        (json!(null), vec![""]),
        (json!({}), vec!["/prompt"]),
        (
            json!({ "prompt": 5, "seed": "a", "tags": "b", "x": 1 }),
            vec!["/prompt", "/seed", "/tags", "/x"],
        ),
        (
            json!({ "prompt": " ", "seed": -1, "tags": ["", "ok"] }),
            vec!["/prompt", "/seed", "/tags/0"],
        ),
        (
            json!({ "prompt": "x", "seed": 9_007_199_254_740_992_u64 }),
            vec!["/seed"],
        ),
        (
            json!({ "prompt": "x", "variations": 6, "kind": "song", "planner": "me" }),
            vec!["/kind", "/planner", "/variations"],
        ),
        (
            json!({ "prompt": "x", "webhook_url": "http://localhost/" }),
            vec!["/webhook_url"],
        ),
        (
            json!({ "prompt": "x", "parent_job_id": "nobody" }),
            vec!["/parent_job_id"],
        ),
        (json!({ "prompt": "a\u{0}b" }), vec!["/prompt"]),
        (json!({ "prompt": "x", "seed": null }), vec!["/seed"]),
    ] {
        let (status, answer) = server.call("POST", "/v1/jobs", Some(body.clone())).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!("invalid_request")),
            "{body}: {answer}"
        );
        let mut found: Vec<&str> = answer["error"]["details"]
            .as_array()
            .expect("details")
            .iter()
            .filter_map(|fault| fault["pointer"].as_str())
            .collect();
        found.sort_unstable();
        assert_eq!(found, places, "{body}");
    }
    let (_, page) = server.call("GET", "/v1/jobs", None).await;
    assert_eq!(page["items"], json!([]), "nothing of it became a job");
}

#[tokio::test]
async fn requests_in_order_that_ask_too_much_have_codes_of_their_own() {
    let server = Server::start().await;
    let tags: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    for (body, status, code) in [
        (json!({ "prompt": "x".repeat(4_001) }), 422, "prompt_too_long"),
        (json!({ "prompt": "x", "tags": tags }), 422, "too_many_tags"),
        (
            json!({ "prompt": "x", "template_id": "none_such" }),
            422,
            "unknown_template",
        ),
        (
            json!({ "prompt": "x", "planner": "llm" }),
            503,
            "planner_unavailable",
        ),
    ] {
        let (got, answer) = server.call("POST", "/v1/jobs", Some(body)).await;
        assert_eq!(
            (got, &answer["error"]["code"]),
            (status, &json!(code)),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_job_goes_on_only_from_a_job_of_ones_own_that_has_a_bundle() {
    let server = Server::start().await;
    let other = server.system.add_user("other", "local").await;
    let theirs = made(&server.system, other, "theirs").await;
    let (queued, done) = (server.job("queued").await, server.made("done").await);
    for (parent, status, code) in [
        (theirs.to_string(), 404, "not_found"),
        (
            "0198c0de-0000-7000-8000-000000000000".to_owned(),
            404,
            "not_found",
        ),
        (queued.to_string(), 409, "conflict"),
    ] {
        let body = json!({ "prompt": "x", "parent_job_id": parent });
        let (got, answer) = server.call("POST", "/v1/jobs", Some(body)).await;
        assert_eq!(
            (got, &answer["error"]["code"]),
            (status, &json!(code)),
            "{answer}"
        );
        assert_eq!(answer["error"]["details"][0]["pointer"], "/parent_job_id");
    }
    let body = json!({ "prompt": "x", "parent_job_id": done });
    let (status, job) = server.call("POST", "/v1/jobs", Some(body)).await;
    assert_eq!((status, &job["parent_job_id"]), (202, &json!(done)));
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let server = Server::start().await;
    let body = || br#"{"prompt":"x"}"#.to_vec();
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonx"),
        Some("application/json; charset=latin1"),
        Some("rubbish"),
    ] {
        refused(post(&server, kind, body()).await, 415, "unsupported_media_type").await;
    }
    let packed = server
        .request("POST", "/v1/jobs")
        .header("Content-Type", "application/json")
        .header("Content-Encoding", "gzip")
        .body(body());
    refused(send(packed).await, 415, "unsupported_media_type").await;
    let fine = post(&server, Some("Application/JSON; charset=UTF-8"), body()).await;
    assert_eq!(fine.status(), 202);
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let large = json!({ "prompt": "x".repeat(300_000) }).to_string().into_bytes();
    refused(post(&server, JSON, large).await, 413, "payload_too_large").await;
    // Without a length in its head it is counted as it comes.
    let chunks = futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 10_000])));
    let chunked = server
        .request("POST", "/v1/jobs")
        .header("Content-Type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks));
    if let Ok(answer) = chunked.send().await {
        refused(answer, 413, "payload_too_large").await;
    }
    let (_, page) = server.call("GET", "/v1/jobs", None).await;
    assert_eq!(page["items"], json!([]));
}

/// Says something as it is and reads everything that comes back.
async fn raw(server: &Server, text: &str) -> String {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // The server may have said no and gone before all was sent.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let server =
        Server::start_with(|config| config.server.client_timeout = "300ms".parse().expect("a span")).await;
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"pro",
        server.key
    );
    let answer = raw(&server, &head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let body: Value =
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("the envelope");
    assert_eq!(body["error"]["code"], "timeout");
    let idle = raw(&server, "GET /v1/jobs HTTP/1.1\r\nHost:").await;
    assert!(idle.is_empty() || idle.starts_with("HTTP/1.1 408"), "{idle}");
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_is_refused() {
    let server = Server::start().await;
    let large = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let answer = raw(&server, &large).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    let answer = raw(&server, "rubbish\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(
        server.call("GET", "/v1/me", None).await.0,
        200,
        "others are served"
    );
}

#[tokio::test]
async fn addresses_and_methods_that_there_are_not_are_told() {
    let server = Server::start().await;
    for path in [
        "/nowhere",
        "/v1",
        "/v1/jobs/",
        "/v2/jobs",
        "/assets/none.js",
        "/docs/none.js",
        "/%00",
        "/s",
        "/s/",
    ] {
        refused(send(server.request("GET", path)).await, 404, "not_found").await;
    }
    for (method, path, allowed) in [
        ("PUT", "/v1/jobs", "POST, GET, HEAD"),
        ("POST", "/v1/me", "GET, HEAD, DELETE"),
        ("DELETE", "/", "GET, HEAD"),
        ("GET", "/v1/jobs/x/cancel", "POST"),
        ("OPTIONS", "/v1/keys", "GET, HEAD, POST"),
        ("TRACE", "/health/live", "GET, HEAD"),
        ("BREW", "/v1/version", "GET, HEAD"),
    ] {
        let answer = send(server.request(method, path)).await;
        assert_eq!(header(&answer, "allow"), Some(allowed), "{method} {path}");
        refused(answer, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn requests_are_counted_and_too_many_refused() {
    let server = Server::start().await;
    let other = server.system.add_user("counted", "standard").await;
    let key = crate::support::new_key(&server.system, other, songwalker_schemas::Scope::ALL, None).await;
    let ask = || send(server.ask("GET", "/v1/me").bearer_auth(&key.secret));
    let first = ask().await;
    let number = |answer: &reqwest::Response, name: &str| -> u64 {
        header(answer, name).expect(name).parse().expect("a number")
    };
    let limit = number(&first, "ratelimit-limit");
    assert_eq!(number(&first, "ratelimit-remaining"), limit - 1);
    assert!(number(&first, "ratelimit-reset") >= 1);
    for _ in 1..limit {
        assert_eq!(ask().await.status(), 200);
    }
    let refusal = ask().await;
    assert_eq!(number(&refusal, "ratelimit-remaining"), 0);
    assert!(number(&refusal, "retry-after") >= 1);
    refused(refusal, 429, "rate_limited").await;
    assert_eq!(
        server.call("GET", "/v1/me", None).await.0,
        200,
        "others are not counted with them"
    );
    server.system.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(ask().await.status(), 200);
}

#[tokio::test]
async fn a_planner_that_is_not_there_says_when_to_come_again() {
    let server = Server::start().await;
    let body = json!({ "prompt": "x", "planner": "llm" });
    let answer = send(server.request("POST", "/v1/jobs").json(&body)).await;
    let wait = header(&answer, "retry-after").and_then(|wait| wait.parse::<u64>().ok());
    assert!(wait.is_some_and(|wait| wait >= 1), "{wait:?}");
    refused(answer, 503, "planner_unavailable").await;
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_told_with_its_place() {
    let server = Server::start().await;
    let body = br#"{"prompt": "pad", "prompt": "bass"}"#.to_vec();
    let answer = refused(post(&server, JSON, body).await, 400, "invalid_json").await;
    let fault = &answer["error"]["details"][0];
    assert_eq!(fault["pointer"], "/prompt", "{fault}");
    let (_, page) = server.call("GET", "/v1/jobs", None).await;
    assert_eq!(page["items"], json!([]), "nothing of it became a job");
}

#[tokio::test]
async fn a_parameter_that_nobody_knows_is_refused_by_every_operation_but_shares() {
    let server = Server::start().await;
    let id = "0198c0de-0000-7000-8000-000000000000";
    for operation in OPERATIONS {
        let path = operation.path.replace("{id}", id).replace("{token}", "x");
        let (status, answer) = server
            .call(
                operation.method.as_str(),
                &format!("{path}?stat=x"),
                Some(json!({ "prompt": "x" })),
            )
            .await;
        let what = format!("{} {path}: {answer}", operation.method);
        // Whoever hands on a link adds parameters of their own to it.
        if operation.access == Access::Guest {
            assert_eq!(status, 404, "{what}");
            continue;
        }
        assert_eq!(status, 400, "{what}");
        if operation.method == "GET" {
            assert_eq!(answer["error"]["details"][0]["pointer"], "/stat", "{what}");
            let head = send(server.request("HEAD", &format!("{path}?stat=x"))).await;
            assert_eq!(head.status(), 400, "{what}");
        }
    }
    assert_eq!(
        server.call("GET", "/v1/me", None).await.0,
        200,
        "nothing was done"
    );
}

#[tokio::test]
async fn null_changes_nothing_and_is_told_what_does() {
    let server = Server::start().await;
    let path = format!("/v1/jobs/{}", server.job("pad").await);
    for (field, value, clears) in [
        ("name", json!("mine"), "\"\""),
        ("tags", json!(["mine"]), "[]"),
        ("starred", json!(true), "false"),
        ("rating", json!(4), "0"),
    ] {
        let (status, before) = server.call("PATCH", &path, Some(json!({ field: value }))).await;
        assert_eq!((status, &before[field]), (200, &value), "{before}");
        let (status, answer) = server.call("PATCH", &path, Some(json!({ field: null }))).await;
        assert_eq!(status, 400, "{answer}");
        let fault = &answer["error"]["details"][0];
        assert_eq!(fault["pointer"], format!("/{field}"));
        let problem = fault["problem"].as_str().expect("a problem");
        assert!(problem.contains("null") && problem.contains(clears), "{problem}");
        let (_, after) = server.call("GET", &path, None).await;
        assert_eq!(after[field], value, "it stays");
        let cleared: Value = serde_json::from_str(clears).expect("JSON");
        let (status, answer) = server.call("PATCH", &path, Some(json!({ field: cleared }))).await;
        assert_eq!(status, 200, "{answer}");
        assert_ne!(answer[field], value, "{answer}");
    }
}

#[tokio::test]
async fn whoever_guesses_keys_is_slowed_and_nobody_else() {
    let server = Server::start().await;
    let guess = || send(server.ask("GET", "/v1/me").bearer_auth("swk_guess"));
    let mut refusals = 0;
    for _ in 0..200 {
        let answer = guess().await;
        if answer.status() == 429 {
            refusals += 1;
            for (name, value) in [("ratelimit-limit", "120"), ("ratelimit-remaining", "0")] {
                assert_eq!(header(&answer, name), Some(value), "{name}");
            }
            let reset = header(&answer, "ratelimit-reset").and_then(|reset| reset.parse::<u64>().ok());
            assert!(reset.is_some_and(|reset| reset >= 1), "{reset:?}");
        } else {
            assert_eq!(answer.status(), 401);
        }
    }
    assert!(refusals > 0);
    assert_eq!(
        server.call("GET", "/v1/me", None).await.0,
        200,
        "a key that works is let in"
    );
}
