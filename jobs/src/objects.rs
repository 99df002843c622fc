//! Which objects may be deleted, and how (R6). The rows decide, never the store.
//!
//! An object is referred to by a succeeded job, or claimed by an attempt that is about to publish it. Deleting takes
//! three steps: a transaction sees that nobody refers to it and puts up a tombstone; the object is deleted; the tombstone
//! is taken down. Claiming waits while a tombstone stands. So a publisher's object is never deleted under its hands,
//! and what a stopped attempt left behind goes at once.

use std::time::Duration;

use sea_orm::sea_query::Condition;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter,
};
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;

use crate::db::Db;
use crate::entity::{jobs, stage_outputs, tombstones};
use crate::error::JobsError;
use crate::failpoint::{self, Failpoint};
use crate::ports::{ObjectKey, PortError};
use crate::row::JobRow;
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
        Db::lock_object(&tx, key.as_str()).await?;
        let standing = tombstones::Entity::find_by_id(key.as_str()).count(&tx).await?;
        if standing == 0 {
            return Ok(tx);
        }
        tx.rollback().await?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(PortError::Unavailable("the object is being deleted".to_owned()).into())
}

/// Puts a tombstone over an object to which nobody refers, within the transaction that let go of it, so that a death
/// right after the commit leaves nothing lying about: the key to [`bury`]. `None` where somebody refers to it, or a
/// tombstone stands: whoever put that up deletes (of two that delete under one tombstone, the slower one could meet a
/// publisher behind the faster one).
///
/// # Errors
/// The database does not answer.
pub(crate) async fn entomb(
    tx: &DatabaseTransaction,
    system: &System,
    user: UserId,
    sha256: &str,
) -> Result<Option<ObjectKey>, JobsError> {
    let key = ObjectKey::bundle(user, sha256)?;
    if !Db::try_lock_object(tx, key.as_str()).await? {
        return Ok(None);
    }
    let standing = tombstones::Entity::find_by_id(key.as_str()).count(tx).await?;
    if standing > 0 || is_referred(tx, user, sha256).await? {
        return Ok(None);
    }
    let tombstone = tombstones::Model {
        object_key: key.as_str().to_owned(),
        at: system.clock.steady().0,
    };
    tombstones::Entity::insert(tombstone.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(Some(key))
}

/// Deletes an object if nobody refers to it; whether it did.
///
/// # Errors
/// The database or the store does not answer; what was begun is finished by the sweep.
pub async fn collect(system: &System, user: UserId, sha256: &str) -> Result<bool, JobsError> {
    let tx = system.db.begin().await?;
    let Some(key) = entomb(&tx, system, user, sha256).await? else {
        return Ok(false);
    };
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

/// Takes the claims of a job that has ended out of the database, and puts tombstones over what nobody refers to any
/// more; to be buried after the commit.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn drop_claims(
    tx: &DatabaseTransaction,
    system: &System,
    row: &JobRow,
) -> Result<Vec<ObjectKey>, JobsError> {
    let of_job = || {
        Condition::all()
            .add(stage_outputs::Column::JobId.eq(row.model.id))
            .add(stage_outputs::Column::Content.is_null())
    };
    let claims = stage_outputs::Entity::find().filter(of_job()).all(tx).await?;
    stage_outputs::Entity::delete_many()
        .filter(of_job())
        .exec(tx)
        .await?;
    let mut graves = Vec::new();
    for claim in claims {
        graves.extend(entomb(tx, system, row.user_id(), &claim.sha256).await?);
    }
    Ok(graves)
}

/// Buries what was entombed, after the commit. A store that does not answer is the sweep's affair.
pub(crate) async fn bury_all(system: &System, graves: Vec<ObjectKey>) {
    for key in graves {
        let buried = match failpoint::reached(Failpoint::ObjectTombstoned).await {
            Ok(()) => bury(system, &key).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = buried {
            tracing::warn!(object.key = %key, error = %error, "object not deleted yet");
        }
    }
}
