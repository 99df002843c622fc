//! Planted canaries (R10): a service that logs everything, traces everything and counts everything leads its whole life,
//! also with private things in wrong places; and none of them turns up in a log, a trace, a metric, a message, an
//! answer that refuses, or anybody's environment and arguments, in whatever form.
//!
//! Each place must also hold what belongs there, so that a place that was not looked into is no proof of anything.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use songwalker_model_server::{Act, ModelServer, Says};
use songwalker_tests::canary::Canary;
use songwalker_tests::service::{Service, Settings, client, cookie, small, until};
use songwalker_tests::shared::Shared;
use songwalker_tests::sink::Sink;
use songwalker_tests::tap::Tap;

const PROMPT: &str = "kanarie zq7xkvw dünnes pad";
/// The word of it that nobody else says.
const WORD: &str = "zq7xkvw";
const DATABASE_PASSWORD: &str = "Db4kanarieQzmT";
const REDIS_PASSWORD: &str = "Rd7kanarieWxpL";
const MODEL_KEY: &str = "sk-Lm9kanarieVbnR";
/// A key that is set and meant for other programs.
const OTHER_KEY: &str = "sk-Ot2kanariePwqS";
/// What the language model says beside what it was asked for.
const ANSWER: &str = "An6kanarieZbrT";
/// What its user calls a sound, and writes on it: nobody else reads it, but it goes where its user sends it.
const OWN_WORDS: &str = "Ow5kanarieFgbY";
/// The name of a field that there is not: whoever sent it is told which it was, and nobody else.
const FIELD: &str = "fd6kanarieyhtc";
const IDEMPOTENCY: &str = "Id3kanarieHgtK";
/// The name of a plan, which is logged when it is made.
const KNOWN: &str = "a-plan-that-is-logged";
const TRACE: &str = "5bd66ef5095369c7b0d1f8f4bd33716a";

/// The ways to the services on which is listened.
struct Taps {
    rabbitmq: Tap,
    redis: Tap,
}

/// Settings under which everything is said, with secrets in them.
async fn settings(dir: &Path, collector: &Sink, model: &ModelServer) -> (Settings, Option<Taps>) {
    let settings = Settings::new()
        .with("SONGWALKER__LOG__FILTER", "trace")
        .with("SONGWALKER__LOG__FORMAT", "json")
        .with("SONGWALKER__TELEMETRY__OTLP_ENDPOINT", &collector.url())
        .with("OTEL_BSP_SCHEDULE_DELAY", "100")
        .with("SONGWALKER__WEBHOOKS__ALLOW_PRIVATE", r#"["127.0.0.0/8", "::1"]"#)
        .with("SONGWALKER__SCHEDULER__FULL_SWEEP_EVERY", "1s")
        .with("SONGWALKER_CHILD_MISBEHAVE", "panic:seed:13")
        .with("SONGWALKER__LLM__BASE_URL", model.base_url())
        .with("SONGWALKER__LLM__MODEL", "small")
        .with("SONGWALKER__LLM__KEY", MODEL_KEY)
        .with("OPENAI_API_KEY", OTHER_KEY);
    let Some(shared) = Shared::of_tests(dir) else {
        return (settings, None);
    };
    let environment = shared.environment();
    let of = |key: &str| {
        let name = format!("SONGWALKER__{key}");
        let found = environment.iter().find(|(known, _)| *known == name);
        found.expect("it is set").1.clone()
    };
    let (redis, rabbitmq) = (of("REDIS__URL"), of("QUEUE__URL"));
    let redis_at = redis
        .trim_start_matches("redis://")
        .trim_end_matches("/0")
        .to_owned();
    let (_, rabbitmq_at) = rabbitmq.split_once('@').expect("an account");
    let rabbitmq_at = rabbitmq_at.split('/').next().expect("an address").to_owned();
    allow(&redis_at);
    let taps = Taps {
        rabbitmq: Tap::to(rabbitmq_at.clone()).await.expect("a port"),
        redis: Tap::to(redis_at).await.expect("a port"),
    };
    let with_password =
        of("DATABASE__URL").replacen("postgres@", &format!("postgres:{DATABASE_PASSWORD}@"), 1);
    assert!(with_password.contains(DATABASE_PASSWORD), "{with_password}");
    let at_tap = rabbitmq.replace(&rabbitmq_at, &format!("127.0.0.1:{}", taps.rabbitmq.port));
    let redis = format!("redis://kanarie:{REDIS_PASSWORD}@127.0.0.1:{}/0", taps.redis.port);
    let settings = settings
        .with("SONGWALKER__DATABASE__URL", &with_password)
        .with("SONGWALKER__QUEUE__URL", &at_tap)
        .with("SONGWALKER__REDIS__URL", &redis)
        .with("SONGWALKER__METRICS__LISTEN", "127.0.0.1:0");
    (settings, Some(taps))
}

/// What the model answers: one that has to be mended, a status that quotes the question, then good ones; all with words
/// that are nobody's business.
fn answers() -> Vec<Act> {
    let good = json!({ "name": format!("Warm {ANSWER}"), "category": "pad", "tags": [ANSWER], "rationale": ANSWER,
        "descriptors": { "warmth": 0.5 }, "invariants": [], "avoid": [], "confidence": 0.9 });
    vec![
        Act::Stream(Says::Text(format!("{ANSWER} {{"))),
        Act::Status(500, None),
        Act::Garbage,
        Act::Stream(Says::Text(good.to_string())),
    ]
}

/// Makes a user with a password in the Redis server.
fn allow(at: &str) {
    let mut redis = std::net::TcpStream::connect(at).expect("Redis answers");
    let order = format!("ACL SETUSER kanarie on >{REDIS_PASSWORD} ~* &* +@all\r\n");
    redis.write_all(order.as_bytes()).expect("it takes orders");
    let mut answer = [0; 5];
    redis.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"+OK\r\n");
}

