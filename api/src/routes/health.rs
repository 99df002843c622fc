//! Whether the process lives, and whether it can work.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, State};

/// How the service is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `alive`, `ready`.
    status: &'static str,
}

/// Is it alive?
#[utoipa::path(get, path = "/health/live", tag = "service", operation_id = "getLive",
    responses((status = 200, description = "The process answers.", body = Health)))]
pub async fn live() -> Answer {
    Ok(HttpResponse::Ok().json(Health { status: "alive" }))
}

/// Is it ready?
///
/// Asks the database, the store, the queue and the workers.
#[utoipa::path(get, path = "/health/ready", tag = "service", operation_id = "getReady",
    responses((status = 200, description = "Everything answers.", body = Health)))]
pub async fn ready(state: State) -> Answer {
    state.readiness.check(&state.system).await?;
    Ok(is_ready())
}

/// Says that everything answers.
pub fn is_ready() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ready" })
}
