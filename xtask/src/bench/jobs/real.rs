//! With the real pipeline: jobs a second, how soon a cancelled job has stopped, and how soon the jobs of a worker that was
//! killed run again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::parts::{Parts, Process};
use crate::bench::{Times, head, load};
use crate::http;

/// Jobs for the rate.
const JOBS: u64 = 60;
/// Cancellations.
const TIMES: &str = "100";
/// The first seeds: no other part's.
const FIRST: u64 = 1 << 33;
/// A worker with as many slots as most machines of two cores use for it.
const SLOTS: &str = "2";
/// How often a job is asked for.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a killed worker's job may take to run again.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints rate and cancellations.
pub fn run(parts: &Parts) -> Result<()> {
    let scheduler = parts.scheduler()?;
    let worker = parts.worker(SLOTS)?;
    let before = load();
    let (jobs, first) = (JOBS.to_string(), FIRST.to_string());
    let told = parts.load(&["feed", "--jobs", &jobs, "--at-once", "8", "--first", &first])?;
    let took = told["working_ms"].as_f64().context("no figure")?;
    println!(
        "{JOBS} real jobs (\"warm pad\", no variations), one worker with {SLOTS} slots: {:.1} jobs a second, load average {before} \
         before, {} after",
        1_000.0 * JOBS as f64 / took,
        load()
    );
    let told = parts.load(&["cancel", "--times", TIMES])?;
    let times = told["ms"].as_array().context("no times")?;
    let times = Times(times.iter().filter_map(Value::as_f64).collect());
    println!(
        "{}\n{}\n",
        head("cancellation of"),
        times.line("a running job, requested to stopped")
    );
    [worker, scheduler].into_iter().try_for_each(Process::stop)
}

/// Prints how long a killed worker's jobs wait.
pub fn recovery(parts: &Parts) -> Result<()> {
    let scheduler = parts.scheduler()?;
    let api = parts.api()?;
    let doomed = parts.worker("1")?;
    let url = api.told["url"].as_str().context("no address")?;
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let keys = std::fs::read_to_string(parts.keys())?;
    let bearer = format!("Authorization: Bearer {}", keys.lines().next().context("no key")?);
    let call = |method: &str, path: &str, body: Option<&Value>| -> Result<Value> {
        let answer = http::send(&address, method, path, &[&bearer], body)?;
        ensure!(answer.status < 300, "{}: {}", answer.status, answer.json());
        Ok(answer.json())
    };
    // Long enough to be met while it runs.
    let request = json!({ "prompt": "warm pad, wide", "seed": FIRST + JOBS, "variations": 5 });
    let job = call("POST", "/v1/jobs", Some(&request))?;
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no id")?);
    let until = |is_there: &dyn Fn(&Value) -> bool| -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = call("GET", &path, None)?;
            if is_there(&job) {
                return Ok(job);
            }
            ensure!(Instant::now() < deadline, "still waiting for {job}");
            std::thread::sleep(PAUSE);
        }
    };
    until(&|job| job["state"] == "running")?;
    doomed.kill()?;
    let killed = Instant::now();
    let heir = parts.worker("1")?;
    until(&|job| job["attempt"] == 2 && job["state"] != "queued")?;
    println!(
        "kill -9 of a worker: its job runs again after {:.1} s. The lease is 30 s: three heartbeats may be lost before an owner is \
         given up, so that a slow database or a pause of the machine costs no attempt; then the next sweep (each second) and the \
         pause before another attempt",
        killed.elapsed().as_secs_f64()
    );
    let job = until(&|job| job["state"] == "succeeded" || job["state"] == "failed")?;
    ensure!(job["state"] == "succeeded", "{job}");
    println!();
    [heir, api, scheduler].into_iter().try_for_each(Process::stop)
}
