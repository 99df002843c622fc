//! Connections to PostgreSQL. None waits for ever: not for a connection, a statement, a lock, nor in the middle of a
//! transaction whose process hangs.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use crate::error::JobsError;
use crate::secret::Secret;

/// How long a caller waits for a connection: then the request or the attempt is told, and tried again by whoever made it.
const ACQUIRE: Duration = Duration::from_secs(3);
/// After how long a connection that nobody used is asked whether it still stands before it is used again.
const UNSURE: Duration = Duration::from_secs(1);
/// After how long a connection that nobody uses is closed.
const IDLE: Duration = Duration::from_secs(300);

/// What the server itself enforces on our connections.
const SETTINGS: [(&str, &str); 5] = [
    ("application_name", "songwalker"),
    ("statement_timeout", "15s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    // A plan that was kept from when a table was almost empty reads through all of it, until the table is analysed.
    ("plan_cache_mode", "force_custom_plan"),
];

/// Connects.
///
/// # Errors
/// The server does not answer, or does not let this program in.
pub(super) async fn connect(url: &Secret, connections: u32) -> Result<DatabaseConnection, JobsError> {
    let mut options = ConnectOptions::new(url.expose());
    options
        .max_connections(connections)
        .min_connections(0)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(IDLE)
        .test_before_acquire_if_idle_for(UNSURE)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| postgres.options(SETTINGS));
    Ok(Database::connect(options).await?)
}
