//! `/v1/jobs`: made, listed, looked at, changed, cancelled, done again, deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use songwalker_jobs::{cancel, claim, ending};
use songwalker_schemas::ids::Uuid;

use crate::support::{Server, claimed, header, publish, refused, send, told};

fn id(job: &Value) -> String {
    job["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_request_becomes_a_job_and_the_same_request_is_answered_with_it() {
    let server = Server::start().await;
    let body = json!({ "prompt": "  warm pad ", "tags": ["b", "a", "b"], "seed": 7, "variations": 1, "template_id": "pad_warm" });
    let answer = send(server.request("POST", "/v1/jobs").json(&body)).await;
    assert_eq!(answer.status(), 202);
    let location = header(&answer, "location").expect("a location").to_owned();
    let (_, job) = told(answer).await;
    assert_eq!(location, format!("/v1/jobs/{}", id(&job)));
    assert_eq!(job["state"], "queued");
    let request = json!({ "prompt": "warm pad", "tags": ["a", "b"], "template_id": "pad_warm", "seed": 7, "variations": 1, "planner": "embedded" });
    assert_eq!(job["request"], request);
    let (status, again) = server.call("POST", "/v1/jobs", Some(body)).await;
    assert_eq!((status, id(&again)), (200, id(&job)));
    assert_eq!(server.call("GET", &location, None).await, (200, again));
}

#[tokio::test]
async fn an_idempotency_key_replays_its_job_and_refuses_another_body() {
    let server = Server::start().await;
    let post = |key: &'static str, prompt: &'static str| {
        send(
            server
                .request("POST", "/v1/jobs")
                .header("Idempotency-Key", key)
                .json(&json!({ "prompt": prompt })),
        )
    };
    let first = post("k-1", "one").await;
    assert_eq!(
        (first.status().as_u16(), header(&first, "idempotency-replayed")),
        (202, None)
    );
    let (_, first) = told(first).await;
    let second = post("k-1", "one").await;
    assert_eq!(header(&second, "idempotency-replayed"), Some("true"));
    let (status, second) = told(second).await;
    assert_eq!((status, id(&second)), (200, id(&first)));
    refused(post("k-1", "two").await, 422, "idempotency_key_reuse").await;
    refused(post("", "one").await, 400, "invalid_request").await;
    let long: &'static str = Box::leak("x".repeat(256).into_boxed_str());
    refused(post(long, "one").await, 400, "invalid_request").await;
}

#[tokio::test]
async fn a_third_unfinished_job_is_refused_with_a_time_to_come_again() {
    let server = Server::start().await;
    for prompt in ["one", "two"] {
        assert_eq!(
            server
                .call("POST", "/v1/jobs", Some(json!({ "prompt": prompt })))
                .await
                .0,
            202
        );
    }
    let third = send(
        server
            .request("POST", "/v1/jobs")
            .json(&json!({ "prompt": "three" })),
    )
    .await;
    let wait: u64 = header(&third, "retry-after")
        .expect("a time")
        .parse()
        .expect("seconds");
    assert!(wait >= 1);
    let body = refused(third, 429, "too_many_concurrent_jobs").await;
    assert_eq!(body["error"]["retryable"], true);
    // What is asked again is no new job, and is answered.
    assert_eq!(
        server
            .call("POST", "/v1/jobs", Some(json!({ "prompt": "two" })))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn an_answer_is_held_until_the_job_has_ended() {
    let server = Server::start().await;
    let waiting = send(
        server
            .request("POST", "/v1/jobs")
            .header("Prefer", "wait=25")
            .json(&json!({ "prompt": "pad" })),
    );
    let work = async {
        let job = loop {
            let (_, page) = server.call("GET", "/v1/jobs", None).await;
            if let Some(job) = page["items"][0]["id"].as_str() {
                break job.parse().expect("an id");
            }
        };
        let claimed = claimed(&server.system, job).await;
        publish(&server.system, &claimed).await;
    };
    let (answer, ()) = tokio::join!(waiting, work);
    assert_eq!(header(&answer, "preference-applied"), Some("wait=25"));
    let (status, job) = told(answer).await;
    assert_eq!((status, &job["state"]), (202, &json!("succeeded")));
}

#[tokio::test]
async fn a_wait_that_is_too_short_ends_with_the_job_as_it_stands() {
    let server = Server::start().await;
    let answer = send(
        server
            .request("POST", "/v1/jobs")
            .header("Prefer", "wait=0")
            .json(&json!({ "prompt": "pad" })),
    )
    .await;
    let (status, job) = told(answer).await;
    assert_eq!((status, &job["state"]), (202, &json!("queued")));
}

#[tokio::test]
async fn a_job_is_not_sent_again_to_whoever_has_it() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let path = format!("/v1/jobs/{job}");
    let first = send(server.request("GET", &path)).await;
    let tag = header(&first, "etag").expect("a tag").to_owned();
    let again = || send(server.request("GET", &path).header("If-None-Match", &tag));
    let same = again().await;
    assert_eq!(
        (same.status().as_u16(), header(&same, "etag")),
        (304, Some(tag.as_str()))
    );
    assert!(same.bytes().await.expect("no body").is_empty());
    server
        .call("PATCH", &path, Some(json!({ "starred": true })))
        .await;
    assert_eq!(again().await.status(), 200);
}

#[tokio::test]
async fn the_list_is_paged_filtered_and_searched() {
    let server = Server::start_with(|config| config.quotas.enabled = false).await;
    for n in 0..5 {
        server
            .system
            .clock
            .advance(Duration::from_millis(u64::from(n % 2 == 0)));
        server.job(&format!("sound number {n}")).await;
    }
    let made = server.made("bright bell 100% of it").await;
    server
        .call(
            "PATCH",
            &format!("/v1/jobs/{made}"),
            Some(json!({ "starred": true, "tags": ["my tag"], "name": "Glöckchen" })),
        )
        .await;
    let mut seen = BTreeSet::new();
    let mut path = "/v1/jobs?limit=2".to_owned();
    loop {
        let answer = send(server.request("GET", &path)).await;
        let link = header(&answer, "link").map(str::to_owned);
        let (_, page) = told(answer).await;
        let items = page["items"].as_array().expect("items");
        assert!(
            items.iter().all(|job| seen.insert(id(job))),
            "nothing comes twice"
        );
        let Some(link) = link else {
            assert_eq!(page["next_cursor"], Value::Null);
            break;
        };
        let (address, rest) = link
            .strip_prefix('<')
            .and_then(|link| link.split_once('>'))
            .expect("a link");
        assert_eq!(rest, "; rel=\"next\"");
        assert!(address.contains(page["next_cursor"].as_str().expect("a cursor")));
        path = address.to_owned();
    }
    assert_eq!(seen.len(), 6);
    for (query, count) in [
        ("state=succeeded", 1),
        ("state=queued", 5),
        ("starred=true", 1),
        ("starred=false", 5),
        ("category=pad", 1),
        ("category=bass", 0),
        ("kind=patch", 6),
        ("tag=my%20tag", 1),
        ("tag=my", 0),
        ("q=number", 5),
        ("q=GL%C3%96CK", 1),
        ("q=100%25%20of", 1),
        ("q=_", 0),
        ("q=", 6),
        ("state=queued&q=number%201", 1),
    ] {
        let (_, page) = server.call("GET", &format!("/v1/jobs?{query}"), None).await;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(count), "{query}");
    }
    for query in [
        "state=done",
        "kind=song",
        "category=noise",
        "starred=1",
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=x",
        "stat=queued",
        "limit=1&limit=2",
        "state=",
    ] {
        let (status, body) = server.call("GET", &format!("/v1/jobs?{query}"), None).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (400, &json!("invalid_request")),
            "{query}"
        );
        assert_eq!(
            body["error"]["details"].as_array().map(Vec::len),
            Some(1),
            "{query}: {body}"
        );
    }
    let (_, body) = server.call("GET", "/v1/jobs?state=x&limit=0&nope=1", None).await;
    assert_eq!(body["error"]["details"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_job_is_named_tagged_starred_and_rated() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    let path = format!("/v1/jobs/{job}");
    let (status, changed) = server
        .call(
            "PATCH",
            &path,
            Some(json!({ "name": " Mine ", "tags": ["b", "a"], "starred": true, "rating": 5 })),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            &changed["name"],
            &changed["tags"],
            &changed["starred"],
            &changed["rating"]
        ),
        (&json!("Mine"), &json!(["a", "b"]), &json!(true), &json!(5))
    );
    let (_, back) = server
        .call("PATCH", &path, Some(json!({ "name": "", "rating": 0 })))
        .await;
    assert_eq!(
        (&back["name"], &back["rating"], &back["tags"]),
        (&json!("Warm Größe"), &Value::Null, &json!(["a", "b"]))
    );
    for (body, faults) in [
        (json!({ "rating": 6 }), 1),
        (json!({ "name": 1, "starred": "yes", "colour": "red" }), 3),
        (json!({ "name": "a\u{0}b" }), 1),
        (json!({ "name": "x".repeat(49), "tags": [""] }), 2),
    ] {
        let (status, refused) = server.call("PATCH", &path, Some(body.clone())).await;
        assert_eq!(
            (status, &refused["error"]["code"]),
            (400, &json!("invalid_request")),
            "{body}"
        );
        assert_eq!(
            refused["error"]["details"].as_array().map(Vec::len),
            Some(faults),
            "{refused}"
        );
    }
    let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    let (status, refused) = server.call("PATCH", &path, Some(json!({ "tags": many }))).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (422, &json!("too_many_tags"))
    );
}

