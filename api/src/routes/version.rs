//! What the program is.

use actix_web::HttpResponse;
use songwalker_schemas::wire::Version;

use super::{Answer, State};

/// See versions
#[utoipa::path(get, path = "/v1/version", tag = "service", operation_id = "getVersion",
    responses((status = 200, description = "What the server is made of.", body = Version)))]
pub async fn show(state: State) -> Answer {
    Ok(HttpResponse::Ok().json(&*state.version))
}
