//! The step `contract`: the API against its own OpenAPI document, by a fuzzer that draws requests from it. What is asked
//! and what counts as right is `tests/contract/`'s.

use std::path::Path;

use anyhow::Result;

use crate::python;
use crate::service::Service;
use crate::steps::Outcome;
use crate::workspace::{Workspace, execute};

/// Requests per operation, at least.
const EXAMPLES: usize = 100;

/// Starts a server without quotas and lets the fuzzer loose on it, with a key and without.
pub fn run(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    let binary = workspace.dev_binary()?;
    let folder = workspace.target.join("contract");
    let environment = [
        ("SONGWALKER__QUOTAS__ENABLED", "false"),
        // The rest of the machine is for requests.
        ("SONGWALKER__WORKER__SLOTS", "1"),
        ("SONGWALKER__WORKER__CHILD_CORES", "1"),
    ];
    let service = Service::start(&binary, &folder, &environment)?;
    let mut fuzz = python::script(workspace, python, "contract/contract.py");
    fuzz.args(["--url", &service.url(), "--examples", &EXAMPLES.to_string()])
        .arg("--binary")
        .arg(&binary)
        .arg("--data-dir")
        .arg(&service.data_dir)
        .arg("--out")
        .arg(folder.join("found"))
        // The fuzzer keeps what it found before where it runs.
        .current_dir(&folder);
    execute(&mut fuzz)?;
    service.stop_and_audit(&binary)?;
    Ok(Outcome::Passed)
}
