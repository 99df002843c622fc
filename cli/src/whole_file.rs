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
    let file = open(path, limit, code)?;
    // What a device or pipe says of its length means nothing.
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::reading(path, &error))?;
    if bytes.len() > limit {
        Err(too_long(path, limit, code))
    } else {
        Ok(bytes)
    }
}

fn too_long(path: &Path, limit: usize, code: ErrorCode) -> Failure {
    Failure::new(code, format!("{} is longer than {}", path.display(), size(limit)))
}

/// Opens a file that says it has at most `limit` bytes.
///
/// # Errors
/// `not_found`, `storage_unavailable`, or `code` where it is a folder or longer.
pub fn open(path: &Path, limit: usize, code: ErrorCode) -> Result<File, Failure> {
    let file = File::open(path).map_err(|error| Failure::reading(path, &error))?;
    let told = file.metadata().map_err(|error| Failure::reading(path, &error))?;
    if told.is_dir() {
        return Err(Failure::new(
            code,
            format!("{} is a folder, not a file", path.display()),
        ));
    }
    if told.len() > limit as u64 {
        return Err(too_long(path, limit, code));
    }
    Ok(file)
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
    let place = behind_links(path).map_err(failed)?;
    let there = fs::metadata(&place);
    match &there {
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
    let _waiting = interrupt::meanwhile(Answer::Wait);
    let mut unfinished = with_usual_rights(&mut Builder::new(), 0o666)
        .prefix(UNFINISHED)
        .tempfile_in(folder_of(&place))
        .map_err(failed)?;
    if let Ok(there) = there {
        keep_rights(unfinished.as_file(), &there).map_err(failed)?;
    }
    content(unfinished.as_file_mut())
        .and_then(|()| unfinished.as_file_mut().flush())
        .map_err(failed)?;
    interrupt::check()?;
    unfinished.persist(&place).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The file that is meant: a symbolic link stays one, and what it points to is written, there already or not.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    if let Ok(place) = fs::canonicalize(path) {
        return Ok(place);
    }
    let mut place = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&place) {
            Ok(target) => place = folder_of(&place).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Gives a new file the rights of the one it replaces.
#[cfg(unix)]
fn keep_rights(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(old.permissions().mode() & 0o777))
}

/// Elsewhere a file has the rights of its folder.
#[cfg(not(unix))]
fn keep_rights(_file: &File, _old: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Most symbolic links that are followed to a file.
const MAX_LINKS: usize = 40;

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

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_yet_stays_a_link_and_a_circle_of_links_is_refused() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("second", at("first")).unwrap();
        symlink("file", at("second")).unwrap();
        write(&at("first"), |f| f.write_all(b"new")).unwrap();
        assert_eq!(fs::read(at("file")).unwrap(), b"new");
        assert!(fs::symlink_metadata(at("first")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(at("second")).unwrap().is_symlink());
        symlink("circle", at("circle")).unwrap();
        assert!(write(&at("circle"), |f| f.write_all(b"new")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_stays_private_when_it_is_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        write(&path, |f| f.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
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
