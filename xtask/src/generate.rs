//! `cargo xtask generate`: the files that are made from the parameter table.
//!
//! What they hold is the schemas crate's own business: its test `generated` compares them, or writes them when it is
//! told to bless what it finds.

use anyhow::Result;

use crate::workspace::{EVERYTHING, Workspace, execute};

/// Writes the files, or with `check` only compares them.
pub fn run(check: bool) -> Result<bool> {
    files(&Workspace::find()?, check).map(|()| true)
}

/// The same, for the tests; an error where a file is not what it should be.
pub fn files(workspace: &Workspace, check: bool) -> Result<()> {
    let mut command = workspace.cargo(["test", "--quiet", "--test", "generated"]);
    command.args(EVERYTHING);
    if !check {
        command.env("SONGWALKER_BLESS", "1");
    }
    execute(&mut command)
}
