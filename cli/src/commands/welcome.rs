//! `songwalker` alone: what it is, and the three commands to begin with.

use crate::failure::Failure;
use crate::terminal::{self, BOLD, COMMAND, DIM, paint, program};

/// Prints the welcome.
pub fn run() -> Result<(), Failure> {
    let program = program();
    terminal::print(&format!(
        "{name}  type what a sound should be, get a playable patch\n\n  \
           {generate}\n      {generate_does}\n  \
           {templates}\n      {templates_does}\n  \
           {serve}\n      {serve_does}\n\n\
         {help}\n",
        name = paint(BOLD, "SongWalker"),
        generate = paint(
            COMMAND,
            format!("{program} generate \"warm analog pad with slow movement, wide\"")
        ),
        generate_does = paint(
            DIM,
            "makes a patch for Vital, a preview to hear and variations, in songwalker-out/"
        ),
        templates = paint(COMMAND, format!("{program} templates")),
        templates_does = paint(DIM, "lists the sounds that a patch can start from"),
        serve = paint(COMMAND, format!("{program} serve --open")),
        serve_does = paint(DIM, "does the same in a browser, and offers a REST API"),
        help = paint(DIM, format!("{program} --help has the rest.")),
    ))
}
