//! Puts a bundle in place: `DIR/<name>/` with every file and the zip. The folder is filled beside its place under
//! another name and then renamed, so that it is there whole or not at all; a folder of that name with other content is
//! never touched.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use songwalker_schemas::ErrorCode;
use tempfile::Builder;

use crate::failure::Failure;
use crate::interrupt;
use crate::whole_file::{UNFINISHED, with_usual_rights};

/// How many folders of one name are made at most.
const MAX_SAME_NAME: usize = 9_999;

/// How often a folder is made again that another process took away, because it had made it only to try.
const MAX_TRIES: usize = 20;

/// What is put in place.
#[derive(Debug, Clone, Copy)]
pub struct Content<'b> {
    /// The stem of its files' names.
    pub stem: &'b str,
    /// The zip.
    pub zip: &'b [u8],
    /// What stands in it, by path.
    pub files: &'b BTreeMap<String, Vec<u8>>,
}

/// Where a bundle lies.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// Its folder.
    pub folder: PathBuf,
    /// The zip in that folder.
    pub zip: PathBuf,
    /// Whether the very same bundle was there before.
    pub already_there: bool,
}

/// Says early whether a bundle could be put into `out`; what it makes to find out is gone again.
///
/// # Errors
/// `storage_unavailable`.
pub fn probe(out: &Path) -> Result<(), Failure> {
    let (folders, tried) = in_folder(out, || Builder::new().prefix(UNFINISHED).tempdir_in(out))?;
    drop(tried);
    drop(folders);
    Ok(())
}

/// Makes a folder and something in it, as one step beside others who do the same and take their folders away again.
fn in_folder<T>(out: &Path, make: impl Fn() -> io::Result<T>) -> Result<(NewFolders, T), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        let folders = NewFolders::make(out)?;
        match make() {
            Ok(made) => return Ok((folders, made)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < MAX_TRIES => {}
            Err(error) => return Err(Failure::writing(out, &error)),
        }
    }
}

/// Puts a bundle into `out`, as `<name>`, or `<name>-2`, `<name>-3`, … where other content has that name.
///
/// # Errors
/// `storage_unavailable`; `cancelled` where Ctrl-C came before it was in place. Either leaves nothing behind.
pub fn write(out: &Path, bundle: &Content) -> Result<Written, Failure> {
    let mut folders: Option<NewFolders> = None;
    let failed = |error: io::Error| Failure::writing(out, &error);
    let zip_name = format!("{}.zip", bundle.stem);

    let mut filled: Option<tempfile::TempDir> = None;
    for number in 1..=MAX_SAME_NAME {
        let name = if number == 1 {
            bundle.stem.to_owned()
        } else {
            format!("{}-{number}", bundle.stem)
        };
        let folder = out.join(name);
        if fs::symlink_metadata(&folder).is_ok() {
            if let Some(there) = already(&folder, &zip_name, bundle) {
                return Ok(there);
            }
            continue;
        }
        let unfinished = match filled.take() {
            Some(unfinished) => unfinished,
            None => {
                let (made, unfinished) = in_folder(out, || fill(out, &zip_name, bundle))?;
                folders = Some(made);
                unfinished
            }
        };
        interrupt::check()?;
        match fs::rename(unfinished.path(), &folder) {
            Ok(()) => {
                // Its old name is gone: there is nothing left to remove.
                let _ = unfinished.keep();
                folders.as_mut().map(NewFolders::stay);
                return Ok(Written {
                    zip: folder.join(zip_name),
                    folder,
                    already_there: false,
                });
            }
            // Another process took the name since it was looked at, perhaps for this same bundle.
            Err(_) if fs::symlink_metadata(&folder).is_ok() => {
                if let Some(there) = already(&folder, &zip_name, bundle) {
                    return Ok(there);
                }
                filled = Some(unfinished);
            }
            Err(error) => return Err(failed(error)),
        }
    }
    let message = format!(
        "{} holds {MAX_SAME_NAME} sounds called {}",
        out.display(),
        bundle.stem
    );
    Err(Failure::new(ErrorCode::StorageUnavailable, message))
}

/// The bundle where a folder holds it.
fn already(folder: &Path, zip_name: &str, bundle: &Content) -> Option<Written> {
    holds(folder, zip_name, bundle).then(|| Written {
        zip: folder.join(zip_name),
        folder: folder.to_owned(),
        already_there: true,
    })
}

