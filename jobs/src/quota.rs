//! The door that every new job passes (R9): the user's row is locked, the unfinished jobs are counted, and what would be
//! one too many is refused. Never a counter: only rows are counted.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;

use crate::entity::{jobs, plans, users};
use crate::error::JobsError;
use crate::system::System;

/// A user whose row is locked, with the plan.
#[derive(Debug)]
pub struct LockedUser {
    /// The row.
    pub user: users::Model,
    /// The plan.
    pub plan: plans::Model,
}

/// Locks the row of a user until the transaction ends.
///
/// # Errors
/// There is no such user, or everything of the user is being erased.
pub async fn lock_user(tx: &DatabaseTransaction, id: UserId) -> Result<LockedUser, JobsError> {
    let user = users::Entity::find_by_id(id.0)
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or(JobsError::NotFound("user"))?;
    if user.erase_requested_at.is_some() {
        return Err(JobsError::Gone("this account is being erased"));
    }
    let plan = plans::Entity::find_by_id(&user.plan)
        .one(tx)
        .await?
        .ok_or_else(|| JobsError::Internal("a user has a plan that is not there".to_owned()))?;
    Ok(LockedUser { user, plan })
}

fn open() -> impl Iterator<Item = &'static str> {
    let open = JobState::ALL.iter().filter(|state| !state.is_final());
    open.map(|state| state.name())
}

/// The states that count, as SQL writes a list of them.
pub(crate) fn open_states() -> String {
    let quoted: Vec<String> = open().map(|state| format!("'{state}'")).collect();
    quoted.join(", ")
}

/// How many jobs of a user are not final.
///
/// # Errors
/// The database does not answer.
pub async fn unfinished<C: sea_orm::ConnectionTrait>(connection: &C, user: UserId) -> Result<u64, JobsError> {
    Ok(jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::State.is_in(open()))
        .count(connection)
        .await?)
}

/// Lets one more job in, or refuses it.
///
/// # Errors
/// [`JobsError::TooManyJobs`].
pub async fn pass(tx: &DatabaseTransaction, system: &System, locked: &LockedUser) -> Result<(), JobsError> {
    let Some(limit) = locked.plan.unfinished_jobs else {
        return Ok(());
    };
    if !system.config.quotas.enabled {
        return Ok(());
    }
    let unfinished = unfinished(tx, UserId(locked.user.id)).await?;
    let limit = u64::try_from(limit).unwrap_or(0);
    if unfinished < limit {
        Ok(())
    } else {
        Err(JobsError::TooManyJobs { unfinished, limit })
    }
}
