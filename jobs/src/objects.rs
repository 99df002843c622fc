//! Which objects may be deleted, and how (R6). The rows decide, never the store.
//!
//! An object is referred to by a succeeded job, or claimed by an attempt that is about to publish it. Deleting takes
//! three steps: a transaction sees that nobody refers to it and puts up a tombstone; the object is deleted; the tombstone
//! is taken down. Claiming waits while a tombstone stands. So a publisher's object is never deleted under its hands,
//! and what a stopped attempt left behind goes at once.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter,
};
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;

use crate::entity::{jobs, stage_outputs, tombstones};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::ports::{ObjectKey, PortError};
use crate::system::System;

/// How often a claim looks again whether a tombstone is gone.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often it looks before it gives up: ten seconds.
const LOOKS: u32 = 500;
/// How long a deletion may take: half of the time after which the sweep takes its tombstone over.
const BURIED_WITHIN: Duration = Duration::from_secs(10);

/// Whether a job or a claim refers to the object.
///
/// # Errors
/// The database does not answer.
pub async fn is_referred(tx: &DatabaseTransaction, user: UserId, sha256: &str) -> Result<bool, JobsError> {
    let published = jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::BundleSha256.eq(sha256))
        .filter(jobs::Column::State.eq(JobState::Succeeded.name()))
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .count(tx)
        .await?;
    let claimed = stage_outputs::Entity::find()
        .filter(stage_outputs::Column::UserId.eq(user.0))
        .filter(stage_outputs::Column::Sha256.eq(sha256))
        .filter(stage_outputs::Column::Content.is_null())
        .count(tx)
        .await?;
    Ok(published + claimed > 0)
}

/// Begins a transaction in which no tombstone stands over `key`, waiting for one to go.
///
/// # Errors
/// The tombstone stays for ten seconds: its owner died; the sweep will take it down.
pub(crate) async fn begin_without_tombstone(
    system: &System,
    key: &ObjectKey,
) -> Result<DatabaseTransaction, JobsError> {
    for _ in 0..LOOKS {
        let tx = system.db.begin().await?;
        let standing = tombstones::Entity::find_by_id(key.as_str()).count(&tx).await?;
        if standing == 0 {
            return Ok(tx);
        }
        tx.rollback().await?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(PortError::Unavailable("the object is being deleted".to_owned()).into())
}

/// Deletes an object if nobody refers to it; whether it did. Where a tombstone stands already, whoever put it up
/// deletes: of two that delete under one tombstone, the slower one could meet a publisher behind the faster one.
///
/// # Errors
/// The database or the store does not answer; what was begun is finished by the sweep.
pub async fn collect(system: &System, user: UserId, sha256: &str) -> Result<bool, JobsError> {
    let key = ObjectKey::bundle(user, sha256)?;
    let tx = system.db.begin().await?;
    let standing = tombstones::Entity::find_by_id(key.as_str()).count(&tx).await?;
    if standing > 0 || is_referred(&tx, user, sha256).await? {
        return Ok(false);
    }
    let tombstone = tombstones::Model {
        object_key: key.as_str().to_owned(),
        at: system.clock.steady().0,
    };
    tombstones::Entity::insert(tombstone.into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::ObjectTombstoned).await?;
    bury(system, &key).await?;
    Ok(true)
}

/// Deletes the object under a tombstone, then takes the tombstone down. The caller put it up, or took it over.
///
/// # Errors
/// The store or the database does not answer.
pub async fn bury(system: &System, key: &ObjectKey) -> Result<(), JobsError> {
    system.bundles().forget(key);
    tokio::time::timeout(BURIED_WITHIN, system.store.delete(key))
        .await
        .map_err(|_| PortError::Unavailable("an object is not deleted in time".to_owned()))??;
    failpoint::reached(Failpoint::ObjectDeleted).await?;
    let tx = system.db.begin().await?;
    tombstones::Entity::delete_by_id(key.as_str()).exec(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the claims of a job that has ended out of the database; the objects that they were on.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn drop_claims(
    tx: &DatabaseTransaction,
    job: sea_orm::prelude::Uuid,
) -> Result<Vec<String>, JobsError> {
    let claims = stage_outputs::Entity::find()
        .filter(stage_outputs::Column::JobId.eq(job))
        .filter(stage_outputs::Column::Content.is_null())
        .all(tx)
        .await?;
    stage_outputs::Entity::delete_many()
        .filter(stage_outputs::Column::JobId.eq(job))
        .filter(stage_outputs::Column::Content.is_null())
        .exec(tx)
        .await?;
    Ok(claims.into_iter().map(|claim| claim.sha256).collect())
}

/// Collects what claims were on, after their end is committed. A store that does not answer is the sweep's affair.
pub(crate) async fn collect_all(system: &System, user: UserId, objects: Vec<String>) {
    for sha256 in objects {
        if let Err(error) = collect(system, user, &sha256).await {
            tracing::warn!(user.id = %user, object.sha256 = sha256, error = %error, "object not collected");
        }
    }
}
