//! How an attempt ends when it does not succeed (R7, R8, R11): tried again, failed, stopped, handed back, or found dead.
//! What is stored of an error is a code of ours and a short text without control characters.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::MAX_ERROR_CHARS;
use songwalker_schemas::wire::EventKind;
use songwalker_schemas::{ErrorCode, ErrorEnvelope, Fault, JobId};

use crate::attempt::{self, changed};
use crate::claim::Ownership;
use crate::entity::stage_outputs;
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::ports::{ObjectKey, Signal};
use crate::row::{self, JobRow};
use crate::system::System;
use crate::{backoff, counts, objects, outbox, pause};

/// How an attempt went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its error says whether it is worth another attempt.
    Failed,
    /// Its worker or its child died under it: counts as a death.
    Died,
}

/// What became of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is queued for another attempt.
    Again,
    /// It failed for good.
    Failed,
    /// It was to stop, and has.
    Cancelled,
}

/// An error as it may be stored: cut, and without what a database or a terminal could choke on.
#[must_use]
pub fn sanitised(code: ErrorCode, message: &str, details: Vec<Fault>) -> ErrorBody {
    let clean = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_ERROR_CHARS)
            .collect()
    };
    let details = details
        .into_iter()
        .take(20)
        .map(|fault| Fault {
            pointer: clean(&fault.pointer),
            problem: clean(&fault.problem),
        })
        .collect();
    ErrorEnvelope::new(code, clean(message), details).error
}

/// Ends an attempt with an error: another attempt where it is worth one and there is one left, else the end.
///
/// # Errors
/// [`JobsError::Stale`]; [`JobsError::Stopping`] where the job was to stop anyway: then [`stopped`] is its end.
pub async fn fail(
    system: &System,
    own: &Ownership,
    error: ErrorBody,
    fate: Fate,
) -> Result<Outcome, JobsError> {
    let tx = system.db.begin().await?;
    let row = attempt::running(&tx, own).await?;
    end_or_again(system, tx, row, error, fate).await
}

/// Ends the attempt of an owner that is dead: its lease is over. The fence is raised, so that it stays dead.
///
/// # Errors
/// [`JobsError::Conflict`] where the row is not, or no longer, in such a state.
pub async fn lost(system: &System, job: JobId, evidence: &str) -> Result<Outcome, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    let is_over = row
        .model
        .lease_until
        .is_some_and(|until| until <= system.clock.steady().0);
    if !is_over {
        return Err(JobsError::Conflict("the lease is not over".to_owned()));
    }
    dead(system, tx, &mut row, evidence).await
}

/// The same for every owner that held a row when its process ended, as the next process finds it.
///
/// # Errors
/// [`JobsError::Conflict`] where the row has no owner.
pub(crate) async fn orphaned(system: &System, job: JobId) -> Result<Outcome, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    if row.model.lease_until.is_none() {
        return Err(JobsError::Conflict("nobody owns the job".to_owned()));
    }
    dead(system, tx, &mut row, "its process ended").await
}

async fn dead(
    system: &System,
    tx: DatabaseTransaction,
    row: &mut JobRow,
    evidence: &str,
) -> Result<Outcome, JobsError> {
    row.model.fence += 1;
    if row.state()? == JobState::Cancelling {
        return finish_cancelled(system, tx, row).await;
    }
    let error = sanitised(
        ErrorCode::WorkerLost,
        &format!("the worker was lost in attempt {}: {evidence}", row.model.attempt),
        Vec::new(),
    );
    end_or_again(system, tx, row.clone(), error, Fate::Died).await
}

async fn end_or_again(
    system: &System,
    tx: DatabaseTransaction,
    mut row: JobRow,
    error: ErrorBody,
    fate: Fate,
) -> Result<Outcome, JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    row.end_stage(steady)?;
    if fate == Fate::Died {
        row.model.deaths += 1;
    }
    let again = error.retryable && row.model.attempt < row.model.max_attempts;
    row.model.error = Some(serde_json::to_string(&error)?);
    let mut graves = Vec::new();
    if again {
        let seed = u64::from_le_bytes(row.model.id.as_bytes()[8..].try_into().unwrap_or([0; 8]));
        let pause = backoff::delay(
            &system.config.retry,
            u32::try_from(row.model.attempt).unwrap_or(1),
            seed,
        );
        let due = steady.plus(pause);
        row.step(JobState::Queued, now)?;
        row.model.progress = 0.0;
        row.model.queued_at = now.0;
        row.model.not_before = Some(due.0);
        row.model.queue_deadline = due.plus(system.config.queue.wait_deadline.duration()).0;
        row.model.hinted_at = None;
    } else {
        row.step(JobState::Failed, now)?;
        graves = objects::drop_claims(&tx, system, &row).await?;
    }
    let message = if again {
        "attempt failed, tried again later"
    } else {
        "failed"
    };
    let event = NewEvent::new(EventKind::State, now, message).with_error(error.clone());
    row::save(&tx, &mut row, Some(event)).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::EndingFailedCommitted).await?;
    tell(system, &row);
    objects::bury_all(system, graves).await;
    tracing::warn!(
        job.id = %row.id(), job.attempt = row.model.attempt, error.code = %error.code, job.again = again,
        "attempt failed"
    );
    if again {
        return Ok(Outcome::Again);
    }
    counts::failed(error.code);
    finish_deletion(system, &row).await;
    Ok(Outcome::Failed)
}

