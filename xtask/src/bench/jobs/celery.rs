//! Celery 5 with the same servers: `tests/load/celery_noop.py` as worker and as feeder.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use songwalker_services::Addresses;

use crate::python;
use crate::workspace::Workspace;

/// What is said of it.
pub const SETTINGS: &str = "four feeder processes, confirmed publishing; prefork 2, late acknowledgement, 16 tasks a process ahead, \
                            results in Redis (in memory); no gossip, mingle or heartbeat";

/// How long a worker may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Where it is.
pub struct Celery {
    python: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    environment: [(&'static str, String); 2],
}

/// A worker with its two processes; ended with this.
struct Worker(std::process::Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // What it has done it acknowledges, else that would come again in the next run.
        let _ = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(PAUSE);
        }
        // The group: a worker that is killed leaves its processes behind.
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

impl Celery {
    /// The environment must be there.
    pub fn new(workspace: &Workspace, folder: &Path, addresses: &Addresses) -> Result<Self> {
        let python = python::LOAD.ready(workspace).context("Celery is not there")?;
        let broker = addresses.rabbitmq.clone().context("no RabbitMQ")?;
        let redis = addresses.redis.clone().context("no Redis")?;
        Ok(Self {
            python,
            folder: workspace.script("load"),
            log: folder.join("celery.log"),
            environment: [
                ("LOAD_BROKER", broker.replace("%2f", "/")),
                ("LOAD_RESULTS", format!("{}/5", redis.trim_end_matches("/0"))),
            ],
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg("-B")
            .args(arguments)
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null());
        command
    }

    fn worker(&self) -> Result<Worker> {
        let _ = std::fs::remove_file(&self.log);
        let log = File::create(&self.log)?;
        let arguments = [
            "-m",
            "celery",
            "--app",
            "celery_noop",
            "worker",
            "--concurrency=2",
            "--pool=prefork",
            "--loglevel=info",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ];
        let child = self
            .command(&arguments)
            .env("C_FORCE_ROOT", "1")
            .env("CELERYD_REDIRECT_STDOUTS", "0")
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let worker = Worker(child);
        let deadline = Instant::now() + PATIENCE;
        while !std::fs::read_to_string(&self.log)?.contains(" ready.") {
            ensure!(
                Instant::now() < deadline,
                "Celery is not ready, see {}",
                self.log.display()
            );
            std::thread::sleep(PAUSE);
        }
        Ok(worker)
    }

    fn feed(&self, jobs: u64, feeders: &str, how: &str) -> Result<Value> {
        let jobs = jobs.to_string();
        let done = self
            .command(&["celery_noop.py", "feed", &jobs, feeders, how])
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(
            done.status.success(),
            "Celery's feeder ended with {}",
            done.status
        );
        Ok(serde_json::from_slice(&done.stdout)?)
    }

    /// Tasks a second while they are sent and worked at, and once all of them wait.
    pub fn run(&self, jobs: u64, feeders: &str) -> Result<(f64, f64)> {
        let rate = |told: &Value, of: &str| -> Result<f64> {
            Ok(jobs as f64 / told[of].as_f64().context("no figure")?)
        };
        let worker = self.worker()?;
        let whole = rate(&self.feed(jobs, feeders, "")?, "whole_s");
        drop(worker);
        self.feed(jobs, feeders, "leave")?;
        let worker = self.worker()?;
        let drained = rate(&self.feed(jobs, feeders, "wait")?, "working_s");
        drop(worker);
        Ok((whole?, drained?))
    }
}