#[tokio::test]
async fn a_cancel_of_a_queued_job_is_final_and_of_a_running_one_takes_effect() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let path = format!("/v1/jobs/{job}/cancel");
    for _ in 0..2 {
        let (status, job) = server.call("POST", &path, None).await;
        assert_eq!((status, &job["state"]), (200, &json!("cancelled")));
    }
    let job = server.job("another pad").await;
    let claimed = claimed(&server.system, job).await;
    let path = format!("/v1/jobs/{job}/cancel");
    for _ in 0..2 {
        let (status, job) = server.call("POST", &path, None).await;
        assert_eq!((status, &job["state"]), (202, &json!("cancelling")));
    }
    ending::stopped(&server.system, &claimed.own)
        .await
        .expect("it stops");
    let (status, job) = server.call("POST", &path, None).await;
    assert_eq!((status, &job["state"]), (200, &json!("cancelled")));
    assert_eq!(job["error"]["code"], "cancelled");
}

#[tokio::test]
async fn only_a_failed_or_cancelled_job_is_done_again() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let path = format!("/v1/jobs/{job}/retry");
    let (status, body) = server.call("POST", &path, None).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("conflict")));
    cancel::cancel(&server.system, server.system.user, job)
        .await
        .expect("cancelled");
    let answer = send(server.request("POST", &path)).await;
    let location = header(&answer, "location").map(str::to_owned);
    let (status, again) = told(answer).await;
    assert_eq!(
        (status, location),
        (202, Some(format!("/v1/jobs/{}", id(&again))))
    );
    assert_eq!(again["retry_of"], json!(job));
    let (status, same) = server.call("POST", &path, None).await;
    assert_eq!((status, id(&same)), (200, id(&again)));
}

