//! What `cargo xtask bench jobs` starts beside the product: users, a feeder that accepts by the domain's own function, a
//! client that asks over HTTP at a fixed rate, cancellations, and workers that have no pipeline.
//!
//! Everything between is the product's: accepting, outbox, relay, queue, claim, fence, ending. Each command finds the
//! services by the product's own configuration and prints one line of JSON.

mod cancel;
mod feed;
mod post;
mod setup;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use songwalker_workers::child::protocol;

/// What there is to do.
#[derive(Parser)]
enum Command {
    /// Makes users, lifts what the plan limits, and leaves a key of each in a file.
    Users {
        /// How many.
        #[arg(long)]
        count: usize,
        /// Where their keys go, one a line.
        #[arg(long)]
        keys: PathBuf,
    },
    /// Accepts jobs of all users in turn by the domain's function, and waits until all have ended.
    Feed(feed::Feed),
    /// Posts jobs over HTTP at a fixed rate, whatever the answers, and waits until all have ended.
    Post(post::Post),
    /// Cancels running jobs at random moments.
    Cancel {
        /// How many.
        #[arg(long)]
        times: usize,
    },
    /// Workers whose attempts make nothing: what they end with is said in their row, and no object is put.
    Worker {
        /// Jobs at a time.
        #[arg(long)]
        slots: usize,
    },
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.len() == 2 && arguments[1] == protocol::ARGUMENT {
        return worker::child();
    }
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let system = setup::open().await?;
        let done = match command {
            Command::Users { count, keys } => setup::users(&system, count, &keys).await,
            Command::Feed(feed) => feed.run(&system).await,
            Command::Post(post) => post.run(&system).await,
            Command::Cancel { times } => cancel::run(&system, times).await,
            Command::Worker { slots } => worker::run(&system, slots).await,
        };
        system.db.close().await;
        done
    })
}
