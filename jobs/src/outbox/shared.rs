//! The relay in PostgreSQL, where there may be several: each takes rows that no other has locked, and keeps them locked
//! while it sends.

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::json;
use songwalker_schemas::limits::QUARANTINE_DEATHS;
use songwalker_schemas::{JobId, JobKind};

use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::ports::Hint;
use crate::row::together::statement;
use crate::system::System;
use crate::trace;

const ANY: &str = "SELECT 1 FROM outbox LIMIT 1";

/// The next rows with what the jobs' rows say of each, and their users' plans.
const NEXT: &str = "
SELECT o.id, o.job_id, j.kind, j.deaths, j.trace, u.plan
FROM outbox o JOIN jobs j ON j.id = o.job_id JOIN users u ON u.id = j.user_id
ORDER BY o.id LIMIT $1 FOR UPDATE OF o SKIP LOCKED";

/// When each was hinted at, where that is not what the row says already. Whoever deletes a job holds its row and waits for
/// its hint: this holds the hint, so it must not wait for the row. A row that it passes over keeps its old date; at
/// worst its hint is sent once more.
const HINTED: &str = "
UPDATE jobs SET hinted_at = $2 WHERE id IN (
    SELECT j.id FROM jobs j WHERE j.id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id)))
        AND (j.hinted_at IS NULL OR j.hinted_at <= $3 OR j.hinted_at > $2)
    FOR UPDATE SKIP LOCKED)";

const SENT: &str = "
DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT t.id::bigint FROM json_array_elements_text($1::json) AS t(id)))";

#[derive(FromQueryResult)]
struct Next {
    id: i64,
    job_id: Uuid,
    kind: String,
    deaths: i32,
    trace: Option<String>,
    plan: String,
}

impl Next {
    fn hint(&self) -> Hint {
        let plain = Hint::of(JobId(self.job_id));
        Hint {
            quarantine: u32::try_from(self.deaths).unwrap_or(0) >= QUARANTINE_DEATHS,
            kind: JobKind::from_name(&self.kind).unwrap_or(plain.kind),
            class: self.plan.clone(),
            trace: self.trace.clone(),
            ..plain
        }
    }
}

/// Sends at most `limit` hints; the number that were sent.
pub(super) async fn relay(system: &System, limit: u64) -> Result<usize, JobsError> {
    if system
        .db
        .read()
        .query_one_raw(statement(ANY, []))
        .await?
        .is_none()
    {
        return Ok(0);
    }
    let tx = system.db.begin().await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = Next::find_by_statement(statement(NEXT, [limit.into()]))
        .all(&tx)
        .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut hints: Vec<Hint> = rows.iter().map(Next::hint).collect();
    let spans = trace::relayed(&mut hints);
    system.queue.publish(&hints).await?;
    drop(spans);
    failpoint::reached(Failpoint::RelayPublished).await?;
    let jobs: Vec<Uuid> = rows.iter().map(|row| row.job_id).collect();
    let steady = system.clock.steady();
    let values = [
        json!(jobs).to_string().into(),
        steady.0.into(),
        steady.minus(super::recent(system)).0.into(),
    ];
    tx.execute_raw(statement(HINTED, values)).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    tx.execute_raw(statement(SENT, [json!(ids).to_string().into()]))
        .await?;
    tx.commit().await?;
    Ok(rows.len())
}
