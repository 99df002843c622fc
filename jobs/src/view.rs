//! Rows as their users see them: columns become the words of the wire, and links say what can be had now.

use std::collections::HashMap;

use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use songwalker_schemas::job::{JobState, WaitingReason};
use songwalker_schemas::wire::{BundleInfo, Job, Links, RequestEcho, Waiting};
use songwalker_schemas::{JobId, Timestamp};

use crate::entity::{jobs, prompts, workers};
use crate::error::JobsError;
use crate::pause::Paused;
use crate::row::JobRow;
use crate::system::System;

/// One job.
///
/// # Errors
/// The database does not answer.
pub async fn job(system: &System, row: JobRow) -> Result<Job, JobsError> {
    let mut jobs = jobs(system, vec![row]).await?;
    jobs.pop()
        .ok_or_else(|| JobsError::Internal("a row became no job".to_owned()))
}

/// Some jobs, in their order.
///
/// # Errors
/// The database does not answer.
pub async fn jobs(system: &System, rows: Vec<JobRow>) -> Result<Vec<Job>, JobsError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.model.id).collect();
    let mut prompts: HashMap<Uuid, prompts::Model> = prompts::Entity::find()
        .filter(prompts::Column::JobId.is_in(ids))
        .all(system.db.read())
        .await?
        .into_iter()
        .map(|prompt| (prompt.job_id, prompt))
        .collect();
    let paused = Paused::read(system.db.read()).await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in rows {
        let prompt = prompts.remove(&row.model.id);
        let waiting = waiting(system, &paused, &row).await?;
        jobs.push(one(row, prompt, waiting)?);
    }
    Ok(jobs)
}

fn one(row: JobRow, prompt: Option<prompts::Model>, waiting: Option<Waiting>) -> Result<Job, JobsError> {
    let state = row.state()?;
    let links = links(&row, state, prompt.is_some());
    let (prompt, request_tags) = match prompt {
        Some(prompt) => (Some(prompt.prompt), serde_json::from_str(&prompt.tags)?),
        None => (None, Vec::new()),
    };
    Ok(Job {
        id: row.id(),
        kind: row.kind()?,
        state,
        stage: row.stage(),
        progress: row.model.progress,
        attempt: u32::try_from(row.model.attempt).unwrap_or(0),
        max_attempts: u32::try_from(row.model.max_attempts).unwrap_or(0),
        request: RequestEcho {
            prompt,
            tags: request_tags,
            template_id: row.model.template_id.clone(),
            seed: u64::try_from(row.model.seed).unwrap_or(0),
            variations: u8::try_from(row.model.variations).unwrap_or(0),
            planner: row.planner()?,
        },
        waiting,
        error: row.error()?,
        bundle: match (&row.model.bundle_sha256, row.model.bundle_bytes) {
            (Some(sha256), Some(bytes)) => Some(BundleInfo {
                sha256: sha256.clone(),
                bytes: u64::try_from(bytes).unwrap_or(0),
            }),
            _ => None,
        },
        planner: Some(row.planning()?),
        stages: row.stages()?.into_iter().map(|note| note.timing).collect(),
        tags: serde_json::from_str(&row.model.tags)?,
        starred: row.model.starred,
        rating: row.model.rating.and_then(|rating| u8::try_from(rating).ok()),
        parent_job_id: row.model.parent_job_id.map(JobId),
        retry_of: row.model.retry_of.map(JobId),
        created_at: Timestamp(row.model.created_at),
        queued_at: Timestamp(row.model.queued_at),
        started_at: JobRow::moment(row.model.started_at),
        cancel_requested_at: JobRow::moment(row.model.cancel_requested_at),
        cancel_acknowledged_at: JobRow::moment(row.model.cancel_acknowledged_at),
        stopped_at: JobRow::moment(row.model.stopped_at),
        finished_at: JobRow::moment(row.model.finished_at),
        retain_until: JobRow::moment(row.model.retain_until),
        name: row.model.own_name.or(row.model.sound_name),
        category: row.model.category,
        links,
    })
}

/// The job without its prompt and the tags that came with it: for what leaves the service on its own (R10).
#[must_use]
pub fn without_prompt(mut job: Job) -> Job {
    job.request.prompt = None;
    job.request.tags.clear();
    job
}

/// The job without any word of its user's: for others than that user (R10).
#[must_use]
pub fn without_words(job: Job) -> Job {
    let mut job = without_prompt(job);
    job.name = None;
    job.tags.clear();
    job
}

/// Why a queued job does not run yet.
async fn waiting(system: &System, paused: &Paused, row: &JobRow) -> Result<Option<Waiting>, JobsError> {
    if row.state()? != JobState::Queued {
        return Ok(None);
    }
    if paused.has(&row.model.kind) {
        return Ok(Some(Waiting {
            reason: WaitingReason::Paused,
            position: None,
            until: None,
        }));
    }
    let steady = system.clock.steady();
    if let Some(until) = row.model.not_before.filter(|at| *at > steady.0) {
        return Ok(Some(Waiting {
            reason: WaitingReason::Backoff,
            position: None,
            until: Some(system.clock.now().plus(Timestamp(until).since(steady))),
        }));
    }
    let seen_since = steady.minus(system.config.worker.lease.duration());
    let workers = workers::Entity::find()
        .filter(workers::Column::SeenAt.gt(seen_since.0))
        .count(system.db.read())
        .await?;
    let before = jobs::Entity::find()
        .filter(jobs::Column::State.eq(JobState::Queued.name()))
        .filter(jobs::Column::QueuedAt.lt(row.model.queued_at))
        .count(system.db.read())
        .await?;
    Ok(Some(Waiting {
        reason: if workers == 0 {
            WaitingReason::NoWorker
        } else {
            WaitingReason::Queue
        },
        position: Some(before),
        until: None,
    }))
}

fn links(row: &JobRow, state: JobState, has_prompt: bool) -> Links {
    let this = format!("/v1/jobs/{}", row.id());
    let has_artifacts = state == JobState::Succeeded && row.model.artifacts_deleted_at.is_none();
    let artifact = |name: &str| has_artifacts.then(|| format!("{this}/{name}"));
    let is_past = row.model.artifacts_deleted_at.is_some();
    let may_retry = has_prompt && (is_past || matches!(state, JobState::Failed | JobState::Cancelled));
    Links {
        events: format!("{this}/events"),
        log: format!("{this}/log"),
        cancel: (!state.is_final()).then(|| format!("{this}/cancel")),
        retry: may_retry.then(|| format!("{this}/retry")),
        patch: artifact("patch"),
        preview: artifact("preview"),
        bundle: artifact("bundle"),
        variations: artifact("variations"),
        analysis: artifact("analysis"),
        this,
    }
}
