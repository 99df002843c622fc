//! What an owner writes while its attempt goes on: heartbeat, stages, log lines. Each names the job and the
//! fence; where no such row is there any more, the owner is stale and stops (R3, R4, R8).

use sea_orm::sea_query::Expr;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
};
use songwalker_schemas::job::{JobState, Stage};
use songwalker_schemas::wire::{EventKind, StageTiming};

use crate::claim::Ownership;
use crate::entity::{jobs, stage_outputs};
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::ports::Signal;
use crate::row::{self, JobRow, StageNote};
use crate::system::System;

/// What the row says to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// Go on.
    Go,
    /// Somebody wants the job to stop.
    Stop,
    /// The row has another owner: stop, write nothing more.
    Stale,
}

/// The row of an owner, locked; whatever state it is in, it is running or cancelling under this fence.
///
/// # Errors
/// [`JobsError::Stale`].
pub(crate) async fn owned(tx: &DatabaseTransaction, own: &Ownership) -> Result<JobRow, JobsError> {
    let row = match row::locked(tx, own.job_id).await {
        Err(JobsError::NotFound(_)) => return Err(JobsError::Stale),
        other => other?,
    };
    if is_owned(&row, own)? {
        Ok(row)
    } else {
        Err(JobsError::Stale)
    }
}

/// Whether a row is an owner's still, in whatever state.
pub(crate) fn is_owned(row: &JobRow, own: &Ownership) -> Result<bool, JobsError> {
    let is_held = matches!(row.state()?, JobState::Running | JobState::Cancelling);
    Ok(is_held && row.model.fence == own.fence && row.model.worker_id == Some(own.worker_id))
}

/// The same, where the job is to go on.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`].
pub(crate) async fn running(tx: &DatabaseTransaction, own: &Ownership) -> Result<JobRow, JobsError> {
    let row = owned(tx, own).await?;
    if row.state()? == JobState::Running {
        Ok(row)
    } else {
        Err(JobsError::Stopping)
    }
}

/// Reads the row by its primary key: what the owner does every second (R8).
///
/// # Errors
/// The database does not answer.
pub async fn pulse(system: &System, own: &Ownership) -> Result<Pulse, JobsError> {
    let found: Option<(String, i64)> = jobs::Entity::find_by_id(own.job_id.0)
        .select_only()
        .column(jobs::Column::State)
        .column(jobs::Column::Fence)
        .into_tuple()
        .one(system.db.read())
        .await?;
    Ok(match found {
        Some((state, fence)) if fence == own.fence => match JobState::from_name(&state) {
            Some(JobState::Running) => Pulse::Go,
            Some(JobState::Cancelling) => Pulse::Stop,
            _ => Pulse::Stale,
        },
        _ => Pulse::Stale,
    })
}

/// Renews the lease, and says what [`pulse`] says (R4).
///
/// # Errors
/// The database does not answer.
pub async fn beat(system: &System, own: &Ownership, progress: f64) -> Result<Pulse, JobsError> {
    let until = system.clock.steady().plus(system.config.worker.lease.duration());
    let tx = system.db.begin().await?;
    jobs::Entity::update_many()
        .col_expr(jobs::Column::LeaseUntil, Expr::value(until.0))
        .col_expr(jobs::Column::Progress, Expr::value(progress.clamp(0.0, 1.0)))
        .filter(jobs::Column::Id.eq(own.job_id.0))
        .filter(jobs::Column::Fence.eq(own.fence))
        .filter(jobs::Column::State.is_in([JobState::Running.name(), JobState::Cancelling.name()]))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    pulse(system, own).await
}

/// Begins a stage; `progress` is that of the whole job.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`].
pub async fn begin_stage(
    system: &System,
    own: &Ownership,
    stage: Stage,
    progress: f64,
) -> Result<(), JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let tx = system.db.begin().await?;
    let mut row = running(&tx, own).await?;
    row.end_stage(steady)?;
    let mut stages = row.stages()?;
    stages.push(StageNote {
        timing: StageTiming {
            stage,
            started_at: now,
            duration_ms: None,
        },
        steady_at: steady.0,
    });
    row.model.stages = serde_json::to_string(&stages)?;
    row.model.stage = Some(stage.name().to_owned());
    row.model.progress = progress.clamp(0.0, 1.0);
    let event = NewEvent {
        kind: EventKind::Stage,
        at: now,
        message: None,
        error: None,
    };
    row::save(&tx, &mut row, Some(event)).await?;
    tx.commit().await?;
    changed(system, own);
    Ok(())
}

/// Tells listeners how far a stage has come. Stored nowhere.
pub fn tell_progress(system: &System, own: &Ownership, stage: Stage, progress: f64) {
    system.bus.publish(Signal::Progress {
        job_id: own.job_id,
        stage: stage.name().to_owned(),
        progress,
    });
}

/// Adds a line to the job's log. The message is ours: nothing private (R10).
///
/// # Errors
/// [`JobsError::Stale`].
pub async fn log(system: &System, own: &Ownership, message: &str) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    let mut row = owned(&tx, own).await?;
    let event = NewEvent::new(EventKind::Log, system.clock.now(), message);
    row::save(&tx, &mut row, Some(event)).await?;
    tx.commit().await?;
    changed(system, own);
    Ok(())
}

/// Writes an output over that of an earlier attempt.
pub(crate) async fn put_output(
    tx: &DatabaseTransaction,
    output: stage_outputs::Model,
) -> Result<(), JobsError> {
    use stage_outputs::Column;
    let mut on_conflict = OnConflict::columns([Column::JobId, Column::Stage]);
    on_conflict.update_columns([
        Column::Fence,
        Column::Sha256,
        Column::Bytes,
        Column::Content,
        Column::About,
        Column::Stored,
        Column::At,
    ]);
    stage_outputs::Entity::insert(output.into_active_model().reset_all())
        .on_conflict(on_conflict)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(crate) fn changed(system: &System, own: &Ownership) {
    system.bus.publish(Signal::JobChanged {
        job_id: own.job_id,
        user_id: own.user_id,
    });
}
