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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The rows of the page's table of settings: key and default.
    fn documented() -> BTreeMap<String, String> {
        let page = include_str!("../../docs/CONFIGURATION.md");
        let table = page
            .split("## Settings")
            .nth(1)
            .unwrap()
            .split("\n## ")
            .next()
            .unwrap();
        let row = |line: &str| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let key = cells.next()?.trim_end_matches('`').to_owned();
            Some((key, cells.next()?.trim_matches('`').to_owned()))
        };
        table.lines().filter_map(row).collect()
    }

    #[test]
    fn the_page_on_configuration_lists_every_setting_with_its_default() {
        let real: BTreeMap<String, String> = Config::default()
            .describe()
            .into_iter()
            .map(|(key, value, _)| (key, value))
            .collect();
        assert_eq!(documented(), real);
    }
}
