//! Why an operation of the job domain was refused or failed, and the code under which each leaves the product. Named
//! constraints and guards of the database become codes here and nowhere else.

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use songwalker_schemas::{ErrorCode, ErrorEnvelope, Fault, Scope, text::TextRefused};

use crate::failpoint::FailpointError;
use crate::ports::PortError;
use crate::secret::SecretError;

/// SQLite's primary codes for a file that cannot be used now: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
const SQLITE_AWAY: [u32; 6] = [5, 6, 8, 10, 13, 14];

/// PostgreSQL's classes of what passes by itself: connections, resources, an operator's hand, and what two transactions
/// did to each other (40: one of them is asked to come again).
const POSTGRES_AWAY: [&str; 4] = ["08", "40", "53", "57"];

/// Whether a database's own code says that the database is away. SQLite's are numbers, extended ones with the primary
/// one in the low byte; PostgreSQL's are five letters and digits.
fn is_away_code(error: &dyn sea_orm::sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if code.len() == 5 {
        // 55P03: a lock was not to be had in time.
        return code == "55P03" || POSTGRES_AWAY.iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>()
        .is_ok_and(|code| SQLITE_AWAY.contains(&(code & 0xff)))
}

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is no such thing, or it is someone else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It was there and is past its retention, or erased.
    #[error("{0}")]
    Gone(&'static str),
    /// It cannot be done in the state that the thing is in.
    #[error("{0}")]
    Conflict(String),
    /// No key, or one that is malformed, unknown, revoked or expired: nobody is told which.
    #[error("a key that is known, not revoked and not expired is needed")]
    Unauthenticated,
    /// The key has not the scope that this needs.
    #[error("this needs a key with the scope {0}")]
    Forbidden(Scope),
    /// The request is refused.
    #[error("{message}")]
    Refused {
        /// Which error it is.
        code: ErrorCode,
        /// What is wrong, for people.
        message: String,
        /// Every fault.
        faults: Vec<Fault>,
    },
    /// The user has as many unfinished jobs as are allowed (R9).
    #[error("{unfinished} jobs of yours are not finished, at most {limit} may be")]
    TooManyJobs {
        /// How many there are.
        unfinished: u64,
        /// How many may be.
        limit: u64,
    },
    /// The same Idempotency-Key came with another body.
    #[error("this Idempotency-Key was used with another request")]
    IdempotencyKeyReuse,
    /// The row belongs to another owner now: stop, and discard what you have (R3).
    #[error("another owner has this job")]
    Stale,
    /// The row says that the job is to stop.
    #[error("the job is to stop")]
    Stopping,
    /// The database does not answer, or not as it should.
    #[error("the database does not answer")]
    Database(#[source] DbErr),
    /// The database file is not one that this program can use; says what to do.
    #[error("{0}")]
    Unusable(String),
    /// A service behind a port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A failpoint says so.
    #[error(transparent)]
    Failpoint(#[from] FailpointError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl JobsError {
    /// The code under which it leaves the product.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Gone(_) => ErrorCode::Gone,
            Self::Conflict(_) | Self::Stale | Self::Stopping => ErrorCode::Conflict,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::Refused { code, .. } => *code,
            Self::TooManyJobs { .. } => ErrorCode::TooManyConcurrentJobs,
            Self::IdempotencyKeyReuse => ErrorCode::IdempotencyKeyReuse,
            Self::Database(_) => ErrorCode::Unavailable,
            Self::Unusable(_) | Self::Port(_) => ErrorCode::StorageUnavailable,
            Self::Failpoint(_) | Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// Whether the database as a whole is away: no connection, no answer in time, no disk. What it says of one row, a value
    /// that cannot be read or a constraint's refusal, is not that: waiting does not mend it.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(
                DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
            ) => match &**error {
                SqlxError::Io(_)
                | SqlxError::Tls(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed
                | SqlxError::BeginFailed => true,
                SqlxError::Database(error) => is_away_code(&**error),
                _ => false,
            },
            _ => false,
        }
    }

    /// The envelope in which it leaves the product. What is inside a database's or a service's error stays inside.
    #[must_use]
    pub fn envelope(&self) -> ErrorEnvelope {
        match self {
            Self::Refused {
                code,
                message,
                faults,
            } => ErrorEnvelope::new(*code, message.clone(), faults.clone()),
            Self::Internal(_) | Self::Failpoint(_) => {
                ErrorEnvelope::new(ErrorCode::Internal, "something went wrong here", Vec::new())
            }
            Self::Port(_) => {
                ErrorEnvelope::new(self.code(), "the store does not answer as it should", Vec::new())
            }
            _ => ErrorEnvelope::new(self.code(), self.to_string(), Vec::new()),
        }
    }

    /// A refusal with all these faults, of which there is at least one; the first is the message.
    #[must_use]
    pub fn refused_for(code: ErrorCode, faults: Vec<Fault>) -> Self {
        let message = faults.first().map_or_else(String::new, |fault| {
            format!("{}: {}", fault.pointer.trim_start_matches('/'), fault.problem)
        });
        Self::Refused {
            code,
            message,
            faults,
        }
    }

    /// A refusal with one fault.
    #[must_use]
    pub fn refused(code: ErrorCode, pointer: &str, problem: impl Into<String>) -> Self {
        let fault = Fault {
            pointer: pointer.to_owned(),
            problem: problem.into(),
        };
        Self::refused_for(code, vec![fault])
    }
}

impl From<DbErr> for JobsError {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if text.contains(songwalker_migrations::triggers::TRANSITION)
            || text.contains(songwalker_migrations::triggers::FINAL)
        {
            return Self::Conflict("the job is in another state".to_owned());
        }
        if text.contains(songwalker_migrations::triggers::FENCE) {
            return Self::Stale;
        }
        Self::Database(error)
    }
}

