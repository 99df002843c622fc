//! Bringing a database up to date: every step that is missing, in one transaction, so that a process that dies leaves
//! the database as it was; and before that a copy of what is there, of which the last few are kept.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, Statement};
use songwalker_migrations::{Migrator, MigratorTrait};

use crate::data_dir::{DataDir, cannot_use, make_dir, sync_dir};
use crate::db::Db;
use crate::error::JobsError;

/// How many copies are kept.
const COPIES: usize = 3;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrated {
    /// The steps that were applied.
    pub applied: Vec<String>,
    /// Where the database of before lies; none where there was nothing in it, or nothing to do.
    pub copy: Option<PathBuf>,
}

/// Applies every step that is missing. Call it under the directory's opening lock.
///
/// # Errors
/// The database does not answer, or there is no room for the copy; then nothing was changed.
pub async fn migrate(db: &Db, dir: &DataDir) -> Result<Migrated, JobsError> {
    migrate_with::<Migrator>(db, dir).await
}

async fn migrate_with<M: MigratorTrait>(db: &Db, dir: &DataDir) -> Result<Migrated, JobsError> {
    let pending: Vec<String> = M::get_pending_migrations_read_only(db.read())
        .await?
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    let Some(first) = pending.first() else {
        return Ok(Migrated::default());
    };
    let is_used = !M::get_applied_migrations_read_only(db.read()).await?.is_empty();
    let copy = if is_used {
        Some(copy(dir, first).await?)
    } else {
        None
    };
    let tx = db.begin().await?;
    M::up(&tx, None).await?;
    tx.commit().await?;
    tracing::info!(steps = ?pending, "database migrated");
    Ok(Migrated {
        applied: pending,
        copy,
    })
}

/// Copies the database to `backups/before-<step>-<n>.db`, and forgets the oldest copies.
async fn copy(dir: &DataDir, step: &str) -> Result<PathBuf, JobsError> {
    let cannot = |error: io::Error| JobsError::Unusable(cannot_use(&dir.backups(), &error));
    make_dir(&dir.backups()).map_err(cannot)?;
    let copies = copies(&dir.backups()).map_err(cannot)?;
    let next = copies.last().map_or(1, |(number, _)| number + 1);
    let path = dir.backups().join(format!("before-{step}-{next}.db"));
    copy_to(&dir.database(), &path).await?;
    let kept_before = COPIES - 1;
    for (_, old) in copies.iter().rev().skip(kept_before) {
        std::fs::remove_file(old).map_err(cannot)?;
    }
    Ok(path)
}

/// The copies there are, by number.
fn copies(backups: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(backups)? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix("before-")?.strip_suffix(".db"))
            .and_then(|name| name.rsplit_once('-')?.1.parse().ok());
        copies.extend(number.map(|number| (number, path)));
    }
    copies.sort();
    Ok(copies)
}

/// Copies a database as it is at one moment into a new file: whole or not at all, for this account only. Others go on
/// reading and writing meanwhile.
pub(crate) async fn copy_to(database: &Path, path: &Path) -> Result<(), JobsError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let cannot = |error: io::Error| JobsError::Unusable(cannot_use(dir, &error));
    let partial = path.with_extension("partial");
    let _ = std::fs::remove_file(&partial);
    // SQLite writes into a file that is there if it is empty, and so keeps its rights.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)
        .map_err(cannot)?;
    let written = async {
        let text = partial
            .to_str()
            .ok_or_else(|| JobsError::Unusable(format!("{} is not UTF-8", partial.display())))?;
        let connection = Db::open_to_look(database).await?;
        let backend = connection.get_database_backend();
        let into = Statement::from_sql_and_values(backend, "VACUUM INTO ?", [text.into()]);
        let copied = connection.execute_raw(into).await;
        let _ = connection.close().await;
        copied?;
        File::open(&partial)
            .and_then(|file| file.sync_all())
            .map_err(cannot)?;
        std::fs::rename(&partial, path).map_err(cannot)?;
        sync_dir(dir).map_err(cannot)
    };
    let written = written.await;
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    written
}

#[cfg(test)]
mod tests;
