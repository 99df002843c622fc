//! The database: whether it lets this program in, is of this version, keeps what it commits (R1), and has our time; and
//! what waits in it.

use std::time::Instant;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, FromQueryResult, RuntimeErr, Statement};
use serde_json::json;

use super::Finding;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::db::Db;
use crate::error::JobsError;
use crate::open::shared::steps;
use crate::secret::Secret;

/// A difference between clocks that people see: times in answers, times of signatures.
const SKEW_MS: i64 = 2_000;

/// What the server says of itself.
#[derive(Debug, FromQueryResult)]
struct Told {
    version: String,
    fsync: String,
    synchronous_commit: String,
    most: i32,
    used: i64,
    now_ms: i64,
}

const ASK: &str = "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, \
     current_setting('synchronous_commit') AS synchronous_commit, \
     current_setting('max_connections')::INT AS most, \
     (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used, \
     (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS now_ms";

/// What there is to do, and who is there to do it.
#[derive(Debug, FromQueryResult)]
struct Work {
    queued: i64,
    running: i64,
    unsent: i64,
    workers: i64,
}

/// How the database stands, and, where it can be asked, the work in it.
pub(super) async fn examine(config: &Config, url: &Secret) -> Vec<Finding> {
    let db = match Db::connect(url, 1).await {
        Ok(db) => db,
        Err(error) => return vec![Finding::bad("database", why(&error))],
    };
    let found = look(config, &db).await;
    db.close().await;
    found.unwrap_or_else(|error| vec![Finding::bad("database", why(&error))])
}

async fn look(config: &Config, db: &Db) -> Result<Vec<Finding>, JobsError> {
    let began = Instant::now();
    db.ping().await?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    let began_at = SystemClock::new().now().as_millis();
    let told = Told::find_by_statement(statement(db, ASK)).one(db.read()).await?;
    let ended_at = SystemClock::new().now().as_millis();
    let told = told.ok_or_else(|| JobsError::Internal("the database said nothing".to_owned()))?;
    let skew = told.now_ms - i64::midpoint(began_at, ended_at);
    let (applied, pending) = steps(db).await?;
    let known = songwalker_migrations::names();
    let newer: Vec<&String> = applied.iter().filter(|step| !known.contains(step)).collect();
    let facts = json!({
        "version": told.version, "answers_ms": ms, "applied": applied, "pending": pending, "newer": newer,
        "clock_ahead_ms": skew, "connections": told.used, "max_connections": told.most,
        "fsync": told.fsync, "synchronous_commit": told.synchronous_commit,
    });
    let mut finding = Finding::good(
        "database",
        format!(
            "PostgreSQL {} answers in {ms:.0} ms; {} of {} connections are used, this process takes up to {}",
            told.version, told.used, told.most, config.database.connections
        ),
        facts,
    );
    if applied.is_empty() {
        finding = finding.broken("it is empty: run `songwalker migrate`");
    } else if !pending.is_empty() {
        let pending = pending.join(", ");
        finding = finding.broken(&format!("it lacks {pending}: run `songwalker migrate`"));
    } else if !newer.is_empty() {
        let what = "a newer version has migrated it, beside which this one may run until it is replaced";
        finding = finding.noticed(what);
    }
    if told.fsync != "on" || told.synchronous_commit == "off" {
        finding = finding.broken("fsync or synchronous_commit is off: what was accepted can be lost (R1)");
    }
    if skew.abs() > SKEW_MS {
        let what = format!(
            "its clock and this machine's are {:.1} s apart: set them by NTP",
            skew as f64 / 1e3
        );
        finding = finding.noticed(&what);
    }
    let mut found = vec![finding];
    if !applied.is_empty() && pending.is_empty() {
        found.push(work(config, db).await?);
    }
    Ok(found)
}

async fn work(config: &Config, db: &Db) -> Result<Finding, JobsError> {
    let lease_ms = config.worker.lease.duration().as_millis();
    let ask = format!(
        "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued') AS queued, \
         (SELECT count(*) FROM jobs WHERE state IN ('running', 'cancelling')) AS running, \
         (SELECT count(*) FROM outbox) AS unsent, \
         (SELECT count(*) FROM workers \
          WHERE seen_at > (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT - {lease_ms}) AS workers"
    );
    let work = Work::find_by_statement(statement(db, &ask))
        .one(db.read())
        .await?;
    let Some(Work {
        queued,
        running,
        unsent,
        workers,
    }) = work
    else {
        return Err(JobsError::Internal("the database said nothing".to_owned()));
    };
    let facts = json!({ "queued": queued, "running": running, "outbox": unsent, "workers": workers });
    let words =
        format!("{queued} wait, {running} run; {unsent} hints to be sent; workers that are there: {workers}");
    let finding = Finding::good("jobs", words, facts);
    Ok(if workers == 0 {
        finding.noticed("start `songwalker worker`: nobody else does the jobs")
    } else {
        finding
    })
}

fn statement(db: &Db, ask: &str) -> Statement {
    Statement::from_string(db.read().get_database_backend(), ask)
}

/// What is wrong and what to do, by the code of the error alone.
fn why(error: &JobsError) -> String {
    let JobsError::Database(error) = error else {
        return error.to_string();
    };
    let inner = match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => Some(&**inner),
        _ => None,
    };
    let code = match inner {
        Some(SqlxError::Database(error)) => error.code().map(|code| code.into_owned()),
        _ => None,
    };
    let told = match code.as_deref() {
        Some("28P01" | "28000") => "refuses the name or the password of database.url",
        Some("3D000") => "has no database of that name: make it (CREATE DATABASE)",
        Some("53300") => {
            "has no connection left: max_connections must exceed the sum of all database.connections"
        }
        Some("42501") => {
            "lets this account in, and not at its tables: the owner of the database migrates and runs"
        }
        Some("57P03") => "is starting or stopping: ask again",
        Some(code) => return format!("refuses, with code {code}"),
        None => {
            "does not answer: is it up, are host and port of database.url right, does a firewall stand between?"
        }
    };
    told.to_owned()
}
