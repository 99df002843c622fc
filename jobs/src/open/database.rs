//! The database of a data directory, looked at before anybody uses it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use songwalker_schemas::Timestamp;

use crate::data_dir::{DataDir, cannot_use};
use crate::db::Db;
use crate::error::JobsError;
use crate::migrate;

/// Opens the database, makes it where there is none, and brings it up to date.
pub(super) async fn open(dir: &DataDir, now: Timestamp) -> Result<Db, JobsError> {
    let file = dir.database();
    if !file.exists() {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))?;
    }
    let (held, _) = dir
        .use_it()
        .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))?;
    let db = Db::open(&file).await?.holding(held);
    migrate::migrate(&db, dir, now).await?;
    Ok(db)
}
