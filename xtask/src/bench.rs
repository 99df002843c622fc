//! `cargo xtask bench`: figures about speed, with the load of the machine beside them. They judge nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::python;
use crate::workspace::{Workspace, output};

/// How many prompts `latency` takes, spread evenly over the prompt file.
const PROMPTS: usize = 20;

/// Wall time from prompt to bundle with 3 variations, in all and by stage.
pub fn latency(runs: usize, binary: Option<PathBuf>) -> Result<bool> {
    let workspace = Workspace::find()?;
    let binary = workspace.release_binary(binary.as_deref())?;
    let prompts = prompts(&workspace)?;
    let scratch = workspace.target.join("bench-latency");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    let before = load();
    let mut by_stage: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 0..runs.max(1) {
        for (number, prompt) in prompts.iter().enumerate() {
            let started = Instant::now();
            let answer = output(
                Command::new(&binary)
                    .args([
                        "generate",
                        "--seed",
                        "0",
                        "--planner",
                        "embedded",
                        "--variations",
                        "3",
                        "--json",
                        "--out",
                    ])
                    .arg(scratch.join(format!("{round}-{number}")))
                    .args(["--", prompt]),
            )?;
            by_stage
                .entry("wall".into())
                .or_default()
                .push(1000.0 * started.elapsed().as_secs_f64());
            let answer: Value = serde_json::from_str(&answer)?;
            for (stage, took) in answer["timings_ms"]
                .as_object()
                .context("no timings_ms in the answer")?
            {
                if let Some(took) = took.as_f64() {
                    by_stage.entry(stage.clone()).or_default().push(took);
                }
            }
        }
    }
    println!(
        "{} calls, load average {before} before, {} after",
        prompts.len() * runs.max(1),
        load()
    );
    println!("{:16}{:>10}{:>10}{:>10}", "stage", "p50 ms", "p95 ms", "max ms");
    for (stage, times) in &mut by_stage {
        times.sort_by(f64::total_cmp);
        let [p50, p95, max] = [0.5, 0.95, 1.0].map(|q| quantile(times, q));
        println!("{stage:16}{p50:>10.0}{p95:>10.0}{max:>10.0}");
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(true)
}

/// The nearest-rank quantile of sorted values.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

fn prompts(workspace: &Workspace) -> Result<Vec<String>> {
    let document: Value = serde_json::from_slice(&std::fs::read(workspace.script("data/prompts-dev.json"))?)?;
    let all: Vec<&str> = document["prompts"]
        .as_array()
        .context("no prompts in the prompt file")?
        .iter()
        .filter_map(|p| p["prompt"].as_str())
        .filter(|p| !p.trim().is_empty())
        .collect();
    ensure!(all.len() >= PROMPTS, "only {} prompts", all.len());
    Ok((0..PROMPTS)
        .map(|i| all[i * all.len() / PROMPTS].to_owned())
        .collect())
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".into())
}

/// CPU time of some patches as a multiple of real time; Vital's beside it where `vita` is at hand.
pub fn engine(runs: usize, binary: Option<PathBuf>) -> Result<bool> {
    let workspace = Workspace::find()?;
    let binary = workspace.release_binary(binary.as_deref())?;
    let python = python::ready(&workspace).unwrap_or_else(|| "python3".into());
    println!("load average {}", load());
    let mut command = python::script(&workspace, &python, "evaluation/engine_speed.py");
    command
        .arg("--binary")
        .arg(binary)
        .args(["--runs", &runs.to_string()]);
    Ok(command.status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!([0.5, 0.95, 1.0].map(|q| quantile(&times, q)), [10.0, 19.0, 20.0]);
        assert_eq!(quantile(&[7.0], 0.5), 7.0);
    }
}
