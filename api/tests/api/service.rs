//! The service itself: health, versions, metrics, pages, headers, names it goes by.

use serde_json::{Value, json};

use crate::conformance;
use crate::support::{Server, header, refused, send, told};

#[tokio::test]
async fn health_and_version_are_open_to_all() {
    let server = Server::start().await;
    for (path, body) in [
        ("/health/live", json!({ "status": "alive" })),
        ("/health/ready", json!({ "status": "ready" })),
        (
            "/v1/version",
            json!({ "binary": "0", "commit": null, "engine": "1", "generator": "2", "schemas": "3" }),
        ),
    ] {
        let (status, told) = told(send(server.ask("GET", path)).await).await;
        conformance::check("GET", path, status, &told);
        assert_eq!((status, told), (200, body), "{path}");
        assert_eq!(send(server.ask("HEAD", path)).await.status(), 200);
    }
}

#[tokio::test]
async fn a_part_that_is_down_turns_readiness_red_and_not_life() {
    let server = Server::start().await;
    server.system.db.close().await;
    let body = refused(send(server.ask("GET", "/health/ready")).await, 503, "unavailable").await;
    conformance::check("GET", "/health/ready", 503, &body);
    assert_eq!(body["error"]["details"][0]["pointer"], "/database");
    assert_eq!(send(server.ask("GET", "/health/live")).await.status(), 200);
    let answer = send(server.request("GET", "/v1/jobs")).await;
    assert!(header(&answer, "retry-after").is_some());
    refused(answer, 503, "unavailable").await;
}

#[tokio::test]
async fn metrics_need_the_admin_scope_and_know_patterns_only() {
    let server =
        Server::start_with(|config| config.metrics.listen = Some("127.0.0.1:0".parse().expect("an address")))
            .await;
    refused(send(server.ask("GET", "/metrics")).await, 401, "unauthenticated").await;
    send(server.ask("GET", "/s/a-token-canary")).await;
    send(server.ask("GET", "/nowhere/canary")).await;
    let answer = send(server.request("GET", "/metrics")).await;
    assert!(header(&answer, "content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    let text = answer.text().await.expect("metrics");
    let alone = format!("{}/metrics", server.metrics_url.as_ref().expect("a listener"));
    let alone = send(crate::support::client().get(alone))
        .await
        .text()
        .await
        .expect("metrics");
    for text in [text, alone] {
        assert!(
            text.contains("# HELP songwalker_http_requests_total Requests"),
            "{text}"
        );
        assert!(text.contains("route=\"/s/{token}\""), "{text}");
        assert!(text.contains("route=\"unmatched\""), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_served_and_need_nothing_from_elsewhere() {
    let server = Server::start().await;
    let answer = send(server.ask("GET", "/openapi.json")).await;
    let tag = header(&answer, "etag").expect("a tag").to_owned();
    assert_eq!(
        answer.text().await.expect("the document"),
        songwalker_api::openapi()
    );
    let known = send(server.ask("GET", "/openapi.json").header("If-None-Match", tag)).await;
    assert_eq!(known.status(), 304);
    let moved = send(server.ask("GET", "/docs")).await;
    assert_eq!(
        (moved.status().as_u16(), header(&moved, "location")),
        (308, Some("/docs/"))
    );
    let page = send(server.ask("GET", "/docs/")).await;
    assert_eq!(page.status(), 200);
    let policy = header(&page, "content-security-policy")
        .expect("a policy")
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("http"),
        "{policy}"
    );
    let html = page.text().await.expect("a page");
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    assert!(html.contains("<title>SongWalker API</title>"), "{html}");
    for part in html
        .split(['"'])
        .filter(|part| part.ends_with(".js") || part.ends_with(".css") || part.ends_with(".png"))
    {
        let path = format!("/docs/{}", part.trim_start_matches("./"));
        let file = send(server.ask("GET", &path)).await;
        assert_eq!(file.status(), 200, "{path}");
        if part.contains("initializer") {
            let script = file.text().await.expect("a script");
            assert!(
                script.contains("/openapi.json") && !script.contains("petstore"),
                "{script}"
            );
        }
    }
}

#[tokio::test]
async fn the_home_page_comes_with_its_policy_and_its_assets() {
    let server = Server::start().await;
    let page = send(server.ask("GET", "/")).await;
    assert_eq!(
        (page.status().as_u16(), header(&page, "content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(
        header(&page, "content-security-policy").is_some_and(|policy| policy.contains("script-src 'self'"))
    );
    let html = page.text().await.expect("a page");
    let assets: Vec<&str> = html
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(assets.len() >= 2, "{assets:?}");
    for asset in assets {
        let file = send(server.ask("GET", asset)).await;
        assert_eq!(file.status(), 200, "{asset}");
        assert!(header(&file, "cache-control").is_some_and(|cache| cache.contains("immutable")));
    }
}

#[tokio::test]
async fn every_answer_keeps_browsers_from_guessing_and_embedding() {
    let server = Server::start().await;
    for path in [
        "/",
        "/v1/me",
        "/nowhere",
        "/health/live",
        "/s/x",
        "/docs/",
        "/openapi.json",
    ] {
        let answer = send(server.ask("GET", path)).await;
        assert_eq!(
            header(&answer, "x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(header(&answer, "referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(
            header(&answer, "cross-origin-resource-policy"),
            Some("same-origin"),
            "{path}"
        );
        assert!(
            header(&answer, "content-security-policy")
                .is_some_and(|csp| csp.contains("frame-ancestors 'none'")),
            "{path}"
        );
        assert!(header(&answer, "cache-control").is_some(), "{path}");
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn names_that_the_server_does_not_go_by_are_refused() {
    let server = Server::start().await;
    let port = server.url.rsplit(':').next().expect("a port");
    for host in [
        "localhost".to_owned(),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        "[::1]".to_owned(),
    ] {
        assert_eq!(
            send(server.request("GET", "/v1/me").header("Host", host))
                .await
                .status(),
            200
        );
    }
    for path in ["/v1/me", "/", "/health/live", "/s/x", "/nowhere"] {
        let answer = send(server.request("GET", path).header("Host", "rebound.example")).await;
        refused(answer, 403, "forbidden").await;
    }
    let foreign = server
        .request("POST", "/v1/jobs")
        .header("Origin", "https://evil.example")
        .json(&json!({ "prompt": "pad" }));
    refused(send(foreign).await, 403, "forbidden").await;
}

#[tokio::test]
async fn templates_are_listed_and_each_can_be_had_whole() {
    let server = Server::start().await;
    let (status, page) = server.call("GET", "/v1/templates", None).await;
    let all = page["items"].as_array().expect("templates");
    assert!(status == 200 && all.len() > 50);
    let (_, basses) = server.call("GET", "/v1/templates?category=bass", None).await;
    let basses = basses["items"].as_array().expect("templates");
    assert!(!basses.is_empty() && basses.iter().all(|template| template["category"] == "bass"));
    for template in [&all[0], &basses[0]] {
        let id = template["id"].as_str().expect("an id");
        let (status, whole) = server.call("GET", &format!("/v1/templates/{id}"), None).await;
        assert_eq!((status, &whole["id"]), (200, &json!(id)));
    }
    for id in ["none", "%00", "UPPER"] {
        let (status, body) = server.call("GET", &format!("/v1/templates/{id}"), None).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (404, &json!("not_found")),
            "{id}"
        );
    }
    let (status, _): (u16, Value) = server.call("GET", "/v1/templates?category=noise", None).await;
    assert_eq!(status, 400);
}