#[tokio::test]
async fn the_log_tells_what_happened() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    let (status, lines) = server.call("GET", &format!("/v1/jobs/{job}/log"), None).await;
    assert_eq!(status, 200);
    let messages: Vec<&str> = lines
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["message"].as_str())
        .collect();
    assert_eq!(messages, ["accepted", "started", "succeeded"]);
}

#[tokio::test]
async fn a_deleted_job_is_not_there_and_a_running_one_keeps_its_slot_until_it_has_stopped() {
    let server = Server::start().await;
    let done = format!("/v1/jobs/{}", server.made("pad").await);
    assert_eq!(server.call("DELETE", &done, None).await, (204, Value::Null));
    assert_eq!(server.call("DELETE", &done, None).await.0, 404);
    assert_eq!(server.call("GET", &done, None).await.0, 404);
    let running = server.job("one").await;
    let claimed = claimed(&server.system, running).await;
    let path = format!("/v1/jobs/{running}");
    assert_eq!(server.call("DELETE", &path, None).await, (202, Value::Null));
    assert_eq!(server.call("GET", &path, None).await.0, 404);
    server.job("two").await;
    assert_eq!(
        server
            .call("POST", "/v1/jobs", Some(json!({ "prompt": "three" })))
            .await
            .0,
        429
    );
    ending::stopped(&server.system, &claimed.own)
        .await
        .expect("it stops");
    assert_eq!(
        server
            .call("POST", "/v1/jobs", Some(json!({ "prompt": "three" })))
            .await
            .0,
        202
    );
}

#[tokio::test]
async fn what_is_no_job_is_not_found() {
    let server = Server::start().await;
    let nobodys = Uuid::now_v7().to_string();
    for id in [
        "x",
        "1",
        "%00",
        "%ff",
        "..",
        "0198c0de00007000800000000000000a",
        nobodys.as_str(),
    ] {
        for (method, rest) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/events"),
            ("GET", "/bundle"),
            ("POST", "/cancel"),
        ] {
            let answer = send(server.request(method, &format!("/v1/jobs/{id}{rest}"))).await;
            let status = answer.status().as_u16();
            // `..` is taken out of an address before it is sent, which leaves another address.
            assert!(status == 404 || id == "..", "{method} {id}{rest}: {status}");
        }
    }
    assert!(
        claim::peek(&server.system, nobodys.parse().expect("an id"))
            .await
            .expect("an answer")
            .is_none()
    );
}
