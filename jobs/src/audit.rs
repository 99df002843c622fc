//! The invariants, checked from the database and the store alone: what `songwalker audit` finds, whoever wrote what is
//! there.
//!
//! The rows are read at one moment. What a process that runs jobs has still to do is no fault; it becomes one when it
//! is late by more than [`patience`]. While nobody runs jobs, nothing of that kind is late: the next start adopts it.
//! Who runs jobs is told by the lock of a data directory, and in a database that processes share by what they write
//! there: workers that they live, schedulers that they have been through.

mod clockwork;
mod documents;
mod history;
mod objects;
mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, IsolationLevel, Statement, TransactionTrait,
};
use serde::Serialize;
use songwalker_schemas::{JobId, Timestamp};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::JobsError;
use crate::open::examine::{Closeness, Unusable, examine};
use crate::runner;
use crate::system::System;

/// How many findings of one kind are listed; the rest is counted.
const LISTED: usize = 100;

/// How an audit is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Every page of a data directory's database and every byte of every object too.
    pub is_deep: bool,
    /// Hold the past against today's plans too: at no moment had a user more unfinished jobs than the plan allows now.
    /// It goes by the stamps of the jobs, so it means something only where no plan was changed and no wall clock set back.
    pub with_history: bool,
    /// By how much something may be late; none: [`patience`].
    pub patience: Option<Duration>,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The invariant that it breaks: `R1` to `R12`.
    pub invariant: &'static str,
    /// The job that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// What it is, without anything private (R10).
    pub what: String,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// Jobs.
    pub jobs: u64,
    /// Jobs that are not final.
    pub unfinished: u64,
    /// Jobs by their state.
    pub states: BTreeMap<String, u64>,
    /// Attempts of all jobs together.
    pub attempts: u64,
    /// Hints that are to be sent.
    pub hints: u64,
    /// Outputs of stages that are kept.
    pub outputs: u64,
    /// Shares.
    pub shares: u64,
    /// What was sent to webhooks, or is to be.
    pub deliveries: u64,
    /// Objects that are being deleted.
    pub tombstones: u64,
    /// Events of jobs.
    pub events: u64,
    /// Prompts that are kept.
    pub prompts: u64,
    /// Receipts of erasure.
    pub receipts: u64,
    /// Objects in the store.
    pub objects: u64,
    /// Objects to which no row refers; they go when they are old enough.
    pub unreferred: u64,
    /// Objects that were read and checked byte for byte.
    pub read: u64,
    /// Whether a process runs jobs here, so that what is late is a fault.
    pub is_running: bool,
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What must not be; empty: all is well.
    pub findings: Vec<Finding>,
    /// How many more there are than are listed.
    pub more: u64,
    /// What was looked at.
    pub looked: Looked,
}

/// Checks everything; with `deep` every page of the database and every byte of every object too.
///
/// # Errors
/// The database or the store does not answer.
pub async fn audit(system: &System, deep: bool) -> Result<Report, JobsError> {
    let options = Options {
        is_deep: deep,
        ..Options::default()
    };
    audit_by(system, &options).await
}

/// Checks everything as `options` say.
///
/// # Errors
/// The database or the store does not answer.
pub async fn audit_by(system: &System, options: &Options) -> Result<Report, JobsError> {
    let mut report = Report::default();
    let holder = runner::holder(&system.config.data_dir)?;
    if options.is_deep {
        check_file(system, &mut report).await?;
    }
    let patience = options.patience.unwrap_or_else(|| patience(&system.config));
    let snapshot = snapshot(system).await?;
    let late = if system.db.is_shared() {
        Late::of_shared(system, &snapshot, patience).await?
    } else if let Some(holder) = holder {
        Some(Late::by(system, &snapshot, holder.since, patience).await?)
    } else {
        None
    };
    report.looked.is_running = late.is_some();
    count(&snapshot, &mut report.looked).await?;
    rows::check(&snapshot, system, &mut report).await?;
    documents::check(&snapshot, &mut report).await?;
    clockwork::check(&snapshot, system, late.as_ref(), patience, &mut report).await?;
    if options.with_history {
        history::check(&snapshot, system, &mut report).await?;
    }
    let referred = objects::Referred::read(&snapshot).await?;
    snapshot.rollback().await?;
    objects::check(system, referred, late.as_ref(), options.is_deep, &mut report).await?;
    Ok(report)
}

/// One moment of the rows.
async fn snapshot(system: &System) -> Result<DatabaseTransaction, JobsError> {
    let db = system.db.read();
    Ok(if system.db.is_shared() {
        let (level, mode) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
        db.begin_with_config(Some(level), Some(mode)).await?
    } else {
        db.begin().await?
    })
}

/// After which time what has still to be done is late, where nobody says another.
#[must_use]
pub fn patience(config: &Config) -> Duration {
    config.worker.lease.duration()
        + 2 * config.scheduler.full_sweep_every.duration()
        + Duration::from_secs(60)
}

/// Before which moments something must have happened, had it been due then.
struct Late {
    /// On the wall clock.
    wall: Timestamp,
    /// On the steady clock of the process that runs jobs.
    steady: Timestamp,
    /// That steady clock's present time.
    steady_now: Timestamp,
    /// Since when that process runs.
    since: Option<Timestamp>,
}

