//! Reads a file that may be anything: regular, and never more than a bound.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::LoadError;

/// The bytes of a file, at most `most`.
///
/// # Errors
/// It is none, is larger, or the disk says no.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>, LoadError> {
    let io = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => LoadError::NoFile,
        _ => LoadError::Io(error),
    };
    // Before it is opened: opening a pipe waits for whoever writes to it.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(LoadError::NotFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > most {
        return Err(LoadError::TooLarge);
    }
    Ok(bytes)
}
