//! Data directories on which nothing was made yet. Whoever only looks is told so, and makes none: a slip in the name of
//! one must not become an empty one.

use std::path::Path;

use songwalker_jobs::Config;
use songwalker_jobs::data_dir::DataDir;
use songwalker_jobs::server_file::ServerFile;
use songwalker_schemas::ErrorCode;

use crate::args::Place;
use crate::failure::Failure;
use crate::whereabouts;

/// Whether nothing was made there yet. What cannot be looked at is said by who opens it.
pub fn is_untouched(data_dir: &Path) -> bool {
    let dir = DataDir::at(data_dir);
    let is_away = |path: &Path| matches!(path.try_exists(), Ok(false));
    let is_served = || matches!(ServerFile::read(data_dir), Ok(Some(_)));
    is_away(&dir.database()) && is_away(&dir.restoring()) && !is_served()
}

/// Refuses a data directory on which nothing was made yet.
///
/// # Errors
/// `not_found` with the directory.
pub fn refuse(config: &Config, place: &Place) -> Result<(), Failure> {
    if !is_untouched(&config.data_dir) {
        return Ok(());
    }
    let message = format!(
        "nothing was made on this data directory yet: {}",
        config.data_dir.display()
    );
    let generate = whereabouts::said("generate \"…\"");
    Err(
        Failure::new(ErrorCode::NotFound, message).with_hint(if place.data_dir.is_some() {
            format!("is that the right --data-dir? {generate} makes the first sound there")
        } else {
            format!("{generate} makes the first sound")
        }),
    )
}