/// Environment and arguments of a process.
fn process(pid: u32) -> Vec<u8> {
    let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    [read("cmdline"), read("environ")].concat()
}

/// Arguments alone: in its own environment a process of the service has what it was told there.
fn arguments(pid: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .flat_map(|task| {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let pids: Vec<u32> = children
                .split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect();
            pids
        })
        .collect()
}

/// Whoever leads the life, and what it heard meanwhile.
struct Life {
    service: Service,
    key: String,
    refusals: Vec<u8>,
    statuses: BTreeSet<u16>,
}

impl Life {
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.service.request_as(&self.key, method, path)
    }

    /// Sends; an answer that refuses is kept with its headers.
    async fn send(&mut self, request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let headers = format!("{:?}", answer.headers());
        let body = answer.bytes().await.expect("a whole body");
        if status >= 400 {
            self.refusals.extend_from_slice(headers.as_bytes());
            self.refusals.extend_from_slice(&body);
            self.statuses.insert(status);
        }
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn call(&mut self, method: &str, path: &str, body: Value) -> Value {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let (status, told) = self.send(request).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {told}");
        told
    }

    /// A job that was accepted.
    async fn job(&mut self, body: Value) -> String {
        let job = self.call("POST", "/v1/jobs", body).await;
        text(&job, "id")
    }

    /// Everything that can be done wrong with private things.
    async fn wrongs(&mut self, token: &str, cookie: &str) {
        let key = self.key.clone();
        for (method, path, body) in [
            (
                "POST",
                "/v1/jobs".to_owned(),
                format!("{{\"prompt\": \"{PROMPT}\""),
            ),
            (
                "POST",
                "/v1/jobs".to_owned(),
                json!({ "prompt": PROMPT, FIELD: 1 }).to_string(),
            ),
            (
                "POST",
                "/v1/jobs".to_owned(),
                json!({ "prompt": "x", "template_id": WORD }).to_string(),
            ),
            (
                "POST",
                "/v1/jobs".to_owned(),
                json!({ "prompt": "x", "seed": PROMPT }).to_string(),
            ),
            (
                "POST",
                "/v1/jobs".to_owned(),
                json!({ "prompt": "x", "webhook_url": format!("ftp://user:{key}@host/") }).to_string(),
            ),
            (
                "POST",
                format!("/v1/jobs?key={key}"),
                json!({ "prompt": [key] }).to_string(),
            ),
            (
                "POST",
                "/v1/keys".to_owned(),
                json!({ "name": "x", "scopes": [key] }).to_string(),
            ),
            (
                "POST",
                "/v1/webhooks".to_owned(),
                json!({ "url": token }).to_string(),
            ),
        ] {
            let request = self
                .request(method, &path)
                .header("Content-Type", "application/json")
                .body(body);
            let (status, told) = self.send(request).await;
            assert!((400..500).contains(&status), "{path}: {status} {told}");
        }
        for path in [
            format!("/v1/jobs/{WORD}"),
            format!("/v1/jobs/{key}"),
            format!("/nowhere/{token}?{key}={cookie}"),
            format!("/s/{token}x"),
            format!("/v1/jobs?cursor={key}"),
            format!("/v1/jobs?{FIELD}={key}"),
        ] {
            let (status, told) = self.send(self.request("GET", &path)).await;
            assert!((400..500).contains(&status), "{path}: {status} {told}");
        }
        let bare = client();
        let url = self.service.url.clone();
        for request in [
            bare.get(format!("{url}/v1/me")).bearer_auth(format!("{key}x")),
            bare.get(format!("{url}/v1/me"))
                .header("Cookie", format!("songwalker_session={cookie}x; {key}")),
            bare.get(format!("{url}/v1/me"))
                .header("Authorization", format!("Basic {key}")),
            bare.get(format!("{url}/v1/me"))
                .header("Host", format!("{WORD}.example")),
            self.request("POST", "/v1/jobs")
                .header("Content-Type", key.clone())
                .body(PROMPT),
            self.request("POST", "/v1/jobs")
                .header("Idempotency-Key", IDEMPOTENCY.repeat(30))
                .json(&small(PROMPT)),
        ] {
            let (status, told) = self.send(request).await;
            assert!((400..500).contains(&status), "{status} {told}");
        }
    }
}

