//! The throw-away Python environment of conformance and evaluation: `conformance-venv` in the target directory.
//!
//! It sees the system's packages, so that it can be made without a network where they are installed; what they lack is
//! fetched from PyPI. Made once, re-used as long as its imports work.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, execute, succeeds};

const IMPORTS: &str =
    "import sys; assert sys.version_info >= (3, 10); import vita, numpy, scipy.signal, scipy.io";

fn interpreter(workspace: &Workspace) -> PathBuf {
    workspace.target.join("conformance-venv/bin/python")
}

/// Whether this interpreter has everything that the scripts import.
fn complete(python: &PathBuf) -> bool {
    succeeds(Command::new(python).args(["-c", IMPORTS]))
}

/// The environment, where it is complete already.
pub fn ready(workspace: &Workspace) -> Option<PathBuf> {
    Some(interpreter(workspace)).filter(complete)
}

/// The environment, made or completed where it has to be.
pub fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    let python = interpreter(workspace);
    if complete(&python) {
        return Ok(python);
    }
    std::fs::create_dir_all(&workspace.target)?;
    execute(
        Command::new("python3")
            .args(["-m", "venv", "--clear", "--system-site-packages"])
            .arg(workspace.target.join("conformance-venv")),
    )
    .context("the Python environment cannot be made")?;
    execute(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(workspace.script("conformance/requirements.txt")),
    )
    .context("the Python packages cannot be installed")?;
    anyhow::ensure!(
        complete(&python),
        "the Python packages are installed but cannot be imported"
    );
    Ok(python)
}

/// A script of the `tests/` folder, run by the environment; it leaves no compiled files behind.
pub fn script(workspace: &Workspace, python: &PathBuf, name: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg("-B")
        .arg(workspace.script(name))
        .env("PYTHONUNBUFFERED", "1");
    command
}
