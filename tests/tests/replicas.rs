//! Several processes of each kind are one service: what one API process begins, another tells, counts, cancels and ends;
//! one that is told to stop answers what it has; and processes that come and go lose nothing.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use serde_json::{Value, json};
use songwalker_tests::service::{Service, Settings, audit, command, is_final, small, until};
use songwalker_tests::sse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Two API processes, three workers, two schedulers; the addresses of the first two.
async fn many(dir: &Path, settings: &Settings) -> Option<(Service, String, String)> {
    let service = Service::start_many(dir, settings).await.expect("they start")?;
    let mut apis = service.apis().expect("addresses").into_iter().map(|(_, url)| url);
    let (one, other) = (apis.next().expect("one"), apis.next().expect("another"));
    Some((service, one, other))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Status and JSON of an answer of one server.
async fn at(service: &Service, server: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = service.request_at(server, method, path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.expect("its body");
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// What a command of the operator says.
fn told(dir: &Path, arguments: &[&str]) -> Value {
    let done = command(dir, &Settings::new())
        .args(arguments)
        .arg("--json")
        .output()
        .expect("it runs");
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    serde_json::from_slice(&done.stdout).expect("JSON")
}

#[tokio::test]
async fn what_one_replica_accepts_another_tells_gives_shares_and_repeats() {
    let dir = folder();
    let Some((mut service, one, other)) = many(dir.path(), &Settings::new()).await else {
        return;
    };
    let post = |server: String| {
        let request = service.request_at(&server, "POST", "/v1/jobs");
        request
            .header("Idempotency-Key", "only once")
            .json(&small("short dry pluck"))
            .send()
    };
    let accepted = post(one.clone()).await.expect("an answer");
    assert_eq!(accepted.status(), 202);
    let job: Value = accepted.json().await.expect("a job");
    let id = job["id"].as_str().expect("an id").to_owned();
    let again = post(other.clone()).await.expect("an answer");
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.json::<Value>().await.expect("a job")["id"], job["id"]);

    // The stream of one is cut, that of the other goes on behind it.
    let mut events = Vec::new();
    sse::read_once(&service, &one, &id, None, 1, &mut events)
        .await
        .expect("the stream");
    let seen = events[0].id;
    sse::read_once(&service, &other, &id, seen, usize::MAX, &mut events)
        .await
        .expect("the stream");
    let ids: Vec<u64> = events.iter().filter_map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert_eq!(events.last().expect("an end").data["state"], "succeeded");

    let (status, share) = at(
        &service,
        &one,
        "POST",
        &format!("/v1/jobs/{id}/shares"),
        Some(json!({})),
    )
    .await;
    assert_eq!(status, 201, "{share}");
    let link = format!("/s/{}", share["token"].as_str().expect("a token"));
    let open = async |server: &str| {
        let answer = service.bare(server, "GET", &link).send().await;
        answer.expect("an answer").status().as_u16()
    };
    assert_eq!((open(&one).await, open(&other).await), (200, 200));
    let share = format!("/v1/shares/{}", share["id"].as_str().expect("an id"));
    assert_eq!(at(&service, &other, "DELETE", &share, None).await.0, 204);
    assert_eq!(
        (open(&one).await, open(&other).await),
        (404, 404),
        "the very next request with a revoked token is refused"
    );
    service.stop().await.expect("they stop");
    audit(dir.path()).expect("nothing found");
}

#[tokio::test]
async fn a_session_of_one_replica_is_one_of_all_and_ends_for_all() {
    let dir = folder();
    let Some((service, one, other)) = many(dir.path(), &Settings::new()).await else {
        return;
    };
    let opened = service.request_at(&one, "POST", "/v1/session").send().await;
    let opened = opened.expect("an answer");
    assert_eq!(opened.status(), 200);
    let cookie = opened.headers()["set-cookie"].to_str().expect("a cookie");
    let cookie = cookie.split(';').next().expect("its value").to_owned();
    let session: Value = opened.json().await.expect("a session");
    let csrf = session["csrf_token"].as_str().expect("a token").to_owned();
    let ask = async |server: &str, method: &str, path: &str, csrf: Option<&str>| {
        let mut request = service.bare(server, method, path).header("Cookie", &cookie);
        if let Some(csrf) = csrf {
            request = request.header("X-CSRF-Token", csrf);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(ask(&other, "GET", "/v1/me", None).await, 200);
    assert_eq!(ask(&other, "DELETE", "/v1/session", None).await, 403);
    assert_eq!(ask(&other, "DELETE", "/v1/session", Some(&csrf)).await, 204);
    assert_eq!(ask(&one, "GET", "/v1/me", None).await, 401);
}

#[tokio::test]
async fn requests_are_counted_together_whichever_replica_they_come_to() {
    let dir = folder();
    let Some((service, one, other)) = many(dir.path(), &Settings::new()).await else {
        return;
    };
    told(dir.path(), &["admin", "user", "add", "guest"]);
    let key = told(
        dir.path(),
        &[
            "admin",
            "key",
            "add",
            "--user",
            "guest",
            "--name",
            "test",
            "--scope",
            "jobs:read",
        ],
    );
    let secret = key["secret"].as_str().or_else(|| key["key"]["secret"].as_str());
    let secret = secret.expect("a key");
    // Each alone would let through its half of these: 60 a minute is the plan's limit.
    let mut refused = 0;
    for server in [&one, &other].into_iter().cycle().take(118) {
        let answer = service
            .bare(server, "GET", "/v1/me")
            .bearer_auth(secret)
            .send()
            .await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.headers()["ratelimit-limit"], "60");
        assert!(answer.headers().contains_key("ratelimit-remaining"));
        if answer.status() == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            refused += 1;
        }
    }
    assert!(refused > 0, "118 requests within a minute all went through");
}

#[tokio::test]
async fn r8_a_cancellation_at_another_replica_stops_the_job_wherever_it_runs() {
    let dir = folder();
    let settings = Settings::new()
        .with("SONGWALKER_CHILD_MISBEHAVE", "hang")
        .with("SONGWALKER__QUOTAS__ENABLED", "false");
    let Some((service, one, other)) = many(dir.path(), &settings).await else {
        return;
    };
    for n in 0..3 {
        let (status, job) = at(
            &service,
            &one,
            "POST",
            "/v1/jobs",
            Some(small(&format!("pad {n}"))),
        )
        .await;
        assert_eq!(status, 202, "{job}");
        let path = format!("/v1/jobs/{}", job["id"].as_str().expect("an id"));
        until("a running job", || async {
            (at(&service, &one, "GET", &path, None).await.1["state"] == "running").then_some(())
        })
        .await
        .expect("it runs");
        let (status, job) = at(&service, &other, "POST", &format!("{path}/cancel"), None).await;
        assert_eq!(status, 202, "{job}");
        let job = until("its end", || async {
            let job = at(&service, &one, "GET", &path, None).await.1;
            is_final(&job).then_some(job)
        })
        .await
        .expect("it ends");
        assert_eq!(job["state"], "cancelled", "{job}");
        assert!(job["stopped_at"].is_string(), "{job}");
        println!(
            "requested {}, stopped {}",
            job["cancel_requested_at"], job["stopped_at"]
        );
    }
}

#[tokio::test]
async fn an_api_that_is_told_to_stop_is_not_ready_and_answers_what_it_has() {
    let dir = folder();
    let settings = Settings::new().with("SONGWALKER__METRICS__LISTEN", "127.0.0.1:0");
    let Some((service, one, _)) = many(dir.path(), &settings).await else {
        return;
    };
    let processes = service.processes();
    let (pid, _) = service.apis().expect("addresses")[0];
    let side = processes.announced(pid).expect("it runs")["metrics"]
        .as_str()
        .expect("a side listener")
        .replace("/metrics", "");
    let ready = async || {
        let answer = service.bare(&side, "GET", "/health/ready").send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("its body"))
    };
    until("a ready process", || async {
        (ready().await.0 == 200).then_some(())
    })
    .await
    .expect("it is ready");

    // A request of which only a part has come keeps it answering.
    let body = small("pluck at the end").to_string();
    let (first, second) = body.split_at(5);
    let place = one.trim_start_matches("http://");
    let mut stream = TcpStream::connect(place).await.expect("a connection");
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: {place}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{first}",
        service.token,
        body.len()
    );
    stream
        .write_all(head.as_bytes())
        .await
        .expect("a part of a request");
    // A whole one behind it was read, so that one was too.
    assert_eq!(at(&service, &one, "GET", "/v1/me", None).await.0, 200);
    processes.tell_to_stop(pid).expect("it is told");
    let told = until("a process that is not ready", || async {
        let (status, told) = ready().await;
        (status == 503).then_some(told)
    })
    .await
    .expect("it says so");
    assert!(told.contains("shutting down"), "{told}");

    stream.write_all(second.as_bytes()).await.expect("the rest");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer");
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    until("the end of the process", || async {
        let ended = processes.has_ended(pid);
        ended.map(|ended| ended.then_some(())).transpose()
    })
    .await
    .flatten()
    .expect("it ends well");
    let (_, jobs) = service
        .call("GET", "/v1/jobs", None)
        .await
        .expect("the other answers");
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(1), "{jobs}");
}

