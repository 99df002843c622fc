//! What is stored as text of a form: errors that can be read and shown (R11), stages that an ending can close.

use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use songwalker_schemas::JobId;
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::MAX_ERROR_CHARS;
use songwalker_schemas::wire::StageTiming;

use super::Report;
use crate::entity::{job_events, jobs};
use crate::error::JobsError;

pub(super) async fn check(snapshot: &DatabaseTransaction, report: &mut Report) -> Result<(), JobsError> {
    let mut found = Vec::new();
    let rows: Vec<(Uuid, String, Option<String>, String)> = jobs::Entity::find()
        .select_only()
        .columns([
            jobs::Column::Id,
            jobs::Column::State,
            jobs::Column::Error,
            jobs::Column::Stages,
        ])
        .into_tuple()
        .all(snapshot)
        .await?;
    for (id, state, error, stages) in rows {
        let id = Some(JobId(id));
        match error {
            Some(error) => found.extend(fault(&error).map(|fault| (id, format!("its error {fault}")))),
            None if [JobState::Failed.name(), JobState::Cancelled.name()].contains(&state.as_str()) => {
                found.push((id, "it ended without a result and without an error".to_owned()));
            }
            None => {}
        }
        if serde_json::from_str::<Vec<StageTiming>>(&stages).is_err() {
            found.push((id, "its stages cannot be read".to_owned()));
        }
    }
    let events: Vec<(Uuid, i64, String)> = job_events::Entity::find()
        .select_only()
        .columns([
            job_events::Column::JobId,
            job_events::Column::Seq,
            job_events::Column::Error,
        ])
        .filter(job_events::Column::Error.is_not_null())
        .into_tuple()
        .all(snapshot)
        .await?;
    for (id, seq, error) in events {
        let fault = fault(&error);
        found.extend(fault.map(|fault| (Some(JobId(id)), format!("the error of its event {seq} {fault}"))));
    }
    report.find_all("R11", found);
    Ok(())
}

/// What is wrong with a stored error.
fn fault(stored: &str) -> Option<&'static str> {
    let Ok(error) = serde_json::from_str::<ErrorBody>(stored) else {
        return Some("cannot be read");
    };
    if error.message.chars().count() > MAX_ERROR_CHARS {
        return Some("is too long");
    }
    let texts = error
        .details
        .iter()
        .flat_map(|fault| [&fault.pointer, &fault.problem]);
    let mut texts = texts.chain([&error.message]);
    if texts.any(|text| text.chars().any(char::is_control)) {
        return Some("has control characters in it");
    }
    None
}
