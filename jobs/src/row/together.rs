//! Many rows saved in one statement, each under the fence with which it was read and with its event (R3, R5). In
//! PostgreSQL only: in SQLite one row after the other is as fast.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};
use serde_json::json;

use super::JobRow;
use crate::error::JobsError;
use crate::events::NewEvent;

/// The columns that claims and endings change, with their types; `read_fence` beside them.
const SAVE: &str = "
WITH v AS (
    SELECT * FROM json_to_recordset($1::json) AS v(
        id uuid, read_fence bigint, state text, stage text, progress double precision, attempt integer, fence bigint,
        worker_id uuid, lease_until bigint, not_before bigint, sound_name text, category text, bundle_sha256 text,
        bundle_bytes bigint, manifest_sha256 text, error text, stages text, event_seq bigint, started_at bigint,
        finished_at bigint, retain_until bigint, event_kind text, event_at bigint, event_message text)
), saved AS (
    UPDATE jobs AS j SET
        state = v.state, stage = v.stage, progress = v.progress, attempt = v.attempt, fence = v.fence,
        worker_id = v.worker_id, lease_until = v.lease_until, not_before = v.not_before, sound_name = v.sound_name,
        category = v.category, bundle_sha256 = v.bundle_sha256, bundle_bytes = v.bundle_bytes,
        manifest_sha256 = v.manifest_sha256, error = v.error, stages = v.stages, event_seq = v.event_seq,
        started_at = v.started_at, finished_at = v.finished_at, retain_until = v.retain_until
    FROM v WHERE j.id = ANY (ARRAY(SELECT id FROM v)) AND j.id = v.id AND j.fence = v.read_fence
    RETURNING j.id
)
INSERT INTO job_events (job_id, seq, kind, at, attempt, state, stage, message)
    SELECT v.id, v.event_seq, v.event_kind, v.event_at, v.attempt, v.state, v.stage, v.event_message
    FROM v JOIN saved ON saved.id = v.id";

/// Saves rows that this transaction has locked, each with the event that tells of the change. What a row's end brings with
/// it beyond that is its caller's affair.
///
/// # Errors
/// [`JobsError::Stale`] where any of them has another fence by now; a guard of the database refuses a change.
pub(crate) async fn save_all(
    tx: &DatabaseTransaction,
    rows: &mut [JobRow],
    event: &NewEvent,
) -> Result<(), JobsError> {
    let values: Vec<_> = rows
        .iter_mut()
        .map(|row| {
            row.model.event_seq += 1;
            let model = &row.model;
            json!({
                "id": model.id, "read_fence": row.read_fence, "state": model.state, "stage": model.stage,
                "progress": model.progress, "attempt": model.attempt, "fence": model.fence, "worker_id": model.worker_id,
                "lease_until": model.lease_until, "not_before": model.not_before, "sound_name": model.sound_name,
                "category": model.category, "bundle_sha256": model.bundle_sha256, "bundle_bytes": model.bundle_bytes,
                "manifest_sha256": model.manifest_sha256, "error": model.error, "stages": model.stages,
                "event_seq": model.event_seq, "started_at": model.started_at, "finished_at": model.finished_at,
                "retain_until": model.retain_until, "event_kind": event.kind.name(), "event_at": event.at.0,
                "event_message": event.message,
            })
        })
        .collect();
    let saved = tx
        .execute_raw(statement(SAVE, [json!(values).to_string().into()]))
        .await?;
    if saved.rows_affected() != rows.len() as u64 {
        return Err(JobsError::Stale);
    }
    for row in rows {
        row.read_fence = row.model.fence;
        row.was_final = row.model.finished_at.is_some();
    }
    Ok(())
}

/// A statement for PostgreSQL. Lists go as one parameter of JSON, so that the statement is the same however long they are,
/// and is prepared once for each connection. Rows are looked for by `= ANY (ARRAY(…))`, which PostgreSQL takes for a few:
/// it then goes by the index, where it would read through a whole table to join it with a list.
pub(crate) fn statement<const N: usize>(sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, values)
}
