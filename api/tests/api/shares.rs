//! Shares: made, opened by anybody, revoked; and what nobody can tell from outside.

use std::time::Duration;

use serde_json::{Value, json};
use songwalker_generator::package::layout;
use songwalker_schemas::ids::Uuid;

use crate::support::{Server, bundle, header, refused, send, told};

async fn share(server: &Server, body: Option<Value>) -> (String, Value) {
    let job = server
        .made(&format!("the prompt canary, {}", Uuid::now_v7()))
        .await;
    let (status, share) = server.call("POST", &format!("/v1/jobs/{job}/shares"), body).await;
    assert_eq!(status, 201, "{share}");
    (share["token"].as_str().expect("a token").to_owned(), share)
}

const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[tokio::test]
async fn a_share_shows_the_sound_and_never_the_prompt() {
    let server = Server::start().await;
    let (token, share) = share(&server, None).await;
    assert_eq!(token.len(), 22);
    assert_eq!(share["url"], format!("/s/{token}"));
    let page = send(
        server
            .ask("GET", &format!("/s/{token}"))
            .header("Accept", BROWSER),
    )
    .await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "content-type"), Some("text/html; charset=utf-8"));
    let policy = header(&page, "content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(header(&page, "x-robots-tag"), Some("noindex, nofollow"));
    assert_eq!(header(&page, "referrer-policy"), Some("no-referrer"));
    assert_eq!(header(&page, "x-content-type-options"), Some("nosniff"));
    let html = page.text().await.expect("a page");
    assert!(!html.contains("canary"), "the prompt is not there");
    assert!(html.contains(&format!("{token}/preview")), "the player is");
    for (name, kind, bytes) in [
        ("preview", "audio/flac", &bundle().files[layout::PREVIEW_FLAC]),
        ("patch", "application/json", &bundle().files[layout::PATCH]),
        ("spectrogram", "image/png", &bundle().files[layout::SPECTROGRAM]),
        ("bundle", "application/zip", &bundle().zip),
    ] {
        let answer = send(server.ask("GET", &format!("/s/{token}/{name}"))).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-type")),
            (200, Some(kind))
        );
        assert_eq!(header(&answer, "x-robots-tag"), Some("noindex, nofollow"));
        assert!(answer.bytes().await.expect("bytes") == bytes.as_slice(), "{name}");
    }
    let part = send(
        server
            .ask("GET", &format!("/s/{token}/preview"))
            .header("Range", "bytes=0-9"),
    )
    .await;
    assert_eq!(part.status(), 206);
}

/// Everything of an answer that a client can tell apart.
async fn whole(server: &Server, path: &str, accept: &str) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let answer = send(server.ask("GET", path).header("Accept", accept)).await;
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    (status, headers, answer.bytes().await.expect("a body").to_vec())
}

#[tokio::test]
async fn unknown_revoked_and_expired_shares_and_those_of_deleted_jobs_answer_alike() {
    let server = Server::start().await;
    let (revoked, told) = share(&server, None).await;
    let path = format!("/v1/shares/{}", told["id"].as_str().expect("an id"));
    assert_eq!(
        send(server.ask("GET", &format!("/s/{revoked}"))).await.status(),
        200
    );
    for _ in 0..2 {
        assert_eq!(server.call("DELETE", &path, None).await, (204, Value::Null));
    }
    let (expired, _) = share(&server, Some(json!({ "expires_in": "1m" }))).await;
    let (orphan, told) = share(&server, None).await;
    server.system.clock.advance(Duration::from_secs(61));
    let job = told["job_id"].as_str().expect("a job");
    assert_eq!(
        server.call("DELETE", &format!("/v1/jobs/{job}"), None).await.0,
        204
    );
    for rest in ["", "/preview", "/bundle", "/patch", "/spectrogram"] {
        for accept in [BROWSER, "*/*", "application/json"] {
            let unknown = whole(&server, &format!("/s/{}{rest}", "A".repeat(22)), accept).await;
            assert_eq!(unknown.0, 404);
            let is_page = unknown.2.starts_with(b"<!");
            assert_eq!(is_page, rest.is_empty() && accept == BROWSER, "{rest} {accept}");
            for token in [revoked.as_str(), &expired, &orphan, "x", "%00", "%C3%A4", "a.b"] {
                let other = whole(&server, &format!("/s/{token}{rest}"), accept).await;
                assert_eq!(other, unknown, "{token}{rest}");
            }
        }
    }
    refused(send(server.ask("GET", "/s/unknown")).await, 404, "not_found").await;
}

