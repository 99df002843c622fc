//! One file per command: what it does with its arguments, and what it says.

pub mod analyse;
pub mod asked;
pub mod completions;
pub mod doctor;
pub mod export;
pub mod generate;
pub mod render;
pub mod show;
pub mod summary;
pub mod templates;
pub mod verify;
pub mod welcome;

use crate::args::Command;
use crate::failure::Failure;

/// Does what was asked for.
///
/// # Errors
/// Why it could not be done.
pub fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Generate(args) => generate::run(args),
        Command::Render(args) => render::run(args),
        Command::Analyse(args) => analyse::run(args),
        Command::Export(args) => export::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Show(args) => show::run(args),
        Command::Templates(args) => templates::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(args),
    }
}
