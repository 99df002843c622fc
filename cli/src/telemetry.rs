//! What a process says of itself while it runs: its log, its metrics, and, where a collector is named, its traces.

#[cfg(feature = "otlp")]
mod otlp;

use songwalker_api::Meter;
use songwalker_jobs::Config;
use songwalker_schemas::ErrorCode;

use crate::failure::Failure;
use crate::logging;

/// What listens to this process; [`Telemetry::finish`] it before the process ends.
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    traces: Option<otlp::Traces>,
}

impl Telemetry {
    /// Starts it for a part of the service, none where the whole is in this process. Before anything else: what is counted
    /// before there is somebody who counts is not counted. Within the runtime.
    ///
    /// # Errors
    /// `invalid_request` where the filter of the log is none, or this program knows no traces and is to send some.
    pub fn start(config: &Config, part: Option<&str>) -> Result<Self, Failure> {
        Meter::of_process().map_err(|error| {
            Failure::new(
                ErrorCode::Unavailable,
                format!("metrics cannot be set up: {error}"),
            )
        })?;
        #[cfg(feature = "otlp")]
        {
            let (traces, listener) = otlp::start(config, part)?.unzip();
            logging::of_server(config, listener)?;
            Ok(Self { traces })
        }
        #[cfg(not(feature = "otlp"))]
        {
            let _ = part;
            if config.telemetry.otlp_endpoint.is_some() {
                let key = "telemetry.otlp_endpoint";
                let message = format!(
                    "{key} is set ({}), but this build of songwalker sends no traces",
                    config.origin(key)
                );
                return Err(Failure::new(ErrorCode::InvalidRequest, message)
                    .with_hint("build with `--features distributed` (it has otlp), or remove the setting"));
            }
            logging::of_server(config, None)?;
            Ok(Self {})
        }
    }

    /// Sends what is still to be sent, as far as that goes within a moment.
    pub async fn finish(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces {
            traces.finish().await;
        }
    }
}
