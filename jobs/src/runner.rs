//! Who runs jobs on a data directory: one process at a time, the one that holds `runner.lock`.
//!
//! The lock is the operating system's and goes with the process, however that ends; what stands in the file only says
//! who it was. Under the lock, and only there, [`adopt`] takes over what a dead process left behind (R4).

mod adopt;

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use songwalker_schemas::Timestamp;

pub use adopt::{Adopted, adopt};

use crate::data_dir::{Mode, cannot_use, lock_file, try_lock};
use crate::error::JobsError;

const FILE: &str = "runner.lock";
/// What is longer was not written by us.
const MAX_BYTES: u64 = 4096;

/// The right to run jobs on a data directory, until this is dropped.
#[derive(Debug)]
pub struct RunnerLock {
    file: File,
    dir: PathBuf,
}

/// Who holds the lock, as the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// What it is, in the words of the command line.
    pub purpose: String,
    /// Since when, by the wall clock.
    #[serde(skip)]
    pub since: Option<Timestamp>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is running on this data directory (pid {})",
            self.purpose, self.pid
        )
    }
}

impl RunnerLock {
    /// Takes the lock of a data directory; `None`: another process has it, and [`holder`] says which.
    ///
    /// # Errors
    /// The directory is not there, or cannot be written.
    pub fn try_take(data_dir: &Path) -> Result<Option<Self>, JobsError> {
        let take = || -> std::io::Result<Option<Self>> {
            let _gate = gate(data_dir)?;
            let file = lock_file(&data_dir.join(FILE))?;
            if !try_lock(&file, Mode::Alone)? {
                return Ok(None);
            }
            let mut lock = Self {
                file,
                dir: data_dir.to_owned(),
            };
            lock.write("songwalker")?;
            Ok(Some(lock))
        };
        take().map_err(|error| JobsError::Unusable(cannot_use(data_dir, &error)))
    }

    /// Says to others what this process is, in the words of the command line: `songwalker serve`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn name_purpose(&mut self, purpose: &str) -> Result<(), JobsError> {
        self.write(purpose)
            .map_err(|error| JobsError::Unusable(cannot_use(&self.dir, &error)))
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.dir
    }

    fn write(&mut self, purpose: &str) -> std::io::Result<()> {
        let holder = Holder {
            pid: std::process::id(),
            purpose: purpose.to_owned(),
            since: None,
        };
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(serde_json::to_string(&holder)?.as_bytes())
    }
}

/// Who runs jobs on a data directory now; `None`: nobody.
///
/// # Errors
/// The directory cannot be read.
pub fn holder(data_dir: &Path) -> Result<Option<Holder>, JobsError> {
    let look = || -> std::io::Result<Option<Holder>> {
        let _gate = gate(data_dir)?;
        let file = match File::open(data_dir.join(FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        if try_lock(&file, Mode::Shared)? {
            return Ok(None);
        }
        let since = file.metadata()?.modified().ok().and_then(moment);
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text)?;
        let unknown = |_| Holder {
            pid: 0,
            purpose: "songwalker".to_owned(),
            since: None,
        };
        let holder = serde_json::from_slice(&text).unwrap_or_else(unknown);
        Ok(Some(Holder { since, ..holder }))
    };
    match look() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        looked => looked.map_err(|error| JobsError::Unusable(cannot_use(data_dir, &error))),
    }
}

fn moment(at: SystemTime) -> Option<Timestamp> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

/// Held for the moment in which somebody takes the lock or looks whether it is taken: who only looks must not be taken
/// for a holder. A lock on the directory itself, so that no other file is needed.
fn gate(data_dir: &Path) -> std::io::Result<File> {
    let gate = File::open(data_dir)?;
    gate.lock()?;
    Ok(gate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_the_lock_and_the_others_are_told_who() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holder(dir.path()).unwrap(), None);
        let mut lock = RunnerLock::try_take(dir.path()).unwrap().unwrap();
        lock.name_purpose("songwalker serve").unwrap();
        assert!(RunnerLock::try_take(dir.path()).unwrap().is_none());
        let told = holder(dir.path()).unwrap().unwrap();
        assert_eq!(told.pid, std::process::id());
        assert_eq!(
            told.to_string(),
            format!(
                "`songwalker serve` is running on this data directory (pid {})",
                std::process::id()
            )
        );
        drop(lock);
        assert_eq!(holder(dir.path()).unwrap(), None);
        assert!(RunnerLock::try_take(dir.path()).unwrap().is_some());
    }

    #[test]
    fn who_only_looks_never_keeps_another_from_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                    holder(dir.path()).unwrap();
                }
            });
            for _ in 0..500 {
                let lock = RunnerLock::try_take(dir.path()).unwrap();
                assert!(lock.is_some());
            }
            is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        });
    }

    #[test]
    fn a_lock_file_with_rubbish_in_it_still_names_a_holder() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = RunnerLock::try_take(dir.path()).unwrap().unwrap();
        std::fs::write(dir.path().join(FILE), [0xff, 0xfe]).unwrap();
        assert!(holder(dir.path()).is_ok_and(|holder| holder.is_some()));
    }
}
