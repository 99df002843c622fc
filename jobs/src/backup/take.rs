//! Taking a backup while the service runs.
//!
//! First the database is copied as it is at one moment; then the objects that the copy refers to are read. One that is
//! gone by then because its job was deleted meanwhile takes its row out of the copy too.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sea_orm::prelude::{Expr, Uuid};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::manifest::{DATABASE, Entry, FORMAT, MANIFEST, Manifest, OBJECTS, Object, VERSION};
use crate::data_dir::{DataDir, SCRATCH, cannot_use, sync_dir};
use crate::db::Db;
use crate::entity::jobs;
use crate::error::JobsError;
use crate::migrate;
use crate::ports::{ObjectKey, PortError};
use crate::system::System;

/// What was put by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// How many objects.
    pub objects: u64,
    /// The length of the file.
    pub bytes: u64,
    /// The keys of objects that rows refer to and that are missing or damaged in the store.
    pub missing: Vec<String>,
}

/// Puts everything that cannot be made again into the new file `to`.
///
/// # Errors
/// There is such a file already, or it cannot be written; the database or the store does not answer. Then there is no
/// file `to`.
pub async fn backup(system: &System, to: &Path) -> Result<BackedUp, JobsError> {
    let dir = DataDir::at(&system.config.data_dir);
    let cannot_work = |error: io::Error| JobsError::Unusable(cannot_use(dir.path(), &error));
    if to.exists() {
        return Err(JobsError::Conflict(format!("{} is there already", to.display())));
    }
    let target = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    // A temporary file of this kind is made with the rights 0600.
    let file = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempfile_in(&target)
        .map_err(|error| JobsError::Unusable(cannot_use(&target, &error)))?;
    let work = dir.scratch().map_err(cannot_work)?;
    let copy = work.path().join(DATABASE);
    migrate::copy_to(&dir.database(), &copy).await?;

    let (send, receive) = mpsc::channel(2);
    let writing = tokio::task::spawn_blocking(move || write(file, receive));
    let sent = send_everything(system, &copy, send).await;
    let written = writing
        .await
        .map_err(|_| JobsError::Internal("the writer of the backup was cut off".to_owned()))?;
    let cannot_write = |error: io::Error| JobsError::Unusable(cannot_use(&target, &error));
    // Where the writer failed, what was sent failed only for that.
    let file = written.map_err(cannot_write)?;
    let (objects, missing) = sent?;
    let bytes = file.as_file().metadata().map_err(cannot_write)?.len();
    file.persist_noclobber(to)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => JobsError::Conflict(format!("{} is there already", to.display())),
            _ => cannot_write(error.error),
        })?;
    sync_dir(&target).map_err(cannot_write)?;
    Ok(BackedUp {
        objects,
        bytes,
        missing,
    })
}

/// What the writer puts into the file.
enum Part {
    Bytes {
        name: String,
        bytes: Vec<u8>,
    },
    Database {
        file: PathBuf,
        entry: tokio::sync::oneshot::Sender<Entry>,
    },
}

