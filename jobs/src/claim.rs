//! A worker takes a job (R3, R7): one step from queued to running under a new fence, and everything that the attempt
//! needs comes with it.

use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use songwalker_schemas::job::{JobKind, JobState, PlannerChoice, Stage};
use songwalker_schemas::limits::QUARANTINE_DEATHS;
use songwalker_schemas::wire::EventKind;
use songwalker_schemas::{JobId, Timestamp, UserId};

use crate::entity::{jobs, prompts, stage_outputs};
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::planning::{PlannedBy, Stored};
use crate::ports::Signal;
use crate::publish::Packaged;
use crate::row::JobRow;
use crate::system::System;
use crate::{counts, pause, row};

mod together;

pub use together::claim_all;

/// The fence of the first claim of a job.
const FIRST_FENCE: i64 = 1;

/// Who owns an attempt: every write of the attempt names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// The job.
    pub job_id: JobId,
    /// Whose it is.
    pub user_id: UserId,
    /// The worker.
    pub worker_id: Uuid,
    /// The fence of this attempt.
    pub fence: i64,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// What is to be done. Its `Debug` shows nothing of it (R10).
#[derive(Clone)]
pub struct Work {
    /// What is made.
    pub kind: JobKind,
    /// The prompt in normal form.
    pub prompt: String,
    /// The tags in normal form.
    pub tags: Vec<String>,
    /// The template.
    pub template_id: Option<String>,
    /// The seed.
    pub seed: u64,
    /// How many variations.
    pub variations: u8,
    /// The planner, settled.
    pub planner: PlannerChoice,
    /// The parent's manifest hash.
    pub parent_sha256: Option<String>,
    /// The intent that an earlier attempt put by, as JSON.
    pub intent: Option<Vec<u8>>,
    /// Who made it.
    pub planned_by: Option<PlannedBy>,
    /// What a language model answered to earlier attempts that have no intent yet, as JSON.
    pub answers: Option<Vec<u8>>,
    /// The bundle that an earlier attempt put by.
    pub packaged: Option<Packaged>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A job that was taken.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Who owns it.
    pub own: Ownership,
    /// Whether it must run alone (R7).
    pub quarantine: bool,
    /// What is to be done.
    pub work: Work,
}

/// Whether a queued job must run alone; `None` where there is nothing to take now.
///
/// # Errors
/// The database does not answer.
pub async fn peek(system: &System, job: JobId) -> Result<Option<bool>, JobsError> {
    let row = crate::entity::jobs::Entity::find_by_id(job.0)
        .one(system.db.read())
        .await?;
    let steady = system.clock.steady().0;
    let Some(row) = row
        .filter(|row| row.state == JobState::Queued.name() && row.not_before.is_none_or(|at| at <= steady))
    else {
        return Ok(None);
    };
    if pause::is_paused(system.db.read(), &row.kind).await? {
        return Ok(None);
    }
    Ok(Some(is_dangerous(row.deaths)))
}

/// Whether a queued job may be tried now.
fn is_due(job: &jobs::Model, steady: Timestamp) -> bool {
    job.not_before.is_none_or(|at| at <= steady.0)
        && job.queue_deadline > steady.0
        && job.attempt < job.max_attempts
}

fn is_dangerous(deaths: i32) -> bool {
    u32::try_from(deaths).unwrap_or(0) >= QUARANTINE_DEATHS
}

/// Takes a job for a worker; `None` where it is not there, not queued, not due, out of attempts or paused: the hint was
/// stale.
///
/// # Errors
/// The database does not answer.
pub async fn claim(system: &System, worker: Uuid, job: JobId) -> Result<Option<Claimed>, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = match row::locked(&tx, job).await {
        Ok(row) => row,
        Err(JobsError::NotFound(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    if row.state()? != JobState::Queued || !is_due(&row.model, system.clock.steady()) {
        return Ok(None);
    }
    if pause::is_paused(&tx, &row.model.kind).await? {
        return Ok(None);
    }
    let Some(prompt) = prompts::Entity::find_by_id(job.0).one(&tx).await? else {
        return Err(JobsError::Internal("an unfinished job has no prompt".to_owned()));
    };
    let outputs = stage_outputs::Entity::find()
        .filter(stage_outputs::Column::JobId.eq(job.0))
        .all(&tx)
        .await?;
    let work = work(&row, prompt.prompt, &prompt.tags, &outputs)?;
    let event = take(system, worker, &mut row)?;
    row::save(&tx, &mut row, Some(event)).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::ClaimCommitted).await?;
    Ok(Some(taken(system, worker, &row, work)))
}

/// What is to be done, as row, prompt and what earlier attempts put by say it.
fn work(
    row: &JobRow,
    prompt: String,
    tags: &str,
    outputs: &[stage_outputs::Model],
) -> Result<Work, JobsError> {
    let of = |stage: Stage| outputs.iter().find(|output| output.stage == stage.name());
    let planning = of(Stage::Planning);
    let content = planning.and_then(|output| output.content.clone());
    let (intent, planned_by, answers) = match planning.map(Stored::of).transpose()? {
        Some(Stored::Planned(by)) => (content, Some(by), None),
        Some(Stored::Asking) => (None, None, content),
        None => (None, None, None),
    };
    Ok(Work {
        kind: row.kind()?,
        prompt,
        tags: serde_json::from_str(tags)?,
        template_id: row.model.template_id.clone(),
        seed: u64::try_from(row.model.seed).unwrap_or(0),
        variations: u8::try_from(row.model.variations).unwrap_or(0),
        planner: row.planner()?,
        parent_sha256: row.model.parent_sha256.clone(),
        intent,
        planned_by,
        answers,
        packaged: of(Stage::Packaging).map(Packaged::of).transpose()?,
    })
}

/// The step from queued to running under a new fence, and the event that tells of it; to be saved.
fn take(system: &System, worker: Uuid, row: &mut JobRow) -> Result<NewEvent, JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    row.step(JobState::Running, now)?;
    row.model.fence += 1;
    row.model.attempt += 1;
    row.model.worker_id = Some(worker);
    row.model.lease_until = Some(steady.plus(system.config.worker.lease.duration()).0);
    row.model.not_before = None;
    row.model.progress = 0.0;
    row.model.stages = "[]".to_owned();
    row.model.started_at.get_or_insert(now.0);
    let message = if is_dangerous(row.model.deaths) {
        "started, alone"
    } else {
        "started"
    };
    Ok(NewEvent::new(EventKind::State, now, message))
}

/// Tells that a job was taken; after the commit.
fn taken(system: &System, worker: Uuid, row: &JobRow, work: Work) -> Claimed {
    if row.model.fence == FIRST_FENCE {
        counts::started(row);
    }
    let own = Ownership {
        job_id: row.id(),
        user_id: row.user_id(),
        worker_id: worker,
        fence: row.model.fence,
        attempt: u32::try_from(row.model.attempt).unwrap_or(1),
    };
    system.bus.publish(Signal::JobChanged {
        job_id: own.job_id,
        user_id: own.user_id,
    });
    Claimed {
        own,
        quarantine: is_dangerous(row.model.deaths),
        work,
    }
}
