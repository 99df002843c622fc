//! Opening a database that processes on several machines share. Nobody migrates by the way here: an operator does, once,
//! before the new processes start (`songwalker migrate`). Steps only add (expand) while an older program may still run;
//! so a step that this program does not know yet is no reason to stop.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, Statement};
use songwalker_migrations::{Migrator, MigratorTrait, names};

use crate::clock::{Clock, DatabaseClock};
use crate::config::Config;
use crate::db::Db;
use crate::error::JobsError;
use crate::secret::Secret;
use crate::system::{Catalogue, System};
use crate::wiring;

/// What keeps two operators from migrating at once: a name for an advisory lock.
const MIGRATING: i64 = 0x736f_6e67_7761_6c6b;

/// Connects everything that the configuration names.
///
/// # Errors
/// [`JobsError::Unusable`] with what is wrong and what to do.
pub(super) async fn open(
    config: Config,
    url: &Secret,
    catalogue: Catalogue,
    clock: Option<Arc<dyn Clock>>,
) -> Result<System, JobsError> {
    let db = connect(&config, url).await?;
    let ready = async {
        let (_, pending) = steps(&db).await?;
        if let Some(step) = pending.first() {
            return Err(JobsError::Unusable(format!(
                "the database lacks the step {step} of this version; run `songwalker migrate` with the same \
                 configuration, then start this again"
            )));
        }
        let clock = match clock {
            Some(clock) => clock,
            None => DatabaseClock::start(&db).await?,
        };
        wiring::system(config, db.clone(), clock, catalogue).await
    };
    let opened = ready.await;
    if opened.is_err() {
        db.close().await;
    }
    opened
}

async fn connect(config: &Config, url: &Secret) -> Result<Db, JobsError> {
    Db::connect(url, config.database.connections)
        .await
        .map_err(|error| {
            JobsError::Unusable(format!(
                "the database of database.url ({}) does not let this program in: {}",
                config.origin("database.url"),
                told(&error)
            ))
        })
}

/// What PostgreSQL says, without the address and the password in it (R10).
fn told(error: &JobsError) -> String {
    let JobsError::Database(inner) = error else {
        return error.to_string();
    };
    match inner {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => {
            "it does not answer, or refuses the name or password".to_owned()
        }
        other => other.to_string(),
    }
}

/// The steps that were applied, those of later versions too, and those of this version that were not. Read by our own
/// words: the migrator takes a step that it does not know for a fault, which would keep this program from coming back
/// after a newer one.
///
/// # Errors
/// The database does not answer.
pub async fn steps(db: &Db) -> Result<(Vec<String>, Vec<String>), JobsError> {
    let ask = |sql: &str| Statement::from_string(db.read().get_database_backend(), sql);
    let table = "SELECT to_regclass('seaql_migrations') IS NOT NULL";
    let row = db.read().query_one_raw(ask(table)).await?;
    let is_there = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .unwrap_or(false);
    let rows = if is_there {
        let all = "SELECT version FROM seaql_migrations ORDER BY version";
        db.read().query_all_raw(ask(all)).await?
    } else {
        Vec::new()
    };
    let applied = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<Vec<String>, _>>()?;
    let pending = names()
        .into_iter()
        .filter(|step| !applied.contains(step))
        .collect();
    Ok((applied, pending))
}

/// Applies every step that is missing, in one transaction, one operator at a time; the steps that were applied.
///
/// # Errors
/// The database does not answer; then nothing was changed.
pub async fn migrate(config: &Config) -> Result<Vec<String>, JobsError> {
    let url = config
        .database
        .url
        .as_ref()
        .ok_or_else(|| JobsError::Internal("no shared database is configured".to_owned()))?;
    let db = connect(config, url).await?;
    let migrated = async {
        let tx = db.begin().await?;
        let lock = Statement::from_sql_and_values(
            tx.get_database_backend(),
            "SELECT pg_advisory_xact_lock($1)",
            [MIGRATING.into()],
        );
        tx.execute_raw(lock).await?;
        let (_, pending) = steps(&db).await?;
        if !pending.is_empty() {
            Migrator::up(&tx, None).await?;
            tracing::info!(steps = ?pending, "database migrated");
        }
        tx.commit().await?;
        Ok(pending)
    };
    let migrated = migrated.await;
    db.close().await;
    migrated
}
