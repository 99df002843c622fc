//! `songwalker completions`: a shell's completion script, made from the arguments.

use clap::CommandFactory;

use crate::args::{Cli, Completions};
use crate::failure::Failure;
use crate::terminal;

/// Prints the script.
pub fn run(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "songwalker", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))
}
