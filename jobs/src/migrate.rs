//! Bringing a database up to date: every step that is missing, in one transaction.

use songwalker_migrations::{Migrator, MigratorTrait};
use songwalker_schemas::Timestamp;

use crate::data_dir::DataDir;
use crate::db::Db;
use crate::error::JobsError;

/// Applies every step that is missing.
///
/// # Errors
/// The database does not answer.
pub async fn migrate(db: &Db, _dir: &DataDir, _now: Timestamp) -> Result<(), JobsError> {
    let tx = db.begin().await?;
    Migrator::up(&tx, None).await?;
    tx.commit().await?;
    Ok(())
}
