//! The database: one connection that writes, a few that read.
//!
//! SQLite has one writer at a time anyway; giving it one connection of its own makes writers queue in the pool instead
//! of in `busy_timeout`. Every transaction that reads in order to write begins IMMEDIATE, so that what it read still
//! holds when it writes (R2, R3, R9). `synchronous=FULL` makes a commit survive a loss of power (R1); `secure_delete`
//! makes erased text leave the file (R10).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::data_dir::Held;
use crate::error::JobsError;

/// Connections that read.
const READERS: u32 = 4;
/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(10);
/// The same where somebody only looks; who has a right to lock for longer holds the opening lock too.
const BUSY_TO_LOOK: Duration = Duration::from_secs(2);

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    /// What keeps others from replacing the file; let go with the last handle.
    held: Option<Arc<Held>>,
}

impl Db {
    /// Opens the SQLite database in `file`, making it where it is not there. No migration is run.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn open(file: &Path) -> Result<Self, JobsError> {
        let connect = |most: u32, query_only: &'static str| {
            options(file, most, move |sqlite| {
                sqlite
                    .create_if_missing(true)
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    .pragma("foreign_keys", "ON")
                    .pragma("secure_delete", "ON")
                    .pragma("query_only", query_only)
                    .busy_timeout(BUSY)
            })
        };
        let write = Database::connect(connect(1, "OFF")).await?;
        let read = Database::connect(connect(READERS, "ON")).await?;
        Ok(Self {
            read,
            write,
            held: None,
        })
    }

    /// A connection that leaves the file as it is, also when it is closed.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn open_to_look(file: &Path) -> Result<DatabaseConnection, JobsError> {
        Ok(Database::connect(options(file, 1, |sqlite| {
            sqlite.read_only(true).busy_timeout(BUSY_TO_LOOK)
        }))
        .await?)
    }

    /// The same, keeping hold of a lock as long as any handle lives.
    #[must_use]
    pub fn holding(mut self, held: Held) -> Self {
        self.held = Some(Arc::new(held));
        self
    }

    /// For what only reads.
    #[must_use]
    pub const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// The one connection that writes, for what needs no transaction of ours (migrations, PRAGMAs).
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(&self) -> Result<DatabaseTransaction, JobsError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.write.begin_with_options(options).await?)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), JobsError> {
        self.read
            .query_one_raw(Statement::from_string(
                self.read.get_database_backend(),
                "SELECT 1",
            ))
            .await?;
        Ok(())
    }

    /// Writes everything of the log into the file and empties the log, so that nothing that was erased stays in it.
    ///
    /// # Errors
    /// The database does not answer, or a reader is in the way.
    pub async fn truncate_log(&self) -> Result<(), JobsError> {
        let row = self
            .write
            .query_one_raw(Statement::from_string(
                self.write.get_database_backend(),
                "PRAGMA wal_checkpoint(TRUNCATE)",
            ))
            .await?;
        let busy: i32 = match row {
            Some(row) => row.try_get_by_index(0)?,
            None => 1,
        };
        if busy == 0 {
            Ok(())
        } else {
            Err(JobsError::Conflict("the log is being read".to_owned()))
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        for connection in [&self.read, &self.write] {
            let _ = connection.close_by_ref().await;
        }
    }
}

fn options(
    file: &Path,
    connections: u32,
    more: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> ConnectOptions {
    // The path does not go through the address: there `%` and `?` would mean something.
    let mut options = ConnectOptions::new("sqlite://songwalker.db");
    let file = file.to_owned();
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(15))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| more(sqlite.filename(&file).pragma("trusted_schema", "OFF")));
    options
}
