//! `server.json`: where the server that runs on a data directory can be reached. Only a place to ask, no secret; what
//! it says counts only while the process that wrote it holds the runner lock.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data_dir::{cannot_use, write_private};
use crate::error::JobsError;
use crate::runner;

const FILE: &str = "server.json";
/// What is longer was not written by us.
const MAX_BYTES: u64 = 4096;

/// Where a server can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFile {
    /// The address, without a slash at its end.
    pub url: String,
    /// The process.
    pub pid: u32,
}

impl ServerFile {
    /// This process, at that address.
    #[must_use]
    pub fn of_this_process(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pid: std::process::id(),
        }
    }

    /// Writes it into a data directory.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, data_dir: &Path) -> Result<(), JobsError> {
        write_private(&data_dir.join(FILE), serde_json::to_string(self)?.as_bytes())
            .map_err(|error| JobsError::Unusable(cannot_use(data_dir, &error)))
    }

    /// The server that runs on a data directory; `None`: there is none. What a server that died left is not told.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, JobsError> {
        let Some(found) = Self::of_file(data_dir) else {
            return Ok(None);
        };
        let holder = runner::holder(data_dir)?;
        Ok(holder
            .is_some_and(|holder| holder.pid == found.pid)
            .then_some(found))
    }

    fn of_file(data_dir: &Path) -> Option<Self> {
        let mut text = String::new();
        File::open(data_dir.join(FILE))
            .ok()?
            .take(MAX_BYTES)
            .read_to_string(&mut text)
            .ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Takes away what this process wrote; another's stays, and one that is not there is fine.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(data_dir: &Path) -> Result<(), JobsError> {
        if Self::of_file(data_dir).is_some_and(|found| found.pid != std::process::id()) {
            return Ok(());
        }
        match std::fs::remove_file(data_dir.join(FILE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(JobsError::Unusable(cannot_use(data_dir, &error)))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::RunnerLock;

    #[test]
    fn a_server_is_told_only_while_it_lives() {
        let dir = tempfile::tempdir().unwrap();
        let file = ServerFile::of_this_process("http://127.0.0.1:7761");
        file.write(dir.path()).unwrap();
        assert_eq!(ServerFile::read(dir.path()).unwrap(), None);
        let lock = RunnerLock::try_take(dir.path()).unwrap();
        assert_eq!(ServerFile::read(dir.path()).unwrap(), Some(file));
        drop(lock);
        assert_eq!(ServerFile::read(dir.path()).unwrap(), None);
    }

    #[test]
    fn a_file_of_another_process_than_the_holder_is_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = RunnerLock::try_take(dir.path()).unwrap();
        let file = ServerFile {
            url: "http://127.0.0.1:1".to_owned(),
            pid: std::process::id() + 1,
        };
        file.write(dir.path()).unwrap();
        assert_eq!(ServerFile::read(dir.path()).unwrap(), None);
    }

    #[test]
    fn a_process_that_could_not_start_leaves_the_file_of_the_one_that_runs() {
        let dir = tempfile::tempdir().unwrap();
        let other = ServerFile {
            url: "http://127.0.0.1:1".to_owned(),
            pid: std::process::id() + 1,
        };
        other.write(dir.path()).unwrap();
        ServerFile::remove(dir.path()).unwrap();
        assert_eq!(ServerFile::of_file(dir.path()), Some(other));
    }

    #[test]
    fn rubbish_is_no_server_and_removing_twice_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = RunnerLock::try_take(dir.path()).unwrap();
        std::fs::write(dir.path().join(FILE), "{\"url\": 3").unwrap();
        assert_eq!(ServerFile::read(dir.path()).unwrap(), None);
        ServerFile::remove(dir.path()).unwrap();
        ServerFile::remove(dir.path()).unwrap();
    }
}
