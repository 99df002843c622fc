//! A client that posts at a fixed rate, whether or not earlier requests were answered (an open loop): what the service
//! lets wait is counted from the moment at which the request was due.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::join_all;
use serde_json::json;
use songwalker_jobs::System;
use tokio::time::{Instant, sleep_until};

use crate::setup;

/// How it is done.
#[derive(clap::Args)]
pub struct Post {
    /// `http://host:port`.
    #[arg(long)]
    url: String,
    /// Keys, one a line.
    #[arg(long)]
    keys: PathBuf,
    /// How many jobs.
    #[arg(long)]
    jobs: u32,
    /// How many a second.
    #[arg(long)]
    rate: u32,
    /// The first seed.
    #[arg(long)]
    first: u64,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Post {
    /// Prints what it saw.
    pub async fn run(&self, system: &System) -> Result<()> {
        // Its only failure is that somebody did it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = std::fs::read_to_string(&self.keys)?;
        let keys: Vec<&str> = keys.lines().collect();
        ensure!(!keys.is_empty(), "no keys");
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let address = format!("{}/v1/jobs", self.url);
        // By then all requests are made.
        let began = Instant::now() + Duration::from_secs(1);
        let requests = (0..self.jobs).map(|number| {
            let due = began + Duration::from_secs(1) * number / self.rate;
            let key = keys[number as usize % keys.len()];
            let request = client.post(&address).bearer_auth(key).json(
                &json!({ "prompt": "warm pad", "seed": self.first + u64::from(number), "variations": 0 }),
            );
            tokio::spawn(async move {
                sleep_until(due).await;
                let status = match request.send().await {
                    Ok(answer) => {
                        let status = answer.status().as_u16();
                        // An answer is one that was read.
                        answer.bytes().await.map_or(0, |_| status)
                    }
                    Err(_) => 0,
                };
                (status, due.elapsed().as_secs_f64() * 1_000.0)
            })
        });
        let answers = join_all(requests).await;
        let took = began.elapsed().as_secs_f64();
        let mut statuses: BTreeMap<u16, u32> = BTreeMap::new();
        let mut times = Vec::with_capacity(answers.len());
        for answer in answers {
            let (status, ms) = answer?;
            *statuses.entry(status).or_default() += 1;
            times.push(ms);
        }
        setup::all_ended(system).await?;
        let starts = format!(
            "SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY started_at - created_at) FROM jobs \
             WHERE seed >= {} AND seed < {}",
            self.first,
            self.first + u64::from(self.jobs)
        );
        let start_p95 = setup::number(system, &starts).await?;
        println!(
            "{}",
            json!({ "took_s": took, "statuses": statuses, "ms": times, "start_p95_ms": start_p95 })
        );
        Ok(())
    }
}
