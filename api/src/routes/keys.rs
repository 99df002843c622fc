//! API keys of one's own.

use actix_web::HttpResponse;
use songwalker_jobs::keys;
use songwalker_schemas::KeyId;
use songwalker_schemas::wire::{CreateKey, Key, NewKey, Page};

use super::{Answer, State};
use crate::access::Signed;
use crate::body::Body;
use crate::identifier::Id;

/// Make a key
///
/// With no more scopes than the key that asks. Its secret is told here and never again.
#[utoipa::path(post, path = "/v1/keys", tag = "account", operation_id = "createKey",
    request_body = CreateKey,
    responses((status = 201, description = "The key, with its secret.", body = NewKey)))]
pub async fn create(state: State, signed: Signed, body: Body<CreateKey>) -> Answer {
    let caller = signed.0;
    let key = keys::create(&state.system, caller.user_id, body.0, &caller.scopes).await?;
    Ok(HttpResponse::Created().json(key))
}

/// List keys
///
/// Without their secrets, newest first: all that work, and the youngest of those that do no more.
#[utoipa::path(get, path = "/v1/keys", tag = "account", operation_id = "listKeys",
    responses((status = 200, description = "The keys.", body = Page<Key>)))]
pub async fn list(state: State, signed: Signed) -> Answer {
    let items = keys::list(&state.system, signed.0.user_id).await?;
    let page = Page {
        items,
        next_cursor: None,
    };
    Ok(HttpResponse::Ok().json(page))
}

/// Revoke a key
///
/// It works no more at once, nor do the sessions that it opened. Again is harmless.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "account", operation_id = "revokeKey",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 204, description = "It works no more.")))]
pub async fn revoke(state: State, signed: Signed, id: Id<KeyId>) -> Answer {
    keys::revoke(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
