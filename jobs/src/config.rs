//! The configuration: one typed struct from four layers, the later one winning: defaults, a TOML file, environment
//! variables `SONGWALKER__SECTION__KEY`, flags.
//!
//! A key that does not exist is an error that names the key and where it came from; so is a value that would break an
//! invariant. Secrets come from the environment or a file and never leave as text (R10).

mod check;
mod layers;
mod sections;
mod span;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use sections::{
    Auth, Database, Llm, Log, LogFormat, Metrics, Queue, Quotas, Redis, Retention, Retry, Scheduler, Server,
    Store, Telemetry, Webhooks, Worker,
};
pub use span::{Span, SpanError};

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where everything that is kept lies.
    pub data_dir: PathBuf,
    /// Where the rows are.
    pub database: Database,
    /// Where bundles lie.
    pub store: Store,
    /// Where rates are counted and changes are told beyond this process.
    pub redis: Redis,
    /// The HTTP server.
    pub server: Server,
    /// Who may come in.
    pub auth: Auth,
    /// How jobs are run.
    pub worker: Worker,
    /// The language model that plans, where one is named.
    pub llm: Llm,
    /// How jobs wait.
    pub queue: Queue,
    /// How long a failed attempt waits for the next one.
    pub retry: Retry,
    /// What happens by the clock.
    pub scheduler: Scheduler,
    /// How long things are kept.
    pub retention: Retention,
    /// Whether limits of plans are enforced.
    pub quotas: Quotas,
    /// What is sent to webhooks.
    pub webhooks: Webhooks,
    /// The log.
    pub log: Log,
    /// The metrics.
    pub metrics: Metrics,
    /// The traces.
    pub telemetry: Telemetry,
    /// Which layer each key comes from, where it is not the default.
    #[serde(skip)]
    origins: BTreeMap<String, String>,
}

/// What the caller knows of the layers.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A configuration file, which must then exist; none: `config.toml` in the configuration directory, if it exists.
    pub file: Option<PathBuf>,
    /// The data directory that a flag named.
    pub data_dir: Option<PathBuf>,
    /// Other flags: dotted key and value.
    pub overrides: Vec<(String, String)>,
}

/// What is wrong with a configuration: every fault that was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The faults, at least one.
    pub faults: Vec<ConfigFault>,
}

/// One fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The dotted key; none where the whole source cannot be read.
    pub key: Option<String>,
    /// Where the value comes from: a file, an environment variable, the command line, the defaults.
    pub source: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{key} {} ({})", self.problem, self.source),
            None => write!(f, "{} ({})", self.problem, self.source),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        for (i, fault) in self.faults.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads all layers and checks the result.
    ///
    /// # Errors
    /// A file cannot be read, a key does not exist, a value is of the wrong type or refused.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        layers::load(sources, std::env::vars_os())
    }

    /// The defaults with another data directory and a free port: for tests.
    #[must_use]
    pub fn for_tests(data_dir: impl Into<PathBuf>) -> Self {
        let server = Server {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..Server::default()
        };
        Self {
            data_dir: data_dir.into(),
            server,
            ..Self::default()
        }
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> &str {
        self.origins.get(key).map_or("default", String::as_str)
    }

    /// Every key with its value in force and where that comes from, in the order of the keys. Secrets as `***`.
    #[must_use]
    pub fn describe(&self) -> Vec<(String, String, String)> {
        let leaves = layers::leaves(self);
        leaves
            .into_iter()
            .map(|(key, value)| {
                let origin = self.origin(&key).to_owned();
                (key, value, origin)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
