//! What operators do over HTTP: users and their keys, plans, queues, pauses, dead letters.

use std::time::Duration;

use serde_json::{Value, json};
use songwalker_schemas::{JobId, Scope};

use crate::support::{Server, accepted, claimed, new_key, refused, send, told};

async fn unlimited() -> Server {
    Server::start_with(|config| {
        config.quotas.enabled = false;
        config.queue.wait_deadline = "30d".parse().expect("a span");
    })
    .await
}

/// A job of the local user whose every attempt timed out.
pub async fn dead_letter(server: &Server, prompt: &str) -> JobId {
    let job = accepted(&server.system, server.system.user, prompt).await;
    for _ in 0..3 {
        let own = claimed(&server.system, job).await.own;
        let error = songwalker_jobs::ending::sanitised(
            songwalker_schemas::ErrorCode::Timeout,
            "it took too long",
            Vec::new(),
        );
        songwalker_jobs::ending::fail(&server.system, &own, error, songwalker_jobs::ending::Fate::Failed)
            .await
            .expect("written");
        server.system.clock.advance(Duration::from_secs(120));
    }
    job
}

#[tokio::test]
async fn a_user_is_made_gets_a_key_and_another_plan_and_loses_the_key() {
    let server = unlimited().await;
    let (status, user) = server
        .call("POST", "/v1/admin/users", Some(json!({ "name": "ada" })))
        .await;
    assert_eq!((status, &user["plan"]), (201, &json!("standard")));
    let again = server
        .request("POST", "/v1/admin/users")
        .json(&json!({ "name": "ada" }));
    refused(send(again).await, 409, "conflict").await;
    let path = format!("/v1/admin/users/{}", user["id"].as_str().expect("an id"));
    let key = json!({ "name": "laptop", "scopes": ["jobs:read"] });
    let (status, key) = server.call("POST", &format!("{path}/keys"), Some(key)).await;
    assert_eq!(status, 201);
    let secret = key["secret"].as_str().expect("a secret").to_owned();
    let me = || send(server.ask("GET", "/v1/me").bearer_auth(&secret));
    assert_eq!(told(me().await).await.1["name"], "ada");
    let (status, user) = server
        .call("PATCH", &path, Some(json!({ "plan": "local" })))
        .await;
    assert_eq!((status, &user["plan"]), (200, &json!("local")));
    assert_eq!(told(me().await).await.1["plan"], "local");
    let (status, answer) = server.call("PATCH", &path, Some(json!({ "plan": "gold" }))).await;
    assert_eq!(
        (status, &answer["error"]["details"][0]["pointer"]),
        (400, &json!("/plan"))
    );
    let (_, keys) = server.call("GET", &format!("{path}/keys"), None).await;
    assert_eq!(keys["items"][0]["id"], key["id"]);
    assert!(!keys.to_string().contains(&secret));
    let of_key = format!("/v1/admin/keys/{}", key["id"].as_str().expect("an id"));
    assert_eq!(server.call("DELETE", &of_key, None).await, (204, Value::Null));
    refused(me().await, 401, "unauthenticated").await;
    let (_, page) = server.call("GET", "/v1/admin/users?limit=1", None).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    let next = page["next_cursor"].as_str().expect("one more");
    let (_, rest) = server
        .call("GET", &format!("/v1/admin/users?limit=1&cursor={next}"), None)
        .await;
    assert_eq!(
        (&rest["items"][0]["name"], &rest["next_cursor"]),
        (&json!("local"), &Value::Null)
    );
}

#[tokio::test]
async fn an_operator_gives_away_no_scope_of_its_own_lack() {
    let server = unlimited().await;
    let small = new_key(&server.system, server.system.user, &[Scope::Admin], None).await;
    let path = format!("/v1/admin/users/{}/keys", server.system.user);
    let ask = |scope: &str| {
        let body = json!({ "name": "x", "scopes": [scope] });
        send(server.ask("POST", &path).bearer_auth(&small.secret).json(&body))
    };
    refused(ask("jobs:read").await, 403, "forbidden").await;
    assert_eq!(ask("admin").await.status(), 201);
}

