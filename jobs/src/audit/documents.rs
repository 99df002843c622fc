//! What is stored as text of a form: errors that can be read and shown (R11), stages that an ending can close.

use sea_orm::prelude::Uuid;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use songwalker_schemas::JobId;
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::MAX_ERROR_CHARS;
use songwalker_schemas::wire::StageTiming;

use super::Report;
use crate::entity::{job_events, jobs};
use crate::error::JobsError;

/// How many rows are read at once.
const PAGE: u64 = 1000;

pub(super) async fn check(snapshot: &DatabaseTransaction, report: &mut Report) -> Result<(), JobsError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let rows: Vec<(Uuid, String, Option<String>, String)> = jobs::Entity::find()
            .select_only()
            .columns([
                jobs::Column::Id,
                jobs::Column::State,
                jobs::Column::Error,
                jobs::Column::Stages,
            ])
            .filter(Condition::all().add_option(after.map(|id| jobs::Column::Id.gt(id))))
            .order_by_asc(jobs::Column::Id)
            .limit(PAGE)
            .into_tuple()
            .all(snapshot)
            .await?;
        let Some((last, ..)) = rows.last() else { break };
        after = Some(*last);
        for (id, state, error, stages) in rows {
            let faults = of_row(&state, error.as_deref(), &stages);
            found.extend(faults.into_iter().map(|what| (Some(JobId(id)), what)));
        }
    }
    let mut after = None;
    loop {
        let events: Vec<(Uuid, i64, String)> = job_events::Entity::find()
            .select_only()
            .columns([
                job_events::Column::JobId,
                job_events::Column::Seq,
                job_events::Column::Error,
            ])
            .filter(job_events::Column::Error.is_not_null())
            .filter(Condition::all().add_option(after.map(|(job, seq)| behind(job, seq))))
            .order_by_asc(job_events::Column::JobId)
            .order_by_asc(job_events::Column::Seq)
            .limit(PAGE)
            .into_tuple()
            .all(snapshot)
            .await?;
        let Some((job, seq, _)) = events.last() else { break };
        after = Some((*job, *seq));
        for (id, seq, error) in events {
            let fault = fault(&error);
            found.extend(
                fault.map(|fault| (Some(JobId(id)), format!("the error of its event {seq} {fault}"))),
            );
        }
    }
    report.find_all("R11", found);
    Ok(())
}

fn behind(job: Uuid, seq: i64) -> Condition {
    Condition::any().add(job_events::Column::JobId.gt(job)).add(
        Condition::all()
            .add(job_events::Column::JobId.eq(job))
            .add(job_events::Column::Seq.gt(seq)),
    )
}

fn of_row(state: &str, error: Option<&str>, stages: &str) -> Vec<String> {
    let mut faults = Vec::new();
    match error {
        Some(error) => faults.extend(fault(error).map(|fault| format!("its error {fault}"))),
        None if [JobState::Failed.name(), JobState::Cancelled.name()].contains(&state) => {
            faults.push("it ended without a result and without an error".to_owned());
        }
        None => {}
    }
    if serde_json::from_str::<Vec<StageTiming>>(stages).is_err() {
        faults.push("its stages cannot be read".to_owned());
    }
    faults
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
