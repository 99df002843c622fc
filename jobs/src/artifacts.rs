//! What a job made, as its user and those whom a share invites get it: parts of the bundle, with the name under which
//! a browser keeps them and the hash by which it knows them again.
//!
//! Every part but the bundle itself is a file of the zip that the manifest lists, checked against the manifest (R6);
//! nothing else is served, and no prompt is in there (R10). The caller brings the row, so a deleted job has no artifacts.

mod cache;
mod content;
mod names;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use cache::BundleCache;
pub(crate) use content::Content;

use crate::error::JobsError;
use crate::read;
use crate::row::JobRow;
use crate::system::System;
use content::path;

/// A file for somebody to take.
#[derive(Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What is in it.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of that, lower-case hex: its strong `ETag`.
    pub sha256: String,
    /// What it is.
    pub content_type: &'static str,
    /// A name for it that every file system takes; letters of any script.
    pub filename: String,
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artifact")
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

const JSON: &str = "application/json";
const FLAC: &str = "audio/flac";
const PNG: &str = "image/png";
const ZIP: &str = "application/zip";

/// The bundle.
///
/// # Errors
/// The row has none, or none any more; the store does not give it, or not as it was made. So for all that follow.
pub async fn bundle(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    let content = content(system, row).await?;
    Ok(Artifact {
        bytes: Arc::clone(&content.zip),
        sha256: content.sha256.clone(),
        content_type: ZIP,
        filename: names::filename(row, ".zip"),
    })
}

/// The patch.
///
/// # Errors
/// As [`bundle`].
pub async fn patch(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    part(system, row, path::PATCH, JSON, ".json").await
}

/// How the patch sounds.
///
/// # Errors
/// As [`bundle`].
pub async fn preview(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    part(system, row, path::PREVIEW, FLAC, ".flac").await
}

/// How the variations differ from the patch: the bundle's own document, as `songwalker_schemas::VariationsDiff`.
///
/// # Errors
/// As [`bundle`].
pub async fn variations(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    part(system, row, path::VARIATIONS, JSON, " variations.json").await
}

/// How the variation with this id sounds.
///
/// # Errors
/// As [`bundle`]; there is no such variation, or its sound did not fit into the bundle.
pub async fn variation_preview(system: &System, row: &JobRow, id: &str) -> Result<Artifact, JobsError> {
    let path = path::variation(id).ok_or(JobsError::NotFound("variation"))?;
    part(system, row, &path, FLAC, &format!(" {id}.flac")).await
}

/// What was measured.
///
/// # Errors
/// As [`bundle`].
pub async fn analysis(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    part(system, row, path::ANALYSIS, JSON, " analysis.json").await
}

/// The preview as a picture.
///
/// # Errors
/// As [`bundle`].
pub async fn spectrogram(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    part(system, row, path::SPECTROGRAM, PNG, ".png").await
}

/// The preview's outline.
///
/// # Errors
/// As [`bundle`].
pub async fn waveform(system: &System, row: &JobRow) -> Result<Artifact, JobsError> {
    part(system, row, path::WAVEFORM, JSON, " waveform.json").await
}

/// The documents that a page about the sound is made of, by their paths in the bundle: patch, measures, outline,
/// variations.
///
/// # Errors
/// As [`bundle`].
pub async fn documents(system: &System, row: &JobRow) -> Result<BTreeMap<String, Vec<u8>>, JobsError> {
    let content = content(system, row).await?;
    let files = [path::PATCH, path::ANALYSIS, path::WAVEFORM, path::VARIATIONS]
        .into_iter()
        .filter_map(|path| Some((path.to_owned(), content.files.get(path)?.bytes.to_vec())))
        .collect();
    Ok(files)
}

/// The file of the bundle at `path`, as an artifact whose name ends in `suffix`.
async fn part(
    system: &System,
    row: &JobRow,
    path: &str,
    content_type: &'static str,
    suffix: &str,
) -> Result<Artifact, JobsError> {
    let content = content(system, row).await?;
    let file = content.files.get(path).ok_or(JobsError::NotFound("artifact"))?;
    Ok(Artifact {
        bytes: Arc::clone(&file.bytes),
        sha256: file.sha256.clone(),
        content_type,
        filename: names::filename(row, suffix),
    })
}

/// The row's bundle, opened and checked, out of the cache where it is there.
async fn content(system: &System, row: &JobRow) -> Result<Arc<Content>, JobsError> {
    let key = read::published(row)?;
    let load = async {
        let zip = read::bundle(system, row).await?;
        let sha256 = key.sha256().to_owned();
        let listed = row.model.manifest_sha256.clone().unwrap_or_default();
        tokio::task::spawn_blocking(move || Content::open(zip, sha256, &listed))
            .await
            .map_err(|_| JobsError::Internal("opening a bundle stopped".to_owned()))?
            .map_err(|fault| JobsError::Internal(format!("the bundle {key} {fault}")))
    };
    system.bundles().get_or_load(&key, load).await
}