#[tokio::test]
async fn a_plan_is_made_and_changed_and_null_is_no_limit() {
    let server = unlimited().await;
    let studio = json!({ "name": "studio", "unfinished_jobs": 5, "keep_prompts": "30d" });
    let (status, plan) = server.call("POST", "/v1/admin/plans", Some(studio)).await;
    assert_eq!(status, 201);
    assert_eq!(
        plan,
        json!({ "name": "studio", "unfinished_jobs": 5, "requests_per_minute": null, "plugin_builds_per_hour": null,
            "keep_artifacts": null, "keep_prompts": "30d", "users": 0 })
    );
    let change = json!({ "unfinished_jobs": null, "requests_per_minute": 10 });
    let (status, plan) = server.call("PATCH", "/v1/admin/plans/studio", Some(change)).await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            &plan["unfinished_jobs"],
            &plan["requests_per_minute"],
            &plan["keep_prompts"]
        ),
        (&Value::Null, &json!(10), &json!("30d"))
    );
    let (_, plans) = server.call("GET", "/v1/admin/plans", None).await;
    assert_eq!(plans["items"].as_array().map(Vec::len), Some(3));
    let (status, _) = server
        .call("PATCH", "/v1/admin/plans/nowhere", Some(json!({})))
        .await;
    assert_eq!(status, 404);
    let (status, answer) = server
        .call(
            "PATCH",
            "/v1/admin/plans/studio",
            Some(json!({ "unfinished_jobs": 1_000_001, "keep_prompts": 1 })),
        )
        .await;
    assert_eq!(
        (status, answer["error"]["details"].as_array().map(Vec::len)),
        (400, Some(2))
    );
}

#[tokio::test]
async fn jobs_are_paused_and_say_so_until_they_are_resumed() {
    let server = unlimited().await;
    let (_, paused) = server
        .call("POST", "/v1/admin/pause", Some(json!({ "kind": "patch" })))
        .await;
    assert_eq!(paused["items"][0]["kind"], "patch");
    let (status, paused) = server.call("POST", "/v1/admin/pause", None).await;
    assert_eq!((status, paused["items"].as_array().map(Vec::len)), (200, Some(2)));
    let job = server.job("pad").await;
    let (_, told) = server.call("GET", &format!("/v1/jobs/{job}"), None).await;
    assert_eq!(told["waiting"], json!({ "reason": "paused" }));
    let (_, queues) = server.call("GET", "/v1/admin/queues", None).await;
    assert_eq!(queues["lanes"][0]["waiting"]["paused"], 1);
    assert_eq!(server.call("GET", "/v1/admin/pauses", None).await.1, paused);
    let (_, left) = server.call("POST", "/v1/admin/resume", None).await;
    assert_eq!(left["items"], json!([]));
    claimed(&server.system, job).await;
    let (status, _) = server
        .call("POST", "/v1/admin/pause", Some(json!({ "kind": "song" })))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_dead_letter_is_looked_at_done_again_or_dropped() {
    let server = unlimited().await;
    let first = dead_letter(&server, "the canary's song").await;
    let second = dead_letter(&server, "another one").await;
    let (_, page) = server.call("GET", "/v1/admin/dead-letters", None).await;
    let ids: Vec<&str> = page["items"]
        .as_array()
        .expect("letters")
        .iter()
        .filter_map(|letter| letter["job"]["id"].as_str())
        .collect();
    assert_eq!(ids, [second.to_string(), first.to_string()]);
    let path = format!("/v1/admin/dead-letters/{first}");
    let (_, letter) = server.call("GET", &path, None).await;
    assert_eq!(letter["job"]["error"]["code"], "timeout");
    assert!(
        letter["log"].as_array().is_some_and(|lines| lines.len() > 5),
        "{letter}"
    );
    assert!(!letter.to_string().contains("canary"), "{letter}");
    let (status, again) = server.call("POST", &format!("{path}/requeue"), None).await;
    assert_eq!((status, &again["job"]["retry_of"]), (202, &json!(first)));
    assert_eq!(server.call("GET", &path, None).await.0, 404);
    let path = format!("/v1/admin/dead-letters/{second}");
    assert_eq!(server.call("DELETE", &path, None).await, (204, Value::Null));
    assert_eq!(server.call("DELETE", &path, None).await, (204, Value::Null));
    let (_, page) = server.call("GET", "/v1/admin/dead-letters", None).await;
    assert_eq!(page["items"], json!([]));
    let (_, job) = server.call("GET", &format!("/v1/jobs/{second}"), None).await;
    assert_eq!(job["state"], "failed", "its user still has it");
}
