//! `songwalker openapi`: the description of the HTTP API.

use crate::failure::Failure;
use crate::terminal;

/// Prints it.
pub fn run() -> Result<(), Failure> {
    terminal::print(&format!("{}\n", songwalker_api::openapi().trim_end()))
}
