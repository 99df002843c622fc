//! The invariants, checked from the database and the store alone: what `songwalker audit` finds, whoever wrote what is
//! there.
//!
//! The rows are read at one moment. What a process that runs jobs has still to do is no fault; it becomes one when it
//! is late by more than [`patience`]. While nobody runs jobs, nothing of that kind is late: the next start adopts it.

mod clockwork;
mod documents;
mod objects;
mod rows;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait};
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
    let mut report = Report::default();
    let running = runner::holder(&system.config.data_dir)?;
    report.looked.is_running = running.is_some();
    if deep {
        check_file(system, &mut report).await?;
    }
    let snapshot = system.db.read().begin().await?;
    let late = match running {
        Some(holder) => Some(Late::by(system, &snapshot, holder.since).await?),
        None => None,
    };
    count(&snapshot, &mut report.looked).await?;
    rows::check(&snapshot, system, &mut report).await?;
    documents::check(&snapshot, &mut report).await?;
    clockwork::check(&snapshot, system, late.as_ref(), &mut report).await?;
    let referred = objects::Referred::read(&snapshot).await?;
    snapshot.rollback().await?;
    objects::check(system, referred, late.as_ref(), deep, &mut report).await?;
    Ok(report)
}

/// After which time what has still to be done is late.
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
    /// Since when that process runs.
    since: Option<Timestamp>,
}

impl Late {
    async fn by(
        system: &System,
        snapshot: &DatabaseTransaction,
        since: Option<Timestamp>,
    ) -> Result<Self, JobsError> {
        let patience = patience(&system.config);
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
            since,
        })
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
        (&mut looked.events, "SELECT COUNT(*) FROM job_events"),
        (&mut looked.prompts, "SELECT COUNT(*) FROM prompts"),
        (&mut looked.receipts, "SELECT COUNT(*) FROM erasures"),
    ];
    for (into, sql) in counts {
        let found = numbers(snapshot, sql).await?;
        *into = found
            .first()
            .copied()
            .flatten()
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0);
    }
    Ok(())
}

/// The first column of every row, numbers.
async fn numbers(snapshot: &DatabaseTransaction, sql: &str) -> Result<Vec<Option<i64>>, JobsError> {
    let statement = Statement::from_string(snapshot.get_database_backend(), sql);
    let rows = snapshot.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
