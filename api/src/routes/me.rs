//! One's own account.

use actix_web::HttpResponse;
use songwalker_jobs::account;
use songwalker_schemas::wire::{Erasure, Me, Usage};

use super::{Answer, State};
use crate::access::Signed;

/// Look at the account
#[utoipa::path(get, path = "/v1/me", tag = "account", operation_id = "getMe",
    responses((status = 200, description = "The account, and what this key may do.", body = Me)))]
pub async fn show(state: State, signed: Signed) -> Answer {
    Ok(HttpResponse::Ok().json(account::me(&state.system, &signed.0).await?))
}

/// Look at what is used
#[utoipa::path(get, path = "/v1/me/usage", tag = "account", operation_id = "getUsage",
    responses((status = 200, description = "What is used, and what may be.", body = Usage)))]
pub async fn usage(state: State, signed: Signed) -> Answer {
    let usage = account::usage(&state.system, signed.0.user_id).await?;
    Ok(HttpResponse::Ok().json(usage))
}

/// Erase the account
///
/// Its keys and links work no more at once; everything of it is erased within the time that the receipt says.
#[utoipa::path(delete, path = "/v1/me", tag = "account", operation_id = "eraseMe",
    responses((status = 202, description = "The receipt.", body = Erasure)))]
pub async fn erase(state: State, signed: Signed) -> Answer {
    let receipt = account::erase(&state.system, signed.0.user_id).await?;
    Ok(HttpResponse::Accepted().json(receipt))
}