impl Late {
    async fn by(
        system: &System,
        snapshot: &DatabaseTransaction,
        since: Option<Timestamp>,
        patience: Duration,
    ) -> Result<Self, JobsError> {
        // The steady clocks of two processes differ when somebody set the wall clock in between; its workers write down
        // what that of the other says.
        let seen = numbers(snapshot, "SELECT MAX(seen_at) FROM workers").await?;
        let steady = seen
            .first()
            .copied()
            .flatten()
            .map_or(system.clock.steady(), Timestamp);
        Ok(Self {
            wall: system.clock.now().minus(patience),
            steady: steady.minus(patience),
            steady_now: steady,
            since,
        })
    }

    /// In a database that processes share, whose steady clock is everybody's: workers were seen within a lease, or a
    /// scheduler has been through not long ago. `None`: nobody runs.
    async fn of_shared(
        system: &System,
        snapshot: &DatabaseTransaction,
        patience: Duration,
    ) -> Result<Option<Self>, JobsError> {
        let (now, steady) = (system.clock.now(), system.clock.steady());
        let seen = steady.minus(system.config.worker.lease.duration());
        let first = |found: Vec<Option<i64>>| found.first().copied().flatten().map(Timestamp);
        let workers = format!("SELECT MIN(started_at) FROM workers WHERE seen_at > {}", seen.0);
        let since = first(numbers(snapshot, &workers).await?);
        let swept = first(numbers(snapshot, "SELECT MAX(last_full_at) FROM sweeps").await?);
        let is_swept = swept.is_some_and(|at| at >= now.minus(patience));
        Ok((since.is_some() || is_swept).then(|| Self {
            wall: now.minus(patience),
            steady: steady.minus(patience),
            steady_now: steady,
            since,
        }))
    }
}

impl Report {
    fn find(&mut self, invariant: &'static str, job_id: Option<JobId>, what: impl Into<String>) {
        let what = what.into();
        self.findings.push(Finding {
            invariant,
            job_id,
            what,
        });
    }

    /// Adds findings of one kind, as many as are listed.
    fn find_all(&mut self, invariant: &'static str, found: Vec<(Option<JobId>, String)>) {
        self.more += found.len().saturating_sub(LISTED) as u64;
        for (job_id, what) in found.into_iter().take(LISTED) {
            self.find(invariant, job_id, what);
        }
    }
}

/// The file itself: every page and every index.
async fn check_file(system: &System, report: &mut Report) -> Result<(), JobsError> {
    if system.db.is_shared() {
        return Ok(());
    }
    let file = DataDir::at(&system.config.data_dir).database();
    match examine(&file, Closeness::Everything).await {
        Ok(_) => Ok(()),
        Err(Unusable::Silent(_, what)) => Err(JobsError::Unusable(format!(
            "the database does not answer ({what})"
        ))),
        Err(Unusable::Damaged(what)) => {
            report.find("R1", None, format!("the database is damaged: {what}"));
            Ok(())
        }
        Err(Unusable::NotOurs | Unusable::Newer(_)) => {
            report.find("R1", None, "the database is not of this version");
            Ok(())
        }
    }
}

async fn count(snapshot: &DatabaseTransaction, looked: &mut Looked) -> Result<(), JobsError> {
    let counts = [
        (&mut looked.jobs, "SELECT COUNT(*) FROM jobs"),
        (
            &mut looked.unfinished,
            "SELECT COUNT(*) FROM jobs WHERE finished_at IS NULL",
        ),
        (
            &mut looked.attempts,
            "SELECT CAST(SUM(attempt) AS BIGINT) FROM jobs",
        ),
        (&mut looked.hints, "SELECT COUNT(*) FROM outbox"),
        (&mut looked.outputs, "SELECT COUNT(*) FROM stage_outputs"),
        (&mut looked.shares, "SELECT COUNT(*) FROM shares"),
        (&mut looked.deliveries, "SELECT COUNT(*) FROM webhook_deliveries"),
        (&mut looked.tombstones, "SELECT COUNT(*) FROM tombstones"),
        (&mut looked.events, "SELECT COUNT(*) FROM job_events"),
        (&mut looked.prompts, "SELECT COUNT(*) FROM prompts"),
        (&mut looked.receipts, "SELECT COUNT(*) FROM erasures"),
    ];
    let whole = |count: i64| u64::try_from(count).unwrap_or(0);
    for (into, sql) in counts {
        let found = numbers(snapshot, sql).await?;
        *into = found.first().copied().flatten().map_or(0, whole);
    }
    let by_state = "SELECT state, COUNT(*) FROM jobs GROUP BY state";
    let statement = Statement::from_string(snapshot.get_database_backend(), by_state);
    for row in snapshot.query_all_raw(statement).await? {
        looked
            .states
            .insert(row.try_get_by_index(0)?, whole(row.try_get_by_index(1)?));
    }
    Ok(())
}

/// The first column of every row, numbers.
async fn numbers(snapshot: &DatabaseTransaction, sql: &str) -> Result<Vec<Option<i64>>, JobsError> {
    let statement = Statement::from_string(snapshot.get_database_backend(), sql);
    let rows = snapshot.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
