//! What is counted in this process, in the form that Prometheus reads. One recorder for the whole process: a second
//! server in it counts into the same one. Labels are patterns of addresses, methods and statuses: nothing that a client
//! typed (R10).

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the time that requests take, seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
const HTTP_SECONDS: &str = "songwalker_http_request_seconds";
const HTTP_TOTAL: &str = "songwalker_http_requests_total";

/// The recorder of the process.
#[derive(Debug, Clone)]
pub struct Meter(PrometheusHandle);

impl Meter {
    /// The process's recorder, installed when first asked for.
    ///
    /// # Errors
    /// Another recorder is installed already.
    pub fn of_process() -> Result<Self, BuildError> {
        static METER: OnceLock<Meter> = OnceLock::new();
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = METER.get() {
            return Ok(meter.clone());
        }
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(HTTP_SECONDS.to_owned()), &REQUEST_SECONDS)?
            .install_recorder()?;
        Ok(METER.get_or_init(|| Self(handle)).clone())
    }

    /// Everything that was counted, as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Counts a request that was answered.
pub fn answered(method: &'static str, route: &str, status: u16, took: Duration) {
    let route = route.to_owned();
    metrics::counter!(HTTP_TOTAL, "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!(HTTP_SECONDS, "method" => method, "route" => route).record(took.as_secs_f64());
}
