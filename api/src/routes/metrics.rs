//! What was counted.

use actix_web::{HttpResponse, web};

use super::{Answer, State};
use crate::meter::Meter;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Read metrics
#[utoipa::path(get, path = "/metrics", tag = "service", operation_id = "getMetrics",
    responses((status = 200, description = "In the form that Prometheus reads.", body = String, content_type = "text/plain")))]
pub async fn show(state: State) -> Answer {
    Ok(answer(&state.meter))
}

/// The same on a listener of its own, which asks for no key.
pub async fn alone(meter: web::Data<Meter>) -> HttpResponse {
    answer(&meter)
}

fn answer(meter: &Meter) -> HttpResponse {
    HttpResponse::Ok().content_type(PROMETHEUS).body(meter.render())
}
