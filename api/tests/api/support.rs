//! A server for a test, clients with keys of several kinds, and jobs that succeeded.

use std::sync::{Arc, OnceLock};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use songwalker_api::{Api, ApiOptions};
use songwalker_generator::package::PackedBundle;
use songwalker_generator::pipeline::{self, Hooks, Request};
use songwalker_jobs::claim::Claimed;
use songwalker_jobs::config::Config;
use songwalker_jobs::publish::{About, Packaged};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{accept, claim, keys, publish};
use songwalker_schemas::ids::Uuid;
use songwalker_schemas::wire::{CreateJob, CreateKey, NewKey, Version};
use songwalker_schemas::{JobId, Scope, UserId, canonical};
use tokio_util::sync::CancellationToken;

use crate::conformance;

/// A server that stops with its test.
pub struct Server {
    /// What it serves.
    pub system: TestSystem,
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// A key of the local user with every scope.
    pub key: String,
    /// Where metrics are, where they have a listener of their own.
    pub metrics_url: Option<String>,
    client: reqwest::Client,
    stopping: CancellationToken,
    /// Ends with the server.
    pub running: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// A client that follows no redirect and keeps no cookie.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(Vec::new())
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client for plain HTTP")
}

/// What the program is, in tests.
pub fn options() -> ApiOptions {
    ApiOptions {
        version: Version {
            binary: "0".to_owned(),
            commit: None,
            engine: "1".to_owned(),
            generator: "2".to_owned(),
            schemas: "3".to_owned(),
        },
        workers: None,
    }
}

impl Server {
    /// A server with the defaults.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// A server with a configuration of the test's own.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let system = testing::system_with(change).await;
        let bound = Api::bind(system.system.clone(), options())
            .await
            .expect("a free port");
        let url = format!("http://{}", bound.local_addr);
        let metrics_url = bound.metrics_addr.map(|at| format!("http://{at}"));
        let stopping = CancellationToken::new();
        let running = tokio::spawn(bound.run(stopping.clone()));
        let key = new_key(&system, system.user, Scope::ALL, None).await.secret;
        Self {
            system,
            url,
            key,
            metrics_url,
            client: client(),
            stopping,
            running: Some(running),
        }
    }

    /// Tells it to stop.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// A request without a key.
    pub fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request with the local user's key.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.ask(method, path).bearer_auth(&self.key)
    }

    /// Status and JSON of an answer to a request with the local user's key.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let (status, body) = told(send(request).await).await;
        conformance::check(method, path, status, &body);
        (status, body)
    }

    /// A job that was accepted.
    pub async fn job(&self, prompt: &str) -> JobId {
        accepted(&self.system, self.system.user, prompt).await
    }

    /// A job that succeeded.
    pub async fn made(&self, prompt: &str) -> JobId {
        made(&self.system, self.system.user, prompt).await
    }
}

/// Sends, and has an answer.
pub async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

/// Status and JSON of an answer; null where it has no body.
pub async fn told(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = answer.bytes().await.expect("a whole body");
    let json = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status}: {body:?}"))
    };
    (status, json)
}

/// Holds an answer against the status and code that it must have, and against the form of the envelope.
pub async fn refused(answer: Response, status: u16, code: &str) -> Value {
    assert_eq!(
        answer.headers().get("content-type").map(|kind| kind.as_bytes()),
        Some(&b"application/json"[..])
    );
    let (got, body) = told(answer).await;
    assert_eq!((got, &body["error"]["code"]), (status, &json!(code)), "{body}");
    assert!(
        body["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{body}"
    );
    assert!(body["error"]["retryable"].is_boolean(), "{body}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    body
}

/// A header of an answer.
pub fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("text"))
}

/// The status of an answer that nobody reads.
pub async fn status(request: RequestBuilder) -> StatusCode {
    send(request).await.status()
}

/// A key of a user.
pub async fn new_key(
    system: &TestSystem,
    user: UserId,
    scopes: &[Scope],
    expires_in: Option<&str>,
) -> NewKey {
    let request = CreateKey {
        name: "for a test".to_owned(),
        scopes: scopes.to_vec(),
        expires_in: expires_in.map(str::to_owned),
    };
    keys::create(system, user, request, Scope::ALL)
        .await
        .expect("a key")
}

/// A job of a user that was accepted.
pub async fn accepted(system: &TestSystem, user: UserId, prompt: &str) -> JobId {
    let accepted = accept::accept(system, user, CreateJob::new(prompt), None).await;
    accepted.expect("accepted").row.id()
}

/// A worker has taken a job.
pub async fn claimed(system: &TestSystem, job: JobId) -> Claimed {
    let claimed = claim::claim(system, Uuid::now_v7(), job).await;
    claimed.expect("the database answers").expect("it is queued")
}

/// A bundle out of the pipeline, made once.
pub fn bundle() -> &'static PackedBundle {
    static BUNDLE: OnceLock<PackedBundle> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let request = Request {
            prompt: "warm analog pad, the prompt canary".to_owned(),
            tags: Vec::new(),
            template_id: None,
            seed: 1,
            variations: 1,
            parent: None,
        };
        pipeline::generate(&request, &Hooks::none())
            .expect("a sound")
            .bundle
    })
}

/// Publishes the bundle as the result of a job.
pub async fn publish(system: &TestSystem, claimed: &Claimed) {
    let bundle = tokio::task::spawn_blocking(bundle).await.expect("a bundle");
    let packaged = Packaged {
        sha256: canonical::sha256_hex(&bundle.zip),
        bytes: bundle.zip.len() as u64,
        about: About {
            name: "Warm Größe".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: bundle.manifest.bundle_sha256.clone(),
        },
    };
    let zip: Arc<[u8]> = bundle.zip.as_slice().into();
    publish::store(system, &claimed.own, &packaged, zip)
        .await
        .expect("stored");
    publish::succeed(system, &claimed.own, &packaged)
        .await
        .expect("succeeded");
}

/// A job of a user that succeeded.
pub async fn made(system: &TestSystem, user: UserId, prompt: &str) -> JobId {
    let job = accepted(system, user, prompt).await;
    let claimed = claimed(system, job).await;
    publish(system, &claimed).await;
    job
}
