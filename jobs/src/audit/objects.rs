//! Rows and store beside each other (R6): what a row refers to is there and is what it says; what nobody refers to is
//! on its way out.
//!
//! The rows were read at one moment and the store is looked at afterwards, so whatever does not fit is asked for again
//! before it is called a fault.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, TransactionTrait};
use songwalker_schemas::job::JobState;
use songwalker_schemas::{JobId, UserId};

use super::{Late, Report};
use crate::artifacts::Content;
use crate::entity::{jobs, stage_outputs, tombstones};
use crate::error::JobsError;
use crate::objects::is_referred;
use crate::ports::{ObjectKey, PortError};
use crate::system::System;

/// How many objects are listed at once.
const PAGE: usize = 1000;

/// What the rows refer to.
pub(super) struct Referred {
    /// The jobs whose result an object is.
    published: BTreeMap<ObjectKey, Vec<Published>>,
    /// Objects that attempts claim.
    claimed: BTreeSet<ObjectKey>,
    /// Objects that are being deleted.
    tombstones: Vec<String>,
    /// Jobs whose result names no object.
    nameless: Vec<JobId>,
}

/// What a job says of its bundle.
struct Published {
    job: JobId,
    bytes: Option<i64>,
    manifest_sha256: Option<String>,
}

/// The columns of a job that has a result.
type Row = (Uuid, Uuid, String, Option<i64>, Option<String>);

impl Referred {
    pub(super) async fn read(snapshot: &DatabaseTransaction) -> Result<Self, JobsError> {
        let rows: Vec<Row> = jobs::Entity::find()
            .select_only()
            .columns([
                jobs::Column::Id,
                jobs::Column::UserId,
                jobs::Column::BundleSha256,
                jobs::Column::BundleBytes,
                jobs::Column::ManifestSha256,
            ])
            .filter(jobs::Column::State.eq(JobState::Succeeded.name()))
            .filter(jobs::Column::BundleSha256.is_not_null())
            .filter(jobs::Column::ArtifactsDeletedAt.is_null())
            .into_tuple()
            .all(snapshot)
            .await?;
        let (mut published, mut nameless) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
        for (job, user, sha256, bytes, manifest_sha256) in rows {
            let job = JobId(job);
            match ObjectKey::bundle(UserId(user), &sha256) {
                Ok(key) => published.entry(key).or_default().push(Published {
                    job,
                    bytes,
                    manifest_sha256,
                }),
                Err(_) => nameless.push(job),
            }
        }
        let claims: Vec<(Uuid, String)> = stage_outputs::Entity::find()
            .select_only()
            .columns([stage_outputs::Column::UserId, stage_outputs::Column::Sha256])
            .filter(stage_outputs::Column::Content.is_null())
            .into_tuple()
            .all(snapshot)
            .await?;
        let claimed = claims
            .into_iter()
            .filter_map(|(user, sha256)| ObjectKey::bundle(UserId(user), &sha256).ok())
            .collect();
        let tombstones = tombstones::Entity::find().all(snapshot).await?;
        Ok(Self {
            published,
            claimed,
            tombstones: tombstones.into_iter().map(|stone| stone.object_key).collect(),
            nameless,
        })
    }
}

pub(super) async fn check(
    system: &System,
    referred: Referred,
    late: Option<&Late>,
    deep: bool,
    report: &mut Report,
) -> Result<(), JobsError> {
    let nameless = referred.nameless.iter();
    let mut found: Vec<(Option<JobId>, String)> = nameless
        .map(|job| (Some(*job), "its result names no object".to_owned()))
        .collect();
    for key in &referred.tombstones {
        let in_use = ObjectKey::parse(key).is_ok_and(|key| referred.published.contains_key(&key));
        if in_use {
            found.push((None, format!("{key} is a result and is being deleted")));
        }
    }
    for (key, jobs) in &referred.published {
        let fault = if deep {
            report.looked.read += 1;
            read(system, key, jobs).await?
        } else {
            glance(system, key, jobs).await?
        };
        // Its jobs may have been deleted since the rows were read.
        if let Some(fault) = fault
            && is_referred_now(system, key).await?
        {
            found.extend(jobs.iter().map(|published| (Some(published.job), fault.clone())));
        }
    }
    report.find_all("R6", found);
    strays(system, &referred, late, report).await
}

/// What is wrong with an object, by its length.
async fn glance(system: &System, key: &ObjectKey, jobs: &[Published]) -> Result<Option<String>, JobsError> {
    let Some(info) = system.store.head(key).await? else {
        return Ok(Some("its bundle is not in the store".to_owned()));
    };
    Ok(wrong_length(jobs, info.bytes))
}

/// What is wrong with an object, by every byte.
async fn read(system: &System, key: &ObjectKey, jobs: &[Published]) -> Result<Option<String>, JobsError> {
    let bytes = match system.store.get(key).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Some("its bundle is not in the store".to_owned())),
        Err(PortError::Corrupt(_)) => return Ok(Some("its bundle is not what was stored".to_owned())),
        Err(error) => return Err(error.into()),
    };
    if let Some(fault) = wrong_length(jobs, bytes.len() as u64) {
        return Ok(Some(fault));
    }
    for published in jobs {
        let manifest = published.manifest_sha256.as_deref().unwrap_or_default();
        if let Err(fault) = Content::open(bytes.clone(), key.sha256().to_owned(), manifest) {
            return Ok(Some(format!("its bundle {fault}")));
        }
    }
    Ok(None)
}

fn wrong_length(jobs: &[Published], bytes: u64) -> Option<String> {
    let is_wrong =
        |published: &Published| published.bytes.and_then(|said| u64::try_from(said).ok()) != Some(bytes);
    jobs.iter()
        .any(is_wrong)
        .then(|| "its bundle has another length than it says".to_owned())
}

async fn is_referred_now(system: &System, key: &ObjectKey) -> Result<bool, JobsError> {
    let Some(user) = key.as_str().split('/').nth(1).and_then(|user| user.parse().ok()) else {
        return Ok(false);
    };
    let snapshot = system.db.read().begin().await?;
    let referred = is_referred(&snapshot, user, key.sha256()).await?;
    snapshot.rollback().await?;
    Ok(referred)
}

/// Objects to which nobody refers: counted, and a fault once they are older than they may become.
async fn strays(
    system: &System,
    referred: &Referred,
    late: Option<&Late>,
    report: &mut Report,
) -> Result<(), JobsError> {
    let grace = system.config.retention.objects_grace.duration();
    let oldest = late.map(|late| late.wall.minus(grace));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = system.store.list("users/", after.take(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.as_str().to_owned());
        report.looked.objects += page.len() as u64;
        for object in page {
            let key = &object.key;
            if referred.published.contains_key(key) || referred.claimed.contains(key) {
                continue;
            }
            // A job may have succeeded since the rows were read.
            if is_referred_now(system, key).await? {
                continue;
            }
            report.looked.unreferred += 1;
            if oldest.is_some_and(|oldest| object.written_at < oldest) {
                found.push((None, format!("{key} belongs to no job and was not swept away")));
            }
        }
    }
    report.find_all("R6", found);
    Ok(())
}
