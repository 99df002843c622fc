//! The project's own commands: `cargo xtask test | generate | eval | fidelity | bench | bundle | soak | spectrograms`.
//!
//! Owns the command line; each command is a module of its own. What a command needs beyond Rust is listed before anything
//! is installed (`needs`).

mod bench;
mod browser;
mod bundle;
mod contract;
mod deploy;
mod eval;
mod faults;
mod fidelity;
mod generate;
mod http;
mod needs;
mod plugin;
mod python;
mod service;
mod services;
mod soak;
mod spectrograms;
mod steps;
mod test;
mod thumbnail;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "The project's own commands",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install or find what the tests need (listed first) and run them all.
    Test {
        /// Install what is missing without asking.
        #[arg(long)]
        yes: bool,
        /// Run only this step; may be given several times.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Say which steps there are and what they need, and run nothing.
        #[arg(long)]
        list: bool,
    },
    /// Write the files that are made from the parameter table: JSON Schemas and the page of all parameters.
    Generate {
        /// Write nothing; fail where a file is not what it should be.
        #[arg(long)]
        check: bool,
    },
    /// Render the evaluation prompts and print how many the product follows.
    Eval(eval::Options),
    /// Measure how near our engine is to the real Vital: every module and whole presets, against bars.
    Fidelity(fidelity::Options),
    /// Measure speed and memory; figures, not tests.
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
    /// Throw-away PostgreSQL, RabbitMQ, Redis and S3 servers on free ports of this machine, for tests.
    Services {
        #[command(subcommand)]
        what: services::What,
    },
    /// Look for faults at length; goes on where it was stopped.
    Soak {
        #[command(subcommand)]
        what: soak::What,
    },
    /// Build the plugin for hosts: `target/bundled/SongWalker.vst3` and `SongWalker.clap`.
    Bundle {
        /// For another system, by the name of its Rust target.
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
    },
    /// Make every template and write the page that shows their spectrograms.
    Spectrograms {
        /// Use this binary instead of building the release one.
        #[arg(long, value_name = "PATH")]
        binary: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test { yes, only, list } => test::run(yes, &only, list),
        Command::Generate { check } => generate::run(check),
        Command::Eval(options) => eval::run(&options),
        Command::Fidelity(options) => fidelity::run(&options),
        Command::Bench { what } => bench::run(what),
        Command::Services { what } => services::run(&what).map(|()| true),
        Command::Soak { what } => soak::run(what),
        Command::Bundle { target } => bundle::run(target.as_deref()),
        Command::Spectrograms { binary } => spectrograms::run(binary),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::FAILURE
        }
    }
}
