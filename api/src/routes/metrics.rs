//! What was counted.

use actix_web::{HttpResponse, web};
use songwalker_jobs::System;
use songwalker_jobs::sweep::gauges;

use super::{Answer, State};
use crate::meter::Meter;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Read metrics
#[utoipa::path(get, path = "/metrics", tag = "service", operation_id = "getMetrics",
    responses((status = 200, description = "In the form that Prometheus reads.", body = String, content_type = "text/plain")))]
pub async fn show(state: State) -> Answer {
    Ok(answer(&state.system, &state.meter).await)
}

/// The same on a listener of its own, which asks for no key.
pub async fn alone(system: web::Data<System>, meter: web::Data<Meter>) -> HttpResponse {
    answer(&system, &meter).await
}

/// Gauges are taken at this moment, so that the age of a sweep grows though nobody sweeps any more (R12).
async fn answer(system: &System, meter: &Meter) -> HttpResponse {
    if let Err(error) = gauges::tell(system).await {
        tracing::warn!(error.code = error.code().name(), error = %error, "gauges not told");
    }
    HttpResponse::Ok().content_type(PROMETHEUS).body(meter.render())
}
