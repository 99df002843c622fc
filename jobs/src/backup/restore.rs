//! Putting a backup back.
//!
//! Everything is unpacked beside what is there and checked, every hash and every page of the database, before anything
//! is touched. What was there is moved aside, never deleted. A restore that dies in between leaves a mark that keeps
//! others from opening the directory until a restore has gone through. A copy of a database from before a migration is
//! put back in the same way; then the objects stay as they are.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use songwalker_schemas::{ErrorCode, UserId};
use zip::ZipArchive;

use super::manifest::{DATABASE, Entry, FORMAT, MANIFEST, MAX_BYTES, Manifest, OBJECTS, VERSION};
use super::take::{copy, referred};
use crate::clock::{Clock, SystemClock};
use crate::data_dir::{DataDir, Held, cannot_use, make_dir, sync_dir};
use crate::db::Db;
use crate::error::JobsError;
use crate::open::examine::{Closeness, Examined, Unusable, examine};
use crate::ports::ObjectKey;
use crate::runner::{self, RunnerLock};

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How many objects.
    pub objects: u64,
    /// The keys of objects that were missing already when the backup was taken.
    pub missing: Vec<String>,
    /// Where what was there before lies now; none where nothing was.
    pub moved_aside: Option<PathBuf>,
}

/// What SQLite's files start with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Puts the backup `from` into a data directory. Where something is there already, only with `force`.
///
/// # Errors
/// Somebody uses the directory; something is there and `force` is not said; the backup is damaged or from a newer
/// program. Then nothing was changed.
pub async fn restore(from: &Path, data_dir: &Path, force: bool) -> Result<Restored, JobsError> {
    let dir = DataDir::prepare(data_dir)?;
    let cannot = |error: io::Error| JobsError::Unusable(cannot_use(dir.path(), &error));
    let _opening = dir.lock_opening().await?;
    let _alone = alone(&dir)?;
    if !force && holds_something(&dir) {
        return Err(JobsError::Conflict(format!(
            "{} holds jobs already; with --force they are moved aside into a folder of it, and the backup takes their \
             place",
            dir.path().display()
        )));
    }
    let scratch = dir.scratch().map_err(cannot)?;
    let unpacked = unpack(from, scratch.path()).await?;
    check_database(from, scratch.path(), unpacked.as_ref()).await?;
    let moved_aside = replace(&dir, scratch.path(), unpacked.is_some()).map_err(cannot)?;
    let manifest = unpacked.as_ref();
    Ok(Restored {
        objects: manifest.map_or(0, |manifest| manifest.objects.len() as u64),
        missing: manifest.map_or_else(Vec::new, |manifest| manifest.missing.clone()),
        moved_aside,
    })
}

/// Nobody else runs jobs here or has the directory open.
fn alone(dir: &DataDir) -> Result<(RunnerLock, Held), JobsError> {
    let Some(mut runner) = RunnerLock::try_take(dir.path())? else {
        let holder = runner::holder(dir.path())?;
        let who = holder.map_or_else(
            || "another program runs here".to_owned(),
            |holder| holder.to_string(),
        );
        return Err(JobsError::Conflict(format!("{who}; stop it first")));
    };
    runner.name_purpose("songwalker restore")?;
    let used = dir
        .use_alone()
        .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))?;
    let held = used.ok_or_else(|| {
        JobsError::Conflict(format!(
            "another songwalker program uses {}; wait for it, or end it",
            dir.path().display()
        ))
    })?;
    Ok((runner, held))
}

fn holds_something(dir: &DataDir) -> bool {
    let has_rows = std::fs::metadata(dir.database()).is_ok_and(|found| found.len() > 0);
    let has_objects =
        std::fs::read_dir(dir.objects().join("users")).is_ok_and(|mut users| users.next().is_some());
    has_rows || has_objects || dir.restoring().exists()
}

/// Unpacks a backup and checks every hash; `None`: it is a bare database.
async fn unpack(from: &Path, to: &Path) -> Result<Option<Manifest>, JobsError> {
    let (backup, to) = (from.to_owned(), to.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || {
        let mut file = File::open(&backup).map_err(|error| cannot_read(&backup, &error.to_string()))?;
        let mut start = Vec::new();
        io::Read::by_ref(&mut file)
            .take(SQLITE.len() as u64)
            .read_to_end(&mut start)
            .and_then(|_| file.rewind())
            .map_err(|error| cannot_read(&backup, &error.to_string()))?;
        if start == SQLITE {
            extract(&backup, &mut file, &to.join(DATABASE))?;
            return Ok(None);
        }
        unpack_zip(&backup, file, &to).map(Some)
    });
    unpacked
        .await
        .map_err(|_| JobsError::Internal("the restore was cut off".to_owned()))?
}

