//! The words that SQLite and PostgreSQL spell differently. Everything else of our SQL is the same for both.

use sea_orm_migration::sea_orm::DbBackend;

/// `sql` with `{uuid}`, `{bytes}` and `{serial}` as `backend` spells them.
#[must_use]
pub fn spelled(sql: &str, backend: DbBackend) -> String {
    let (uuid, bytes, serial) = match backend {
        DbBackend::Postgres => ("UUID", "BYTEA", "BIGSERIAL PRIMARY KEY"),
        _ => ("BLOB", "BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT"),
    };
    sql.replace("{uuid}", uuid)
        .replace("{bytes}", bytes)
        .replace("{serial}", serial)
}