/// A queued job fails without ever having run: nobody took it in time (R4).
///
/// # Errors
/// [`JobsError::Conflict`] where it is not queued, or not too late.
pub async fn queue_timeout(system: &System, job: JobId) -> Result<(), JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    if row.state()? != JobState::Queued || row.model.queue_deadline > steady.0 {
        return Err(JobsError::Conflict("the job is not too late".to_owned()));
    }
    if pause::is_paused(&tx, &row.model.kind).await? {
        return Err(JobsError::Conflict("jobs of this kind are paused".to_owned()));
    }
    let error = sanitised(
        ErrorCode::QueueTimeout,
        "no worker took the job in time",
        Vec::new(),
    );
    row.step(JobState::Failed, now)?;
    row.model.error = Some(serde_json::to_string(&error)?);
    let event = NewEvent::new(EventKind::State, now, "failed").with_error(error);
    row::save(&tx, &mut row, Some(event)).await?;
    let graves = objects::drop_claims(&tx, system, &row).await?;
    tx.commit().await?;
    tell(system, &row);
    objects::bury_all(system, graves).await;
    counts::failed(ErrorCode::QueueTimeout);
    Ok(())
}

/// The owner has heard that its job is to stop.
///
/// # Errors
/// [`JobsError::Stale`].
pub async fn acknowledge(system: &System, own: &Ownership) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    let mut row = attempt::owned(&tx, own).await?;
    if row.state()? != JobState::Cancelling || row.model.cancel_acknowledged_at.is_some() {
        return Ok(());
    }
    let now = system.clock.now();
    row.model.cancel_acknowledged_at = Some(now.0);
    row::save(
        &tx,
        &mut row,
        Some(NewEvent::new(EventKind::Log, now, "stopping")),
    )
    .await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::CancelAcknowledged).await?;
    Ok(())
}

/// Everything of the attempt has stopped: the job is cancelled, and what it had put by is gone.
///
/// # Errors
/// [`JobsError::Stale`].
pub async fn stopped(system: &System, own: &Ownership) -> Result<Outcome, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = attempt::owned(&tx, own).await?;
    finish_cancelled(system, tx, &mut row).await
}

async fn finish_cancelled(
    system: &System,
    tx: DatabaseTransaction,
    row: &mut JobRow,
) -> Result<Outcome, JobsError> {
    let now = system.clock.now();
    row.end_stage(system.clock.steady())?;
    row.step(JobState::Cancelled, now)?;
    row.model.cancel_acknowledged_at.get_or_insert(now.0);
    row.model.stopped_at = Some(now.0);
    row.model.error = Some(serde_json::to_string(&cancelled())?);
    row::save(&tx, row, Some(NewEvent::new(EventKind::State, now, "cancelled"))).await?;
    let graves = drop_outputs(&tx, system, row).await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::CancelledCommitted).await?;
    objects::bury_all(system, graves).await;
    tell(system, row);
    metrics::counter!("songwalker_jobs_ended_total", "state" => "cancelled").increment(1);
    tracing::info!(job.id = %row.id(), "job cancelled");
    finish_deletion(system, row).await;
    Ok(Outcome::Cancelled)
}

/// The error that a cancelled job carries.
pub(crate) fn cancelled() -> ErrorBody {
    sanitised(ErrorCode::Cancelled, "it was cancelled", Vec::new())
}

/// Takes everything that a cancelled job had put by out of the database; what is to be buried after the commit.
pub(crate) async fn drop_outputs(
    tx: &DatabaseTransaction,
    system: &System,
    row: &JobRow,
) -> Result<Vec<ObjectKey>, JobsError> {
    let graves = objects::drop_claims(tx, system, row).await?;
    stage_outputs::Entity::delete_many()
        .filter(stage_outputs::Column::JobId.eq(row.model.id))
        .exec(tx)
        .await?;
    Ok(graves)
}

/// The worker shuts down: the job goes back to the queue, and the attempt is not counted (R7).
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`].
pub async fn hand_back(system: &System, own: &Ownership) -> Result<(), JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let tx = system.db.begin().await?;
    let mut row = attempt::running(&tx, own).await?;
    row.end_stage(steady)?;
    row.step(JobState::Queued, now)?;
    row.model.attempt -= 1;
    row.model.fence += 1;
    row.model.progress = 0.0;
    row.model.queued_at = now.0;
    row.model.queue_deadline = steady.plus(system.config.queue.wait_deadline.duration()).0;
    row::save(
        &tx,
        &mut row,
        Some(NewEvent::new(EventKind::State, now, "handed back")),
    )
    .await?;
    outbox::write(&tx, own.job_id, now).await?;
    tx.commit().await?;
    changed(system, own);
    outbox::wake(system);
    Ok(())
}

fn tell(system: &System, row: &JobRow) {
    system.bus.publish(Signal::JobChanged {
        job_id: row.id(),
        user_id: row.user_id(),
    });
}

/// A job whose deletion was asked for while it ran is deleted once it has ended; what fails here is the sweep's affair.
async fn finish_deletion(system: &System, row: &JobRow) {
    if row.model.delete_requested_at.is_some()
        && let Err(error) = crate::delete::finish(system, row.id()).await
    {
        tracing::warn!(job.id = %row.id(), error = %error, "deletion not finished");
    }
}
