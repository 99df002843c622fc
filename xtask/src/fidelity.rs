//! `cargo xtask fidelity`: does our engine sound as the real Vital does? Builds the probe and runs
//! `tests/fidelity/run.py`, which measures modules and whole presets against their bars.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::workspace::{Workspace, execute};
use crate::{needs, python};

/// What `cargo xtask fidelity` can be told.
#[derive(clap::Args)]
pub struct Options {
    /// Only cohorts and presets whose name has this in it; may be given several times.
    #[arg(long, value_name = "COHORT|PRESET")]
    only: Vec<String>,
    /// Modules, whole presets, or all.
    #[arg(long, value_name = "SET", value_parser = ["all", "modules", "presets"], default_value = "all")]
    set: String,
    /// Renders at once.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Two cases of each cohort and four presets.
    #[arg(long)]
    quick: bool,
    /// Say of every case that fails what was measured.
    #[arg(long)]
    verbose: bool,
    /// Name the cohorts and presets, and measure nothing.
    #[arg(long)]
    list: bool,
    /// Make our side wrong in this way; the run must then fail.
    #[arg(long, value_name = "WHAT", value_parser = ["filter", "level", "pitch", "effects", "envelopes"])]
    ablate: Option<String>,
    /// Write target/fidelity/index.html: verdicts, spectrograms, sounds.
    #[arg(long)]
    page: bool,
    /// Write everything that was measured to this file.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
    /// Use this probe instead of building it.
    #[arg(long, value_name = "PATH")]
    probe: Option<PathBuf>,
    /// Install what is missing without asking.
    #[arg(long)]
    yes: bool,
}

/// Measures; false when a bar is broken.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::find()?;
    let python = python::CONFORMANCE
        .ready(&workspace)
        .or_else(|| needs::provide(&workspace, options.yes, &["fidelity".to_owned()]).conformance);
    let Some(python) = python else {
        bail!("measuring needs the Python environment with the real Vital engine");
    };
    let probe = match &options.probe {
        Some(path) => path.clone(),
        None => {
            let build = ["build", "--release", "--package", "songwalker-generator"];
            execute(workspace.cargo(build).args(["--example", "probe"]))?;
            workspace.target.join("release/examples/probe")
        }
    };
    let mut command = python::script(&workspace, &python, "fidelity/run.py");
    command.arg("--probe").arg(probe);
    command.arg("--out").arg(workspace.target.join("fidelity"));
    command.args(["--set", &options.set, "--jobs", &options.jobs.to_string()]);
    for name in &options.only {
        command.args(["--only", name]);
    }
    if let Some(what) = &options.ablate {
        command.args(["--ablate", what]);
    }
    if let Some(path) = &options.json {
        command.arg("--json").arg(path);
    }
    for (flag, given) in [
        ("--quick", options.quick),
        ("--verbose", options.verbose),
        ("--list", options.list),
        ("--page", options.page),
    ] {
        if given {
            command.arg(flag);
        }
    }
    Ok(command.status()?.success())
}
