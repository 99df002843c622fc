//! Objects to which nobody refers, and half-written files: what a dead or stale worker left in the store (R6). Only
//! what was written long ago is looked at; what a stopped attempt left goes with its end.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;

use crate::entity::{jobs, stage_outputs};
use crate::error::JobsError;
use crate::objects;
use crate::ports::{ObjectInfo, ObjectKey};
use crate::sweep::pass::Pass;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// How many objects are listed at once.
const PAGE: usize = 1000;

/// Deletes them.
///
/// # Errors
/// The store or the database does not answer.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    let grace = system.config.retention.objects_grace.duration();
    let before = system.clock.now().minus(grace);
    let mut pass = Pass::new(Sweep::Strays);
    let mut after = None;
    loop {
        let page = system.store.list("users/", after.take(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.as_str().to_owned());
        let old = page.into_iter().filter(|info| info.written_at <= before);
        for (user, key) in without_rows(system, old.collect()).await? {
            pass.row(&key, objects::collect(system, user, key.sha256())).await;
        }
    }
    let mut swept = pass.swept();
    swept.done += system.store.sweep_partial(grace).await?;
    Ok(swept)
}

/// Those to which no row refers at this moment. Whether that still holds is asked again, under a tombstone, for each:
/// this only spares a transaction for every object that is in use.
async fn without_rows(
    system: &System,
    objects: Vec<ObjectInfo>,
) -> Result<Vec<(UserId, ObjectKey)>, JobsError> {
    let keys: Vec<(UserId, ObjectKey)> = objects
        .into_iter()
        .filter_map(|info| Some((info.key.as_str().split('/').nth(1)?.parse().ok()?, info.key)))
        .collect();
    let mut strays = Vec::new();
    for of_user in keys.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((user, _)) = of_user.first() else {
            continue;
        };
        let referred = referred(system, *user, of_user.iter().map(|(_, key)| key.sha256())).await?;
        let unreferred = of_user.iter().filter(|(_, key)| !referred.contains(key.sha256()));
        strays.extend(unreferred.cloned());
    }
    Ok(strays)
}

async fn referred(
    system: &System,
    user: UserId,
    hashes: impl Iterator<Item = &str> + Clone,
) -> Result<HashSet<String>, JobsError> {
    let published: Vec<String> = jobs::Entity::find()
        .select_only()
        .column(jobs::Column::BundleSha256)
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::BundleSha256.is_in(hashes.clone()))
        .filter(jobs::Column::State.eq(JobState::Succeeded.name()))
        .filter(jobs::Column::ArtifactsDeletedAt.is_null())
        .into_tuple()
        .all(system.db.read())
        .await?;
    let claimed: Vec<String> = stage_outputs::Entity::find()
        .select_only()
        .column(stage_outputs::Column::Sha256)
        .filter(stage_outputs::Column::UserId.eq(user.0))
        .filter(stage_outputs::Column::Sha256.is_in(hashes))
        .filter(stage_outputs::Column::Content.is_null())
        .into_tuple()
        .all(system.db.read())
        .await?;
    Ok(published.into_iter().chain(claimed).collect())
}