/// Whether a folder holds this bundle: its zip, and every file as it was made.
fn holds(folder: &Path, zip_name: &str, bundle: &Content) -> bool {
    let same = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64)
            && fs::read(&path).is_ok_and(|there| there == bytes)
    };
    same(zip_name, bundle.zip) && bundle.files.iter().all(|(path, bytes)| same(path, bytes))
}

fn fill(out: &Path, zip_name: &str, bundle: &Content) -> io::Result<tempfile::TempDir> {
    let unfinished = with_usual_rights(&mut Builder::new(), 0o777)
        .prefix(UNFINISHED)
        .tempdir_in(out)?;
    for (path, bytes) in bundle.files {
        let path = unfinished.path().join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    // The zip holds everything else, so it alone must be on the disk before the folder gets its name.
    let mut zip = fs::File::create(unfinished.path().join(zip_name))?;
    zip.write_all(bundle.zip)?;
    zip.sync_all()?;
    Ok(unfinished)
}

/// The folders that had to be made on the way to one; taken away again, where empty, unless they are to stay.
struct NewFolders {
    made: Vec<PathBuf>,
}

impl NewFolders {
    fn make(path: &Path) -> Result<Self, Failure> {
        let mut folders = Self { made: Vec::new() };
        let missing: Vec<&Path> = path
            .ancestors()
            .filter(|p| !p.as_os_str().is_empty())
            .take_while(|p| !p.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => folders.made.push(folder.to_owned()),
                // Another process made it at the same time.
                Err(_) if folder.is_dir() => {}
                Err(error) => return Err(Failure::writing(folder, &error)),
            }
        }
        if !path.is_dir() {
            return Err(Failure::writing(path, &io::ErrorKind::NotADirectory.into()));
        }
        Ok(folders)
    }

    fn stay(&mut self) {
        self.made.clear();
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bundle of one text.
    struct Made(BTreeMap<String, Vec<u8>>);

    impl Made {
        fn of(content: &str) -> Self {
            Self(BTreeMap::from([
                ("patch.json".to_owned(), content.as_bytes().to_vec()),
                ("meta/manifest.json".to_owned(), b"{}".to_vec()),
            ]))
        }

        fn called<'m>(&'m self, stem: &'m str) -> Content<'m> {
            Content {
                stem,
                zip: &self.0["patch.json"],
                files: &self.0,
            }
        }
    }

    fn put(out: &Path, content: &str) -> Result<Written, Failure> {
        write(out, &Made::of(content).called("Warm Pad"))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_same_bundle_is_recognised_and_another_gets_another_name() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("a/b");
        let first = put(&out, "one").unwrap();
        assert_eq!(
            (first.folder.clone(), first.already_there),
            (out.join("Warm Pad"), false)
        );
        assert!(put(&out, "one").unwrap().already_there);
        let second = put(&out, "two").unwrap();
        assert_eq!(second.folder, out.join("Warm Pad-2"));
        assert_eq!(second.zip, out.join("Warm Pad-2/Warm Pad.zip"));
        assert!(put(&out, "two").unwrap().already_there);
        assert_eq!(names(&out), ["Warm Pad", "Warm Pad-2"]);
        assert_eq!(fs::read(out.join("Warm Pad/patch.json")).unwrap(), b"one");
    }

    #[test]
    fn a_folder_that_somebody_changed_is_left_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "one").unwrap();
        fs::write(root.path().join("Warm Pad/patch.json"), "own").unwrap();
        assert_eq!(
            put(root.path(), "one").unwrap().folder,
            root.path().join("Warm Pad-2")
        );
        assert_eq!(fs::read(root.path().join("Warm Pad/patch.json")).unwrap(), b"own");
        fs::write(root.path().join("Other"), "a file").unwrap();
        let other = write(root.path(), &Made::of("one").called("Other")).unwrap();
        assert_eq!(other.folder, root.path().join("Other-2"));
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let below_a_file = root.path().join("file/out");
        assert_eq!(probe(&below_a_file).unwrap_err().exit_code(), 6);
        assert_eq!(put(&below_a_file, "one").unwrap_err().exit_code(), 6);
        // A path of a bundle's file that is another's folder cannot be written.
        let mut broken = Made::of("one");
        broken.0.insert("patch.json/x".to_owned(), Vec::new());
        let refused = write(&root.path().join("new/out"), &broken.called("Warm Pad"));
        assert_eq!(refused.unwrap_err().exit_code(), 6);
        assert_eq!(names(root.path()), ["file"]);
    }

    #[test]
    fn trying_a_place_leaves_no_trace() {
        let root = tempfile::tempdir().unwrap();
        probe(&root.path().join("a/b/c")).unwrap();
        assert!(names(root.path()).is_empty());
    }
}
