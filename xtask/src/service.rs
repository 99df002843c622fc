//! `songwalker serve` as a process: for the steps that look at it from outside and for the figures about it.
//!
//! Each has a data directory of its own under the target directory, nothing of the caller's environment, and ends with
//! what started it. Its log lies beside the data directory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::http::{self, Answer};
use crate::workspace::execute;

/// How long start, stop and a job may take before they count as a fault.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often something is asked for while it is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// A service that runs.
pub struct Service {
    child: Child,
    /// `host:port`.
    pub address: String,
    /// The local user's token.
    pub token: String,
    /// Where it keeps everything.
    pub data_dir: PathBuf,
    /// What it prints.
    pub log: PathBuf,
}

/// `songwalker` on a data directory, with nothing in its environment but that and what is said.
pub fn command(binary: &Path, data_dir: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("HOME", data_dir)
        .env("SONGWALKER__DATA_DIR", data_dir)
        .env("NO_COLOR", "1")
        .envs(environment.iter().copied());
    command
}

impl Service {
    /// Starts a service on an empty `folder` and waits until it is ready.
    pub fn start(binary: &Path, folder: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        let data_dir = folder.join("data");
        std::fs::create_dir_all(&data_dir)?;
        let log = folder.join("log.txt");
        let to_log = File::create(&log)?;
        let child = command(binary, &data_dir, environment)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(to_log.try_clone()?)
            .stderr(to_log)
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let mut service = Self {
            child,
            address: String::new(),
            token: String::new(),
            data_dir,
            log,
        };
        service.wait_until_ready()?;
        Ok(service)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the service ended with {status}:\n{}", self.printed());
            }
            if let Some(address) = self.announced()
                && http::send(&address, "GET", "/health/ready", &[], None).is_ok_and(|a| a.status == 200)
            {
                self.address = address;
                self.token = std::fs::read_to_string(self.data_dir.join("token"))?
                    .trim()
                    .to_owned();
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the service is not ready:\n{}",
                self.printed()
            );
            std::thread::sleep(PAUSE);
        }
    }

    fn announced(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.data_dir.join("server.json")).ok()?;
        let file: Value = serde_json::from_str(&text).ok()?;
        (file["pid"] == self.child.id()).then_some(())?;
        let url = file["url"].as_str()?.strip_prefix("http://")?;
        Some(url.trim_end_matches('/').to_owned())
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        std::fs::read(&self.log)
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default()
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request as the local user.
    pub fn call(&self, method: &str, path: &str, headers: &[&str], body: Option<&Value>) -> Result<Answer> {
        let bearer = format!("Authorization: Bearer {}", self.token);
        let headers: Vec<&str> = std::iter::once(bearer.as_str())
            .chain(headers.iter().copied())
            .collect();
        http::send(&self.address, method, path, &headers, body)
    }

    /// Posts a job; its id.
    pub fn post(&self, body: &Value) -> Result<String> {
        let answer = self.call("POST", "/v1/jobs", &[], Some(body))?;
        let job = answer.json();
        ensure!(answer.status == 202, "{}: {job}", answer.status);
        Ok(job["id"].as_str().context("a job without an id")?.to_owned())
    }

    /// A job.
    pub fn job(&self, id: &str) -> Result<Value> {
        let answer = self.call("GET", &format!("/v1/jobs/{id}"), &[], None)?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.json());
        Ok(answer.json())
    }

    /// A job once `is_there` says so; asked for every `pause`.
    pub fn wait_for(&self, id: &str, pause: Duration, is_there: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = self.job(id)?;
            if is_there(&job) {
                return Ok(job);
            }
            ensure!(Instant::now() < deadline, "still waiting for {job}");
            std::thread::sleep(pause);
        }
    }

    /// A job once it is final.
    pub fn ended(&self, id: &str) -> Result<Value> {
        self.wait_for(id, PAUSE, is_final)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and the end of the process. Afterwards nothing may be wrong: no panic in the log, nothing that
    /// `songwalker audit` finds.
    pub fn stop_and_audit(self, binary: &Path) -> Result<()> {
        let (data_dir, log) = (self.data_dir.clone(), self.log.clone());
        self.stop()?;
        let printed = std::fs::read_to_string(&log)?;
        ensure!(
            !printed.contains("panicked"),
            "the service panicked: {}",
            log.display()
        );
        execute(command(binary, &data_dir, &[]).args(["audit", "--deep"]))
    }

    /// SIGTERM, and the end of the process.
    pub fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        ensure!(
            Command::new("kill").args(["-TERM", &pid]).status()?.success(),
            "the service cannot be told to stop"
        );
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(
                    status.success(),
                    "the service ended with {status}:\n{}",
                    self.printed()
                );
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the service does not stop:\n{}",
                self.printed()
            );
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // What ended already cannot be killed; either way it is over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a job is in a final state.
pub fn is_final(job: &Value) -> bool {
    matches!(job["state"].as_str(), Some("succeeded" | "failed" | "cancelled"))
}
