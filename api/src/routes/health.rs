//! Whether the process lives, and whether it can work.

use actix_web::HttpResponse;

use super::{Answer, State};
use crate::readiness::Health;

/// Is it alive?
#[utoipa::path(get, path = "/health/live", tag = "service", operation_id = "getLive",
    responses((status = 200, description = "The process answers.", body = Health)))]
pub async fn live() -> Answer {
    Ok(HttpResponse::Ok().json(Health::ALIVE))
}

/// Is it ready?
///
/// Asks the database, the store, the queue and the workers. A process without workers is `degraded`, and not unready, while
/// store or queue do not answer: it takes jobs.
#[utoipa::path(get, path = "/health/ready", tag = "service", operation_id = "getReady",
    responses((status = 200, description = "Everything answers that is needed.", body = Health)))]
pub async fn ready(state: State) -> Answer {
    Ok(HttpResponse::Ok().json(state.readiness.check(&state.system).await?))
}
