//! Objects as files below one directory: `users/{user}/{sha256}`, and `.partial/` for what is still being written.
//!
//! An object appears by a rename, after its bytes are on the disk, so a writer that dies leaves nothing that can be
//! read (R6). A call that is dropped before it returned has taken place or never will: its last step happens only
//! while somebody waits for it. The time of an object is the file's, set from the wall clock of the service.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use songwalker_schemas::Timestamp;

use crate::clock::Clock;
use crate::failpoint::{Failpoint, reached};
use crate::ports::{ObjectInfo, ObjectKey, ObjectStore, PortError};

/// Objects below one directory.
#[derive(Debug, Clone)]
pub struct DiskStore {
    root: PathBuf,
    clock: Arc<dyn Clock>,
}

impl DiskStore {
    /// The store below `root`, which is made where it is missing, for this account only.
    ///
    /// # Errors
    /// The directories cannot be made.
    pub fn open(root: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Self, PortError> {
        let store = Self {
            root: root.into(),
            clock,
        };
        let made = make_dir(&store.root)
            .and_then(|()| make_dir(&store.partial()))
            .and_then(|()| make_dir(&store.root.join("users")));
        made.map_err(|error| PortError::from_io("the store cannot be made", &error))?;
        Ok(store)
    }

    fn partial(&self) -> PathBuf {
        self.root.join(".partial")
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn write(&self, key: &ObjectKey, bytes: &[u8], gate: &Gate) -> io::Result<()> {
        let path = self.path(key);
        let dir = path.parent().unwrap_or(&self.root);
        make_dir(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(self.partial())?;
        file.write_all(bytes)?;
        let now = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        file.as_file()
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(now))?;
        file.as_file().sync_all()?;
        gate.pass(|| file.persist(&path).map_err(io::Error::from))?;
        sync_dir(dir)
    }

    fn remove(&self, key: &ObjectKey, gate: &Gate) -> io::Result<()> {
        let path = self.path(key);
        missing_is_none(gate.pass(|| std::fs::remove_file(&path)))?;
        // Also where it was missing: a deletion before may have died between the two.
        missing_is_none(sync_dir(path.parent().unwrap_or(&self.root)))?;
        Ok(())
    }

    fn list_from(&self, prefix: &str, after: &str, limit: usize) -> io::Result<Vec<ObjectInfo>> {
        let mut found = Vec::new();
        for user in names(&self.root.join("users"))? {
            let dir = format!("users/{user}/");
            let wanted = dir.starts_with(prefix) || prefix.starts_with(&dir);
            if !wanted || (after > dir.as_str() && !after.starts_with(&dir)) {
                continue;
            }
            for name in names(&self.root.join(&dir))? {
                let Ok(key) = ObjectKey::parse(&format!("{dir}{name}")) else {
                    continue;
                };
                if key.as_str() <= after || !key.as_str().starts_with(prefix) {
                    continue;
                }
                if found.len() == limit {
                    return Ok(found);
                }
                let metadata = missing_is_none(std::fs::metadata(self.path(&key)))?;
                found.extend(
                    metadata
                        .filter(Metadata::is_file)
                        .map(|metadata| info(key, &metadata)),
                );
            }
        }
        Ok(found)
    }

    fn sweep(&self, older_than: Duration) -> io::Result<u64> {
        let now = self.clock.now();
        let mut swept = 0;
        for name in names(&self.partial())? {
            let path = self.partial().join(name);
            let Some(metadata) = missing_is_none(std::fs::metadata(&path))? else {
                continue;
            };
            if now.since(written_at(&metadata)) >= older_than
                && missing_is_none(std::fs::remove_file(&path))?.is_some()
            {
                swept += 1;
            }
        }
        Ok(swept)
    }
}

#[async_trait]
impl ObjectStore for DiskStore {
    async fn put(&self, key: &ObjectKey, bytes: Arc<[u8]>) -> Result<(), PortError> {
        reached(Failpoint::StorePutFull)
            .await
            .map_err(|_| PortError::Full)?;
        let (store, key) = (self.clone(), key.clone());
        let put = move |gate: &Gate| {
            if !key.is_of(&bytes) {
                return Err(PortError::Refused(
                    "the bytes are not those of the key".to_owned(),
                ));
            }
            store
                .write(&key, &bytes, gate)
                .map_err(|error| PortError::from_io("an object cannot be written", &error))
        };
        blocking(put).await?;
        let lie = |_| PortError::Unavailable("an object cannot be written".to_owned());
        reached(Failpoint::StorePutLies).await.map_err(lie)
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, PortError> {
        let (store, key) = (self.clone(), key.clone());
        blocking(move |_| {
            let read = missing_is_none(std::fs::read(store.path(&key)));
            let read = read.map_err(|error| PortError::from_io("an object cannot be read", &error))?;
            match read {
                Some(bytes) if !key.is_of(&bytes) => Err(PortError::Corrupt(format!("the bytes of {key}"))),
                read => Ok(read),
            }
        })
        .await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, PortError> {
        let (store, key) = (self.clone(), key.clone());
        blocking(move |_| {
            let metadata = missing_is_none(std::fs::metadata(store.path(&key)));
            let metadata =
                metadata.map_err(|error| PortError::from_io("an object cannot be seen", &error))?;
            Ok(metadata
                .filter(Metadata::is_file)
                .map(|metadata| info(key, &metadata)))
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        let (store, key) = (self.clone(), key.clone());
        let delete = move |gate: &Gate| {
            store
                .remove(&key, gate)
                .map_err(|error| PortError::from_io("an object cannot be deleted", &error))
        };
        blocking(delete).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, PortError> {
        let (store, prefix, after) = (self.clone(), prefix.to_owned(), after.unwrap_or_default());
        blocking(move |_| {
            let found = store.list_from(&prefix, &after, limit);
            found.map_err(|error| PortError::from_io("the objects cannot be listed", &error))
        })
        .await
    }

    async fn sign_get(
        &self,
        _key: &ObjectKey,
        _ttl: Duration,
        _filename: &str,
    ) -> Result<Option<String>, PortError> {
        Ok(None)
    }

    async fn sweep_partial(&self, older_than: Duration) -> Result<u64, PortError> {
        let store = self.clone();
        blocking(move |_| {
            let swept = store.sweep(older_than);
            swept.map_err(|error| PortError::from_io("what is half-written cannot be removed", &error))
        })
        .await
    }

    async fn ping(&self) -> Result<(), PortError> {
        let partial = self.partial();
        blocking(move |_| {
            let made = tempfile::NamedTempFile::new_in(partial).and_then(tempfile::NamedTempFile::close);
            made.map_err(|error| PortError::from_io("the store cannot be written", &error))
        })
        .await
    }
}

/// Lets the last step of a call happen only while its caller waits.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
}

impl Gate {
    /// Takes the step, unless the caller has gone. The caller cannot go while the step is taken.
    fn pass<T>(&self, step: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            Err(ErrorKind::Interrupted.into())
        } else {
            step()
        }
    }
}

/// The caller's side of a gate: closes it when the call ends or is dropped.
struct Caller(Arc<Gate>);

impl Drop for Caller {
    fn drop(&mut self) {
        *self.0.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

/// Runs file operations where they may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Gate) -> Result<T, PortError> + Send + 'static,
) -> Result<T, PortError> {
    let gate = Arc::new(Gate::default());
    let caller = Caller(Arc::clone(&gate));
    let done = tokio::task::spawn_blocking(move || work(&gate)).await;
    drop(caller);
    done.unwrap_or_else(|_| Err(PortError::Unavailable("a file operation was cut off".to_owned())))
}

/// Makes a directory that only this account can read, for good; one that is there is fine.
fn make_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_dir),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes what happened to the names in a directory survive a loss of power.
fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The names in a directory, in their order; those that are no UTF-8 are none of ours.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in missing_is_none(std::fs::read_dir(dir))?.into_iter().flatten() {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn missing_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn info(key: ObjectKey, metadata: &Metadata) -> ObjectInfo {
    ObjectInfo {
        key,
        bytes: metadata.len(),
        written_at: written_at(metadata),
    }
}

fn written_at(metadata: &Metadata) -> Timestamp {
    let since = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    Timestamp::from_millis(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;
