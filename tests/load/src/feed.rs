//! A client library's part: jobs are accepted by the domain's own function, many at a time, in the turn of their users.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use serde_json::json;
use songwalker_jobs::{System, accept};
use songwalker_schemas::wire::CreateJob;

use crate::setup;

/// How it is done.
#[derive(clap::Args)]
pub struct Feed {
    /// How many jobs.
    #[arg(long)]
    jobs: u64,
    /// How many are being accepted at any time.
    #[arg(long)]
    at_once: u64,
    /// The first seed: other seeds are other jobs.
    #[arg(long)]
    first: u64,
    /// What is asked for.
    #[arg(long, default_value = "warm pad")]
    prompt: String,
    /// Do not wait for their ends.
    #[arg(long)]
    leave: bool,
    /// Accept nothing, and wait for what was left.
    #[arg(long, conflicts_with = "leave")]
    wait: bool,
}

impl Feed {
    /// Prints what it took.
    pub async fn run(&self, system: &System) -> Result<()> {
        let began = Instant::now();
        if !self.wait {
            self.accept(system).await?;
        }
        let accepted = began.elapsed().as_secs_f64();
        if !self.leave {
            setup::all_ended(system).await?;
        }
        let of_these = format!("seed >= {} AND seed < {}", self.first, self.first + self.jobs);
        let ended = setup::number(
            system,
            &format!("SELECT count(*) FROM jobs WHERE state = 'succeeded' AND {of_these}"),
        )
        .await?;
        ensure!(
            self.leave || u64::try_from(ended).is_ok_and(|ended| ended == self.jobs),
            "{ended} of {} jobs succeeded",
            self.jobs
        );
        let span = setup::number(
            system,
            &format!("SELECT max(finished_at) - min(created_at) FROM jobs WHERE {of_these}"),
        )
        .await?;
        let working = setup::number(
            system,
            &format!("SELECT max(finished_at) - min(started_at) FROM jobs WHERE {of_these}"),
        )
        .await?;
        println!(
            "{}",
            json!({ "accepted_s": accepted, "whole_ms": span, "working_ms": working })
        );
        Ok(())
    }

    async fn accept(&self, system: &System) -> Result<()> {
        let users = setup::made(system).await?;
        let next = AtomicU64::new(0);
        let feeders = (0..self.at_once).map(|_| async {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.jobs {
                    return anyhow::Ok(());
                }
                let request = CreateJob {
                    seed: self.first + number,
                    variations: 0,
                    ..CreateJob::new(&self.prompt)
                };
                let user = users[usize::try_from(number)? % users.len()];
                accept::accept(system, user, request, None).await?;
            }
        });
        try_join_all(feeders).await?;
        Ok(())
    }
}
