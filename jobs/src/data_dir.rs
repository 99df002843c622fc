//! The data directory: what lies where in it, how private files are written, and the two locks that keep programs
//! from treading on each other while one opens or replaces what is there.
//!
//! `open.lock` is held while a program opens the directory (so two never migrate at once), `in-use.lock` is held by
//! all programs that have it open, shared, and by a restore alone. Who runs jobs is the affair of `runner.rs`. Files
//! with private content are readable by this account only, whatever the directory's own rights are (R10).

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::JobsError;

/// How long a program waits for another one that opens the same directory; a migration may take its time.
const OPENING: Duration = Duration::from_secs(60);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What the names of files and folders start with that nobody needs once their program has ended.
pub(crate) const SCRATCH: &str = ".songwalker-";

/// A data directory that is there.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

/// A lock that is held until this is dropped, or its process ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held, never read")] File);

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Shared,
    Alone,
}

impl DataDir {
    /// The directory at `path`, made for this account only where it is missing.
    ///
    /// # Errors
    /// It cannot be made, is no directory, or cannot be written.
    pub fn prepare(path: &Path) -> Result<Self, JobsError> {
        let cannot = |error: &io::Error| JobsError::Unusable(cannot_use(path, error));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| cannot(&error))?;
        let dir = Self(path.to_owned());
        lock_file(&dir.0.join("open.lock")).map_err(|error| cannot(&error))?;
        Ok(dir)
    }

    /// The directory at `path`, whatever is there.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("songwalker.db")
    }

    /// The log that SQLite writes ahead of the database; there while it is open, and after a program died.
    #[must_use]
    pub fn database_log(&self) -> PathBuf {
        self.0.join("songwalker.db-wal")
    }

    /// The bundles.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    /// The local user's API key.
    #[must_use]
    pub fn token(&self) -> PathBuf {
        self.0.join("token")
    }

    /// Copies of the database from before migrations.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }

    /// What stands here while a restore replaces the directory's content.
    #[must_use]
    pub fn restoring(&self) -> PathBuf {
        self.0.join("restoring")
    }

    /// Waits until no other program is opening the directory, and keeps others from it.
    ///
    /// # Errors
    /// Another one takes longer than a minute.
    pub async fn lock_opening(&self) -> Result<Held, JobsError> {
        let dir = self.clone();
        let locked = tokio::task::spawn_blocking(move || {
            let file = lock_file(&dir.0.join("open.lock"))?;
            let until = Instant::now() + OPENING;
            while !try_lock(&file, Mode::Alone)? {
                if Instant::now() >= until {
                    return Ok(None);
                }
                std::thread::sleep(LOOK_AGAIN);
            }
            Ok(Some(Held(file)))
        });
        match locked.await {
            Ok(Ok(Some(held))) => Ok(held),
            Ok(Ok(None)) => Err(JobsError::Unusable(format!(
                "another songwalker program has been opening {} for a minute; end it, or wait for it",
                self.0.display()
            ))),
            Ok(Err(error)) => Err(JobsError::Unusable(cannot_use(&self.0, &error))),
            Err(_) => Err(JobsError::Internal(
                "the data directory's lock was cut off".to_owned(),
            )),
        }
    }

    /// Marks the directory as in use by this program, and says whether no other one uses it.
    ///
    /// Call it under [`lock_opening`](Self::lock_opening) only: the lock changes hands in between.
    pub(crate) fn use_it(&self) -> io::Result<(Held, bool)> {
        let file = lock_file(&self.0.join("in-use.lock"))?;
        let is_alone = try_lock(&file, Mode::Alone)?;
        if is_alone {
            file.unlock()?;
        }
        if !try_lock(&file, Mode::Shared)? {
            return Err(ErrorKind::ResourceBusy.into());
        }
        Ok((Held(file), is_alone))
    }

    /// A new folder in it for what is being worked on, for this account only; gone when dropped.
    pub(crate) fn scratch(&self) -> io::Result<tempfile::TempDir> {
        tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&self.0)
    }

    /// Removes what programs that died were working on. Only for who uses the directory alone.
    pub(crate) fn remove_scratch(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Takes the directory for this program alone; `None`: another one uses it.
    pub(crate) fn use_alone(&self) -> io::Result<Option<Held>> {
        let file = lock_file(&self.0.join("in-use.lock"))?;
        Ok(try_lock(&file, Mode::Alone)?.then_some(Held(file)))
    }
}

/// Makes a directory for this account only; one that is there is fine.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.and_then(|()| path.parent().map_or(Ok(()), sync_dir)),
    }
}

/// The file of a lock, made for this account only where it is missing.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Writes a file that only this account can read: whole or not at all, and for good once it returns.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    // A temporary file of this kind is made with the rights 0600.
    let mut file = tempfile::Builder::new().prefix(SCRATCH).tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_dir(dir)
}

/// Tries to lock a file; whether that worked.
pub(crate) fn try_lock(file: &File, mode: Mode) -> io::Result<bool> {
    let tried = match mode {
        Mode::Shared => file.try_lock_shared(),
        Mode::Alone => file.try_lock(),
    };
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes what happened to the names in a directory survive a loss of power.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Why a data directory cannot be used, and what to do, for people.
pub(crate) fn cannot_use(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            format!("{path} is not a directory; name another place with --data-dir")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!(
                "{path} cannot be written by this account; change its rights, or name another place with --data-dir"
            )
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("there is no space left for {path}; make room, then try again")
        }
        ErrorKind::ResourceBusy => {
            format!("{path} is being restored by another songwalker program; wait for it")
        }
        kind => format!("{path} cannot be used: {kind}"),
    }
}
