//! One's own account: keys, sessions of browsers, usage, erasure.

use serde_json::{Value, json};
use songwalker_schemas::Scope;

use crate::support::{Server, header, new_key, refused, send, told};

#[tokio::test]
async fn the_account_says_who_one_is_and_what_is_used() {
    let server = Server::start().await;
    let (_, me) = server.call("GET", "/v1/me", None).await;
    assert_eq!((&me["name"], &me["plan"]), (&json!("local"), &json!("local")));
    assert_eq!(me["scopes"].as_array().map(Vec::len), Some(Scope::ALL.len()));
    server.made("pad").await;
    server.job("one that waits").await;
    let (_, usage) = server.call("GET", "/v1/me/usage", None).await;
    assert_eq!(
        (&usage["unfinished_jobs"], &usage["jobs"]),
        (&json!(1), &json!(2))
    );
    assert!(
        usage["stored_bytes"].as_u64().is_some_and(|bytes| bytes > 0),
        "{usage}"
    );
}

#[tokio::test]
async fn a_key_is_made_used_listed_and_revoked() {
    let server = Server::start().await;
    let answer = send(
        server
            .request("POST", "/v1/keys")
            .json(&json!({ "name": "reader", "scopes": ["jobs:read"], "expires_in": "90d" })),
    )
    .await;
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    let (status, key) = told(answer).await;
    assert_eq!(status, 201);
    let secret = key["secret"].as_str().expect("a secret").to_owned();
    let ask = |method: &'static str| send(server.ask(method, "/v1/jobs").bearer_auth(&secret));
    assert_eq!(ask("GET").await.status(), 200);
    refused(ask("POST").await, 403, "forbidden").await;
    let (_, page) = server.call("GET", "/v1/keys", None).await;
    assert!(!page.to_string().contains(&secret));
    assert!(
        page["items"]
            .as_array()
            .is_some_and(|keys| keys.iter().any(|one| one["id"] == key["id"]))
    );
    let path = format!("/v1/keys/{}", key["id"].as_str().expect("an id"));
    assert_eq!(server.call("DELETE", &path, None).await, (204, Value::Null));
    assert_eq!(server.call("DELETE", &path, None).await, (204, Value::Null));
    refused(ask("GET").await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn a_key_gives_away_no_more_than_it_has_and_its_faults_are_all_told() {
    let server = Server::start().await;
    let small = new_key(&server.system, server.system.user, &[Scope::KeysWrite], None).await;
    let ask = |body: Value| {
        send(
            server
                .ask("POST", "/v1/keys")
                .bearer_auth(&small.secret)
                .json(&body),
        )
    };
    refused(
        ask(json!({ "name": "more", "scopes": ["admin"] })).await,
        403,
        "forbidden",
    )
    .await;
    assert_eq!(
        ask(json!({ "name": "same", "scopes": ["keys:write"] }))
            .await
            .status(),
        201
    );
    for (body, faults) in [
        (json!({}), 2),
        (json!({ "name": "", "scopes": [] }), 2),
        (
            json!({ "name": "x", "scopes": ["root", "jobs:read"], "expires_in": 5 }),
            2,
        ),
        (
            json!({ "name": " ", "scopes": ["jobs:read"], "expires_in": "never" }),
            2,
        ),
    ] {
        let (status, answer) = server.call("POST", "/v1/keys", Some(body.clone())).await;
        assert_eq!(
            (status, answer["error"]["details"].as_array().map(Vec::len)),
            (400, Some(faults)),
            "{body}: {answer}"
        );
    }
}

/// Signs in; the cookie as a browser sends it back, the CSRF token, the whole header.
async fn sign_in(server: &Server) -> (String, String, String) {
    let answer = send(server.request("POST", "/v1/session")).await;
    let set = header(&answer, "set-cookie").expect("a cookie").to_owned();
    let (status, session) = told(answer).await;
    assert_eq!(status, 200);
    let cookie = set.split(';').next().expect("a cookie").to_owned();
    (
        cookie,
        session["csrf_token"].as_str().expect("a token").to_owned(),
        set,
    )
}

#[tokio::test]
async fn a_browser_signs_in_changes_things_with_its_token_and_signs_out() {
    let server = Server::start().await;
    let (cookie, csrf, set) = sign_in(&server).await;
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "there is no TLS here: {set}");
    let ask = |method: &'static str, path: &'static str| server.ask(method, path).header("Cookie", &cookie);
    let (status, session) = told(send(ask("GET", "/v1/session")).await).await;
    assert_eq!(
        (status, session["csrf_token"].as_str()),
        (200, Some(csrf.as_str()))
    );
    let job = json!({ "prompt": "pad" });
    refused(send(ask("POST", "/v1/jobs").json(&job)).await, 403, "forbidden").await;
    let wrong = ask("POST", "/v1/jobs").json(&job).header("X-CSRF-Token", "x");
    refused(send(wrong).await, 403, "forbidden").await;
    let right = ask("POST", "/v1/jobs").json(&job).header("X-CSRF-Token", &csrf);
    assert_eq!(send(right).await.status(), 202);
    let elsewhere = ask("POST", "/v1/jobs")
        .json(&job)
        .header("X-CSRF-Token", &csrf)
        .header("Origin", "http://evil.example");
    refused(send(elsewhere).await, 403, "forbidden").await;
    let out = send(ask("DELETE", "/v1/session").header("X-CSRF-Token", &csrf)).await;
    assert_eq!(out.status(), 204);
    assert!(header(&out, "set-cookie").is_some_and(|set| set.contains("Max-Age=0")));
    refused(send(ask("GET", "/v1/session")).await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn a_session_needs_a_key_to_open_and_ends_with_it() {
    let server = Server::start().await;
    let (cookie, csrf, _) = sign_in(&server).await;
    let again = server
        .ask("POST", "/v1/session")
        .header("Cookie", &cookie)
        .header("X-CSRF-Token", csrf);
    refused(send(again).await, 401, "unauthenticated").await;
    let (_, keys) = server.call("GET", "/v1/keys", None).await;
    for key in keys["items"].as_array().expect("keys") {
        let id = key["id"].as_str().expect("an id").parse().expect("an id");
        songwalker_jobs::keys::revoke(&server.system, server.system.user, id)
            .await
            .expect("revoked");
    }
    refused(
        send(server.ask("GET", "/v1/session").header("Cookie", &cookie)).await,
        401,
        "unauthenticated",
    )
    .await;
    refused(
        send(
            server
                .ask("GET", "/v1/jobs")
                .header("Cookie", "songwalker_session=x"),
        )
        .await,
        401,
        "unauthenticated",
    )
    .await;
}

#[tokio::test]
async fn the_cookie_is_for_tls_only_where_it_was_asked_for_under_the_public_address() {
    let server = Server::start_with(|config| {
        config.server.public_url = Some("https://songs.example".to_owned());
    })
    .await;
    let (_, _, set) = sign_in(&server).await;
    assert!(!set.contains("Secure"), "this came by plain HTTP: {set}");
    let public = server
        .request("POST", "/v1/session")
        .header("Host", "songs.example");
    let answer = send(public).await;
    assert_eq!(answer.status(), 200);
    let set = header(&answer, "set-cookie").expect("a cookie");
    assert!(set.contains("Secure"), "{set}");
}

#[tokio::test]
async fn an_erased_account_can_do_nothing_more() {
    let server = Server::start().await;
    let (status, receipt) = server.call("DELETE", "/v1/me", None).await;
    assert_eq!((status, &receipt["done_at"]), (202, &Value::Null));
    assert!(receipt["due_at"].is_string());
    assert_eq!(server.call("GET", "/v1/me", None).await.0, 401);
}