/// What the database is asked for one answer.
async fn statements(server: &Server, path: &str) -> Vec<String> {
    let _ = server.system.db.statements();
    let _ = whole(server, path, BROWSER).await;
    server.system.db.statements()
}

#[tokio::test]
async fn unknown_expired_and_revoked_shares_take_the_same_queries() {
    let server = Server::start().await;
    let (live, _) = share(&server, None).await;
    let (revoked, told) = share(&server, None).await;
    let path = format!("/v1/shares/{}", told["id"].as_str().expect("an id"));
    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    let (expired, _) = share(&server, Some(json!({ "expires_in": "1m" }))).await;
    server.system.clock.advance(Duration::from_secs(61));
    for rest in ["", "/preview", "/bundle"] {
        let unknown = statements(&server, &format!("/s/{}{rest}", "A".repeat(22))).await;
        assert_eq!(unknown.len(), 1, "{unknown:?}");
        assert!(
            unknown[0].contains(r#""shares"."hash""#),
            "a token of the right form is looked up"
        );
        for token in [&expired, &revoked] {
            let asked = statements(&server, &format!("/s/{token}{rest}")).await;
            assert_eq!(asked, unknown, "{rest}");
        }
        let known = statements(&server, &format!("/s/{live}{rest}")).await;
        assert_eq!(
            known[..1],
            unknown,
            "not even the one that works is looked up otherwise: {rest}"
        );
    }
}

#[tokio::test]
async fn shares_are_listed_without_their_tokens_and_only_what_succeeded_is_shared() {
    let server = Server::start_with(|config| {
        config.server.public_url = Some("https://songs.example".to_owned());
    })
    .await;
    let (token, made) = share(&server, Some(json!({}))).await;
    assert_eq!(made["url"], format!("https://songs.example/s/{token}"));
    let (status, page) = server.call("GET", "/v1/shares?limit=1", None).await;
    assert_eq!((status, page["items"].as_array().map(Vec::len)), (200, Some(1)));
    assert!(!page.to_string().contains(&token));
    for query in ["limit=0", "cursor=x", "page=1"] {
        assert_eq!(
            server.call("GET", &format!("/v1/shares?{query}"), None).await.0,
            400,
            "{query}"
        );
    }
    let job = made["job_id"].as_str().expect("a job");
    let path = format!("/v1/jobs/{job}/shares");
    for wrong in ["0d", "7", "7w", "-1d", "", "366d", "1d "] {
        let (status, body) = server
            .call("POST", &path, Some(json!({ "expires_in": wrong })))
            .await;
        assert_eq!(
            (status, &body["error"]["details"][0]["pointer"]),
            (400, &json!("/expires_in")),
            "{wrong}"
        );
    }
    let queued = server.job("not yet").await;
    let (status, body) = server
        .call("POST", &format!("/v1/jobs/{queued}/shares"), None)
        .await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("conflict")));
}

#[tokio::test]
async fn whoever_asks_for_shares_without_end_is_slowed() {
    let server = Server::start().await;
    let mut refusals = 0;
    for _ in 0..700 {
        let (status, body) = told(send(server.ask("GET", "/s/unknown")).await).await;
        if status == 429 {
            assert_eq!(body["error"]["code"], "rate_limited");
            refusals += 1;
        }
    }
    assert!(refusals > 0);
    assert_eq!(server.call("GET", "/v1/me", None).await.0, 200);
}