fn unpack_zip(backup: &Path, file: File, to: &Path) -> Result<Manifest, JobsError> {
    let damaged = |what: &str| damaged(backup, what);
    let mut zip = ZipArchive::new(file).map_err(|_| damaged("it is not a whole backup file"))?;
    let manifest: Manifest = {
        let entry = zip
            .by_name(MANIFEST)
            .map_err(|_| damaged("it has no list of what is in it"))?;
        let mut text = Vec::new();
        entry
            .take(MAX_BYTES)
            .read_to_end(&mut text)
            .map_err(|error| damaged(&error.to_string()))?;
        serde_json::from_slice(&text).map_err(|_| damaged("its list of what is in it cannot be read"))?
    };
    if manifest.format != FORMAT || manifest.version != VERSION {
        return Err(damaged("it is of a form that this songwalker does not know"));
    }
    let mut take = |name: &str, bytes: u64, sha256: &str, path: &Path| {
        let entry = zip
            .by_name(name)
            .map_err(|_| damaged(&format!("{name} is not in it")))?;
        let got = extract(backup, entry.take(bytes.saturating_add(1)), path)?;
        if got.bytes == bytes && got.sha256 == sha256 {
            Ok(())
        } else {
            Err(damaged(&format!("{name} is not what was put into it")))
        }
    };
    let database = &manifest.database;
    take(DATABASE, database.bytes, &database.sha256, &to.join(DATABASE))?;
    let objects = to.join("objects");
    let users = objects.join("users");
    make(&objects)?;
    make(&users)?;
    for object in &manifest.objects {
        // Only keys become paths: nothing in a backup can name a place outside of the store.
        let key = ObjectKey::parse(&object.key).map_err(|_| damaged("it holds what is no object"))?;
        let path = objects.join(key.as_str());
        make(path.parent().unwrap_or(&users))?;
        take(&format!("{OBJECTS}{key}"), object.bytes, key.sha256(), &path)?;
    }
    for dir in [&users, &objects] {
        sync_dir(dir).map_err(|error| JobsError::Unusable(cannot_use(dir, &error)))?;
    }
    Ok(manifest)
}

fn make(dir: &Path) -> Result<(), JobsError> {
    make_dir(dir).map_err(|error| JobsError::Unusable(cannot_use(dir, &error)))
}

/// Writes a new file for this account only, for good.
fn extract(backup: &Path, from: impl Read, path: &Path) -> Result<Entry, JobsError> {
    let dir = path.parent().unwrap_or(path);
    let cannot = |error: io::Error| match error.kind() {
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof | ErrorKind::Other => {
            damaged(backup, &error.to_string())
        }
        _ => JobsError::Unusable(cannot_use(dir, &error)),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(cannot)?;
    let entry = copy(from, &mut file).map_err(cannot)?;
    file.sync_all().map_err(cannot)?;
    sync_dir(dir).map_err(cannot)?;
    Ok(entry)
}

/// The database is whole and known, and everything that it refers to is there or was missing before.
async fn check_database(from: &Path, unpacked: &Path, manifest: Option<&Manifest>) -> Result<(), JobsError> {
    let file = unpacked.join(DATABASE);
    match examine(&file, Closeness::Everything).await {
        Ok(Examined::Ours { .. }) => {}
        Ok(Examined::Empty) | Err(Unusable::NotOurs) => {
            return Err(damaged(from, "its database is none of songwalker's"));
        }
        Err(Unusable::Newer(step)) => {
            return Err(JobsError::Unusable(format!(
                "{} is from a newer songwalker (its database has the step {step}); restore it with that version",
                from.display()
            )));
        }
        Err(Unusable::Damaged(what)) | Err(Unusable::Silent(_, what)) => return Err(damaged(from, &what)),
    }
    let Some(manifest) = manifest else {
        return Ok(());
    };
    let connection = Db::open_to_look(&file).await?;
    let referred = referred(&connection).await;
    let _ = connection.close().await;
    let listed: BTreeSet<&str> = manifest
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .chain(manifest.missing.iter().map(String::as_str))
        .collect();
    for (user, sha256) in referred? {
        let key = ObjectKey::bundle(UserId(user), &sha256)?;
        if !listed.contains(key.as_str()) {
            return Err(damaged(from, &format!("{key} is not in it")));
        }
    }
    Ok(())
}

/// Moves what is there aside and what was unpacked into its place; where the former lies then.
fn replace(dir: &DataDir, unpacked: &Path, with_objects: bool) -> io::Result<Option<PathBuf>> {
    let name = |path: PathBuf| path.file_name().map(|name| name.to_owned()).unwrap_or_default();
    let database = name(dir.database());
    let mut old = vec![database.clone()];
    for end in ["-wal", "-shm", "-journal"] {
        let mut beside = database.clone();
        beside.push(end);
        old.push(beside);
    }
    if with_objects {
        old.push(name(dir.objects()));
    }
    File::create(dir.restoring())?.sync_all()?;
    sync_dir(dir.path())?;
    let mut aside = None;
    for name in old {
        let path = dir.path().join(&name);
        if !path.exists() {
            continue;
        }
        let aside = match &aside {
            Some(aside) => aside,
            None => aside.insert(make_aside(dir)?),
        };
        std::fs::rename(path, aside.join(name))?;
    }
    if with_objects {
        std::fs::rename(unpacked.join("objects"), dir.objects())?;
    }
    std::fs::rename(unpacked.join(DATABASE), dir.database())?;
    sync_dir(dir.path())?;
    std::fs::remove_file(dir.restoring())?;
    sync_dir(dir.path())?;
    Ok(aside)
}

/// A new folder for what was there.
fn make_aside(dir: &DataDir) -> io::Result<PathBuf> {
    let now = SystemClock::new().now().to_string();
    let (seconds, _) = now.split_once('.').unwrap_or((now.trim_end_matches('Z'), ""));
    let stamp = seconds.replace([':', '-'], "");
    let mut number = 1;
    loop {
        let path = dir.path().join(format!("before-restore-{stamp}-{number}"));
        if !path.exists() {
            make_dir(&path)?;
            return Ok(path);
        }
        number += 1;
    }
}

fn cannot_read(backup: &Path, what: &str) -> JobsError {
    JobsError::Refused {
        code: ErrorCode::NotFound,
        message: format!("{} cannot be read: {what}", backup.display()),
        faults: Vec::new(),
    }
}

fn damaged(backup: &Path, what: &str) -> JobsError {
    JobsError::Refused {
        code: ErrorCode::VerificationFailed,
        message: format!("{} cannot be restored: {what}", backup.display()),
        faults: Vec::new(),
    }
}
