//! The log, on standard error. A server writes it as the configuration says; other commands only where somebody asked
//! for it by `log.filter`, so that what they say stays theirs.

use std::io;

use songwalker_jobs::Config;
use songwalker_jobs::config::LogFormat;
use songwalker_schemas::ErrorCode;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// The key that says what is logged.
const FILTER: &str = "log.filter";

/// Starts the log of a server.
///
/// # Errors
/// `invalid_request` where the filter is none.
pub fn of_server(config: &Config) -> Result<(), Failure> {
    start(config)
}

/// Starts the log of another command, where the configuration names a filter.
///
/// # Errors
/// `invalid_request` where the filter is none.
pub fn of_command(config: &Config) -> Result<(), Failure> {
    if config.origin(FILTER) != "default" {
        start(config)
    } else {
        Ok(())
    }
}

/// The usual filter, and what it becomes: others' words on what we say ourselves are left out.
const USUAL: (&str, &str) = (
    "info",
    "info,actix_http=off,actix_server=warn,sea_orm_migration=warn",
);

fn start(config: &Config) -> Result<(), Failure> {
    let filter = match config.log.filter.as_str() {
        filter if filter == USUAL.0 => USUAL.1,
        filter => filter,
    };
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(
            ErrorCode::InvalidRequest,
            format!("{FILTER} is no filter: {error} ({})", config.origin(FILTER)),
        )
        .with_hint("write a level such as `info`, or `info,songwalker_jobs=debug`")
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // There is one log a process; a second start changes nothing.
    let _ = match config.log.format {
        LogFormat::Text => log.with_ansi(crate::terminal::is_coloured()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}
