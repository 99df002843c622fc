//! The database: SQLite with one connection that writes and a few that read, or PostgreSQL ([`postgres`]).
//!
//! SQLite has one writer at a time anyway; giving it one connection of its own makes writers queue in the pool instead
//! of in `busy_timeout`. Every transaction that reads in order to write begins IMMEDIATE, so that what it read still
//! holds when it writes (R2, R3, R9). `synchronous=FULL` makes a commit survive a loss of power (R1); `secure_delete`
//! makes erased text leave the file (R10). A connection is used again only if it is known to be outside any transaction:
//! SQLite gives one up by itself where the disk is full, and whoever counted on it would from then on commit nothing
//! (R1). In PostgreSQL writers work side by side: what a transaction decides by, it has
//! locked, row by row or by the name of an object ([`Db::lock_object`]).

#[cfg(feature = "postgres")]
mod postgres;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
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

/// How often, and after what pauses, the log is tried to be emptied where somebody uses it at that moment.
const LOOKS: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    /// Empties SQLite's log, and waits for nobody: readers are in its way, and writers would be behind it.
    checkpoint: Option<DatabaseConnection>,
    /// What keeps others from replacing the file; let go with the last handle.
    held: Option<Arc<Held>>,
    #[cfg(feature = "failpoints")]
    statements: Statements,
}

/// The statements that were asked for, where somebody counts them: none until then.
#[cfg(feature = "failpoints")]
type Statements = Arc<std::sync::Mutex<Option<Vec<String>>>>;

/// Lets these connections note what they ask, once somebody counts.
#[cfg(feature = "failpoints")]
fn noted<'a>(connections: impl IntoIterator<Item = &'a mut DatabaseConnection>) -> Statements {
    let statements = Statements::default();
    for connection in connections {
        let noted = Arc::clone(&statements);
        connection.set_metric_callback(move |said| {
            let mut noted = noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(list) = noted.as_mut() {
                list.push(said.statement.sql.clone());
            }
        });
    }
    statements
}

impl Db {
    /// Opens the SQLite database in `file`, making it where it is not there. No migration is run.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn open(file: &Path) -> Result<Self, JobsError> {
        let connect = |most: u32, query_only: &'static str, busy: Duration| {
            options(file, most, move |sqlite| {
                sqlite
                    .create_if_missing(true)
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    .pragma("foreign_keys", "ON")
                    .pragma("secure_delete", "ON")
                    .pragma("query_only", query_only)
                    .busy_timeout(busy)
            })
        };
        let write = Database::connect(connect(1, "OFF", BUSY)).await?;
        let read = Database::connect(connect(READERS, "ON", BUSY)).await?;
        let checkpoint = Database::connect(connect(1, "OFF", Duration::ZERO)).await?;
        #[cfg(feature = "failpoints")]
        let (mut read, mut write) = (read, write);
        Ok(Self {
            #[cfg(feature = "failpoints")]
            statements: noted([&mut read, &mut write]),
            read,
            write,
            checkpoint: Some(checkpoint),
            held: None,
        })
    }

    /// Connects to the PostgreSQL database at `url`, with at most so many connections. No migration is run.
    ///
    /// # Errors
    /// It does not answer, or does not let this program in.
    #[cfg(feature = "postgres")]
    pub async fn connect(url: &crate::secret::Secret, connections: u32) -> Result<Self, JobsError> {
        let pool = postgres::connect(url, connections).await?;
        #[cfg(feature = "failpoints")]
        let mut pool = pool;
        Ok(Self {
            #[cfg(feature = "failpoints")]
            statements: noted([&mut pool]),
            read: pool.clone(),
            write: pool,
            checkpoint: None,
            held: None,
        })
    }

    /// Whether processes on other machines may use the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Postgres
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

    /// Waits until no other transaction holds the name of an object, and holds it until `tx` ends. A transaction that
    /// holds a job's row already must not wait for one ([`Self::try_lock_object`]): who holds the name waits for rows.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn lock_object(tx: &DatabaseTransaction, name: &str) -> Result<(), JobsError> {
        if tx.get_database_backend() == DbBackend::Postgres {
            let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            tx.execute_raw(Statement::from_sql_and_values(
                DbBackend::Postgres,
                lock,
                [name.into()],
            ))
            .await?;
        }
        Ok(())
    }

    /// The same without waiting: `false` where another transaction holds the name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn try_lock_object(tx: &DatabaseTransaction, name: &str) -> Result<bool, JobsError> {
        if tx.get_database_backend() != DbBackend::Postgres {
            return Ok(true);
        }
        let lock = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))";
        let row = tx
            .query_one_raw(Statement::from_sql_and_values(
                DbBackend::Postgres,
                lock,
                [name.into()],
            ))
            .await?;
        Ok(row
            .map(|row| row.try_get_by_index(0))
            .transpose()?
            .unwrap_or(false))
    }

    /// For what only reads.
    #[must_use]
    pub const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// What writes, for what needs no transaction of ours (migrations, PRAGMAs).
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(&self) -> Result<DatabaseTransaction, JobsError> {
        if self.is_shared() {
            return Ok(self.write.begin().await?);
        }
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

    /// Writes everything of SQLite's log into the file and empties the log, so that nothing that was erased stays in
    /// it. It makes no writer wait for a reader that takes long. PostgreSQL's log is its operator's affair.
    ///
    /// # Errors
    /// The database does not answer, or a reader is in the way.
    pub async fn truncate_log(&self) -> Result<(), JobsError> {
        let Some(checkpoint) = &self.checkpoint else {
            return Ok(());
        };
        let truncate = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let is_done = match checkpoint.query_one_raw(truncate.clone()).await {
                Ok(Some(row)) => row.try_get_by_index::<i32>(0)? == 0,
                Ok(None) => false,
                Err(error) if error.to_string().contains("locked") => false,
                Err(error) => return Err(error.into()),
            };
            if is_done {
                return Ok(());
            }
        }
        Err(JobsError::Conflict("the log is being read".to_owned()))
    }

    /// The statements, without their values, that were asked for since this was last called; the first call only begins.
    #[cfg(feature = "failpoints")]
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let mut noted = self
            .statements
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        noted.replace(Vec::new()).unwrap_or_default()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        for connection in [Some(&self.read), Some(&self.write), self.checkpoint.as_ref()]
            .into_iter()
            .flatten()
        {
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
        // A transaction that SQLite gave up cannot be rolled back, so the driver goes on believing in it: the next ones are
        // savepoints of it, and one that is not committed leaves all that follow it inside. Such a connection is closed.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            futures::future::ready(Ok(!connection.is_in_transaction())).boxed()
        })
        .map_sqlx_sqlite_opts(move |sqlite| more(sqlite.filename(&file).pragma("trusted_schema", "OFF")));
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn r1_a_transaction_that_sqlite_gave_up_by_itself_takes_no_later_one_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("file.db")).await.unwrap();
        let run = async |sql: &str| db.writer().execute_unprepared(sql).await.map(drop);
        run("CREATE TABLE things (name TEXT NOT NULL)").await.unwrap();
        // As where the disk is full: the driver is told of an error, and cannot roll back what is no more.
        let given_up = db.begin().await.unwrap();
        given_up.execute_unprepared("ROLLBACK").await.unwrap();
        assert!(given_up.commit().await.is_err());
        // Somebody changes their mind.
        drop(db.begin().await.unwrap());
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("INSERT INTO things VALUES ('kept')")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let count = Statement::from_string(DbBackend::Sqlite, "SELECT COUNT(*) FROM things");
        let row = db.read().query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
    }
}