fn text(told: &Value, name: &str) -> String {
    told[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {told}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_planted_canaries_turn_up_nowhere_in_a_whole_life() {
    let dir = tempfile::tempdir().expect("a folder");
    let collector = Sink::start().await.expect("a port");
    let receiver = Sink::start().await.expect("a port");
    let model = ModelServer::start(answers()).expect("a port");
    let (settings, taps) = settings(dir.path(), &collector, &model).await;
    let service = Service::start(dir.path(), &settings).await.expect("it starts");
    let first_key = service.token.clone();
    let mut life = Life {
        key: first_key.clone(),
        service,
        refusals: Vec::new(),
        statuses: BTreeSet::new(),
    };

    // Keys, webhooks, a session.
    let scopes = songwalker_schemas::Scope::NAMES;
    let made = life
        .call("POST", "/v1/keys", json!({ "name": "laptop", "scopes": scopes }))
        .await;
    life.key = text(&made, "secret");
    let url = format!("http://localhost:{}/songs", receiver.port);
    let webhook = life.call("POST", "/v1/webhooks", json!({ "url": url })).await;
    let webhook_secret = text(&webhook, "secret");
    let session = life
        .request("POST", "/v1/session")
        .send()
        .await
        .expect("a session");
    let cookie = cookie(&session).expect("a cookie");
    let csrf = text(&session.json().await.expect("a session"), "csrf_token");

    // A job that succeeds, watched while it runs.
    let asked = life
        .request("POST", "/v1/jobs")
        .header("Idempotency-Key", IDEMPOTENCY)
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .json(&json!({ "prompt": PROMPT, "tags": [OWN_WORDS], "variations": 1 }));
    let (status, job) = life.send(asked).await;
    assert_eq!(status, 202, "{job}");
    let id = text(&job, "id");
    let worker = life.service.pid();
    let mut seen = Vec::new();
    until("a child", || {
        let pids = children(worker);
        seen.extend(pids.iter().map(|pid| process(*pid)));
        async move { (!pids.is_empty()).then_some(()) }
    })
    .await
    .expect("there is one");
    let done = life.service.ended(&id).await.expect("it ends");
    assert_eq!(done["state"], "succeeded", "{done}");
    assert_eq!(done["planner"]["used"], "hybrid", "{done}");
    seen.extend(children(worker).iter().map(|pid| process(*pid)));
    for part in [
        "preview",
        "patch",
        "bundle",
        "variations",
        "analysis",
        "log",
        "events",
    ] {
        let path = format!("/v1/jobs/{id}/{part}");
        let answer = life.request("GET", &path).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }
    life.call("GET", &format!("/v1/jobs?q={WORD}"), Value::Null).await;
    life.call(
        "PATCH",
        &format!("/v1/jobs/{id}"),
        json!({ "name": OWN_WORDS, "starred": true }),
    )
    .await;

    // Shared, opened, revoked.
    let share = life
        .call("POST", &format!("/v1/jobs/{id}/shares"), json!({}))
        .await;
    let token = text(&share, "token");
    let pages = ["", "/preview", "/patch", "/bundle", "/spectrogram"];
    for part in pages {
        let page = client()
            .get(format!("{}/s/{token}{part}", life.service.url))
            .send()
            .await;
        assert_eq!(page.expect("an answer").status(), 200, "{part}");
    }
    life.call(
        "DELETE",
        &format!("/v1/shares/{}", text(&share, "id")),
        Value::Null,
    )
    .await;
    let gone = client().get(format!("{}/s/{token}", life.service.url));
    assert_eq!(life.send(gone).await.0, 404);

    // One that is cancelled, by a browser; one that kills its children.
    let asked = client()
        .post(format!("{}/v1/jobs", life.service.url))
        .header("Cookie", format!("songwalker_session={cookie}"))
        .header("X-CSRF-Token", &csrf)
        .json(&json!({ "prompt": format!("{PROMPT}, to be cancelled") }));
    let (status, cancelled) = life.send(asked).await;
    assert_eq!(status, 202, "{cancelled}");
    let cancelled = text(&cancelled, "id");
    life.call("POST", &format!("/v1/jobs/{cancelled}/cancel"), Value::Null)
        .await;
    life.service.ended(&cancelled).await.expect("it ends");
    let poison = life
        .job(json!({ "prompt": PROMPT, "seed": 13, "variations": 0 }))
        .await;
    let failed = life.service.ended(&poison).await.expect("it ends");
    assert_eq!(failed["error"]["code"], "worker_lost", "{failed}");
    life.wrongs(&token, &cookie).await;

    // Operators, and what they make: another user, who goes.
    life.call("POST", "/v1/admin/plans", json!({ "name": KNOWN }))
        .await;
    for path in ["users", "plans", "queues", "pauses", "dead-letters"] {
        life.call("GET", &format!("/v1/admin/{path}"), Value::Null).await;
    }
    life.call("GET", &format!("/v1/admin/dead-letters/{poison}"), Value::Null)
        .await;
    life.call("DELETE", &format!("/v1/admin/dead-letters/{poison}"), Value::Null)
        .await;
    life.call("POST", "/v1/admin/pause", json!({})).await;
    life.call("POST", "/v1/admin/resume", json!({})).await;
    let guest = life
        .call("POST", "/v1/admin/users", json!({ "name": "guest-of-a-day" }))
        .await;
    let keys = format!("/v1/admin/users/{}/keys", text(&guest, "id"));
    let guest_key = text(
        &life
            .call("POST", &keys, json!({ "name": "x", "scopes": scopes }))
            .await,
        "secret",
    );
    let own = life.service.request_as(&guest_key, "DELETE", "/v1/me");
    assert!(matches!(life.send(own).await.0, 200 | 202 | 204));

    // The webhook hears of it; what was asked to be erased is.
    until("messages to the webhook", || async {
        let taken = receiver.taken();
        let told = |event: &str| {
            taken
                .iter()
                .any(|one| String::from_utf8_lossy(&one.body).contains(event))
        };
        (told("job.succeeded") && told("job.failed") && told("job.cancelled")).then_some(())
    })
    .await
    .expect("they come");
    for job in [&id, &cancelled, &poison] {
        let delete = life.request("DELETE", &format!("/v1/jobs/{job}"));
        assert!(matches!(life.send(delete).await.0, 200 | 202 | 204));
    }
    life.call(
        "DELETE",
        &format!("/v1/webhooks/{}", text(&webhook, "id")),
        Value::Null,
    )
    .await;
    let end = client()
        .delete(format!("{}/v1/session", life.service.url))
        .header("Cookie", format!("songwalker_session={cookie}"))
        .header("X-CSRF-Token", &csrf);
    assert!(matches!(life.send(end).await.0, 200 | 204));
    let keys: BTreeSet<Option<String>> = model.keys().into_iter().collect();
    assert_eq!(keys, BTreeSet::from([Some(format!("Bearer {MODEL_KEY}"))]));
    let metrics = life.service.metrics().await.expect("metrics").join("\n");
    let commands: Vec<u8> = life.service.pids().into_iter().flat_map(arguments).collect();
    life.service.stop().await.expect("it stops");

    let secrets = [
        Canary::new("prompt", PROMPT),
        Canary::new("word of the prompt", WORD),
        Canary::new("API key", &life.key),
        Canary::new("first API key", &first_key),
        Canary::new("erased user's API key", &guest_key),
        Canary::new("share token", &token),
        Canary::new("session cookie", &cookie),
        Canary::new("CSRF token", &csrf),
        Canary::new("webhook secret", &webhook_secret),
        Canary::new(
            "webhook secret without its mark",
            webhook_secret.trim_start_matches("whsec_"),
        ),
        Canary::new("own words", OWN_WORDS),
        Canary::new("name of a field", FIELD),
        Canary::new("Idempotency-Key", IDEMPOTENCY),
        Canary::new("database password", DATABASE_PASSWORD),
        Canary::new("Redis password", REDIS_PASSWORD),
        Canary::new("store secret", "songwalkertestsecret"),
        Canary::new("model key", MODEL_KEY),
        Canary::new("another program's model key", OTHER_KEY),
        Canary::new("word of the model's answer", ANSWER),
    ];
    let bodies = |sink: &Sink| -> Vec<u8> {
        let taken = sink.taken().into_iter();
        taken
            .flat_map(|one| [one.head.into_bytes(), one.body].concat())
            .collect()
    };
    let log = life.service.log().join("\n").into_bytes();
    assert!(
        life.statuses.is_superset(&[400, 401, 403, 404].into()),
        "{:?}",
        life.statuses
    );
    // Each place, what must be there, and what may: a service is told its own password.
    let mut places: Vec<(&str, Vec<u8>, &str, &[&str])> = vec![
        ("the log", log, KNOWN, &[]),
        ("the traces", bodies(&collector), &id, &[]),
        (
            "the metrics",
            metrics.into_bytes(),
            "songwalker_jobs_accepted_total",
            &[],
        ),
        (
            "an answer that refuses",
            life.refusals.clone(),
            "invalid_request",
            &["name of a field"],
        ),
        ("a message to a webhook", bodies(&receiver), TRACE, &["own words"]),
        ("a child's environment or arguments", seen.concat(), "child", &[]),
        ("the arguments of a process", commands, "songwalker", &[]),
    ];
    if let Some(taps) = &taps {
        places.push(("what goes by RabbitMQ", taps.rabbitmq.heard(), &id, &[]));
        places.push(("what goes by Redis", taps.redis.heard(), &id, &["Redis password"]));
    }
    let mut findings = Vec::new();
    for (place, bytes, known, allowed) in &places {
        let control = Canary::new("what belongs there", known);
        assert!(
            control.find(bytes).is_some(),
            "{place} was not looked into: {known} is not there"
        );
        for secret in secrets.iter().filter(|secret| !allowed.contains(&secret.name)) {
            if let Some(found) = secret.find(bytes) {
                findings.push(format!("the {} is in {place}, {found}", secret.name));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
