//! `cargo xtask services`: throw-away PostgreSQL, RabbitMQ, Redis and S3 servers for tests.
//!
//! The test command uses those that the environment names, else those that `services up` started, else it starts its own
//! and ends them. The S3 server comes from crates.io once and stays in the target directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use songwalker_services::servers::S3_VERSION;
use songwalker_services::{Addresses, Fleet, Postgres, Rabbit, Redis};

use crate::needs;
use crate::workspace::{Workspace, execute};

/// What can be done with them.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Start them, where they do not run yet, and print where they are.
    Up,
    /// End them, and forget their data.
    Down,
}

/// Runs the command.
pub fn run(what: &What) -> Result<()> {
    let workspace = Workspace::find()?;
    match what {
        What::Up => up(&workspace),
        What::Down => {
            let was_up = Fleet::end_written(&workspace.target)?;
            println!(
                "{}",
                if was_up {
                    "services ended"
                } else {
                    "no services run"
                }
            );
            Ok(())
        }
    }
}

fn up(workspace: &Workspace) -> Result<()> {
    let target = &workspace.target;
    if !Fleet::is_written_and_there(target) {
        Fleet::end_written(target)?;
        needs::provide(workspace, true, &["services".to_owned()]);
        Fleet::start(&s3_program(workspace)?)?.write(target)?;
    }
    for (name, value) in Addresses::find(&target.join("services.env")).variables() {
        println!("export {name}={value}");
    }
    Ok(())
}

/// Whether servers of one's own can be started here. Cargo provides S3's.
pub fn are_installed() -> bool {
    Postgres::is_installed() && Rabbit::is_installed() && Redis::is_installed()
}

/// The program of the S3 server, built where it is not there yet.
pub fn s3_program(workspace: &Workspace) -> Result<PathBuf> {
    let root = workspace.target.join("tools");
    let program = root.join("bin/s3s-fs");
    if !program.is_file() {
        let build = workspace.target.join("tools-build");
        execute(
            workspace
                .cargo([
                    "install",
                    "s3s-fs",
                    "--locked",
                    "--quiet",
                    "--features",
                    "binary",
                    "--version",
                    S3_VERSION,
                ])
                .arg("--root")
                .arg(&root)
                .env("CARGO_TARGET_DIR", &build),
        )
        .context("the S3 server")?;
        let _ = std::fs::remove_dir_all(build);
    }
    Ok(program)
}

/// Servers for the length of a test run.
pub struct ForTests {
    addresses: Addresses,
    fleet: Option<Fleet>,
}

impl ForTests {
    /// Whether there can be any: the environment names them all, or they are installed. Cargo provides S3's.
    pub fn can_be() -> bool {
        Addresses::find(Path::new("")).is_whole() || are_installed()
    }

    /// Those that are there, else new ones.
    pub fn provide(workspace: &Workspace) -> Result<Self> {
        let target: &Path = &workspace.target;
        if !Fleet::is_written_and_there(target) {
            // What servers left that are gone.
            Fleet::end_written(target)?;
        }
        let named = Addresses::find(&target.join("services.env"));
        if named.is_whole() {
            return Ok(Self {
                addresses: named,
                fleet: None,
            });
        }
        let fleet = Fleet::start(&s3_program(workspace)?)?;
        Ok(Self {
            addresses: fleet.addresses(),
            fleet: Some(fleet),
        })
    }

    /// The variables by which tests find them, and that say that they must.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = self.addresses.variables();
        variables.push((songwalker_services::REQUIRED, "required".to_owned()));
        variables
    }
}

impl Drop for ForTests {
    fn drop(&mut self) {
        if let Some(fleet) = &mut self.fleet {
            fleet.end();
        }
    }
}
