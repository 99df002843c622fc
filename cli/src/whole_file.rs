//! Files that are read whole, within a limit, and files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use songwalker_schemas::ErrorCode;
use tempfile::Builder;

use crate::failure::Failure;
use crate::interrupt::{self, Answer};

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// `not_found`, `storage_unavailable`, or `code` where it is a folder or longer; no more than `limit` is ever read.
pub fn read(path: &Path, limit: usize, code: ErrorCode) -> Result<Vec<u8>, Failure> {
    let too_long = || Failure::new(code, format!("{} is longer than {}", path.display(), size(limit)));
    let file = File::open(path).map_err(|error| Failure::reading(path, &error))?;
    let told = file.metadata().map_err(|error| Failure::reading(path, &error))?;
    if told.is_dir() {
        return Err(Failure::new(
            code,
            format!("{} is a folder, not a file", path.display()),
        ));
    }
    if told.len() > limit as u64 {
        return Err(too_long());
    }
    // What a device or pipe says of its length means nothing.
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::reading(path, &error))?;
    if bytes.len() > limit {
        Err(too_long())
    } else {
        Ok(bytes)
    }
}

/// A size in the unit that fits.
fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Writes a file: beside its place under another name, then put there. A file that was there is replaced only by a
/// whole one. What is no file (a device, a pipe) is written as it is.
///
/// # Errors
/// `storage_unavailable`; `cancelled` where Ctrl-C came before it was in place.
pub fn write(path: &Path, content: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::writing(path, &error);
    // A symbolic link stays one: the file behind it is replaced.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&place) {
        Ok(there) if there.is_dir() => {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(failed(error));
        }
        Ok(there) if !there.is_file() => {
            let mut file = File::options().write(true).open(&place).map_err(failed)?;
            return content(&mut file).and_then(|()| file.flush()).map_err(failed);
        }
        _ => {}
    }
    interrupt::answer(Answer::Wait);
    let mut unfinished = with_usual_rights(&mut Builder::new(), 0o666)
        .prefix(UNFINISHED)
        .tempfile_in(folder_of(&place))
        .map_err(failed)?;
    content(unfinished.as_file_mut())
        .and_then(|()| unfinished.as_file_mut().flush())
        .map_err(failed)?;
    interrupt::check()?;
    unfinished.persist(&place).map_err(|error| failed(error.error))?;
    interrupt::answer(Answer::End);
    Ok(())
}

/// How the name of an unfinished file or folder begins.
pub const UNFINISHED: &str = ".songwalker-unfinished-";

/// The rights that a new file (0o666) or folder (0o777) has after the user's mask; temporary ones would be private.
#[cfg(unix)]
pub fn with_usual_rights<'b, 'a, 'c>(builder: &'b mut Builder<'a, 'c>, mode: u32) -> &'b mut Builder<'a, 'c> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(mode))
}

/// The rights that a new file or folder has.
#[cfg(not(unix))]
pub fn with_usual_rights<'b, 'a, 'c>(
    builder: &'b mut Builder<'a, 'c>,
    _mode: u32,
) -> &'b mut Builder<'a, 'c> {
    builder
}

/// The folder that a path stands in.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_whole_or_the_old_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write(&path, |file| file.write_all(b"old")).unwrap();
        let failed = write(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(failed.unwrap_err().exit_code(), 6);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["x"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_readable_to_others_and_a_link_stays_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, |f| f.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_ne!(fs::metadata(&file).unwrap().permissions().mode() & 0o044, 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_stays_a_device() {
        use std::os::unix::fs::FileTypeExt;
        let failed = write(Path::new("/dev/full"), |file| file.write_all(b"x"));
        assert_eq!(failed.unwrap_err().exit_code(), 6);
        assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, [0; 11]).unwrap();
        assert_eq!(read(&path, 11, ErrorCode::InvalidPatch).unwrap().len(), 11);
        assert_eq!(
            read(&path, 10, ErrorCode::InvalidPatch).unwrap_err().exit_code(),
            3
        );
        assert_eq!(
            read(folder.path(), 10, ErrorCode::InvalidPatch)
                .unwrap_err()
                .exit_code(),
            3
        );
        #[cfg(target_os = "linux")]
        assert_eq!(
            read(Path::new("/dev/zero"), 10, ErrorCode::InvalidPatch)
                .unwrap_err()
                .exit_code(),
            3
        );
    }
}
