//! Over HTTP: how long an accepted request takes at a fixed rate, how soon its job starts, and what the processes hold
//! after few and after many.

use anyhow::{Context, Result};
use serde_json::Value;

use super::parts::{Parts, Process};
use super::{SLOTS, resident};
use crate::bench::{Times, head, load};

/// Requests a second.
const RATE: &str = "500";
/// Jobs until everything is warm, and in all.
const WARM: u64 = 1_000;
const ALL: u64 = 10_000;
/// The first seed: no other part's.
const FIRST: u64 = 1 << 32;

/// Prints the figures.
pub fn run(parts: &Parts) -> Result<()> {
    let scheduler = parts.scheduler()?;
    let worker = parts.idle_worker(SLOTS)?;
    let api = parts.api()?;
    let before = load();
    let post = |jobs: u64, first: u64| -> Result<Value> {
        let (jobs, first) = (jobs.to_string(), first.to_string());
        let url = api.told["url"].as_str().context("no address")?;
        let keys = parts.keys();
        parts.load(&[
            "post",
            "--url",
            url.trim_end_matches('/'),
            "--keys",
            &keys,
            "--jobs",
            &jobs,
            "--rate",
            RATE,
            "--first",
            &first,
        ])
    };
    let held = || -> Result<Vec<f64>> { [&api, &scheduler, &worker].map(resident).into_iter().collect() };
    post(WARM, FIRST)?;
    let warm = held()?;
    let told = post(ALL - WARM, FIRST + WARM)?;
    let full = held()?;
    let times = Times(
        told["ms"]
            .as_array()
            .context("no times")?
            .iter()
            .filter_map(Value::as_f64)
            .collect(),
    );
    println!(
        "POST /v1/jobs at {RATE} a second (open loop, counted from when a request was due), jobs without a pipeline, load average \
         {before} before, {} after",
        load()
    );
    println!("{}\n{}", head("request to answer"), times.line("POST /v1/jobs"));
    println!("answers by status (0: none): {}", told["statuses"]);
    println!("from acceptance to start, p95: {} ms", told["start_p95_ms"]);
    println!(
        "resident memory, MB: {:>12} {:>12}",
        format!("{WARM} jobs"),
        format!("{ALL} jobs")
    );
    for ((name, warm), full) in ["api", "scheduler", "worker"].iter().zip(warm).zip(full) {
        println!("{name:20} {warm:>12.1} {full:>12.1}");
    }
    println!();
    [api, worker, scheduler].into_iter().try_for_each(Process::stop)
}
