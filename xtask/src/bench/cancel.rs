//! `cargo xtask bench cancel`: how long a cancellation takes (R8), for jobs that wait and for jobs that run, at moments
//! spread over a job's life by a fixed sequence; and that nothing of a cancelled job is left in the store.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::moment::{millis, shares};
use super::{Times, head, load};
use crate::service::{Service, is_final};
use crate::workspace::Workspace;

/// How often a job is asked for while its end is waited for.
const PAUSE: Duration = Duration::from_millis(1);
/// Most jobs must be met while they wait or run; so often may one have ended before.
const ROUNDS_PER_TIME: usize = 5;
/// Jobs that are made before, and not cancelled.
const WARMING: usize = 2;

/// What the cancellations of one kind took.
#[derive(Default)]
struct Cancelled {
    /// From `cancel_requested_at` to `stopped_at`, as the job says.
    by_the_job: Times,
    /// From sending the request to having seen the final state.
    by_the_client: Times,
}

impl Cancelled {
    fn count(&self) -> usize {
        self.by_the_job.0.len()
    }

    fn add(&mut self, job: &Value, seen_ms: f64) -> Result<()> {
        let took = millis(job, "stopped_at")? - millis(job, "cancel_requested_at")?;
        self.by_the_job.add(took);
        self.by_the_client.add(seen_ms);
        Ok(())
    }
}

/// Prints the figures; an error where a cancelled job left something.
pub fn run(workspace: &Workspace, times: usize, binary: Option<PathBuf>) -> Result<bool> {
    let binary = workspace.release_binary(binary.as_deref())?;
    let folder = workspace.target.join("bench-cancel");
    let environment = [
        ("SONGWALKER__QUOTAS__ENABLED", "false"),
        // One at a time: whatever comes second waits.
        ("SONGWALKER__WORKER__SLOTS", "1"),
    ];
    let service = Service::start(&binary, &folder, &environment)?;
    let life = life(&service)?;
    let before = load();
    let (mut waiting, mut running) = (Cancelled::default(), Cancelled::default());
    let (mut succeeded, mut rounds) = (WARMING, 0);
    for share in shares() {
        if waiting.count().min(running.count()) >= times {
            break;
        }
        rounds += 1;
        ensure!(
            rounds <= ROUNDS_PER_TIME * times,
            "too few jobs could be cancelled while they waited or ran"
        );
        let first = service.post(&request(WARMING + 2 * rounds))?;
        service.wait_for(&first, PAUSE, |job| job["state"] == "running" || is_final(job))?;
        let second = service.post(&request(WARMING + 2 * rounds + 1))?;
        // Not a wait for anything: the moment itself is what is tried.
        std::thread::sleep(life.mul_f64(share));
        // Where the first one has ended meanwhile, the second one runs.
        for id in [second, first] {
            let (job, seen_ms) = cancel(&service, &id)?;
            if job["state"] == "succeeded" {
                succeeded += 1;
            } else if job["started_at"].is_null() {
                waiting.add(&job, seen_ms)?;
            } else {
                running.add(&job, seen_ms)?;
            }
        }
    }
    let after = load();
    let data_dir = service.data_dir.clone();
    service.stop_and_audit(&binary)?;
    println!(
        "{rounds} rounds, a job takes {} ms, load average {before} before, {after} after\n",
        life.as_millis()
    );
    println!("{}", head("cancellation of"));
    for (title, cancelled) in [("a queued job", &waiting), ("a running job", &running)] {
        println!(
            "{}",
            cancelled
                .by_the_job
                .line(&format!("{title}, requested to stopped"))
        );
        println!(
            "{}",
            cancelled.by_the_client.line(&format!("{title}, request to seen"))
        );
    }
    let left = objects(&data_dir.join("objects"))?;
    ensure!(
        left == succeeded,
        "{left} objects in the store of {succeeded} jobs that succeeded"
    );
    println!("\nnothing of a cancelled job is left in the store");
    std::fs::remove_dir_all(&folder)?;
    Ok(true)
}

fn request(number: usize) -> Value {
    json!({ "prompt": "warm pad, wide", "seed": number, "variations": 3 })
}

/// How long a job of this kind takes, once everything is warm: the first of these also starts the child.
fn life(service: &Service) -> Result<Duration> {
    let mut life = Duration::ZERO;
    for number in 0..WARMING {
        let id = service.post(&request(number))?;
        let job = service.wait_for(&id, PAUSE, is_final)?;
        ensure!(job["state"] == "succeeded", "{job}");
        let ms = millis(&job, "finished_at")? - millis(&job, "started_at")?;
        life = Duration::from_secs_f64(ms / 1000.0);
    }
    Ok(life)
}

/// Cancels a job: how it ended, and after how many milliseconds that was seen.
fn cancel(service: &Service, id: &str) -> Result<(Value, f64)> {
    let started = Instant::now();
    let answer = service.call("POST", &format!("/v1/jobs/{id}/cancel"), &[], None)?;
    ensure!(
        matches!(answer.status, 200 | 202),
        "{}: {}",
        answer.status,
        answer.json()
    );
    let mut job = answer.json();
    if !is_final(&job) {
        job = service.wait_for(id, PAUSE, is_final)?;
    }
    let seen_ms = 1000.0 * started.elapsed().as_secs_f64();
    ensure!(
        matches!(job["state"].as_str(), Some("cancelled" | "succeeded")),
        "neither cancelled nor succeeded: {job}"
    );
    Ok((job, seen_ms))
}

/// How many files a store has.
fn objects(folder: &Path) -> Result<usize> {
    let listed = Command::new("find").arg(folder).args(["-type", "f"]).output()?;
    ensure!(listed.status.success(), "the store cannot be read");
    Ok(listed
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .count())
}
