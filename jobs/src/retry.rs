//! A failed or cancelled job is done again: a new job with the same request (R2), through the same door (R9).

use sea_orm::EntityTrait;
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{JobId, UserId};

use crate::accept::{Accepted, Answer, Checked, insert_or_find};
use crate::entity::prompts;
use crate::error::JobsError;
use crate::ports::Signal;
use crate::system::System;
use crate::{outbox, quota, row, trace};

/// Does a job again.
///
/// # Errors
/// The job is not failed or cancelled; its prompt is erased; the quota.
pub async fn retry(system: &System, user: UserId, job: JobId) -> Result<Accepted, JobsError> {
    let tx = system.db.begin().await?;
    let locked = quota::lock_user(&tx, user).await?;
    let row = row::locked_of(&tx, user, job).await?;
    let state = row.state()?;
    let is_past = row.model.artifacts_deleted_at.is_some();
    if !matches!(state, JobState::Failed | JobState::Cancelled) && !is_past {
        return Err(JobsError::Conflict(format!(
            "the job is {state}; only a failed or cancelled one is done again"
        )));
    }
    let prompt = prompts::Entity::find_by_id(job.0)
        .one(&tx)
        .await?
        .ok_or(JobsError::Gone("the prompt of this job is erased"))?;
    let checked = Checked {
        request: CreateJob {
            prompt: prompt.prompt,
            tags: serde_json::from_str(&prompt.tags)?,
            template_id: row.model.template_id.clone(),
            seed: u64::try_from(row.model.seed).unwrap_or(0),
            kind: row.kind()?,
            variations: u8::try_from(row.model.variations).unwrap_or(0),
            planner: row.planner()?,
            parent_job_id: row.model.parent_job_id.map(JobId),
            webhook_url: None,
        },
        planner: row.planner()?,
        parent_sha256: row.model.parent_sha256.clone(),
        retry_of: Some(row.model.id),
        trace: trace::current(),
    };
    let accepted = insert_or_find(&tx, system, &locked, &checked).await?;
    tx.commit().await?;
    if accepted.answer == Answer::New {
        outbox::wake(system);
        system.bus.publish(Signal::JobChanged {
            job_id: accepted.row.id(),
            user_id: user,
        });
    }
    Ok(accepted)
}
