//! `cargo xtask bench`: figures about speed and memory, with the load of the machine beside them. They judge nothing but
//! that what was measured is right.

mod cancel;
mod direct;
mod engine;
mod jobs;
mod latency;
mod memory;
mod moment;
mod plugin;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// What can be measured.
#[derive(clap::Subcommand)]
pub enum What {
    /// From prompt to bundle with 3 variations over 20 prompts: the pipeline called directly, a job over HTTP, and
    /// `songwalker generate`.
    Latency {
        /// Rounds over the prompts.
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// Use `songwalker` and `examples/pipeline` of this folder instead of building the release ones.
        #[arg(long, value_name = "DIR")]
        built: Option<PathBuf>,
    },
    /// From asking for a cancellation to its end, queued and running jobs apart, at random moments.
    Cancel {
        /// How many of each.
        #[arg(long, default_value_t = 200)]
        times: usize,
        /// Use this binary instead of building the release one.
        #[arg(long, value_name = "PATH")]
        binary: Option<PathBuf>,
    },
    /// Memory of the server and its children after 100 jobs and after all of them.
    Memory {
        /// How many jobs.
        #[arg(long, default_value_t = 1000)]
        jobs: usize,
        /// Use this binary instead of building the release one.
        #[arg(long, value_name = "PATH")]
        binary: Option<PathBuf>,
    },
    /// Jobs on PostgreSQL, RabbitMQ, Redis and S3 that it starts: how fast, beside Celery with the same; how soon they start,
    /// stop and come back.
    Jobs {
        #[command(flatten)]
        how: jobs::How,
    },
    /// CPU time of some patches as a multiple of real time beside Vital's own, and the memory of a voice.
    Engine {
        /// Renders per patch, at least 5; the median counts.
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// Use `probe` and `voice_memory` of this folder instead of building the release ones.
        #[arg(long, value_name = "DIR")]
        built: Option<PathBuf>,
    },
    /// What 1, 8 and 16 slots of the plugin cost in blocks of 64 frames, as a share of real time, beside the same patch in Vital.
    Plugin {
        /// The template that the slots play.
        #[arg(long, default_value = plugin::TEMPLATE)]
        template: String,
    },
}

/// Measures it; false where what was measured is not right.
pub fn run(what: What) -> Result<bool> {
    let workspace = Workspace::find()?;
    match what {
        What::Latency { runs, built } => latency::run(&workspace, runs.max(1), built),
        What::Cancel { times, binary } => cancel::run(&workspace, times.max(1), binary),
        What::Memory { jobs, binary } => memory::run(&workspace, jobs.max(1), binary),
        What::Jobs { how } => jobs::run(&workspace, &how),
        What::Plugin { template } => plugin::run(&workspace, &template),
        What::Engine { runs, built } => engine::run(&workspace, runs, built),
    }
}

/// Values of one kind, milliseconds.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, ms: f64) {
        self.0.push(ms);
    }

    /// The nearest-rank quantile: a value that was measured.
    fn quantile(&self, q: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (q * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
    }

    fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// A line of a table whose head is [`HEAD`].
    fn line(&self, title: &str) -> String {
        let [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1.0].map(|q| self.quantile(q));
        format!(
            "{title:44}{:>6}{p50:>9.0}{p95:>9.0}{p99:>9.0}{max:>9.0}",
            self.0.len()
        )
    }
}

/// The head of a table of [`Times`].
fn head(title: &str) -> String {
    format!(
        "{title:44}{:>6}{:>9}{:>9}{:>9}{:>9}",
        "n", "p50 ms", "p95 ms", "p99 ms", "max ms"
    )
}

/// Some prompts, spread evenly over the prompt file.
fn prompts(workspace: &Workspace, count: usize) -> Result<Vec<String>> {
    let document: Value = serde_json::from_slice(&std::fs::read(workspace.script("data/prompts-dev.json"))?)?;
    let all: Vec<&str> = document["prompts"]
        .as_array()
        .context("no prompts in the prompt file")?
        .iter()
        .filter_map(|p| p["prompt"].as_str())
        .filter(|p| !p.trim().is_empty())
        .collect();
    ensure!(all.len() >= count, "only {} prompts", all.len());
    Ok((0..count)
        .map(|i| all[i * all.len() / count].to_owned())
        .collect())
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times = Times((1..=20).rev().map(f64::from).collect());
        assert_eq!([0.5, 0.95, 1.0].map(|q| times.quantile(q)), [10.0, 19.0, 20.0]);
        assert_eq!(Times(vec![7.0]).median(), 7.0);
    }

    #[test]
    fn a_line_stands_under_its_head() {
        assert_eq!(
            Times(vec![1.0]).line("x").chars().count(),
            head("x").chars().count()
        );
    }
}
