//! The database of a data directory: looked at before anybody uses it, made where there is none, brought up to date.
//!
//! Whatever is wrong, the file stays as it was, and the error says what to do.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::examine::{Closeness, Unusable, examine, unusable};
use crate::data_dir::{DataDir, cannot_use};
use crate::db::Db;
use crate::error::JobsError;
use crate::migrate;

/// A database up to this size is looked through at each opening: a few milliseconds.
const LOOKED_THROUGH_BYTES: u64 = 4 << 20;

/// Opens the database of a data directory; call it under the directory's opening lock.
pub(super) async fn open(dir: &DataDir) -> Result<Db, JobsError> {
    let file = dir.database();
    let bytes = size(&file);
    let was_killed = size(&dir.database_log()) > 0;
    if dir.restoring().exists() {
        return Err(JobsError::Unusable(format!(
            "a restore of {} was cut off; run `songwalker restore` with --force once more: what was there before is in \
             its folders before-restore-…",
            dir.path().display()
        )));
    }
    if bytes == 0 {
        refuse_loss(dir, was_killed)?;
        make(dir)?;
    }
    let (held, is_alone) = dir
        .use_it()
        .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))?;
    if is_alone {
        dir.remove_scratch()
            .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))?;
    }
    if bytes > 0 {
        let closeness = if bytes <= LOOKED_THROUGH_BYTES || (is_alone && was_killed) {
            Closeness::Pages
        } else {
            Closeness::Glance
        };
        examine(&file, closeness)
            .await
            .map_err(|error| refusal(dir, &error))?;
    }
    let opened = async {
        let db = Db::open(&file).await?.holding(held);
        migrate::migrate(&db, dir).await?;
        Ok(db)
    };
    opened.await.map_err(|error| explained(dir, error))
}

/// Rows may be gone while bundles are still there: then nothing is begun anew, or the bundles would be swept away.
fn refuse_loss(dir: &DataDir, has_log: bool) -> Result<(), JobsError> {
    let users = dir.objects().join("users");
    let has_bundles = std::fs::read_dir(users).is_ok_and(|mut users| users.next().is_some());
    if has_bundles || has_log {
        return Err(JobsError::Unusable(format!(
            "the database {} is missing, but what belongs to it is there; put it back, or {}, or move {} away to begin \
             anew",
            dir.database().display(),
            how_to_restore(dir),
            dir.path().display()
        )));
    }
    Ok(())
}

/// The file is made before SQLite opens it, so that only this account can read it and what SQLite puts beside it.
fn make(dir: &DataDir) -> Result<(), JobsError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.database())
        .map(drop)
        .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |found| found.len())
}

/// What an error while opening means, where the database is the reason.
pub(super) fn explained(dir: &DataDir, error: JobsError) -> JobsError {
    match error {
        JobsError::Database(_) => refusal(dir, &unusable(error)),
        other => other,
    }
}

/// The error that says what is wrong with the database and what to do.
pub(crate) fn refusal(dir: &DataDir, why: &Unusable) -> JobsError {
    let file = dir.database();
    let file = file.display();
    JobsError::Unusable(match why {
        Unusable::Damaged(what) => format!(
            "the database {file} is damaged ({what}); it was left as it is: {}",
            how_to_restore(dir)
        ),
        Unusable::NotOurs => {
            format!("{file} is the database of another program; name another place with --data-dir")
        }
        Unusable::Newer(step) => format!(
            "the database {file} belongs to a newer songwalker (it has the step {step}); use that version, or {}",
            how_to_restore(dir)
        ),
        Unusable::Silent(Some(5 | 6), _) => {
            format!("the database {file} is locked by another program; end it, then try again")
        }
        Unusable::Silent(code, _) if *code == Some(13) || (*code == Some(10) && is_full(dir)) => {
            format!("there is no space left for {file}; make room, then try again")
        }
        Unusable::Silent(Some(3 | 8 | 14 | 23), _) => format!(
            "the database {file} cannot be opened and written by this account; change its rights, or name another \
             place with --data-dir"
        ),
        Unusable::Silent(_, what) => format!(
            "the database {file} cannot be read or written ({what}); see whether its disk is full or failing"
        ),
    })
}

/// Whether hardly anything can be written any more: where SQLite finds no room for its shared memory, it only says that
/// something went wrong.
fn is_full(dir: &DataDir) -> bool {
    const HARDLY_BYTES: u64 = 1 << 20;
    rustix::fs::statvfs(dir.path())
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < HARDLY_BYTES)
}

fn how_to_restore(dir: &DataDir) -> String {
    match newest_backup(dir) {
        Some(backup) => format!(
            "restore the newest backup with `songwalker restore {} --force`",
            backup.display()
        ),
        None => format!(
            "restore a backup with `songwalker restore FILE --force` (there is none in {})",
            dir.backups().display()
        ),
    }
}

/// The newest file in the directory of backups.
fn newest_backup(dir: &DataDir) -> Option<PathBuf> {
    std::fs::read_dir(dir.backups())
        .ok()?
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !name.starts_with('.') && (name.ends_with(".db") || name.ends_with(".zip"))
        })
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .max()
        .map(|(_, path)| path)
}
