//! What operators set does what its page says: whom the server believes about who asks, where bundles are downloaded
//! from, what an API can do while the queue is away.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use serde_json::{Value, json};
use songwalker_schemas::canonical::sha256_hex;
use songwalker_tests::forwarder::Forwarder;
use songwalker_tests::service::{Service, Settings, small, until};
use songwalker_tests::shared::Shared;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A client that goes where it is told and nowhere else.
fn unled() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(Vec::new())
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

#[tokio::test]
async fn a_proxy_that_is_trusted_says_who_asks_and_whether_by_tls_and_nobody_else_does() {
    let dir = folder();
    for (proxies, is_believed) in [("[]", false), (r#"["127.0.0.0/8"]"#, true)] {
        let settings = Settings::new().with("SONGWALKER__SERVER__TRUSTED_PROXIES", proxies);
        let mut service = Service::start(dir.path(), &settings).await.expect("it starts");
        let ask = async |from: &str| {
            let request = service.request_as("no key", "GET", "/v1/me");
            let answer = request.header("X-Forwarded-For", from).send().await;
            answer.expect("an answer").status().as_u16()
        };
        // 120 a minute is the limit of an address without a key.
        let mut last = 0;
        for _ in 0..200 {
            last = ask("192.0.2.1").await;
        }
        assert_eq!(last, 429, "{proxies}");
        assert_eq!(
            ask("192.0.2.2").await,
            if is_believed { 401 } else { 429 },
            "{proxies}"
        );
        let session = service.request("POST", "/v1/session");
        let session = session.header("X-Forwarded-Proto", "https").send().await;
        let session = session.expect("an answer");
        let cookie = session.headers()["set-cookie"]
            .to_str()
            .expect("a cookie")
            .to_owned();
        assert_eq!(cookie.contains("Secure"), is_believed, "{cookie}");
        service.stop().await.expect("it stops");
    }
}

#[tokio::test]
async fn bundles_come_from_where_browsers_reach_the_store_or_through_the_server() {
    let dir = folder();
    let Some(shared) = Shared::of_tests(dir.path()) else {
        println!("skipped: the tests do not run on services");
        return;
    };
    let named = |name: &str| {
        let wanted = format!("SONGWALKER__STORE__{name}");
        let found = shared.environment().into_iter().find(|(name, _)| *name == wanted);
        found.expect("a setting").1
    };
    // Another address of the same store, as a proxy before it has one.
    let (listener, public) = Forwarder::bind().expect("a port");
    let forwarder = Forwarder::default();
    forwarder.put(0, &named("ENDPOINT")).expect("an address");
    tokio::spawn(async move { forwarder.run(listener).await });
    // The key of the store in a file: the one that stands in the environment gives way to it.
    let file = dir.path().join("access-key");
    std::fs::write(&file, format!("{}\n", named("ACCESS_KEY"))).expect("a file");
    let by_file = Settings::new().without("SONGWALKER__STORE__ACCESS_KEY").with(
        "SONGWALKER__STORE__ACCESS_KEY_FILE",
        file.to_str().expect("a path in UTF-8"),
    );

    let led = by_file
        .clone()
        .with("SONGWALKER__STORE__PUBLIC_ENDPOINT", &public);
    let mut service = Service::start(dir.path(), &led).await.expect("it starts");
    let job = service.post(small("short dry pluck")).await.expect("accepted");
    let id = job["id"].as_str().expect("an id").to_owned();
    let hash = service.ended(&id).await.expect("it ends")["bundle"]["sha256"].clone();
    let path = format!("/v1/jobs/{id}/bundle");
    let get = |service: &Service| {
        let request = unled().get(format!("{}{path}", service.url));
        request.bearer_auth(&service.token).send()
    };
    let answer = get(&service).await.expect("an answer");
    assert_eq!(answer.status(), 307);
    let place = answer.headers()["location"]
        .to_str()
        .expect("an address")
        .to_owned();
    assert!(
        place.starts_with(&public) && place.contains("X-Amz-Expires=60"),
        "{place}"
    );
    let bytes = unled().get(&place).send().await.expect("an answer");
    assert_eq!(bytes.status(), 200);
    let bytes = bytes.bytes().await.expect("bytes");
    assert_eq!(json!(sha256_hex(&bytes)), hash);
    service.stop().await.expect("it stops");

    let through = by_file.with("SONGWALKER__STORE__REDIRECT", "false");
    let service = Service::start(dir.path(), &through).await.expect("it starts");
    let answer = get(&service).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(json!(sha256_hex(&answer.bytes().await.expect("bytes"))), hash);
}

#[tokio::test]
async fn an_api_without_the_queue_is_degraded_and_takes_jobs() {
    let dir = folder();
    if Shared::of_tests(dir.path()).is_none() {
        println!("skipped: the tests do not run on services");
        return;
    }
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    let cut_off = Settings::new().with("SONGWALKER__QUEUE__URL", "amqp://guest:guest@127.0.0.1:1/%2f");
    let pid = service
        .add(&cut_off, &["api", "--json", "--listen", "127.0.0.1:0"])
        .expect("it is started");
    let told = until("another API", || async { service.processes().announced(pid) }).await;
    let url = told.expect("it runs")["url"]
        .as_str()
        .expect("an address")
        .to_owned();
    let ready = service
        .bare(&url, "GET", "/health/ready")
        .send()
        .await
        .expect("an answer");
    assert_eq!(ready.status(), 200);
    assert_eq!(
        ready.json::<Value>().await.expect("JSON"),
        json!({ "status": "degraded", "away": ["queue"] })
    );
    let posted = service.request_at(&url, "POST", "/v1/jobs").json(&small("pluck"));
    let posted = posted.send().await.expect("an answer");
    assert_eq!(posted.status(), 202);
    let job: Value = posted.json().await.expect("a job");
    let job = service
        .ended(job["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    assert_eq!(job["state"], "succeeded", "{job}");
}
