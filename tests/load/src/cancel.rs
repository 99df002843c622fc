//! Cancellations of running jobs, at moments spread over a job's life, from another process than their worker's.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use songwalker_jobs::row::JobRow;
use songwalker_jobs::{System, accept, cancel, read};
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{JobId, UserId};

use crate::setup;

/// How often a row is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// How often at most: a minute.
const LOOKS: u32 = 30_000;
/// The longest wait between a job's start and its cancellation.
const WITHIN: Duration = Duration::from_millis(1_000);

/// Prints the times from request to stop, as the rows say them.
pub async fn run(system: &System, times: usize) -> Result<()> {
    let user = setup::made(system).await?[0];
    let mut took = Vec::with_capacity(times);
    let mut seed = 1_u64 << 40;
    while took.len() < times {
        seed += 1;
        let request = CreateJob {
            seed,
            variations: 3,
            ..CreateJob::new("warm pad, wide, slow movement")
        };
        let id = accept::accept(system, user, request, None).await?.row.id();
        until(system, user, id, |state| state != JobState::Queued).await?;
        // Not a wait for anything: the moment itself is what is tried.
        let step = u32::try_from(took.len())? * 37 % 100;
        tokio::time::sleep(WITHIN * step / 100).await;
        let _ = cancel::cancel(system, user, id).await;
        let row = until(system, user, id, JobState::is_final).await?;
        if let (JobState::Cancelled, Some(stopped), Some(requested)) =
            (row.state()?, row.model.stopped_at, row.model.cancel_requested_at)
        {
            took.push(stopped - requested);
        }
        ensure!(
            seed < (1 << 40) + 5 * times as u64,
            "too few jobs could be cancelled while they ran"
        );
    }
    println!("{}", json!({ "ms": took }));
    Ok(())
}

async fn until(
    system: &System,
    user: UserId,
    id: JobId,
    is_there: impl Fn(JobState) -> bool,
) -> Result<JobRow> {
    for _ in 0..LOOKS {
        let row = read::row(system, user, id).await?;
        if is_there(row.state()?) {
            return Ok(row);
        }
        tokio::time::sleep(LOOK).await;
    }
    anyhow::bail!("job {id} does not get on")
}
