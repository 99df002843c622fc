//! From a bundle to the job's result, or from where an attempt before this one lost hold of it (R6).

use std::sync::Arc;

use songwalker_jobs::publish::{self, About, Packaged};
use songwalker_schemas::Stage;

use super::progress::begin;
use super::{Attempt, Failure};
use crate::child::Made;

/// The bundle that an earlier attempt put by, where the store has it.
///
/// # Errors
/// The store does not answer.
pub async fn left(attempt: &Attempt<'_>) -> Result<Option<Packaged>, Failure> {
    match &attempt.work.packaged {
        Some(packaged) if publish::is_stored(attempt.system, attempt.own, packaged).await? => {
            Ok(Some(packaged.clone()))
        }
        _ => Ok(None),
    }
}

/// Publishes what is in the store already.
///
/// # Errors
/// See [`Failure`].
pub async fn again(attempt: &Attempt<'_>, packaged: &Packaged) -> Result<(), Failure> {
    begin(attempt, Stage::Publishing).await?;
    attempt.check()?;
    Ok(publish::succeed(attempt.system, attempt.own, packaged).await?)
}

/// Puts a new bundle into the store and publishes it.
///
/// # Errors
/// See [`Failure`].
pub async fn publish(attempt: &Attempt<'_>, made: Made) -> Result<(), Failure> {
    begin(attempt, Stage::Publishing).await?;
    let packaged = Packaged {
        sha256: made.done.sha256,
        bytes: made.bundle.len() as u64,
        about: About {
            name: made.done.name,
            category: made.done.category.name().to_owned(),
            manifest_sha256: made.done.manifest_sha256,
        },
    };
    let bundle: Arc<[u8]> = made.bundle.into();
    publish::store(attempt.system, attempt.own, &packaged, bundle).await?;
    attempt.check()?;
    Ok(publish::succeed(attempt.system, attempt.own, &packaged).await?)
}
