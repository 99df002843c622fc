//! `cargo xtask soak faults`: the fault suite at length, and its short run, a step of the test command. What it does and how
//! its counts are read stands in `tests/faults/README.md`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::Command;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use crate::workspace::Workspace;
use crate::{needs, services};

/// How many jobs the short run has, each way.
const SHORT: u64 = 60;
/// The schedule of the short run: the test command does the same each time.
const SHORT_SEED: u64 = 1;

/// Which ways to run the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ways {
    /// One process on a data directory.
    Embedded,
    /// Several processes on PostgreSQL, RabbitMQ, Redis and S3.
    Distributed,
    /// The one, then the other.
    Both,
}

impl Ways {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Embedded => &["embedded"],
            Self::Distributed => &["distributed"],
            Self::Both => &["embedded", "distributed"],
        }
    }
}

/// Arguments of `soak faults`.
#[derive(Debug, Args)]
pub struct Options {
    /// How many jobs are accepted at least, each way.
    #[arg(long, default_value_t = 2_000)]
    jobs: u64,
    /// What draws faults and jobs; none: another one each time, which is printed.
    #[arg(long)]
    seed: Option<u64>,
    /// Which way.
    #[arg(long, value_enum, default_value_t = Ways::Both)]
    way: Ways,
}

/// Runs it; false where something was found.
pub fn run(options: &Options) -> Result<bool> {
    let seed = options
        .seed
        .unwrap_or_else(|| RandomState::new().build_hasher().finish() % 1_000_000);
    let workspace = Workspace::find()?;
    if options.way != Ways::Embedded && !services::are_installed() {
        needs::provide(&workspace, true, &["faults".to_owned()]);
    }
    let mut is_well = true;
    for way in options.way.names() {
        is_well &= succeeds_shown(&mut command(&workspace, way, options.jobs, seed)?)?;
    }
    Ok(is_well)
}

/// The short run of the test command: which ways could not be run.
pub fn short(workspace: &Workspace) -> Result<Option<String>> {
    let can_be_distributed = services::are_installed();
    let ways = if can_be_distributed {
        Ways::Both
    } else {
        Ways::Embedded
    };
    for way in ways.names() {
        let is_well = succeeds_shown(&mut command(workspace, way, SHORT, SHORT_SEED)?)?;
        ensure!(is_well, "the faults of the {way} way left something behind");
    }
    Ok((!can_be_distributed).then(|| "PostgreSQL, RabbitMQ and Redis are not installed".to_owned()))
}

/// Builds what is needed; one way's run.
fn command(workspace: &Workspace, way: &str, jobs: u64, seed: u64) -> Result<Command> {
    let binary = workspace.dev_binary()?;
    let mut command = Command::new(workspace.target.join("debug/songwalker-faults"));
    command.arg("--binary").arg(binary).args(["--way", way]).args([
        "--jobs",
        &jobs.to_string(),
        "--seed",
        &seed.to_string(),
    ]);
    if way == "distributed" {
        command.arg("--s3").arg(services::s3_program(workspace)?);
    }
    Ok(command)
}

fn succeeds_shown(command: &mut Command) -> Result<bool> {
    Ok(command.status()?.success())
}
