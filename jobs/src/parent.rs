//! The bundle that a job's sound is made from. The job names it by its manifest's hash, so any bundle of its user with
//! that hash is it: the parent itself may have been deleted while another job of the same content is there.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use songwalker_schemas::UserId;

use crate::entity::jobs;
use crate::error::JobsError;
use crate::read;
use crate::system::System;

/// The zip of a user's bundle with that manifest hash; nothing where there is none any more.
///
/// # Errors
/// The database or the store does not answer, or not as it was told.
pub async fn bundle(
    system: &System,
    user: UserId,
    manifest_sha256: &str,
) -> Result<Option<Vec<u8>>, JobsError> {
    let row = jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::ManifestSha256.eq(manifest_sha256))
        .filter(jobs::Column::BundleSha256.is_not_null())
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .order_by_desc(jobs::Column::Id)
        .one(system.db.read())
        .await?;
    let Some(row) = row else { return Ok(None) };
    match read::bundle(system, &row.into()).await {
        Ok(zip) => Ok(Some(zip)),
        Err(JobsError::NotFound(_) | JobsError::Gone(_)) => Ok(None),
        Err(other) => Err(other),
    }
}
