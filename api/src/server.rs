//! The server as a whole: bound first, so that a port in use is said at once, then run until it is told to stop.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use songwalker_jobs::{JobsError, System, keys};
use songwalker_schemas::ErrorCode;
use songwalker_schemas::wire::Version;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::feed::Feeds;
use crate::host::Hosts;
use crate::meter::Meter;
use crate::operations;
use crate::readiness::{Readiness, WorkersProbe};
use crate::state::ApiState;
use crate::{descriptors, frame, side};

/// How many connections wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Threads that serve requests; jobs need the cores more.
const MOST_THREADS: usize = 4;
/// How long a connection without a request stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a client may take to go.
const DISCONNECT: Duration = Duration::from_secs(2);
/// How long requests may go on when the server is to stop; streams and waits end at once.
const STOP: u64 = 10;

/// What the server is told by whoever starts it.
#[derive(Clone)]
pub struct ApiOptions {
    /// What the program is.
    pub version: Version,
    /// Whether the workers of this process are in order, where there are some.
    pub workers: Option<WorkersProbe>,
}

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{0} is in use")]
    InUse(SocketAddr),
    /// The address cannot be listened at.
    #[error("cannot listen at {0}: {1}")]
    Unusable(SocketAddr, std::io::Error),
    /// Others could reach it, and nobody has a key yet.
    #[error(
        "{0} can be reached from other machines, and there is no key yet but this machine's own token: \
         make one with `songwalker admin key add`, or listen at 127.0.0.1"
    )]
    NoKeys(SocketAddr),
    /// What counts cannot be set up.
    #[error("metrics cannot be set up: {0}")]
    Metrics(String),
    /// The job domain does not answer.
    #[error(transparent)]
    Jobs(#[from] JobsError),
}

impl BindError {
    /// The code under which it leaves the product.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InUse(_) => ErrorCode::Conflict,
            Self::Unusable(..) | Self::Metrics(_) => ErrorCode::Unavailable,
            Self::NoKeys(_) => ErrorCode::Forbidden,
            Self::Jobs(error) => error.code(),
        }
    }
}

/// The server, not yet bound.
#[derive(Debug)]
pub struct Api;

/// A server that has its address and does not serve yet.
pub struct BoundApi {
    /// Where it listens.
    pub local_addr: SocketAddr,
    /// Where its metrics are, where they have a listener of their own.
    pub metrics_addr: Option<SocketAddr>,
    system: System,
    options: ApiOptions,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    meter: Meter,
}

impl Api {
    /// Binds to the addresses of the configuration.
    ///
    /// # Errors
    /// An address is in use or none of this machine; it could be reached from elsewhere while there are no keys.
    pub async fn bind(system: System, options: ApiOptions) -> Result<BoundApi, BindError> {
        let wanted = system.config.server.listen;
        if !is_loopback(wanted.ip()) && !keys::any_beside_local(&system).await? {
            return Err(BindError::NoKeys(wanted));
        }
        let meter = Meter::of_process().map_err(|error| BindError::Metrics(error.to_string()))?;
        let (listener, local_addr) = listen(wanted)?;
        let metrics = system.config.metrics.listen.map(listen).transpose()?;
        let (metrics_listener, metrics_addr) = metrics.unzip();
        Ok(BoundApi {
            local_addr,
            metrics_addr,
            system,
            options,
            listener,
            metrics_listener,
            meter,
        })
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

pub(crate) fn listen(at: SocketAddr) -> Result<(TcpListener, SocketAddr), BindError> {
    let unusable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => BindError::InUse(at),
        _ => BindError::Unusable(at, error),
    };
    let listener = TcpListener::bind(at).map_err(unusable)?;
    listener.set_nonblocking(true).map_err(unusable)?;
    let local = listener.local_addr().map_err(unusable)?;
    Ok((listener, local))
}

impl BoundApi {
    /// The address of the server as a browser on this machine reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        let mut at = self.local_addr;
        if at.ip().is_unspecified() {
            at.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{at}")
    }

    /// Serves until `stopping` is set; then streams end, requests that are under way are answered, and nothing more is
    /// taken.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn run(self, stopping: CancellationToken) -> std::io::Result<()> {
        let server = &self.system.config.server;
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .clamp(2, MOST_THREADS);
        let connections = descriptors::make_room(server.max_connections);
        let readiness = Arc::new(Readiness::new(self.options.workers.clone()));
        let state = ApiState {
            feeds: Feeds::start(self.system.clone(), Handle::current(), stopping.clone()),
            hosts: Arc::new(Hosts::of(server, self.local_addr)),
            readiness: Arc::clone(&readiness),
            meter: self.meter.clone(),
            version: Arc::new(self.options.version.clone()),
            system: self.system.clone(),
            runtime: Handle::current(),
            stopping: stopping.clone(),
        };
        let main = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(state.clone()))
                .configure(operations::configure)
                .wrap(from_fn(frame::around))
        })
        .workers(threads)
        .max_connections(connections.div_ceil(threads))
        .backlog(BACKLOG)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(server.client_timeout.duration())
        .client_disconnect_timeout(DISCONNECT)
        .shutdown_timeout(STOP)
        .disable_signals()
        .listen(self.listener)?
        .run();
        let meter = self.meter.clone();
        let metrics = self
            .metrics_listener
            .map(|listener| side::serve(listener, &self.system, self.meter, Arc::clone(&readiness)))
            .transpose()?;
        let handles: Vec<_> = [
            Some(main.handle()),
            metrics.as_ref().map(actix_web::dev::Server::handle),
        ]
        .into_iter()
        .flatten()
        .collect();
        let stop = async {
            let _ = stopping.run_until_cancelled(meter.keep_up()).await;
            readiness.go_down();
            // The side listener tells that until the last request is answered.
            for handle in &handles {
                handle.stop(true).await;
            }
        };
        let both = async {
            match metrics {
                Some(metrics) => tokio::try_join!(main, metrics).map(|_| ()),
                None => main.await,
            }
        };
        let (served, ()) = tokio::join!(
            async {
                let served = both.await;
                // One that broke takes the other with it.
                stopping.cancel();
                served
            },
            stop
        );
        served
    }
}
