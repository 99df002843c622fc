//! Faults on a whole service while clients use it: embedded and distributed, drawn from a seed, audited afterwards.
//!
//! `cargo xtask soak faults` runs it, and `cargo xtask test` a short one. What a run proves: whatever dies, every job that
//! a client was told is accepted ends once, with one result or none (R1–R12). See this folder's README.

mod broker;
mod chance;
mod clients;
mod counts;
mod ending;
mod inject;
mod place;
mod plan;
mod process;
mod proxy;
mod receiver;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use tokio_util::sync::CancellationToken;

use crate::clients::Clients;
use crate::place::Place;
use crate::plan::{Plan, Way};
use crate::world::World;

/// How many jobs of a user may be unfinished: what the plan of these users allows.
const UNFINISHED: i64 = 2;
/// How many clients a user has: more than jobs may be unfinished, so that some are refused.
const CLIENTS_OF_USER: usize = 3;
/// How long nothing may be accepted at all.
const STANDSTILL: Duration = Duration::from_secs(240);

#[derive(Parser)]
#[command(
    about = "Faults on a whole service while clients use it",
    disable_help_subcommand = true
)]
struct Arguments {
    /// The product, built with failpoints and all adapters
    #[arg(long, value_name = "PATH")]
    binary: PathBuf,
    /// The S3 server, for the distributed way
    #[arg(long, value_name = "PATH")]
    s3: Option<PathBuf>,
    /// How many jobs are accepted at least
    #[arg(long, default_value_t = 60)]
    jobs: u64,
    /// What draws faults and jobs
    #[arg(long)]
    seed: u64,
    /// Which way
    #[arg(long)]
    way: Way,
    /// How many users there are
    #[arg(long, default_value_t = 6)]
    users: usize,
    /// Keep the logs of the processes also where nothing was found
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        tokio::select! {
            done = run(&arguments) => done,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One run; whether all is well.
async fn run(arguments: &Arguments) -> Result<bool> {
    let (way, jobs, seed) = (arguments.way, arguments.jobs, arguments.seed);
    let begun = Instant::now();
    let plan = Plan::draw(way, jobs, seed);
    println!(
        "━━ faults, {way}: {jobs} jobs, seed {seed}, {} faults on processes, {} on services and machine",
        plan.processes.len(),
        plan.services.len()
    );
    for (lane, planned) in [("processes", &plan.processes), ("services", &plan.services)] {
        for fault in planned {
            println!("  {lane:9} after {:4}: {}", fault.after, fault.fault);
        }
    }
    let place = Place::make(way, &arguments.binary, arguments.s3.as_deref()).await?;
    let world = Arc::new(World::start(place, arguments.users, seed).await?);
    println!("━━ the run");
    let went = go(&world, &plan, seed, jobs).await;
    if let Err(error) = &went {
        world.counts.strange(format!("{error:#}"));
    }
    let report = went.unwrap_or_default();
    let counted = ending::counted(&world).await.unwrap_or_default();
    ending::check_quota(&world, &counted, UNFINISHED);
    println!(
        "━━ counts, {way}, seed {seed}, {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let told = world.counts.jobs();
    println!(
        "  {:60} {:6}",
        "jobs that clients were told are accepted",
        told.len()
    );
    let deleted = told.values().filter(|told| told.is_deleted).count();
    println!("  {:60} {deleted:6}", "of them deleted by their client");
    for (name, count) in &counted {
        println!("  {name:60} {count:6}");
    }
    for (name, count) in world.counts.by_name() {
        println!("  {name:60} {count:6}");
    }
    if let Some(proxy) = &world.place.proxy {
        println!("  {:60} {:6}", "requests to S3 disturbed", proxy.disturbed());
    }
    let (times, messages) = world.receiver.counts();
    println!("  {:60} {messages:6}", "messages to webhooks");
    println!("  {:60} {times:6}", "how often they came");
    println!("  audit: {}", report["looked"]);
    let strange = world.counts.all_strange();
    println!("━━ findings: {}", strange.len());
    for what in &strange {
        println!("  {what}");
    }
    let world = Arc::into_inner(world).context("somebody still uses the service")?;
    let is_well = strange.is_empty();
    drop(world.processes);
    if !is_well || arguments.keep {
        println!("  logs: {}", world.place.keep().join("logs").display());
    }
    Ok(is_well)
}

/// Faults and clients beside each other, then the end; the report of the last audit.
async fn go(world: &Arc<World>, plan: &Plan, seed: u64, jobs: u64) -> Result<serde_json::Value> {
    let clients = Clients::new(Arc::clone(world), seed, jobs)?;
    let faults_over = CancellationToken::new();
    let over = CancellationToken::new();
    clients.want_to_be_told().await?;
    let work = async {
        let users = 0..world.keys.len();
        let of_users = users.flat_map(|user| std::iter::repeat_n(user, CLIENTS_OF_USER));
        let submitting = futures::future::join_all(of_users.map(|user| clients.run(user, &faults_over)));
        let faults = async {
            tokio::join!(
                inject::lane(world, &plan.processes),
                inject::lane(world, &plan.services)
            );
            println!("  the faults are over");
            faults_over.cancel();
        };
        tokio::join!(submitting, faults);
        println!("  the clients are done");
        ending::all_final(world, &clients).await?;
        println!("  every job is final");
        ending::all_told(world, &clients).await?;
        println!("  every end was told");
        let report = ending::audited(world).await;
        over.cancel();
        report
    };
    tokio::select! {
        (done, ()) = async { tokio::join!(work, world.look_after(&over)) } => done,
        () = standstill(world, &faults_over) => bail!("no job was accepted for {STANDSTILL:?}"),
    }
}

/// Ends when no job was accepted for long, while there are faults to come.
async fn standstill(world: &World, faults_over: &CancellationToken) {
    let mut accepted = world.counts.watch();
    loop {
        let changed = tokio::time::timeout(STANDSTILL, accepted.changed()).await;
        if changed.is_err() {
            if !faults_over.is_cancelled() {
                return;
            }
            std::future::pending::<()>().await;
        }
    }
}
