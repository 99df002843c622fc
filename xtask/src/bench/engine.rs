//! `cargo xtask bench engine`: CPU time of some patches as a multiple of real time; Vital's beside it where `vita` is at
//! hand.

use std::path::PathBuf;

use anyhow::Result;

use super::load;
use crate::python;
use crate::workspace::Workspace;

/// Prints the figures that `tests/evaluation/engine_speed.py` takes.
pub fn run(workspace: &Workspace, runs: usize, binary: Option<PathBuf>) -> Result<bool> {
    let binary = workspace.release_binary(binary.as_deref())?;
    let python = python::CONFORMANCE
        .ready(workspace)
        .unwrap_or_else(|| "python3".into());
    println!("load average {}", load());
    let mut command = python::script(workspace, &python, "evaluation/engine_speed.py");
    command
        .arg("--binary")
        .arg(binary)
        .args(["--runs", &runs.to_string()]);
    Ok(command.status()?.success())
}
