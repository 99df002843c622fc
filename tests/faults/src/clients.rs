//! Clients of the service: they submit over HTTP until they are told that their job is accepted, with the same
//! `Idempotency-Key` each time; they look at it, cancel it, share it, fetch it, delete it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::process::POISON;
use crate::world::World;

/// How long an answer may take until its client thinks that it is lost.
const ANSWER: Duration = Duration::from_secs(8);
/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long a client looks at one job: how it ends is looked at once more when everything is over.
const WATCH: Duration = Duration::from_secs(150);

/// The clients of a run.
pub struct Clients {
    world: Arc<World>,
    client: Client,
    seed: u64,
    next: AtomicU64,
    wanted: u64,
}

impl Clients {
    /// Clients that want so many jobs, and more as long as faults are planned.
    ///
    /// # Errors
    /// No client for HTTP can be made.
    pub fn new(world: Arc<World>, seed: u64, wanted: u64) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only(Vec::new())
            .timeout(ANSWER)
            .build()?;
        Ok(Self {
            world,
            client,
            seed,
            next: AtomicU64::new(0),
            wanted,
        })
    }

    /// Every user makes a webhook, before anything goes wrong.
    ///
    /// # Errors
    /// The service does not take one.
    pub async fn want_to_be_told(&self) -> anyhow::Result<()> {
        let wanted = json!({ "url": self.world.receiver.url() });
        for user in 0..self.world.keys.len() {
            let mut tries = 0;
            loop {
                let request = self.request(user, Method::POST, "/v1/webhooks").json(&wanted);
                let answer = request.send().await;
                if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
                tries += 1;
                anyhow::ensure!(tries < 240, "no webhook can be made: {answer:?}");
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// One user's client that does one job after the other, until there are enough and `faults_over`.
    pub async fn run(&self, user: usize, faults_over: &CancellationToken) {
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            if number >= self.wanted && faults_over.is_cancelled() {
                return;
            }
            self.job(user, number).await;
        }
    }

    /// One job, as the seed has it.
    async fn job(&self, user: usize, number: u64) {
        let counts = &self.world.counts;
        let mut chance = Chance::new(self.seed, 1_000 + number);
        let Some(id) = self.submit(user, number, &mut chance).await else {
            return;
        };
        let path = format!("/v1/jobs/{id}");
        if chance.percent(25) {
            // While it waits, or while it runs.
            if chance.percent(60) {
                self.running(user, &path).await;
            }
            tokio::time::sleep(Duration::from_millis(chance.between(0, 600))).await;
            counts.count("client: cancellation asked for");
            self.ask(user, Method::POST, &format!("{path}/cancel")).await;
        }
        let Some(job) = self.ended(user, &path).await else {
            return;
        };
        if job["state"] != "succeeded" {
            return;
        }
        if chance.percent(15) {
            counts.count("client: share made");
            self.ask(user, Method::POST, &format!("{path}/shares")).await;
        }
        if chance.percent(10)
            && let Some(answer) = self.ask(user, Method::GET, &format!("{path}/bundle")).await
            && answer.status() == StatusCode::OK
            && let Ok(bytes) = answer.bytes().await
        {
            counts.count("client: bundle fetched");
            let is_whole = job["bundle"]["bytes"]
                .as_u64()
                .is_none_or(|told| told == bytes.len() as u64);
            if !is_whole {
                counts.strange(format!("job {id}: a bundle of {} bytes", bytes.len()));
            }
        }
        if chance.percent(20) {
            counts.count("client: deletion asked for");
            counts.deleted(&id);
            self.ask(user, Method::DELETE, &path).await;
        }
    }

    /// Submits until the job is accepted; its id.
    async fn submit(&self, user: usize, number: u64, chance: &mut Chance) -> Option<String> {
        let counts = &self.world.counts;
        let words = ["short dry pluck", "warm pad", "deep bass", "bright lead"];
        let mut prompt = format!("{} {number}", chance.one(&words).copied().unwrap_or_default());
        if chance.percent(2) {
            counts.count("client: poison job");
            prompt = format!("{POISON} {prompt}");
        }
        let body = json!({ "prompt": prompt, "variations": 0, "seed": chance.between(0, 1_000) });
        let key = format!("{}-{number}", self.seed);
        let mut is_lost = chance.percent(10);
        let mut accepted = None;
        let mut times = if chance.percent(20) { 2 } else { 1 };
        loop {
            let mut request = self
                .request(user, Method::POST, "/v1/jobs")
                .header("Idempotency-Key", &key)
                .json(&body);
            if is_lost {
                counts.count("client: answer not waited for");
                request = request.timeout(Duration::from_millis(chance.between(1, 40)));
                is_lost = false;
            }
            let Ok(answer) = request.send().await else {
                counts.count("answer: none");
                self.pause(chance).await;
                continue;
            };
            let status = answer.status();
            let told: Value = answer.json().await.unwrap_or_default();
            if matches!(status, StatusCode::ACCEPTED | StatusCode::OK) {
                let Some(id) = told["id"].as_str() else {
                    // The head came, the body was lost.
                    counts.count("answer: half");
                    continue;
                };
                counts.accepted(id, user);
                let first = accepted.get_or_insert_with(|| id.to_owned());
                if first != id {
                    counts.strange(format!("one Idempotency-Key made the jobs {first} and {id}"));
                }
                times -= 1;
                if times == 0 {
                    return accepted;
                }
                counts.count("client: request repeated");
                continue;
            }
            if status == StatusCode::TOO_MANY_REQUESTS {
                // Only the end of a job of this user helps.
                self.pause(chance).await;
            }
            let code = told["error"]["code"].as_str().unwrap_or("no code").to_owned();
            counts.count(format!("answer: {} {code}", status.as_u16()));
            let is_refusal = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
            // What an answer replays may have been deleted meanwhile, by nobody here: one client has one job.
            if is_refusal {
                counts.strange(format!("a request was refused: {told}"));
                return accepted;
            }
            self.pause(chance).await;
        }
    }

    /// Waits until a job runs, or is over.
    async fn running(&self, user: usize, path: &str) {
        let waited = tokio::time::timeout(WATCH, async {
            loop {
                tokio::time::sleep(LOOK / 2).await;
                let Some(answer) = self.ask_once(user, Method::GET, path).await else {
                    continue;
                };
                let job: Value = answer.json().await.unwrap_or_default();
                if job["state"].as_str().is_some_and(|state| state != "queued") {
                    return;
                }
            }
        });
        // Where it never does, it is cancelled as it is.
        let _ = waited.await;
    }

    /// The job once it is final; none where its client stopped looking.
    async fn ended(&self, user: usize, path: &str) -> Option<Value> {
        let looked = tokio::time::timeout(WATCH, async {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(answer) = self.ask_once(user, Method::GET, path).await else {
                    continue;
                };
                if answer.status() == StatusCode::NOT_FOUND {
                    self.world
                        .counts
                        .strange(format!("{path} was accepted and is not there"));
                    return None;
                }
                if answer.status() != StatusCode::OK {
                    continue;
                }
                let job: Value = answer.json().await.unwrap_or_default();
                if is_final(&job) {
                    return Some(job);
                }
            }
        });
        looked.await.ok().flatten()
    }

    /// Asks a few times until there is an answer that is one.
    async fn ask(&self, user: usize, method: Method, path: &str) -> Option<Response> {
        for _ in 0..20 {
            let answer = self.ask_once(user, method.clone(), path).await;
            if let Some(answer) = answer
                && !answer.status().is_server_error()
                && answer.status() != StatusCode::TOO_MANY_REQUESTS
            {
                return Some(answer);
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    async fn ask_once(&self, user: usize, method: Method, path: &str) -> Option<Response> {
        let is_post = method == Method::POST;
        let mut request = self.request(user, method, path);
        if is_post {
            request = request.json(&json!({}));
        }
        request.send().await.ok()
    }

    fn request(&self, user: usize, method: Method, path: &str) -> reqwest::RequestBuilder {
        // Another replica each time.
        let turn = usize::try_from(self.next.load(Ordering::Relaxed)).unwrap_or(0) + path.len();
        let urls = &self.world.urls;
        let url = urls.get(turn % urls.len().max(1)).map_or("", String::as_str);
        let key = self.world.keys.get(user).map_or("", String::as_str);
        self.client
            .request(method, format!("{url}{path}"))
            .bearer_auth(key)
    }

    async fn pause(&self, chance: &mut Chance) {
        tokio::time::sleep(Duration::from_millis(chance.between(50, 400))).await;
    }

    /// A job as the service tells it now: none where there is no answer, and `Null` where there is no such job.
    pub async fn look(&self, user: usize, id: &str) -> Option<Value> {
        let answer = self
            .ask_once(user, Method::GET, &format!("/v1/jobs/{id}"))
            .await?;
        match answer.status() {
            StatusCode::OK => answer.json().await.ok(),
            StatusCode::NOT_FOUND | StatusCode::GONE => Some(Value::Null),
            _ => None,
        }
    }
}

/// Whether a job is in a final state.
pub fn is_final(job: &Value) -> bool {
    matches!(job["state"].as_str(), Some("succeeded" | "failed" | "cancelled"))
}
