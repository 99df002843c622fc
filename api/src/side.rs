//! The side listener: metrics and health without a key, for whoever watches over a process. The API's own process has
//! one where `metrics.listen` names it; processes without an API have nothing else that listens.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer, ResponseError};
use songwalker_jobs::System;
use tokio::runtime::Handle;
use tokio_util::context::TokioContext;
use tokio_util::sync::CancellationToken;

use crate::frame;
use crate::meter::Meter;
use crate::readiness::{Readiness, WorkersProbe};
use crate::routes::{health, metrics};
use crate::server::{BindError, listen};

/// How long requests may go on when it is to stop.
const STOP: u64 = 1;

/// A side listener of a process without an API: bound, not served yet.
pub struct Side {
    /// Where it listens; none where the configuration names no place.
    pub addr: Option<SocketAddr>,
    listener: Option<TcpListener>,
    system: System,
    meter: Meter,
    readiness: Arc<Readiness>,
}

impl Side {
    /// Binds to `metrics.listen`. Readiness asks `probe` too.
    ///
    /// # Errors
    /// The address is in use or none of this machine.
    pub fn bind(system: System, probe: Option<WorkersProbe>) -> Result<Self, BindError> {
        let meter = Meter::of_process().map_err(|error| BindError::Metrics(error.to_string()))?;
        let (listener, addr) = system.config.metrics.listen.map(listen).transpose()?.unzip();
        Ok(Self {
            addr,
            listener,
            system,
            meter,
            readiness: Arc::new(Readiness::new(probe)),
        })
    }

    /// Serves until `stopping` is set.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn run(self, stopping: CancellationToken) -> std::io::Result<()> {
        let meter = self.meter.clone();
        let Some(listener) = self.listener else {
            let _ = stopping.run_until_cancelled(meter.keep_up()).await;
            return Ok(());
        };
        let server = serve(listener, &self.system, self.meter, self.readiness)?;
        let handle = server.handle();
        let stop = async {
            let _ = stopping.run_until_cancelled(meter.keep_up()).await;
            handle.stop(true).await;
        };
        let (served, ()) = tokio::join!(server, stop);
        served
    }
}

/// The side listener as a server.
pub(crate) fn serve(
    listener: TcpListener,
    system: &System,
    meter: Meter,
    readiness: Arc<Readiness>,
) -> std::io::Result<actix_web::dev::Server> {
    let system = system.clone();
    let runtime = Handle::current();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(meter.clone()))
            .app_data(Data::new(system.clone()))
            .app_data(Data::new(runtime.clone()))
            .app_data(Data::from(Arc::clone(&readiness)))
            .route("/metrics", web::get().to(metrics::alone))
            .route("/health/live", web::get().to(health::live))
            .route("/health/ready", web::get().to(ready))
            .default_service(web::to(frame::not_found))
    })
    .workers(1)
    .max_connections(64)
    .disable_signals()
    .shutdown_timeout(STOP)
    .listen(listener)?;
    Ok(server.run())
}

/// What is opened to ask lives on the runtime of the process, see `ApiState::runtime`.
async fn ready(system: Data<System>, runtime: Data<Handle>, readiness: Data<Readiness>) -> HttpResponse {
    match TokioContext::new(readiness.check(&system), (**runtime).clone()).await {
        Ok(health) => HttpResponse::Ok().json(health),
        Err(error) => error.error_response(),
    }
}
