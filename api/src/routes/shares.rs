//! Shares, for whoever made them.

use actix_web::{HttpRequest, HttpResponse};
use songwalker_jobs::shares;
use songwalker_schemas::wire::{CreateShare, NewShare, Page, Share};
use songwalker_schemas::{JobId, ShareId};

use super::jobs::with_next;
use super::{Answer, State};
use crate::access::Signed;
use crate::body::OptionalBody;
use crate::identifier::Id;
use crate::query::Query;

/// Share a job
///
/// Makes a link under which anybody can hear and download the sound, for seven days where nothing else is said. The
/// link shows the patch and its name, never the prompt. Its token is told here and never again.
#[utoipa::path(post, path = "/v1/jobs/{id}/shares", tag = "shares", operation_id = "createShare",
    params(("id" = Uuid, Path, description = "The job.")),
    request_body(content = Option<CreateShare>),
    responses((status = 201, description = "The share, with its token.", body = NewShare)))]
pub async fn create(state: State, signed: Signed, id: Id<JobId>, body: OptionalBody<CreateShare>) -> Answer {
    let share = shares::create(&state.system, signed.0.user_id, id.0, body.0).await?;
    Ok(HttpResponse::Created().json(share))
}

/// List shares
///
/// Newest first, ended ones too.
#[utoipa::path(get, path = "/v1/shares", tag = "shares", operation_id = "listShares",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", pattern = "^[0-9a-f]{1,15}\\.[0-9a-f]{32}$"),
        ("limit" = Option<u64>, Query, description = "How many; 20 where nothing is said.", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "A page of shares.", body = Page<Share>, headers(
        ("Link" = String, description = "The next page, `rel=\"next\"`, where there is one.")))))]
pub async fn list(state: State, signed: Signed, request: HttpRequest) -> Answer {
    let (cursor, limit) = Query::place(&request)?;
    let page = shares::list(&state.system, signed.0.user_id, cursor.as_deref(), limit).await?;
    Ok(with_next(&request, page.next_cursor.as_deref()).json(page))
}

/// Revoke a share
///
/// The very next request with its token finds nothing. Again is harmless.
#[utoipa::path(delete, path = "/v1/shares/{id}", tag = "shares", operation_id = "revokeShare",
    params(("id" = Uuid, Path, description = "The share.")),
    responses((status = 204, description = "It works no more.")))]
pub async fn revoke(state: State, signed: Signed, id: Id<ShareId>) -> Answer {
    shares::revoke(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
