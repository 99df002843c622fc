//! What a job made, for its user.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use songwalker_jobs::ports::ObjectKey;
use songwalker_jobs::row::JobRow;
use songwalker_jobs::{JobsError, artifacts, read};
use songwalker_schemas::JobId;

use super::{Answer, State};
use crate::access::Signed;
use crate::artifact::{Disposition, answer};
use crate::error::ApiError;
use crate::identifier::Id;

/// How long the address of an object that a store signed works.
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// Get the patch
#[utoipa::path(get, path = "/v1/jobs/{id}/patch", tag = "artifacts", operation_id = "getPatch",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 200, description = "The patch, a PatchSpec.", body = Object, content_type = "application/json", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn patch(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let row = row(&state, &signed, id).await?;
    let artifact = artifacts::patch(&state.system, &row).await?;
    answer(request.headers(), artifact, Disposition::Inline)
}

/// Get the preview
///
/// How the patch sounds, FLAC.
#[utoipa::path(get, path = "/v1/jobs/{id}/preview", tag = "artifacts", operation_id = "getPreview",
    params(("id" = Uuid, Path, description = "The job."), ("Range" = Option<String>, Header, description = "One stretch of bytes.", example = "bytes=0-1023")),
    responses(
        (status = 200, description = "The sound.", body = Vec<u8>, content_type = "audio/flac", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "audio/flac"),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn preview(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let row = row(&state, &signed, id).await?;
    let artifact = artifacts::preview(&state.system, &row).await?;
    answer(request.headers(), artifact, Disposition::Inline)
}

/// Get the bundle
///
/// Everything in one zip: patch, presets, preview, variations, manifest.
#[utoipa::path(get, path = "/v1/jobs/{id}/bundle", tag = "artifacts", operation_id = "getBundle",
    params(("id" = Uuid, Path, description = "The job."), ("Range" = Option<String>, Header, description = "One stretch of bytes.", example = "bytes=0-1023")),
    responses(
        (status = 200, description = "The bundle.", body = Vec<u8>, content_type = "application/zip", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "application/zip"),
        (status = 304, description = "As it was: `If-None-Match` names it."),
        (status = 307, description = "It is there, for 60 seconds: the store signed the address.", headers(("Location" = String, description = "Where the bundle is."))),
    ))]
pub async fn bundle(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let row = row(&state, &signed, id).await?;
    send_bundle(&state, &request, &row).await
}

/// The bundle of a row, or the way to it where the store can sign one.
pub async fn send_bundle(state: &State, request: &HttpRequest, row: &JobRow) -> Answer {
    let signed = match (&row.model.bundle_sha256, row.model.artifacts_deleted_at) {
        (Some(sha256), None) => {
            let key = ObjectKey::bundle(row.user_id(), sha256).map_err(JobsError::from)?;
            let name = format!("{sha256}.zip");
            let address = state.system.store.sign_get(&key, SIGNED_FOR, &name).await;
            address.map_err(JobsError::from)?
        }
        _ => None,
    };
    if let Some(address) = signed {
        return Ok(HttpResponse::TemporaryRedirect()
            .insert_header((header::LOCATION, address))
            .finish());
    }
    let artifact = artifacts::bundle(&state.system, row).await?;
    answer(request.headers(), artifact, Disposition::Attachment)
}

/// Get the variations
///
/// How they differ from the patch. Their sounds and presets are in the bundle.
#[utoipa::path(get, path = "/v1/jobs/{id}/variations", tag = "artifacts", operation_id = "getVariations",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 200, description = "The variations, a VariationsDiff.", body = Object, content_type = "application/json", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn variations(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let row = row(&state, &signed, id).await?;
    let artifact = artifacts::variations(&state.system, &row).await?;
    answer(request.headers(), artifact, Disposition::Inline)
}

/// Get the analysis
///
/// What was measured, asked and reached.
#[utoipa::path(get, path = "/v1/jobs/{id}/analysis", tag = "artifacts", operation_id = "getAnalysis",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 200, description = "What was measured, a Report.", body = Object, content_type = "application/json", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn analysis(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let row = row(&state, &signed, id).await?;
    let artifact = artifacts::analysis(&state.system, &row).await?;
    answer(request.headers(), artifact, Disposition::Inline)
}

async fn row(state: &State, signed: &Signed, id: Id<JobId>) -> Result<JobRow, ApiError> {
    Ok(read::row(&state.system, signed.0.user_id, id.0).await?)
}
