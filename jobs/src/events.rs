//! Events of a job, stored in its own order without gaps: what the event stream replays and the log shows. Messages
//! are ours or fixed; nothing that a user typed gets in (R10, R11).

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::job::{JobState, Stage};
use songwalker_schemas::wire::{Event, EventKind};
use songwalker_schemas::{JobId, Timestamp};

use crate::entity::job_events::{Column, Entity, Model};
use crate::error::JobsError;
use crate::row::JobRow;
use crate::system::System;

/// An event that is to be stored with a change of its row.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its kind.
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// A line for people.
    pub message: Option<String>,
    /// Why something failed.
    pub error: Option<ErrorBody>,
}

impl NewEvent {
    /// An event of that kind with a line for people.
    #[must_use]
    pub fn new(kind: EventKind, at: Timestamp, message: impl Into<String>) -> Self {
        Self {
            kind,
            at,
            message: Some(message.into()),
            error: None,
        }
    }

    /// The same with the error that it tells of.
    #[must_use]
    pub fn with_error(mut self, error: ErrorBody) -> Self {
        self.error = Some(error);
        self
    }
}

/// Stores an event as number `event_seq` of its job.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn append(tx: &DatabaseTransaction, row: &JobRow, event: NewEvent) -> Result<(), JobsError> {
    let model = Model {
        job_id: row.model.id,
        seq: row.model.event_seq,
        kind: event.kind.name().to_owned(),
        at: event.at.0,
        attempt: row.model.attempt,
        state: row.model.state.clone(),
        stage: row.model.stage.clone(),
        message: event.message,
        error: event.error.as_ref().map(serde_json::to_string).transpose()?,
    };
    Entity::insert(model.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// The events of a job after `seq`, in order, at most `limit`.
///
/// # Errors
/// The database does not answer.
pub async fn after(system: &System, job: JobId, seq: u64, limit: u64) -> Result<Vec<Event>, JobsError> {
    Entity::find()
        .filter(Column::JobId.eq(job.0))
        .filter(Column::Seq.gt(i64::try_from(seq).unwrap_or(i64::MAX)))
        .order_by_asc(Column::Seq)
        .limit(limit)
        .all(system.db.read())
        .await?
        .into_iter()
        .map(told)
        .collect()
}

fn told(model: Model) -> Result<Event, JobsError> {
    let unknown = || JobsError::Internal("an event holds an unknown word".to_owned());
    Ok(Event {
        seq: u64::try_from(model.seq).unwrap_or(0),
        kind: EventKind::from_name(&model.kind).ok_or_else(unknown)?,
        at: Timestamp(model.at),
        attempt: u32::try_from(model.attempt).unwrap_or(0),
        state: JobState::from_name(&model.state).ok_or_else(unknown)?,
        stage: model.stage.as_deref().and_then(Stage::from_name),
        message: model.message,
        error: model.error.as_deref().map(serde_json::from_str).transpose()?,
    })
}
