//! One file per command: what it does with its arguments, and what it says.

pub mod admin;
pub mod again;
pub mod analyse;
pub mod asked;
pub mod audit;
pub mod backup;
pub mod completions;
pub mod deliver;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod generate;
pub mod health;
pub mod import;
pub mod job;
pub mod list;
pub mod migrate;
pub mod openapi;
pub mod process;
pub mod refine;
pub mod render;
pub mod rm;
pub mod serve;
pub mod share;
pub mod shares;
pub mod show;
pub mod star;
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
        Command::Again(args) => again::run(args),
        Command::Refine(args) => refine::run(args),
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Star(args) => star::run(args),
        Command::Rm(args) => rm::run(args),
        Command::Share(args) => share::run(args),
        Command::Shares(args) => shares::run(args),
        Command::Job(args) => job::run(&args.command),
        Command::Serve(args) => serve::run(args),
        Command::Api(args) => process::api(args),
        Command::Worker(args) => process::worker(args),
        Command::Scheduler(args) => process::scheduler(args),
        Command::Render(args) => render::run(args),
        Command::Analyse(args) => analyse::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Templates(args) => templates::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Admin(args) => admin::run(&args.command),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => backup::restore(args),
        Command::Migrate(args) => migrate::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Openapi => openapi::run(),
        Command::Health(args) => health::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(args),
    }
}
