//! A bundle becomes the result of its job (R6): claim its object, put it, record that it is there, and only then, under
//! the fence, let the row say `succeeded`. Each step can be lost and done again.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use songwalker_schemas::job::{JobState, Stage};
use songwalker_schemas::wire::EventKind;

use crate::attempt::{changed, put_output, running};
use crate::claim::Ownership;
use crate::counts;
use crate::entity::{plans, stage_outputs, users};
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::objects;
use crate::ports::{ObjectKey, PortError};
use crate::row;
use crate::system::System;

mod together;

pub(crate) use together::Success;
use together::succeed_all;

/// What the row says of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The sound's name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// The hash over its manifest.
    pub manifest_sha256: String,
}

/// A bundle that is in the store, or claimed to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packaged {
    /// SHA-256 of the zip, lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// What the row will say of it.
    pub about: About,
}

impl Packaged {
    pub(crate) fn of(output: &stage_outputs::Model) -> Result<Self, JobsError> {
        Ok(Self {
            sha256: output.sha256.clone(),
            bytes: u64::try_from(output.bytes).unwrap_or(0),
            about: serde_json::from_str(output.about.as_deref().unwrap_or_default())?,
        })
    }
}

/// How often a put is tried within one attempt.
const PUTS: u32 = 3;
/// The pause between two of them.
const BETWEEN_PUTS: Duration = Duration::from_millis(100);

/// Claims the bundle's object and puts it into the store. An answer that was lost is no harm: what lies there under
/// the hash of its bytes is what was to be put.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`]; the store does not take it.
pub async fn store(
    system: &System,
    own: &Ownership,
    packaged: &Packaged,
    bundle: Arc<[u8]>,
) -> Result<(), JobsError> {
    let key = ObjectKey::bundle(own.user_id, &packaged.sha256)?;
    record(system, own, packaged, false).await?;
    failpoint::reached(Failpoint::PackagingClaimed).await?;
    put(system, &key, bundle).await?;
    failpoint::reached(Failpoint::ObjectPut).await?;
    record(system, own, packaged, true).await?;
    failpoint::reached(Failpoint::PackagingStored).await?;
    Ok(())
}

/// Whether the store has the bundle that an earlier attempt put by, whole and young enough to be kept.
///
/// # Errors
/// The store does not answer.
pub async fn is_stored(system: &System, own: &Ownership, packaged: &Packaged) -> Result<bool, JobsError> {
    let key = ObjectKey::bundle(own.user_id, &packaged.sha256)?;
    Ok(match system.store.get(&key).await {
        Ok(found) => found.is_some(),
        Err(PortError::Corrupt(_)) => false,
        Err(error) => return Err(error.into()),
    })
}

async fn record(
    system: &System,
    own: &Ownership,
    packaged: &Packaged,
    stored: bool,
) -> Result<(), JobsError> {
    let key = ObjectKey::bundle(own.user_id, &packaged.sha256)?;
    let tx = objects::begin_without_tombstone(system, &key).await?;
    running(&tx, own).await?;
    let output = stage_outputs::Model {
        job_id: own.job_id.0,
        user_id: own.user_id.0,
        stage: Stage::Packaging.name().to_owned(),
        fence: own.fence,
        sha256: packaged.sha256.clone(),
        bytes: i64::try_from(packaged.bytes).unwrap_or(i64::MAX),
        content: None,
        about: Some(serde_json::to_string(&packaged.about)?),
        stored,
        at: system.clock.now().0,
    };
    let before = stage_outputs::Entity::find_by_id((own.job_id.0, Stage::Packaging.name().to_owned()))
        .one(&tx)
        .await?;
    put_output(&tx, output).await?;
    // An earlier attempt, of another version of the program, may have packed other bytes.
    let mut graves = Vec::new();
    if let Some(before) = before.filter(|before| before.sha256 != packaged.sha256) {
        graves.extend(objects::entomb(&tx, system, own.user_id, &before.sha256).await?);
    }
    tx.commit().await?;
    objects::bury_all(system, graves).await;
    Ok(())
}

