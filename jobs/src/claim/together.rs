//! Several claims in one transaction (R3, R7): each row is taken under a new fence of its own, or is not.

use sea_orm::prelude::Uuid;
use sea_orm::{DatabaseTransaction, EntityTrait, FromQueryResult};
use serde_json::json;
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use super::{Claimed, is_dangerous, is_due, take, taken, work};
use crate::entity::{jobs, stage_outputs};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::row::JobRow;
use crate::row::together::{save_all, statement};
use crate::system::System;

/// Jobs with their prompts, by their ids alone: a condition on their state would have PostgreSQL read all that wait. One that
/// somebody else has locked is passed over: who holds several rows must not wait for another.
const ROWS: &str = "
SELECT j.*, p.prompt AS the_prompt, p.tags AS the_tags,
    (SELECT count(*) FROM pauses WHERE pauses.kind IN ('*', j.kind)) AS pauses
FROM jobs j JOIN prompts p ON p.job_id = j.id
WHERE j.id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id)))
FOR UPDATE OF j SKIP LOCKED";

const OUTPUTS: &str = "
SELECT o.* FROM stage_outputs o
WHERE o.job_id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id)))";

#[derive(FromQueryResult)]
struct Free {
    #[sea_orm(nested)]
    job: jobs::Model,
    the_prompt: String,
    the_tags: String,
    pauses: i64,
}

/// Takes those of some jobs for a worker that nothing stands against. What is not among the answers may be taken by
/// [`super::claim`] all the same: it may have to run alone, or somebody was just at its row.
///
/// # Errors
/// The database does not answer.
pub async fn claim_all(system: &System, worker: Uuid, ids: &[JobId]) -> Result<Vec<Claimed>, JobsError> {
    if !system.db.is_shared() || ids.is_empty() {
        return Ok(Vec::new());
    }
    let tx = system.db.begin().await?;
    let steady = system.clock.steady();
    let mut free = Free::find_by_statement(statement(ROWS, [json!(ids).to_string().into()]))
        .all(&tx)
        .await?;
    free.retain(|Free { job, pauses, .. }| {
        job.state == JobState::Queued.name()
            && is_due(job, steady)
            && !is_dangerous(job.deaths)
            && *pauses == 0
    });
    if free.is_empty() {
        return Ok(Vec::new());
    }
    let outputs = outputs(&tx, &free).await?;
    let mut works = Vec::with_capacity(free.len());
    let mut rows = Vec::with_capacity(free.len());
    let mut event = None;
    for Free {
        job,
        the_prompt,
        the_tags,
        ..
    } in free
    {
        let mut row = JobRow::from(job);
        let of_job: Vec<_> = outputs
            .iter()
            .filter(|output| output.job_id == row.model.id)
            .cloned()
            .collect();
        works.push(work(&row, the_prompt, &the_tags, &of_job)?);
        event = Some(take(system, worker, &mut row)?);
        rows.push(row);
    }
    if let Some(event) = &event {
        save_all(&tx, &mut rows, event).await?;
    }
    tx.commit().await?;
    failpoint::reached(Failpoint::ClaimCommitted).await?;
    let claimed = rows.iter().zip(works);
    Ok(claimed
        .map(|(row, work)| taken(system, worker, row, work))
        .collect())
}

/// What earlier attempts put by. A job that was never taken has nothing but what it inherited.
async fn outputs(tx: &DatabaseTransaction, free: &[Free]) -> Result<Vec<stage_outputs::Model>, JobsError> {
    let ids: Vec<Uuid> = free
        .iter()
        .filter(|free| free.job.fence > 0 || free.job.retry_of.is_some())
        .map(|free| free.job.id)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found =
        stage_outputs::Entity::find().from_raw_sql(statement(OUTPUTS, [json!(ids).to_string().into()]));
    Ok(found.all(tx).await?)
}