/// Sends objects, database and manifest to the writer; how many objects, and which are missing.
async fn send_everything(
    system: &System,
    copy: &Path,
    send: mpsc::Sender<Part>,
) -> Result<(u64, Vec<String>), JobsError> {
    let stopped = || JobsError::Internal("the backup is not being written any more".to_owned());
    let (mut objects, mut missing, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let connection = Db::open_to_look(copy).await?;
    let referred = referred(&connection).await;
    let _ = connection.close().await;
    for (user, sha256) in referred? {
        let key = ObjectKey::bundle(UserId(user), &sha256)?;
        match system.store.get(&key).await {
            Ok(Some(bytes)) => {
                objects.push(Object {
                    key: key.to_string(),
                    bytes: bytes.len() as u64,
                });
                let name = format!("{OBJECTS}{key}");
                send.send(Part::Bytes { name, bytes })
                    .await
                    .map_err(|_| stopped())?;
            }
            Ok(None) | Err(PortError::Corrupt(_)) => {
                if referring(system.db.read(), user, &sha256).await?.is_empty() {
                    gone.push((user, sha256));
                } else {
                    missing.push(key.to_string());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    if !gone.is_empty() {
        follow(system, copy, gone).await?;
    }
    let (told, entry) = tokio::sync::oneshot::channel();
    let database = Part::Database {
        file: copy.to_owned(),
        entry: told,
    };
    send.send(database).await.map_err(|_| stopped())?;
    let count = objects.len() as u64;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        created_at: system.clock.now(),
        database: entry.await.map_err(|_| stopped())?,
        objects,
        missing: missing.clone(),
    };
    let bytes = serde_json::to_vec_pretty(&manifest)?;
    let name = MANIFEST.to_owned();
    send.send(Part::Bytes { name, bytes })
        .await
        .map_err(|_| stopped())?;
    Ok((count, missing))
}

/// The objects that rows of a database refer to.
pub(super) async fn referred(connection: &DatabaseConnection) -> Result<Vec<(Uuid, String)>, JobsError> {
    Ok(jobs::Entity::find()
        .select_only()
        .column(jobs::Column::UserId)
        .column(jobs::Column::BundleSha256)
        .distinct()
        .filter(jobs::Column::State.eq(JobState::Succeeded.name()))
        .filter(jobs::Column::BundleSha256.is_not_null())
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .order_by_asc(jobs::Column::UserId)
        .order_by_asc(jobs::Column::BundleSha256)
        .into_tuple()
        .all(connection)
        .await?)
}

/// The jobs whose result an object is.
async fn referring(
    connection: &DatabaseConnection,
    user: Uuid,
    sha256: &str,
) -> Result<Vec<Uuid>, JobsError> {
    Ok(jobs::Entity::find()
        .select_only()
        .column(jobs::Column::Id)
        .filter(jobs::Column::UserId.eq(user))
        .filter(jobs::Column::BundleSha256.eq(sha256))
        .filter(jobs::Column::State.eq(JobState::Succeeded.name()))
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .into_tuple()
        .all(connection)
        .await?)
}

/// Does to the copy what was done to the jobs of these objects since it was taken: their rows are deleted, or their
/// artifacts are past retention.
async fn follow(system: &System, copy: &Path, gone: Vec<(Uuid, String)>) -> Result<(), JobsError> {
    let db = Db::open(copy).await?;
    for (user, sha256) in gone {
        for job in referring(db.read(), user, &sha256).await? {
            let now = jobs::Entity::find_by_id(job).one(system.db.read()).await?;
            let tx = db.begin().await?;
            match now.map(|row| row.artifacts_deleted_at) {
                None => {
                    jobs::Entity::delete_by_id(job).exec(&tx).await?;
                }
                Some(at) => {
                    let at = at.unwrap_or(system.clock.now().0);
                    jobs::Entity::update_many()
                        .col_expr(jobs::Column::ArtifactsDeletedAt, Expr::value(at))
                        .filter(jobs::Column::Id.eq(job))
                        .exec(&tx)
                        .await?;
                }
            }
            tx.commit().await?;
        }
    }
    db.truncate_log().await?;
    db.close().await;
    Ok(())
}

/// Writes what comes, until nothing comes any more.
fn write(file: NamedTempFile, mut parts: mpsc::Receiver<Part>) -> io::Result<NamedTempFile> {
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o600);
    let deflated = stored
        .compression_method(CompressionMethod::Deflated)
        .large_file(true);
    let mut zip = ZipWriter::new(file);
    while let Some(part) = parts.blocking_recv() {
        match part {
            Part::Bytes { name, bytes } => {
                zip.start_file(name, stored)?;
                zip.write_all(&bytes)?;
            }
            Part::Database { file, entry } => {
                zip.start_file(DATABASE, deflated)?;
                let _ = entry.send(copy(File::open(file)?, &mut zip)?);
            }
        }
    }
    let mut file = zip.finish()?;
    file.rewind()?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Copies everything from one to the other; its length and its hash.
pub(super) fn copy(mut from: impl Read, to: &mut impl Write) -> io::Result<Entry> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
    Ok(Entry {
        bytes,
        sha256: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}
