//! `cargo xtask bench jobs`: the service of many processes on real servers, as fast as it goes on this machine.
//!
//! Every server and process is this run's own. Both sides of the comparison share servers and run in turns: whatever the
//! machine does besides weighs on both. Nothing is judged but that every job ended as it should.

mod celery;
mod http;
mod parts;
mod real;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use songwalker_services::Fleet;

use self::parts::{Parts, Process};
use super::{Times, load};
use crate::needs;
use crate::services::s3_program;
use crate::workspace::{Workspace, execute};

/// How it is measured.
#[derive(clap::Args)]
pub struct How {
    /// Jobs without a pipeline in each run, Celery's and ours.
    #[arg(long, default_value_t = 5_000)]
    jobs: u64,
    /// Runs of each; the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only these: `beside`, `http`, `real`, `recovery`; may be given several times.
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Ours alone, without Celery.
    #[arg(long)]
    alone: bool,
    /// Use `songwalker` and `songwalker-load` of this folder instead of building the release ones.
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
}

impl How {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// How many jobs our workers without a pipeline have at a time: what fits on two cores beside everything else.
const SLOTS: &str = "32";
/// How many jobs are being accepted at any time.
const AT_ONCE: &str = "32";
/// How many processes send Celery's tasks. One waits for each confirmation; of 1, 2, 4 and 8 this was seen to be fastest.
const FEEDERS: &str = "4";

/// Prints the figures; an error where a job did not end as it should.
pub fn run(workspace: &Workspace, how: &How) -> Result<bool> {
    needs::provide(workspace, true, &["jobs".to_owned()]);
    let built = match &how.built {
        Some(folder) => folder.canonicalize()?,
        None => release_build(workspace)?,
    };
    let folder = workspace.target.join("bench-jobs");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut fleet = Fleet::start(&s3_program(workspace)?)?;
    let measured = measure(workspace, how, &built, &folder, &fleet);
    fleet.end();
    measured?;
    std::fs::remove_dir_all(&folder)?;
    Ok(true)
}

fn release_build(workspace: &Workspace) -> Result<PathBuf> {
    execute(&mut workspace.cargo([
        "build",
        "--release",
        "--package",
        "songwalker",
        "--package",
        "songwalker-load",
        "--features",
        "songwalker/distributed",
    ]))?;
    Ok(workspace.target.join("release"))
}

fn measure(workspace: &Workspace, how: &How, built: &Path, folder: &Path, fleet: &Fleet) -> Result<()> {
    let parts = Parts::prepare(built, folder, &fleet.addresses())?;
    println!(
        "servers, processes and clients share {} cores; PostgreSQL waits for its disk at each commit, RabbitMQ's queues are quorum queues,\n\
         Redis writes nothing down\n",
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    if how.wants("beside") {
        beside(workspace, how, &parts, fleet)?;
    }
    if how.wants("http") {
        http::run(&parts)?;
    }
    if how.wants("real") {
        real::run(&parts)?;
    }
    if how.wants("recovery") {
        real::recovery(&parts)?;
    }
    Ok(())
}

/// Jobs a second, one number a run.
#[derive(Default)]
struct Rates {
    whole: Times,
    drained: Times,
}

impl Rates {
    fn line(&self, title: &str) -> String {
        let of = |times: &Times| {
            let all: Vec<String> = times.0.iter().map(|rate| format!("{rate:.0}")).collect();
            format!("{:>7.0} ({})", times.median(), all.join(", "))
        };
        format!(
            "{title:12} end to end {}   draining {}",
            of(&self.whole),
            of(&self.drained)
        )
    }
}

fn beside(workspace: &Workspace, how: &How, parts: &Parts, fleet: &Fleet) -> Result<()> {
    let celery = (!how.alone)
        .then(|| celery::Celery::new(workspace, &parts.folder, &fleet.addresses()))
        .transpose()?;
    let (mut ours, mut theirs) = (Rates::default(), Rates::default());
    let before = load();
    let mut first = 0;
    for _ in 0..how.runs {
        if let Some(celery) = &celery {
            let (whole, drained) = celery.run(how.jobs, FEEDERS)?;
            theirs.whole.add(whole);
            theirs.drained.add(drained);
        }
        let (whole, drained) = our_run(parts, how.jobs, &mut first)?;
        ours.whole.add(whole);
        ours.drained.add(drained);
    }
    println!(
        "{} jobs that make nothing, {} runs, load average {before} before, {} after; jobs a second, median (each):",
        how.jobs,
        how.runs,
        load()
    );
    println!("{}", ours.line("SongWalker"));
    if celery.is_some() {
        println!("{}", theirs.line("Celery"));
        println!(
            "{:12} end to end {:>7.2}   draining {:.2}",
            "ratio",
            ours.whole.median() / theirs.whole.median(),
            ours.drained.median() / theirs.drained.median()
        );
        println!("Celery: {}", celery::SETTINGS);
    }
    println!(
        "SongWalker: accepted {AT_ONCE} at a time by the domain's function for {} users, row, prompt, event and outbox row in one \
         commit; one relay, confirmed and mandatory publishing; one worker with {SLOTS} slots, claim with a fence and a lease \
         before the acknowledgement, ending with its result in PostgreSQL\n",
        parts::USERS
    );
    Ok(())
}

/// Jobs a second while they are submitted and worked at, and once all of them wait.
fn our_run(parts: &Parts, jobs: u64, first: &mut u64) -> Result<(f64, f64)> {
    let _scheduler = parts.scheduler()?;
    let (count, at_first) = (jobs.to_string(), first.to_string());
    let feed = |begin: &str, more: &[&str]| -> Result<Value> {
        let arguments = ["feed", "--jobs", &count, "--at-once", AT_ONCE, "--first", begin];
        parts.load(&[&arguments, more].concat())
    };
    let rate = |told: &Value, of: &str| -> Result<f64> {
        Ok(1_000.0 * jobs as f64 / told[of].as_f64().context("no figure")?)
    };
    let worker = parts.idle_worker(SLOTS)?;
    let whole = rate(&feed(&at_first, &[])?, "whole_ms")?;
    worker.stop()?;
    let then = (*first + jobs).to_string();
    feed(&then, &["--leave"])?;
    let worker = parts.idle_worker(SLOTS)?;
    let drained = rate(&feed(&then, &["--wait"])?, "working_ms")?;
    worker.stop()?;
    *first += 2 * jobs;
    ensure!(whole.is_finite() && drained.is_finite(), "a run took no time");
    Ok((whole, drained))
}

/// Resident memory of a process, MB.
fn resident(process: &Process) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid()))?;
    let kb = super::memory::number(&status, "VmRSS:").context("no VmRSS")?;
    Ok(kb as f64 / 1024.0)
}
