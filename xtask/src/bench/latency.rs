//! `cargo xtask bench latency`: what a job costs beside the pipeline called directly, and what `songwalker generate`
//! takes in all.
//!
//! The three are taken in turns, prompt by prompt, in one run: what the machine does besides weighs on all alike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::direct::Direct;
use super::{Times, head, load, prompts};
use crate::service::{Service, command};
use crate::workspace::{Workspace, execute, output};

/// How many prompts are taken.
const PROMPTS: usize = 20;
const VARIATIONS: u64 = 3;

/// Prints the figures; an error where a job's bundle is not the pipeline's.
pub fn run(workspace: &Workspace, runs: usize, built: Option<PathBuf>) -> Result<bool> {
    let built = match built {
        Some(folder) => folder,
        None => release_build(workspace)?,
    };
    let binary = built.join("songwalker");
    let prompts = prompts(workspace, PROMPTS)?;
    let scratch = workspace.target.join("bench-latency");
    let mut direct = Direct::start(&built.join("examples/pipeline"))?;
    let service = Service::start(&binary, &scratch, &[("SONGWALKER__QUOTAS__ENABLED", "false")])?;
    let by_hand = scratch.join("generate");
    // What is made once in a life: the child process, the tables, the data directory of `generate`.
    direct.make(&request("pad", 0))?;
    posted(&service, &request("pad", 0))?;
    generate(&mut command(&binary, &by_hand, &[]), &scratch, "pad", 0)?;

    let before = load();
    let mut figures = Figures::default();
    for round in 0..runs {
        for (number, prompt) in prompts.iter().enumerate() {
            let seed = u64::try_from(round)?;
            let request = request(prompt, seed);
            let turns: [usize; 3] = std::array::from_fn(|turn| (turn + number + round) % 3);
            let mut hashes = [const { None }; 2];
            for turn in turns {
                match turn {
                    0 => {
                        let made = direct.make(&request)?;
                        figures.add(prompt, "pipeline, called directly", made.ms);
                        hashes[0] = Some(made.sha256);
                    }
                    1 => {
                        let (ms, sha256) = posted(&service, &request)?;
                        figures.add(prompt, "job, from POST to succeeded", ms);
                        hashes[1] = Some(sha256);
                    }
                    _ => {
                        let started = Instant::now();
                        let answer = generate(&mut command(&binary, &by_hand, &[]), &scratch, prompt, seed)?;
                        figures.add(
                            prompt,
                            "songwalker generate",
                            1000.0 * started.elapsed().as_secs_f64(),
                        );
                        figures.stages(&answer)?;
                    }
                }
            }
            ensure!(
                hashes[0] == hashes[1],
                "{prompt:?}: the job's bundle is not the pipeline's"
            );
        }
    }
    service.stop()?;
    println!(
        "{} prompts, {runs} rounds, {VARIATIONS} variations, load average {before} before, {} after\n",
        prompts.len(),
        load()
    );
    figures.print();
    std::fs::remove_dir_all(&scratch)?;
    Ok(true)
}

/// Where cargo leaves the release build of both: built together, they are made of the same units.
fn release_build(workspace: &Workspace) -> Result<PathBuf> {
    let packages = ["--package", "songwalker", "--package", "songwalker-generator"];
    let targets = ["--bin", "songwalker", "--example", "pipeline"];
    execute(
        workspace
            .cargo(["build", "--release"])
            .args(packages)
            .args(targets),
    )?;
    Ok(workspace.target.join("release"))
}

fn request(prompt: &str, seed: u64) -> Value {
    json!({ "prompt": prompt, "seed": seed, "variations": VARIATIONS })
}

/// Milliseconds from POST to the answer that says `succeeded`, and the bundle's hash.
fn posted(service: &Service, request: &Value) -> Result<(f64, String)> {
    let started = Instant::now();
    let answer = service.call("POST", "/v1/jobs", &["Prefer: wait=25"], Some(request))?;
    let ms = 1000.0 * started.elapsed().as_secs_f64();
    let job = answer.json();
    ensure!(job["state"] == "succeeded", "{}: {job}", answer.status);
    let sha256 = job["bundle"]["sha256"]
        .as_str()
        .context("a job without a bundle")?;
    Ok((ms, sha256.to_owned()))
}

fn generate(command: &mut Command, folder: &Path, prompt: &str, seed: u64) -> Result<Value> {
    let answer = output(
        command
            .args(["generate", "--planner", "embedded", "--json"])
            .args(["--seed", &seed.to_string()])
            .args(["--variations", &VARIATIONS.to_string()])
            .arg("--out")
            .arg(folder.join("made"))
            .args(["--", prompt]),
    )?;
    std::fs::remove_dir_all(folder.join("made"))?;
    Ok(serde_json::from_str(&answer)?)
}

/// What was measured, by what it is of.
#[derive(Default)]
struct Figures {
    by_way: BTreeMap<&'static str, BTreeMap<String, Times>>,
    by_stage: BTreeMap<String, Times>,
}

impl Figures {
    fn add(&mut self, prompt: &str, way: &'static str, ms: f64) {
        let by_prompt = self.by_way.entry(way).or_default();
        by_prompt.entry(prompt.to_owned()).or_default().add(ms);
    }

    fn stages(&mut self, answer: &Value) -> Result<()> {
        let stages = answer["timings_ms"]
            .as_object()
            .context("no timings_ms in the answer")?;
        for (stage, took) in stages {
            if let Some(took) = took.as_f64() {
                self.by_stage.entry(stage.clone()).or_default().add(took);
            }
        }
        Ok(())
    }

    /// By how much the median of one way is longer than that of another, prompt by prompt.
    fn beyond(&self, way: &str, other: &str) -> Times {
        let (Some(way), Some(other)) = (self.by_way.get(way), self.by_way.get(other)) else {
            return Times::default();
        };
        let difference =
            |(prompt, times): (&String, &Times)| Some(times.median() - other.get(prompt)?.median());
        Times(way.iter().filter_map(difference).collect())
    }

    fn print(&self) {
        println!("{}", head("from prompt to bundle"));
        for (way, by_prompt) in &self.by_way {
            let all = Times(by_prompt.values().flat_map(|times| times.0.clone()).collect());
            println!("{}", all.line(way));
        }
        println!("\n{}", head("beyond the pipeline, by prompt's median"));
        for way in ["job, from POST to succeeded", "songwalker generate"] {
            println!("{}", self.beyond(way, "pipeline, called directly").line(way));
        }
        println!("\n{}", head("stages of songwalker generate"));
        for (stage, times) in &self.by_stage {
            println!("{}", times.line(stage));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_costs_beyond_the_pipeline_is_the_difference_of_medians_of_each_prompt() {
        let mut figures = Figures::default();
        for (prompt, way, times) in [
            ("short", "direct", [100.0, 900.0, 110.0]),
            ("short", "job", [120.0, 130.0, 5000.0]),
            ("long", "direct", [1000.0, 1000.0, 1000.0]),
            ("long", "job", [1040.0, 1041.0, 1039.0]),
        ] {
            times.iter().for_each(|ms| figures.add(prompt, way, *ms));
        }
        let mut beyond = figures.beyond("job", "direct").0;
        beyond.sort_by(f64::total_cmp);
        assert_eq!(beyond, [20.0, 40.0]);
    }
}
