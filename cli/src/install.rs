//! Puts a `.vital` file where Vital's browser finds it: `User/Presets/SongWalker` in Vital's data folder. Another file
//! of that name is never overwritten.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use directories::{BaseDirs, UserDirs};
use songwalker_schemas::ErrorCode;
use tempfile::Builder;

use crate::failure::Failure;
use crate::output;
use crate::whole_file::{UNFINISHED, with_usual_rights};

/// Says where Vital's user presets are, instead of the usual place.
pub const VARIABLE: &str = "VITAL_PRESETS_DIR";

/// The folder that we make among the user's presets.
const OWN_FOLDER: &str = "SongWalker";

/// How many presets of one name are made at most.
const MAX_SAME_NAME: usize = 9_999;

/// Vital's data folder as Vital itself chooses it: `vital` in the data folder of the desktop (Linux), `Music/Vital`
/// (macOS), `Documents\Vital` (Windows).
pub fn vital_data_folder() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        UserDirs::new()?.audio_dir().map(|music| music.join("Vital"))
    } else if cfg!(windows) {
        UserDirs::new()?
            .document_dir()
            .map(|documents| documents.join("Vital"))
    } else {
        Some(BaseDirs::new()?.data_dir().join("vital"))
    }
}

/// The folder of the user's presets: as [`VARIABLE`] says, else in Vital's data folder where there is one.
///
/// # Errors
/// `not_found` where Vital never ran here.
pub fn presets_folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let hint = format!("start Vital once, or say where its user presets are with {VARIABLE}");
    match vital_data_folder() {
        Some(data) if data.is_dir() => Ok(data.join("User").join("Presets")),
        Some(data) => {
            let message = format!("Vital's folder {} is not there", data.display());
            Err(Failure::new(ErrorCode::NotFound, message).with_hint(hint))
        }
        None => Err(Failure::new(ErrorCode::NotFound, "the home folder is not known").with_hint(hint)),
    }
}

/// Says early whether presets could be put into `presets`.
///
/// # Errors
/// `storage_unavailable`.
pub fn probe(presets: &Path) -> Result<(), Failure> {
    output::probe(&presets.join(OWN_FOLDER))
        .map_err(|failure| failure.with_hint(format!("{VARIABLE} names another place")))
}

/// Puts a preset into `presets`/SongWalker, as `<stem>.vital`, or `<stem> 2.vital`, … where another has that name.
/// The same preset a second time changes nothing.
///
/// # Errors
/// `storage_unavailable`; nothing half-written stays.
pub fn install(presets: &Path, stem: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let folder = presets.join(OWN_FOLDER);
    let failed = |error: io::Error| {
        Failure::writing(&folder, &error).with_hint(format!("{VARIABLE} names another place"))
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut filled = with_usual_rights(&mut Builder::new(), 0o666)
        .prefix(UNFINISHED)
        .tempfile_in(&folder)
        .map_err(failed)?;
    filled.write_all(bytes).map_err(failed)?;
    for number in 1..=MAX_SAME_NAME {
        let name = if number == 1 {
            format!("{stem}.vital")
        } else {
            format!("{stem} {number}.vital")
        };
        let place = folder.join(name);
        if fs::read(&place).is_ok_and(|there| there == bytes) {
            return Ok(place);
        }
        match filled.persist_noclobber(&place) {
            Ok(_) => return Ok(place),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => filled = error.file,
            Err(error) => return Err(failed(error.error)),
        }
    }
    let message = format!("{} holds {MAX_SAME_NAME} presets called {stem}", folder.display());
    Err(Failure::new(ErrorCode::StorageUnavailable, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_preset_of_that_name_is_never_overwritten() {
        let presets = tempfile::tempdir().unwrap();
        let put = |bytes: &[u8]| install(presets.path(), "Warm Pad", bytes).unwrap();
        assert_eq!(put(b"one"), presets.path().join("SongWalker/Warm Pad.vital"));
        assert_eq!(put(b"two"), presets.path().join("SongWalker/Warm Pad 2.vital"));
        assert_eq!(put(b"one"), presets.path().join("SongWalker/Warm Pad.vital"));
        assert_eq!(put(b"two"), presets.path().join("SongWalker/Warm Pad 2.vital"));
        assert_eq!(
            fs::read_dir(presets.path().join("SongWalker")).unwrap().count(),
            2
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_said() {
        let presets = tempfile::tempdir().unwrap();
        fs::write(presets.path().join("SongWalker"), "a file").unwrap();
        assert_eq!(install(presets.path(), "x", b"one").unwrap_err().exit_code(), 6);
    }
}
