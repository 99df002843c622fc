//! The service as processes: started on a data directory, asked over HTTP, killed at any moment, and audited afterwards.
//! Nothing here sleeps in place of a signal: everything that is waited for is asked for until a deadline that only a
//! fault would reach.
//!
//! `songwalker serve`, or, where `SONGWALKER_TEST_ON=services` says so, an API, a worker and a scheduler on PostgreSQL,
//! RabbitMQ, Redis and S3 ([`crate::shared`]); or, where `SONGWALKER_TEST_REPLICAS=many` says so too, several of each
//! that come and go while the test runs ([`crate::replicas`]): the same tests for all.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::processes::Processes;
use crate::replicas::{self, Replicas};
use crate::shared::Shared;

/// How long anything may take before it counts as a fault.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often something is asked for.
const PAUSE: Duration = Duration::from_millis(20);

/// The product's binary, beside the tests that run.
///
/// # Panics
/// The test's own path cannot be read.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let deps = test.parent().unwrap_or(Path::new("."));
    let folder = deps.parent().unwrap_or(deps);
    folder.join("songwalker")
}

/// How a service is started.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Environment variables beside an empty environment.
    pub environment: Vec<(String, String)>,
    /// Variables that would be there, and are not to be.
    pub absent: Vec<String>,
}

impl Settings {
    /// The settings of most tests: short pauses between attempts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
            .with("SONGWALKER__RETRY__BASE", "50ms")
            .with("SONGWALKER__RETRY__MAX", "200ms")
            .with("SONGWALKER__SCHEDULER__SWEEP_EVERY", "100ms")
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a variable by which the services are found.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.absent.push(name.to_owned());
        self
    }

    /// The same with failpoints.
    #[must_use]
    pub fn failing(self, points: &str) -> Self {
        self.with("SONGWALKER_FAILPOINTS", points)
    }
}

/// A service that runs.
#[derive(Debug)]
pub struct Service {
    processes: Processes,
    replicas: Option<Replicas>,
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// The user's token.
    pub token: String,
    /// Its data directory.
    pub dir: PathBuf,
    client: reqwest::Client,
}

/// A client for loopback; certificates do not matter.
///
/// # Panics
/// The client cannot be made.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without a client has nothing to test")]
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(Vec::new())
        .build()
        .expect("a client for plain HTTP")
}

/// The command `songwalker` with nothing in its environment but what is said, on a data directory.
#[must_use]
pub fn command(dir: &Path, settings: &Settings) -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("SONGWALKER__DATA_DIR", dir)
        .env("NO_COLOR", "1");
    if let Some(shared) = Shared::of_tests(dir) {
        command.envs(shared.environment());
    }
    for name in &settings.absent {
        command.env_remove(name);
    }
    for (name, value) in &settings.environment {
        command.env(name, value);
    }
    command
}

/// Asks until there is an answer.
///
/// # Errors
/// There is none before the deadline.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

impl Service {
    /// Starts a service and waits until it answers.
    ///
    /// # Errors
    /// It ends, or does not answer.
    pub async fn start(dir: &Path, settings: &Settings) -> Result<Self> {
        let mut service = Self::launch(dir, settings)?;
        service.ready().await?;
        Ok(service)
    }

    /// Several of each kind behind one address, which all stay, wherever tests run on services; nothing elsewhere.
    ///
    /// # Errors
    /// One ends, or does not answer.
    pub async fn start_many(dir: &Path, settings: &Settings) -> Result<Option<Self>> {
        let Some(shared) = Shared::of_tests(dir) else {
            println!("skipped: the tests do not run on services");
            return Ok(None);
        };
        let mut service = Self::new(dir);
        service.launch_many(&shared, settings)?;
        service.stand().await?;
        Ok(Some(service))
    }

    /// Starts its processes; [`Self::ready`] waits for them.
    ///
    /// # Errors
    /// One cannot be started.
    pub fn launch(dir: &Path, settings: &Settings) -> Result<Self> {
        let mut service = Self::new(dir);
        match Shared::of_tests(dir) {
            Some(shared) if replicas::are_wanted() => service.launch_many(&shared, settings)?,
            Some(shared) => {
                shared.make(dir)?;
                // The worker first: what a test asks of "the process" is most often about who has the children.
                service.add(settings, &["worker", "--json"])?;
                service.add(settings, &["scheduler", "--json"])?;
                service.add(settings, &["api", "--json", "--listen", "127.0.0.1:0"])?;
            }
            None => {
                service.add(settings, &["serve", "--listen", "127.0.0.1:0"])?;
            }
        }
        Ok(service)
    }

