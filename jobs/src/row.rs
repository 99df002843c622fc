//! The job row: the only file that writes it. A row is locked, changed in memory, and saved under the fence with which
//! it was read, together with the event that tells of the change (R3, R5).

pub(crate) mod together;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::job::{JobKind, JobState, PlannerChoice, Stage};
use songwalker_schemas::wire::StageTiming;
use songwalker_schemas::{JobId, Timestamp, UserId};

use crate::entity::jobs::{Column, Entity, Model};
use crate::error::JobsError;
use crate::events::{self, NewEvent};
use crate::webhooks;

/// A stage as the column holds it: when it began by the wall clock, for people, and by the steady one, to measure it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageNote {
    /// What users see of it.
    #[serde(flatten)]
    pub timing: StageTiming,
    /// When it began by the steady clock, milliseconds.
    pub steady_at: i64,
}

/// A job row as it was read.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// The columns; change them, then [`save`].
    pub model: Model,
    read_fence: i64,
    was_final: bool,
}

impl From<Model> for JobRow {
    fn from(model: Model) -> Self {
        Self {
            read_fence: model.fence,
            was_final: model.finished_at.is_some(),
            model,
        }
    }
}

fn word<T>(found: Option<T>, column: &str) -> Result<T, JobsError> {
    found.ok_or_else(|| JobsError::Internal(format!("the column {column} holds an unknown word")))
}

impl JobRow {
    /// The job's id.
    #[must_use]
    pub const fn id(&self) -> JobId {
        JobId(self.model.id)
    }

    /// Whose it is.
    #[must_use]
    pub const fn user_id(&self) -> UserId {
        UserId(self.model.user_id)
    }

    /// Its state.
    ///
    /// # Errors
    /// The column holds an unknown word.
    pub fn state(&self) -> Result<JobState, JobsError> {
        word(JobState::from_name(&self.model.state), "state")
    }

    /// Its kind.
    ///
    /// # Errors
    /// The column holds an unknown word.
    pub fn kind(&self) -> Result<JobKind, JobsError> {
        word(JobKind::from_name(&self.model.kind), "kind")
    }

    /// Its planner.
    ///
    /// # Errors
    /// The column holds an unknown word.
    pub fn planner(&self) -> Result<PlannerChoice, JobsError> {
        word(PlannerChoice::from_name(&self.model.planner), "planner")
    }

    /// Its stage, while it runs.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.model.stage.as_deref().and_then(Stage::from_name)
    }

    /// Its last attempt's stages.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn stages(&self) -> Result<Vec<StageNote>, JobsError> {
        Ok(serde_json::from_str(&self.model.stages)?)
    }

    /// Why it failed.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn error(&self) -> Result<Option<ErrorBody>, JobsError> {
        Ok(self
            .model
            .error
            .as_deref()
            .map(serde_json::from_str)
            .transpose()?)
    }

    /// A column of moments.
    #[must_use]
    pub fn moment(column: Option<i64>) -> Option<Timestamp> {
        column.map(Timestamp)
    }

    /// Takes the step to `next`, where the transition table has it, and lets go of what only its old state had.
    ///
    /// # Errors
    /// The step is not in the table.
    pub fn step(&mut self, next: JobState, now: Timestamp) -> Result<(), JobsError> {
        let state = self.state()?;
        if !state.may_become(next) {
            return Err(JobsError::Conflict(format!("the job is {state}")));
        }
        self.model.state = next.name().to_owned();
        if !matches!(next, JobState::Running | JobState::Cancelling) {
            self.model.worker_id = None;
            self.model.lease_until = None;
            self.model.stage = None;
        }
        if next.is_final() {
            self.model.finished_at = Some(now.0);
            self.model.not_before = None;
        }
        Ok(())
    }

    /// Ends the stage that goes on, at `steady`.
    ///
    /// # Errors
    /// The column of stages holds something else.
    pub fn end_stage(&mut self, steady: Timestamp) -> Result<(), JobsError> {
        let mut stages = self.stages()?;
        if let Some(last) = stages.last_mut()
            && last.timing.duration_ms.is_none()
        {
            let took = steady.since(Timestamp(last.steady_at));
            last.timing.duration_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            self.model.stages = serde_json::to_string(&stages)?;
        }
        Ok(())
    }
}

/// The row of a job, locked until the transaction ends (SQLite: the whole database is, from BEGIN IMMEDIATE on).
///
/// # Errors
/// There is no such job, or the database does not answer.
pub async fn locked(tx: &DatabaseTransaction, id: JobId) -> Result<JobRow, JobsError> {
    Entity::find_by_id(id.0)
        .lock_exclusive()
        .one(tx)
        .await?
        .map(JobRow::from)
        .ok_or(JobsError::NotFound("job"))
}

/// The same, where the job must be this user's; a row whose deletion was asked for is there no more.
///
/// # Errors
/// There is no such job of this user, or the database does not answer.
pub async fn locked_of(tx: &DatabaseTransaction, user: UserId, id: JobId) -> Result<JobRow, JobsError> {
    let row = locked(tx, id).await?;
    if row.user_id() == user && row.model.delete_requested_at.is_none() {
        Ok(row)
    } else {
        Err(JobsError::NotFound("job"))
    }
}

/// Inserts a new row with the event that tells of it.
///
/// # Errors
/// A constraint is broken, or the database does not answer.
pub async fn insert(tx: &DatabaseTransaction, model: Model, event: NewEvent) -> Result<JobRow, JobsError> {
    let mut row = JobRow::from(model);
    row.model.event_seq = 1;
    Entity::insert(row.model.clone().into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    events::append(tx, &row, event).await?;
    Ok(row)
}

/// Saves a changed row under the fence with which it was read, with the event that tells of the change, and, where it ends
/// the job, with what webhooks are to be told of that.
///
/// # Errors
/// [`JobsError::Stale`] where the row has another fence by now; a guard of the database refuses the change.
pub async fn save(
    tx: &DatabaseTransaction,
    row: &mut JobRow,
    event: Option<NewEvent>,
) -> Result<(), JobsError> {
    if event.is_some() {
        row.model.event_seq += 1;
    }
    let saved = Entity::update_many()
        .set(row.model.clone().into_active_model().reset_all())
        .filter(Column::Id.eq(row.model.id))
        .filter(Column::Fence.eq(row.read_fence))
        .exec(tx)
        .await?;
    if saved.rows_affected != 1 {
        return Err(JobsError::Stale);
    }
    row.read_fence = row.model.fence;
    if let Some(event) = event {
        events::append(tx, row, event).await?;
    }
    if row.model.finished_at.is_some() && !row.was_final {
        row.was_final = true;
        webhooks::outbox::ended(tx, row.id()).await?;
    }
    Ok(())
}
