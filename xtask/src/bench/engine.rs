//! `cargo xtask bench engine`: CPU time of some patches as a multiple of real time, Vital's beside it in the same run, and
//! the memory of a voice.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::load;
use crate::python;
use crate::workspace::{Workspace, execute, output};

/// Prints the table of `tests/evaluation/engine_speed.py` and the memory of voices; false where a bar is broken.
pub fn run(workspace: &Workspace, runs: usize, built: Option<PathBuf>) -> Result<bool> {
    let folder = match built {
        Some(folder) => folder,
        None => {
            let build = |package, example| {
                execute(&mut workspace.cargo([
                    "build",
                    "--release",
                    "--package",
                    package,
                    "--example",
                    example,
                ]))
            };
            build("songwalker-generator", "probe")?;
            build("songwalker-engine", "voice_memory")?;
            workspace.target.join("release/examples")
        }
    };
    let python = python::CONFORMANCE
        .ready(workspace)
        .context("measuring needs the Python environment with the real Vital engine: run `cargo xtask test --only vital` once")?;
    println!("load average {}", load());
    let mut command = python::script(workspace, &python, "evaluation/engine_speed.py");
    command.arg("--probe").arg(folder.join("probe"));
    let held = command
        .args(["--runs", &runs.max(5).to_string()])
        .status()?
        .success();
    println!("load average {}", load());
    for line in output(&mut std::process::Command::new(folder.join("voice_memory")))?.lines() {
        let taken: Value = serde_json::from_str(line)?;
        let kib = |name: &str| taken[name].as_f64().unwrap_or(f64::NAN) / 1024.0;
        println!(
            "{:50}{:>8.0} KiB a voice, {:.0} KiB besides",
            taken["patch"].as_str().unwrap_or_default(),
            kib("voice_bytes"),
            kib("player_bytes")
        );
    }
    Ok(held)
}