    fn new(dir: &Path) -> Self {
        Self {
            processes: Processes::default(),
            replicas: None,
            url: String::new(),
            token: String::new(),
            dir: dir.to_owned(),
            client: client(),
        }
    }

    fn launch_many(&mut self, shared: &Shared, settings: &Settings) -> Result<()> {
        shared.make(&self.dir)?;
        self.replicas = Some(Replicas::launch(&self.processes, self.dir.clone(), settings)?);
        Ok(())
    }

    /// Starts one more process of the service; its id.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn add(&self, settings: &Settings, arguments: &[&str]) -> Result<u32> {
        let started = self.processes.start(&self.dir, settings, arguments)?;
        started.context("the service has ended")
    }

    /// Waits until it answers; from then on replicas come and go, where there are any.
    ///
    /// # Errors
    /// A process of it ends, or it does not answer.
    pub async fn ready(&mut self) -> Result<()> {
        self.stand().await?;
        if let Some(replicas) = &self.replicas {
            replicas.churn();
        }
        Ok(())
    }

    async fn stand(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.processes.check().with_context(|| self.log().join("\n"))?;
            if let Some(url) = self.announced()?
                && self.client.get(format!("{url}/health/live")).send().await.is_ok()
            {
                self.url = url;
                self.token = std::fs::read_to_string(self.dir.join("token"))?.trim().to_owned();
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the service does not answer:\n{}",
                self.log().join("\n")
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Where it says that it listens, once every process of it has begun.
    fn announced(&self) -> Result<Option<String>> {
        if let [pid] = self.processes.ids(Some("serve"))[..] {
            let told = std::fs::read_to_string(self.dir.join("server.json")).ok();
            let file = told.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            let own = file.filter(|file| file["pid"] == pid);
            return Ok(own.and_then(|file| Some(file["url"].as_str()?.trim_end_matches('/').to_owned())));
        }
        let Some(apis) = replicas::announced(&self.processes)? else {
            return Ok(None);
        };
        let Some(replicas) = &self.replicas else {
            return Ok(apis.into_iter().next().map(|(_, url)| url));
        };
        for (pid, url) in apis {
            replicas.put(pid, &url)?;
        }
        Ok(Some(replicas.url.clone()))
    }

    /// The API processes, where there are several: their ids and addresses.
    ///
    /// # Errors
    /// One has no address.
    pub fn apis(&self) -> Result<Vec<(u32, String)>> {
        Ok(replicas::announced(&self.processes)?.unwrap_or_default())
    }

    /// Its processes.
    #[must_use]
    pub const fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Its replicas, where it has any.
    #[must_use]
    pub const fn replicas(&self) -> Option<&Replicas> {
        self.replicas.as_ref()
    }

    /// What its processes count, each for itself: by its own listener where it has one, else the server's.
    ///
    /// # Errors
    /// One does not answer.
    pub async fn metrics(&self) -> Result<Vec<String>> {
        let told = self
            .pids()
            .into_iter()
            .filter_map(|pid| self.processes.announced(pid));
        let own = told.filter_map(|told| told["metrics"].as_str().map(str::to_owned));
        let mut requests: Vec<_> = own.map(|url| self.client.get(url)).collect();
        if requests.is_empty() {
            requests.push(self.request("GET", "/metrics"));
        }
        let mut all = Vec::new();
        for request in requests {
            all.push(request.send().await?.error_for_status()?.text().await?);
        }
        Ok(all)
    }

    /// The ids of its processes.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.processes.ids(None)
    }

    /// What it has printed.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.processes.log()
    }

    /// Waits until a line of its log has `words`.
    ///
    /// # Errors
    /// None has.
    pub async fn logged(&self, words: &str) -> Result<()> {
        until(&format!("a line with {words:?}"), || async {
            self.log().iter().any(|line| line.contains(words)).then_some(())
        })
        .await
        .with_context(|| self.log().join("\n"))
    }

    /// The id of the process whose children do the jobs.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.processes.ids(None).first().copied().unwrap_or_default()
    }

    /// `kill -9` on every process of it, and their end.
    ///
    /// # Errors
    /// One is no process of ours, or one that came or went before did not do so well.
    pub fn kill(&mut self) -> Result<()> {
        self.processes.kill()?;
        let replicas = self.replicas.take();
        replicas.map_or(Ok(()), |replicas| replicas.check())
    }

    /// SIGTERM to every process of it, and the end of the last.
    ///
    /// # Errors
    /// One does not end, or not well.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(replicas) = &self.replicas {
            replicas.rest().await;
        }
        let there = self.processes.close();
        for pid in &there {
            self.processes.tell_to_stop(*pid)?;
        }
        for pid in there {
            let ended = until("the end of a process", || async {
                let ended = self.processes.has_ended(pid);
                ended.map(|ended| ended.then_some(())).transpose()
            });
            ended.await.flatten().with_context(|| self.log().join("\n"))?;
        }
        let replicas = self.replicas.take();
        replicas.map_or(Ok(()), |replicas| replicas.check())
    }

    /// A request with the local user's token.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.request_as(&self.token, method, path)
    }

    /// A request with another token.
    pub fn request_as(&self, token: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.bare(&self.url, method, path).bearer_auth(token)
    }

    /// A request with the local user's token at one of several servers.
    pub fn request_at(&self, server: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.bare(server, method, path).bearer_auth(&self.token)
    }

    /// A request of nobody at one of several servers.
    pub fn bare(&self, server: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or_default();
        self.client.request(method, format!("{server}{path}"))
    }

    /// Status and JSON of an answer.
    ///
    /// # Errors
    /// There is none.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// Posts a job; the job.
    ///
    /// # Errors
    /// It is not accepted.
    pub async fn post(&self, body: Value) -> Result<Value> {
        let (status, job) = self.call("POST", "/v1/jobs", Some(body)).await?;
        ensure!(matches!(status, 200 | 202), "{status}: {job}");
        Ok(job)
    }

    /// A job.
    ///
    /// # Errors
    /// There is none.
    pub async fn job(&self, id: &str) -> Result<Value> {
        let (status, job) = self.call("GET", &format!("/v1/jobs/{id}"), None).await?;
        ensure!(status == 200, "{status}: {job}");
        Ok(job)
    }

    /// A job once it is final.
    ///
    /// # Errors
    /// It does not end.
    pub async fn ended(&self, id: &str) -> Result<Value> {
        until(&format!("the end of job {id}"), || async {
            let job = self.job(id).await.ok()?;
            is_final(&job).then_some(job)
        })
        .await
        .with_context(|| self.log().join("\n"))
    }

    /// The bundle of a job.
    ///
    /// # Errors
    /// There is none.
    pub async fn bundle(&self, id: &str) -> Result<Vec<u8>> {
        let answer = self
            .request("GET", &format!("/v1/jobs/{id}/bundle"))
            .send()
            .await?;
        ensure!(answer.status() == 200, "{}", answer.status());
        Ok(answer.bytes().await?.to_vec())
    }

    /// Every job of the local user.
    ///
    /// # Errors
    /// The list cannot be read.
    pub async fn jobs(&self) -> Result<Vec<Value>> {
        let (status, page) = self.call("GET", "/v1/jobs?limit=100", None).await?;
        ensure!(status == 200, "{status}: {page}");
        Ok(page["items"].as_array().cloned().unwrap_or_default())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let killed = self.kill();
        if !std::thread::panicking() {
            assert!(killed.is_ok(), "{killed:?}\n{}", self.log().join("\n"));
        }
    }
}

/// Whether a job is in a final state.
#[must_use]
pub fn is_final(job: &Value) -> bool {
    matches!(job["state"].as_str(), Some("succeeded" | "failed" | "cancelled"))
}

/// The value of the cookie that an answer sets.
#[must_use]
pub fn cookie(answer: &reqwest::Response) -> Option<String> {
    let set = answer.headers().get("set-cookie")?.to_str().ok()?;
    Some(set.split(['=', ';']).nth(1)?.to_owned())
}

/// A request of a small job.
#[must_use]
pub fn small(prompt: &str) -> Value {
    json!({ "prompt": prompt, "variations": 0 })
}

/// Audits a data directory by `songwalker audit`, which reads database and store alone.
///
/// # Errors
/// It finds something.
pub fn audit(dir: &Path) -> Result<()> {
    let done = command(dir, &Settings::new())
        .args(["audit", "--deep", "--json"])
        .output()?;
    ensure!(
        done.status.success(),
        "the audit ended with {}:\n{}{}",
        done.status,
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

/// The names of the objects that lie in the store of a data directory.
///
/// # Errors
/// It cannot be read.
pub fn objects(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![match Shared::of_tests(dir) {
        Some(shared) => shared.objects()?,
        None => dir.join("objects"),
    }];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}
