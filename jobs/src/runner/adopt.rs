//! What a process that begins to run jobs does first: it takes over what the one before it left behind (R4).
//!
//! Under the runner lock nobody else runs, so every owner is dead, every hint in memory is lost, and every deadline on
//! the steady clock of another process means nothing. Each row is put right in a transaction of its own, so this can
//! die anywhere and be done again. Afterwards every job that is not final is queued and has exactly one waker: its
//! row in the outbox, or the end of its backoff.

use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;

use super::RunnerLock;
use crate::ending::{self, Outcome};
use crate::entity::{jobs, outbox, tombstones, workers};
use crate::error::JobsError;
use crate::ports::ObjectKey;
use crate::system::System;
use crate::{cancel, delete, objects, row};

/// What was taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Jobs that waited, and wait on.
    pub queued: u64,
    /// Jobs whose owner had died, and that are tried again.
    pub again: u64,
    /// Jobs whose owner had died in their last attempt.
    pub failed: u64,
    /// Jobs that were to stop, and have.
    pub cancelled: u64,
    /// Deletions that were asked for, and are done.
    pub deleted: u64,
    /// Objects that were being deleted, and are gone.
    pub buried: u64,
    /// Workers of processes before.
    pub workers: u64,
    /// What could not be put right now; the sweep tries again.
    pub left: u64,
}

/// Takes over what the process before left behind.
///
/// # Errors
/// The database does not answer, or the lock is another directory's. What goes wrong with one row is logged and
/// counted, and stops nothing else (R12).
pub async fn adopt(system: &System, lock: &RunnerLock) -> Result<Adopted, JobsError> {
    if lock.data_dir() != system.config.data_dir {
        return Err(JobsError::Internal(
            "the runner lock is another directory's".to_owned(),
        ));
    }
    let mut adopted = Adopted {
        workers: forget_workers(system).await?,
        ..Adopted::default()
    };
    for id in in_states(system, &[JobState::Queued]).await? {
        let requeued = requeue(system, JobId(id)).await;
        adopted.queued += adopted.count(id, requeued);
    }
    for id in in_states(system, &[JobState::Running, JobState::Cancelling]).await? {
        match ending::orphaned(system, JobId(id)).await {
            Ok(Outcome::Again) => adopted.again += 1,
            Ok(Outcome::Failed) => adopted.failed += 1,
            Ok(Outcome::Cancelled) => adopted.cancelled += 1,
            Err(error) => adopted.left_over(id, &error),
        }
    }
    for id in to_delete(system).await? {
        let deleted = finish_deletion(system, JobId(id)).await;
        adopted.deleted += adopted.count(id, deleted);
    }
    for stone in tombstones::Entity::find().all(system.db.read()).await? {
        let buried = async { objects::bury(system, &ObjectKey::parse(&stone.object_key)?).await };
        match buried.await {
            Ok(()) => adopted.buried += 1,
            Err(error) => {
                adopted.left += 1;
                tracing::warn!(object.key = stone.object_key, error = %error, "object not deleted");
            }
        }
    }
    tracing::info!(
        jobs.queued = adopted.queued,
        jobs.again = adopted.again,
        jobs.failed = adopted.failed,
        jobs.cancelled = adopted.cancelled,
        jobs.left = adopted.left,
        "jobs adopted"
    );
    Ok(adopted)
}

impl Adopted {
    fn count(&mut self, id: Uuid, done: Result<bool, JobsError>) -> u64 {
        match done {
            Ok(done) => u64::from(done),
            Err(error) => {
                self.left_over(id, &error);
                0
            }
        }
    }

    fn left_over(&mut self, id: Uuid, error: &JobsError) {
        self.left += 1;
        tracing::warn!(job.id = %id, error = %error, "job not adopted");
    }
}

/// No worker of an earlier process lives.
async fn forget_workers(system: &System) -> Result<u64, JobsError> {
    let tx = system.db.begin().await?;
    let forgotten = workers::Entity::delete_many().exec(&tx).await?;
    tx.commit().await?;
    Ok(forgotten.rows_affected)
}

async fn in_states(system: &System, states: &[JobState]) -> Result<Vec<Uuid>, JobsError> {
    Ok(jobs::Entity::find()
        .select_only()
        .column(jobs::Column::Id)
        .filter(jobs::Column::State.is_in(states.iter().map(|state| state.name())))
        .order_by_asc(jobs::Column::QueuedAt)
        .order_by_asc(jobs::Column::Id)
        .into_tuple()
        .all(system.db.read())
        .await?)
}

async fn to_delete(system: &System) -> Result<Vec<Uuid>, JobsError> {
    Ok(jobs::Entity::find()
        .select_only()
        .column(jobs::Column::Id)
        .filter(jobs::Column::DeleteRequestedAt.is_not_null())
        .into_tuple()
        .all(system.db.read())
        .await?)
}

/// A queued job waits anew: due now, its deadline on this process's clock, its hint in the outbox, once.
async fn requeue(system: &System, job: JobId) -> Result<bool, JobsError> {
    let steady = system.clock.steady();
    let tx = system.db.begin().await?;
    let mut row = row::locked(&tx, job).await?;
    if row.state()? != JobState::Queued {
        return Ok(false);
    }
    row.model.not_before = None;
    row.model.hinted_at = None;
    row.model.queue_deadline = steady.plus(system.config.queue.wait_deadline.duration()).0;
    row::save(&tx, &mut row, None).await?;
    outbox::Entity::delete_many()
        .filter(outbox::Column::JobId.eq(job.0))
        .exec(&tx)
        .await?;
    crate::outbox::write(&tx, job, system.clock.now()).await?;
    tx.commit().await?;
    Ok(true)
}

/// A deletion that was asked for is done, whatever of it was done before.
async fn finish_deletion(system: &System, job: JobId) -> Result<bool, JobsError> {
    match cancel::cancel_row(system, job).await {
        Ok(_) | Err(JobsError::NotFound(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(delete::finish(system, job).await? == delete::Deletion::Done)
}
