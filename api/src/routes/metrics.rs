//! What was counted.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use songwalker_jobs::System;
use songwalker_jobs::sweep::gauges;

use super::{Answer, State};
use crate::meter::Meter;
use crate::readiness::Readiness;

/// How long the gauges may take.
const PATIENCE: Duration = Duration::from_secs(3);
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Read metrics
#[utoipa::path(get, path = "/metrics", tag = "service", operation_id = "getMetrics",
    responses((status = 200, description = "In the form that Prometheus reads.", body = String, content_type = "text/plain")))]
pub async fn show(state: State) -> Answer {
    Ok(answer(&state.system, &state.meter, &state.readiness).await)
}

/// The same on a listener of its own, which asks for no key.
pub async fn alone(
    system: web::Data<System>,
    meter: web::Data<Meter>,
    readiness: web::Data<Readiness>,
) -> HttpResponse {
    answer(&system, &meter, &readiness).await
}

/// Gauges are taken at this moment, so that the age of a sweep grows though nobody sweeps any more (R12). What answers late
/// or not at all keeps nobody waiting: the parts say which it is, the other gauges stay as they were.
async fn answer(system: &System, meter: &Meter, readiness: &Readiness) -> HttpResponse {
    let gauges = tokio::time::timeout(PATIENCE, gauges::tell(system));
    let (_, told) = tokio::join!(readiness.check(system), gauges);
    match told {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error.code = error.code().name(), error = %error, "gauges not told");
        }
        Err(_) => tracing::warn!("gauges not told in time"),
    }
    HttpResponse::Ok().content_type(PROMETHEUS).body(meter.render())
}