async fn put(system: &System, key: &ObjectKey, bundle: Arc<[u8]>) -> Result<(), JobsError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match system.store.put(key, Arc::clone(&bundle)).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if let Ok(Some(_)) = system.store.get(key).await {
            tracing::info!(object.key = %key, "object found after its put had failed");
            return Ok(());
        }
        if tries == PUTS || !error.retryable() {
            return Err(error.into());
        }
        tokio::time::sleep(BETWEEN_PUTS).await;
    }
}

/// The row says `succeeded`: from here on the bundle is visible.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`].
pub async fn succeed(system: &System, own: &Ownership, packaged: &Packaged) -> Result<(), JobsError> {
    let graves = match in_company(system, own, packaged).await {
        Some(said) => said?,
        None => say(system, own, packaged).await?,
    };
    failpoint::reached(Failpoint::PublishingCommitted).await?;
    changed(system, own);
    objects::bury_all(system, graves).await;
    tracing::info!(job.id = %own.job_id, job.fence = own.fence, bundle.sha256 = packaged.sha256, "job succeeded");
    Ok(())
}

/// Together with other attempts that come to this point now; nothing where it is to be done alone.
async fn in_company(
    system: &System,
    own: &Ownership,
    packaged: &Packaged,
) -> Option<Result<Vec<ObjectKey>, JobsError>> {
    if !system.db.is_shared() {
        return None;
    }
    let success = Success {
        own: *own,
        packaged: packaged.clone(),
    };
    system.successes().join(system, success, succeed_all).await
}

/// Alone; what is to be buried.
async fn say(system: &System, own: &Ownership, packaged: &Packaged) -> Result<Vec<ObjectKey>, JobsError> {
    let key = ObjectKey::bundle(own.user_id, &packaged.sha256)?;
    let tx = objects::begin_without_tombstone(system, &key).await?;
    let mut row = running(&tx, own).await?;
    let keep = keep(&tx, system, &row).await?;
    let event = success(system, &mut row, packaged, keep)?;
    row::save(&tx, &mut row, Some(event)).await?;
    let graves = objects::drop_claims(&tx, system, &row).await?;
    tx.commit().await?;
    counts::succeeded(&row);
    Ok(graves)
}

/// The step to `succeeded` with the result, and the event that tells of it; to be saved.
fn success(
    system: &System,
    row: &mut row::JobRow,
    packaged: &Packaged,
    keep: Option<Duration>,
) -> Result<NewEvent, JobsError> {
    let now = system.clock.now();
    row.end_stage(system.clock.steady())?;
    row.step(JobState::Succeeded, now)?;
    row.model.progress = 1.0;
    row.model.error = None;
    row.model.bundle_sha256 = Some(packaged.sha256.clone());
    row.model.bundle_bytes = Some(i64::try_from(packaged.bytes).unwrap_or(i64::MAX));
    row.model.manifest_sha256 = Some(packaged.about.manifest_sha256.clone());
    row.model.sound_name = Some(packaged.about.name.clone());
    row.model.category = Some(packaged.about.category.clone());
    row.model.retain_until = keep.map(|span| now.plus(span).0);
    Ok(NewEvent::new(EventKind::State, now, "succeeded"))
}

/// How long the artifacts of a job are kept.
async fn keep(
    tx: &sea_orm::DatabaseTransaction,
    system: &System,
    row: &row::JobRow,
) -> Result<Option<Duration>, JobsError> {
    let plan = match users::Entity::find_by_id(row.model.user_id).one(tx).await? {
        Some(user) => plans::Entity::find_by_id(user.plan).one(tx).await?,
        None => None,
    };
    Ok(plan.and_then(|plan| system.keep_artifacts_of(plan.keep_artifacts_ms)))
}
