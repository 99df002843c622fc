//! The step `deploy`: what is in `deploy/` and what its pages say, each file by the linter of its kind. What is looked at
//! and what counts as right is `tests/deploy/`'s; that it finds what is broken is tested each time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::needs;
use crate::python;
use crate::steps::Outcome;
use crate::workspace::{Workspace, execute, succeeds};

/// Prometheus' own linter: the machine's, or that of the package that was unpacked.
pub fn promtool(workspace: &Workspace) -> Option<PathBuf> {
    let unpacked = needs::unpacked(workspace, "prometheus").join("usr/bin/promtool");
    [PathBuf::from("promtool"), unpacked]
        .into_iter()
        .find(|program| succeeds(Command::new(program).arg("--version")))
}

/// Looks at everything, then breaks a copy of everything and looks whether that is found.
pub fn run(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    let promtool = promtool(workspace);
    for script in ["deploy/check.py", "deploy/test_check.py"] {
        let mut command = python::script(workspace, python, script);
        if let Some(promtool) = &promtool {
            command.arg("--promtool").arg(promtool);
        }
        execute(&mut command)?;
    }
    Ok(Outcome::Passed)
}
