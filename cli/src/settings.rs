//! The configuration that a command runs under, from its flags, the environment and the file.

use songwalker_jobs::Config;
use songwalker_jobs::config::{ConfigError, Sources};
use songwalker_schemas::{ErrorCode, Fault};

use crate::args::Place;
use crate::failure::Failure;

/// Reads all layers.
///
/// # Errors
/// `invalid_request` with every fault.
pub fn load(place: &Place) -> Result<Config, Failure> {
    load_with(place, Vec::new())
}

/// The same with other flags: dotted key and value.
///
/// # Errors
/// `invalid_request` with every fault.
pub fn load_with(place: &Place, overrides: Vec<(String, String)>) -> Result<Config, Failure> {
    let sources = Sources {
        file: place.config.clone(),
        data_dir: place.data_dir.clone(),
        overrides,
    };
    Config::load(&sources).map_err(|error| refused(&error))
}

fn refused(error: &ConfigError) -> Failure {
    let faults = error.faults.iter().map(|fault| Fault {
        pointer: fault.key.clone().unwrap_or_default(),
        problem: format!("{} ({})", fault.problem, fault.source),
    });
    Failure::new(ErrorCode::InvalidRequest, "the configuration cannot be used")
        .with_faults(faults.collect())
        .with_hint("docs/CONFIGURATION.md lists every setting")
}