#[tokio::test]
async fn processes_that_come_and_go_lose_and_double_no_job() {
    let dir = folder();
    let settings = Settings::new().with("SONGWALKER__QUOTAS__ENABLED", "false");
    let Some((mut service, ..)) = many(dir.path(), &settings).await else {
        return;
    };
    let churned = |service: &Service| service.replicas().expect("replicas").churned();
    service.replicas().expect("replicas").churn();
    let mut posted = 0;
    loop {
        let job = service
            .post(small(&format!("pluck {posted}")))
            .await
            .expect("accepted");
        posted += 1;
        let id = job["id"].as_str().expect("an id");
        let told = sse::read(&service, id, None, usize::MAX)
            .await
            .expect("the stream");
        let ids: Vec<u64> = told.iter().filter_map(|event| event.id).collect();
        assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "{told:?}");
        let job = service.job(id).await.expect("the job");
        // A hand-back is no attempt (R7).
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&json!("succeeded"), &json!(1)),
            "{job}"
        );
        let all = churned(&service);
        if ["api", "worker", "scheduler"].iter().all(|part| {
            all.get(part)
                .is_some_and(|churned| churned.added > 1 && churned.removed > 1)
        }) {
            break;
        }
    }
    println!("{posted} jobs, {:?}", churned(&service));
    service.stop().await.expect("they stop");
    audit(dir.path()).expect("nothing found");
}
