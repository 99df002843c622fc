//! What every request can reach.

use std::sync::Arc;

use songwalker_jobs::System;
use songwalker_schemas::wire::Version;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::feed::Feeds;
use crate::host::Hosts;
use crate::meter::Meter;
use crate::readiness::Readiness;

/// Shared by all threads of the server; clones are the same state.
#[derive(Clone)]
pub struct ApiState {
    /// The job domain.
    pub system: System,
    /// Who listens to which job.
    pub feeds: Feeds,
    /// By which names the server may be called.
    pub hosts: Arc<Hosts>,
    /// Whether the service can do its work.
    pub readiness: Arc<Readiness>,
    /// What was counted.
    pub meter: Meter,
    /// What the program is.
    pub version: Arc<Version>,
    /// The runtime of the process. What a request opens lives there: the server's own threads end before the process
    /// does, and a connection of a pool that was opened on one of them would end with it, under whoever uses it next.
    pub runtime: Handle,
    /// Set when the server is to stop: streams and waits end.
    pub stopping: CancellationToken,
}

#[cfg(test)]
impl ApiState {
    /// The state of a server that listens nowhere.
    pub fn of_test(system: &songwalker_jobs::testing::TestSystem) -> Self {
        let stopping = CancellationToken::new();
        let system = system.system.clone();
        Self {
            feeds: Feeds::start(system.clone(), Handle::current(), stopping.clone()),
            hosts: Arc::new(Hosts::of(&system.config.server, system.config.server.listen)),
            readiness: Arc::new(Readiness::new(None)),
            meter: Meter::of_process().unwrap(),
            version: Arc::new(Version {
                binary: String::new(),
                commit: None,
                engine: String::new(),
                generator: String::new(),
                schemas: String::new(),
            }),
            system,
            runtime: Handle::current(),
            stopping,
        }
    }
}
