//! Looking at a database file without changing a byte of it: is it one, is it ours, is it whole, does this program
//! know all of its steps.

use std::path::Path;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use songwalker_migrations::names;

use crate::db::Db;
use crate::error::JobsError;

/// What a database file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// Nothing is in it.
    Empty,
    /// It is ours.
    Ours {
        /// The steps that were applied, in order.
        applied: Vec<String>,
        /// The steps that are missing, in order.
        pending: Vec<String>,
    },
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closeness {
    /// At what tells whether it is ours: a few pages.
    Glance,
    /// At every page.
    Pages,
    /// At every page and every index.
    Everything,
}

/// Why a database file cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// It is damaged, or no database at all; with SQLite's word for it.
    Damaged(String),
    /// It is another program's.
    NotOurs,
    /// A newer program has changed it; with the first step that this one does not know.
    Newer(String),
    /// It does not answer; with the primary code of SQLite where there is one.
    Silent(Option<u32>, String),
}

/// The table in which migrations are noted.
const STEPS: &str = "seaql_migrations";
/// Primary result codes of SQLite: <https://www.sqlite.org/rescode.html>.
const CORRUPT: u32 = 11;
const NOT_A_DATABASE: u32 = 26;

/// Looks at a database file that is there.
pub(crate) async fn examine(file: &Path, closeness: Closeness) -> Result<Examined, Unusable> {
    let connection = Db::open_to_look(file).await.map_err(unusable)?;
    let examined = look(&connection, closeness).await;
    let _ = connection.close().await;
    examined
}

async fn look(connection: &DatabaseConnection, closeness: Closeness) -> Result<Examined, Unusable> {
    let tables: Vec<String> =
        words(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'").await?;
    let check = match closeness {
        Closeness::Glance => None,
        Closeness::Pages => Some("PRAGMA quick_check(1)"),
        Closeness::Everything => Some("PRAGMA integrity_check(1)"),
    };
    if let Some(check) = check {
        let says: Vec<String> = words(connection, check).await?;
        if says != ["ok"] {
            return Err(Unusable::Damaged(says.join("; ")));
        }
    }
    if tables.is_empty() {
        return Ok(Examined::Empty);
    }
    if !tables.iter().any(|table| table == STEPS) {
        return Err(Unusable::NotOurs);
    }
    let applied: Vec<String> = words(
        connection,
        "SELECT version FROM seaql_migrations ORDER BY version",
    )
    .await?;
    let known = names();
    if let Some(unknown) = applied.iter().find(|step| !known.contains(step)) {
        return Err(Unusable::Newer(unknown.clone()));
    }
    let pending = known.into_iter().filter(|step| !applied.contains(step)).collect();
    Ok(Examined::Ours { applied, pending })
}

async fn words(connection: &DatabaseConnection, sql: &str) -> Result<Vec<String>, Unusable> {
    let rows = connection
        .query_all_raw(Statement::from_string(connection.get_database_backend(), sql))
        .await
        .map_err(|error| unusable(error.into()))?;
    rows.iter()
        .map(|row| row.try_get_by_index(0).map_err(|error| unusable(error.into())))
        .collect()
}

/// What an error of the database says of its file.
pub(crate) fn unusable(error: JobsError) -> Unusable {
    let text = match &error {
        JobsError::Database(inner) => inner.to_string(),
        other => other.to_string(),
    };
    match code(&text) {
        Some(CORRUPT | NOT_A_DATABASE) => Unusable::Damaged(text),
        code => Unusable::Silent(code, text),
    }
}

/// The primary code in an error of SQLite, which reads `(code: 26) file is not a database`.
fn code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("(code: ")?;
    let extended: u32 = rest.split_once(')')?.0.trim().parse().ok()?;
    Some(extended & 0xff)
}
