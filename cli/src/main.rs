//! The command line: parses, calls, prints. What it does lives in the other crates.

mod args;
mod browser;
mod bundle;
mod client;
mod commands;
mod cpu_time;
mod failure;
mod follow;
mod install;
mod interrupt;
mod logging;
mod moment;
mod named;
mod output;
mod play;
mod progress;
mod runner;
mod runtime;
mod settings;
mod source;
mod table;
mod telemetry;
mod terminal;
mod wav;
mod whereabouts;
mod whole_file;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use songwalker_schemas::ErrorCode;
use songwalker_workers::child::{self, protocol};

use crate::args::Cli;
use crate::failure::Failure;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // A child has no terminal, no signals of its own and nothing to parse.
    if arguments.len() == 2 && arguments[1] == protocol::ARGUMENT {
        return child::main();
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misused(&error, &arguments),
    };
    let json = cli.command.as_ref().is_some_and(args::Command::json);
    if let Some(target) = cli.command.as_ref().and_then(args::Command::target) {
        whereabouts::keep(&target);
    }
    interrupt::listen(json);
    let done = match &cli.command {
        Some(command) => commands::run(command),
        None => commands::welcome::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(json);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Arguments that are no command: help and versions are printed, anything else is an error of usage.
fn misused(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let is_question = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let wants_json = arguments.iter().take_while(|a| *a != "--").any(|a| a == "--json");
    if is_question || !wants_json {
        // Nobody may be listening any more (`songwalker --help | head`); then there is nothing to say.
        let _ = error.print();
        return ExitCode::from(if is_question {
            0
        } else {
            ErrorCode::Usage.exit_code()
        });
    }
    let text = error.render().to_string();
    let message = text.split("\n\nUsage:").next().unwrap_or_default();
    let message = message
        .split("\n\nFor more information")
        .next()
        .unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::new(ErrorCode::Usage, message).tell(true);
    ExitCode::from(ErrorCode::Usage.exit_code())
}
