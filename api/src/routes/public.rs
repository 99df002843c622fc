//! What a share's link opens, for anybody: the page, and sound, picture and files that it shows. A token that is
//! unknown, expired or revoked gets the same answer, byte for byte. Nothing here is to be indexed, kept by others or
//! told to other sites; no address of it stands in a log (R10).

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use songwalker_jobs::artifacts;
use songwalker_jobs::row::JobRow;
use songwalker_jobs::shares::{self, Shared};
use songwalker_schemas::ErrorCode;

use super::artifacts::send_bundle;
use super::{Answer, State};
use crate::artifact::{Disposition, answer};
use crate::error::ApiError;
use crate::frame::OwnForm;
use crate::pages::{self, PageError, ShareLinks, SharePage};

/// Open a share
///
/// The page of a sound: player, waveform, spectrogram, macros, download. Where there is no such share, browsers get a
/// page and everybody else an error.
#[utoipa::path(get, path = "/s/{token}", tag = "public", operation_id = "openShare",
    params(("token" = String, Path, description = "The share's token.")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn page(state: State, request: HttpRequest, token: web::Path<String>) -> Answer {
    let shared = match shares::open(&state.system, &token).await {
        Ok(shared) => shared,
        Err(error) => return refused(&request, error.into()),
    };
    let bytes = shared.row.model.bundle_bytes.unwrap_or(0);
    let page = match artifacts::documents(&state.system, &shared.row).await {
        Ok(files) => SharePage::from_files(
            &files,
            u64::try_from(bytes).unwrap_or(0),
            ShareLinks::of_token(&token),
            Some(shared.expires_at),
        ),
        Err(error) => return refused(&request, error.into()),
    };
    let html = page.and_then(|page| pages::share(&page)).map_err(unreadable)?;
    Ok(html_page(HttpResponse::Ok()).body(html))
}

/// Hear a share
#[utoipa::path(get, path = "/s/{token}/preview", tag = "public", operation_id = "getSharedPreview",
    params(("token" = String, Path, description = "The share's token."), ("Range" = Option<String>, Header, description = "One stretch of bytes.", example = "bytes=0-1023")),
    responses(
        (status = 200, description = "The sound.", body = Vec<u8>, content_type = "audio/flac", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "audio/flac"),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn preview(state: State, request: HttpRequest, token: web::Path<String>) -> Answer {
    let row = row(&state, &token).await?;
    let artifact = artifacts::preview(&state.system, &row).await.map_err(lost)?;
    answer(request.headers(), artifact, Disposition::Inline).map(unlisted)
}

/// Download a share's bundle
#[utoipa::path(get, path = "/s/{token}/bundle", tag = "public", operation_id = "getSharedBundle",
    params(("token" = String, Path, description = "The share's token."), ("Range" = Option<String>, Header, description = "One stretch of bytes.", example = "bytes=0-1023")),
    responses(
        (status = 200, description = "The bundle.", body = Vec<u8>, content_type = "application/zip", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "application/zip"),
        (status = 304, description = "As it was: `If-None-Match` names it."),
        (status = 307, description = "It is there, for 60 seconds: the store signed the address.", headers(("Location" = String, description = "Where the bundle is."))),
    ))]
pub async fn bundle(state: State, request: HttpRequest, token: web::Path<String>) -> Answer {
    let row = row(&state, &token).await?;
    let sent = send_bundle(&state, &request, &row).await;
    sent.map(unlisted).map_err(alike)
}

/// Download a share's patch
#[utoipa::path(get, path = "/s/{token}/patch", tag = "public", operation_id = "getSharedPatch",
    params(("token" = String, Path, description = "The share's token.")),
    responses(
        (status = 200, description = "The patch, a PatchSpec.", body = Object, content_type = "application/json", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn patch(state: State, request: HttpRequest, token: web::Path<String>) -> Answer {
    let row = row(&state, &token).await?;
    let artifact = artifacts::patch(&state.system, &row).await.map_err(lost)?;
    answer(request.headers(), artifact, Disposition::Attachment).map(unlisted)
}

/// See a share
#[utoipa::path(get, path = "/s/{token}/spectrogram", tag = "public", operation_id = "getSharedSpectrogram",
    params(("token" = String, Path, description = "The share's token.")),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/png", headers(("ETag" = String, description = "The hash of the content."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn spectrogram(state: State, request: HttpRequest, token: web::Path<String>) -> Answer {
    let row = row(&state, &token).await?;
    let artifact = artifacts::spectrogram(&state.system, &row).await.map_err(lost)?;
    answer(request.headers(), artifact, Disposition::Inline).map(unlisted)
}

async fn row(state: &State, token: &str) -> Result<JobRow, ApiError> {
    let shared: Result<Shared, _> = shares::open(&state.system, token).await;
    shared.map(|shared| shared.row).map_err(lost)
}

fn lost(error: songwalker_jobs::JobsError) -> ApiError {
    alike(error.into())
}

/// Whatever the reason for which a share shows nothing, the answer is the same.
fn alike(error: ApiError) -> ApiError {
    let error = match error.code() {
        ErrorCode::NotFound | ErrorCode::Gone => ApiError::not_found("share"),
        _ => error,
    };
    error.with(ROBOTS, "noindex, nofollow")
}

const ROBOTS: header::HeaderName = header::HeaderName::from_static("x-robots-tag");

fn unlisted(mut answer: HttpResponse) -> HttpResponse {
    answer
        .headers_mut()
        .insert(ROBOTS, header::HeaderValue::from_static("noindex, nofollow"));
    answer
}

/// There is no such share, or the service cannot look: for people as a page, for programs as the envelope.
fn refused(request: &HttpRequest, error: ApiError) -> Answer {
    let error = alike(error);
    let is_browser = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !is_browser || error.code() != ErrorCode::NotFound {
        return Err(error.with(header::VARY, "Accept"));
    }
    request.extensions_mut().insert(OwnForm);
    let html = pages::gone().map_err(unreadable)?;
    Ok(html_page(HttpResponse::NotFound()).body(html))
}

fn unreadable(error: PageError) -> ApiError {
    tracing::error!(error = %error, "page not made");
    ApiError::internal()
}

/// The headers of a page of a share.
fn html_page(mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
    answer
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, pages::csp()))
        .insert_header((header::VARY, "Accept"))
        .insert_header((ROBOTS, "noindex, nofollow"));
    answer
}
