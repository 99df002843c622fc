//! `cargo xtask generate`: the files that are made from the parameter table.
//!
//! What they hold is the schemas crate's own business (its example `generate`); this only starts it.

use anyhow::Result;

use crate::workspace::{Workspace, execute};

/// Writes the files, or with `check` only compares them; an error names what differs.
pub fn run(check: bool) -> Result<bool> {
    files(&Workspace::find()?, check).map(|()| true)
}

/// The same, for the tests.
pub fn files(workspace: &Workspace, check: bool) -> Result<()> {
    let mut command = workspace.cargo([
        "run",
        "--quiet",
        "--package",
        "songwalker-schemas",
        "--example",
        "generate",
    ]);
    if check {
        command.args(["--", "--check"]);
    }
    execute(&mut command)
}