impl From<SecretError> for JobsError {
    fn from(error: SecretError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<TextRefused> for JobsError {
    fn from(refused: TextRefused) -> Self {
        let code = refused.code;
        Self::refused_for(code, refused.into())
    }
}

impl From<serde_json::Error> for JobsError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("a stored document cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::{
        ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait,
    };

    use super::*;

    /// A connection that waits for nobody, to a file with one small table.
    async fn connection(dir: &tempfile::TempDir) -> DatabaseConnection {
        let mut options =
            ConnectOptions::new(format!("sqlite://{}?mode=rwc", dir.path().join("db").display()));
        options
            .max_connections(1)
            .acquire_timeout(Duration::from_millis(50))
            .map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(Duration::ZERO));
        let db = Database::connect(options).await.unwrap();
        run(
            &db,
            "CREATE TABLE IF NOT EXISTS things (a INTEGER CHECK (a > 0), b TEXT)",
        )
        .await
        .unwrap();
        db
    }

    async fn run(db: &impl ConnectionTrait, statement: &str) -> Result<(), JobsError> {
        db.execute_unprepared(statement).await?;
        Ok(())
    }

    #[tokio::test]
    async fn what_is_wrong_with_one_row_does_not_mean_that_the_database_is_away() {
        let dir = tempfile::tempdir().unwrap();
        let db = connection(&dir).await;
        let refused = run(&db, "INSERT INTO things (a) VALUES (0)").await.unwrap_err();
        run(&db, "INSERT INTO things (a, b) VALUES (1, 'word')")
            .await
            .unwrap();
        let select = Statement::from_string(db.get_database_backend(), "SELECT b FROM things");
        let row = db.query_one_raw(select).await.unwrap().unwrap();
        let unread = JobsError::from(row.try_get::<i64>("", "b").unwrap_err());
        for error in [refused, unread] {
            assert!(
                matches!(error, JobsError::Database(_)) && !error.is_away(),
                "{error:?}"
            );
        }
        assert!(!JobsError::Stale.is_away());
    }

    #[tokio::test]
    async fn a_database_that_is_locked_full_or_closed_is_away() {
        let dir = tempfile::tempdir().unwrap();
        let (db, other) = (connection(&dir).await, connection(&dir).await);
        let insert = "INSERT INTO things (a, b) VALUES (1, hex(zeroblob(100000)))";
        run(&other, "BEGIN EXCLUSIVE").await.unwrap();
        let locked = run(&db, insert).await.unwrap_err();
        run(&other, "ROLLBACK").await.unwrap();
        run(&db, "PRAGMA max_page_count = 3").await.unwrap();
        let full = run(&db, insert).await.unwrap_err();
        let held = db.begin().await.unwrap();
        let timed_out = run(&db, insert).await.unwrap_err();
        drop(held);
        db.close_by_ref().await.unwrap();
        let closed = run(&db, insert).await.unwrap_err();
        for error in [locked, full, timed_out, closed] {
            assert!(error.is_away(), "{error:?}");
        }
    }
}
