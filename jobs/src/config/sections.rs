//! The sections of the configuration and their defaults: what the embedded service uses when nobody says otherwise.
//!
//! Owns names, types and defaults; what is refused is in `check.rs`. Limits that depend on a user's plan are rows of
//! the database, not configuration.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::span::{Span, or_keep};
use crate::secret::Secret;
use crate::webhooks::address::Network;

/// Where the rows are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The address of a PostgreSQL database, `postgres://user:password@host/name`; none: a file in the data directory.
    pub url: Option<Secret>,
    /// A file that holds the address, in place of `url`.
    pub url_file: Option<PathBuf>,
    /// How many connections a process opens at most.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            connections: 16,
        }
    }
}

/// Where bundles lie.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The bucket of an S3 store; none: files in the data directory.
    pub bucket: Option<String>,
    /// The address of the store; none: Amazon's for the region.
    pub endpoint: Option<String>,
    /// The address by which browsers reach the store, where it is another one.
    pub public_endpoint: Option<String>,
    /// Whether downloads of bundles lead to the store, by addresses that it signed; else they go through the server.
    pub redirect: bool,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket stands in the path of the address, not in its host name; most stores but Amazon's want that.
    pub path_style: bool,
    /// What stands before every key in the bucket; empty, or ending in a slash.
    pub prefix: String,
    /// The key by which this program is known to the store.
    pub access_key: Option<Secret>,
    /// A file that holds the key, in place of `access_key`.
    pub access_key_file: Option<PathBuf>,
    /// The secret that belongs to it.
    pub secret_key: Option<Secret>,
    /// A file that holds the secret, in place of `secret_key`.
    pub secret_key_file: Option<PathBuf>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            bucket: None,
            endpoint: None,
            public_endpoint: None,
            redirect: true,
            region: "us-east-1".to_owned(),
            path_style: true,
            prefix: String::new(),
            access_key: None,
            access_key_file: None,
            secret_key: None,
            secret_key_file: None,
        }
    }
}

/// Where rates are counted and changes are told beyond this process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// The address of a Redis server, `redis://:password@host:port/0`; none: each process counts and tells for itself.
    pub url: Option<Secret>,
    /// A file that holds the address, in place of `url`.
    pub url_file: Option<PathBuf>,
    /// What stands before every key and channel.
    pub prefix: String,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            prefix: "songwalker".to_owned(),
        }
    }
}

/// The HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address by which others reach it, without a slash at its end; share links start with it.
    pub public_url: Option<String>,
    /// How many connections may be open at once.
    pub max_connections: usize,
    /// How long a client may take to send its request.
    pub client_timeout: Span,
    /// The largest body of a request.
    pub body_bytes: usize,
    /// Names by which the server may be called, beside its own address.
    pub trusted_hosts: Vec<String>,
    /// Networks of proxies whose word counts for who asks, and whether by TLS.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7761)),
            public_url: None,
            max_connections: 10_000,
            client_timeout: Span::from_secs(10),
            body_bytes: 262_144,
            trusted_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

/// Who may come in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How long a browser stays logged in.
    pub session: Span,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            session: Span::from_days(30),
        }
    }
}

/// How jobs are run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// How many jobs run at once; none: half of the machine's cores, at least one.
    pub slots: Option<usize>,
    /// How often an owner says that it lives.
    pub heartbeat: Span,
    /// How long a job stays its owner's without a heartbeat.
    pub lease: Span,
    /// After how long an attempt is asked to stop.
    pub soft_deadline: Span,
    /// After how long an attempt is killed.
    pub hard_deadline: Span,
    /// How long a child may take to stop before it is killed (R8: at most half a second).
    pub cancel_grace: Span,
    /// How often an owner looks whether its job shall stop (R8: at least every second).
    pub cancel_poll: Span,
    /// How long running jobs may go on at shutdown before they are handed back.
    pub shutdown_grace: Span,
    /// How much memory a child may reserve: at least 1 GiB.
    pub child_memory_bytes: u64,
    /// How many threads a child computes with.
    pub child_cores: usize,
    /// After how many jobs a child is replaced.
    pub child_jobs: u32,
    /// How often a job may be claimed (R7).
    pub max_attempts: u32,
}

impl Worker {
    /// How many jobs run at once on this machine.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots.unwrap_or_else(|| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            (cores / 2).max(1)
        })
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            slots: None,
            heartbeat: Span::from_secs(10),
            lease: Span::from_secs(30),
            soft_deadline: Span::from_secs(45),
            hard_deadline: Span::from_secs(60),
            cancel_grace: Span::from_millis(500),
            cancel_poll: Span::from_secs(1),
            shutdown_grace: Span::from_secs(20),
            child_memory_bytes: 2 << 30,
            child_cores: 2,
            child_jobs: 200,
            max_attempts: 3,
        }
    }
}

/// The language model that plans, where one is named.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// The address of an endpoint that speaks OpenAI's chat completions, as in `https://api.openai.com/v1`; none: there is
    /// no model.
    pub base_url: Option<String>,
    /// The name by which it knows the model.
    pub model: Option<String>,
    /// The key that it wants.
    pub key: Option<Secret>,
    /// A file that holds the key, in place of `key`.
    pub key_file: Option<PathBuf>,
    /// How long asking may take, with repairs and waits.
    pub deadline: Span,
    /// How long the model may say nothing.
    pub silence: Span,
    /// The most tokens of one answer.
    pub answer_tokens: u32,
    /// What a million tokens cost that it reads, in any currency; none: not known.
    pub input_price: Option<f64>,
    /// What a million tokens cost that it writes, in the same.
    pub output_price: Option<f64>,
    /// The most tokens of a job, read and written together; none: no limit.
    pub job_tokens: Option<u64>,
    /// The most tokens of a user in a day (UTC).
    pub user_day_tokens: Option<u64>,
    /// The most tokens of everybody in a day.
    pub day_tokens: Option<u64>,
    /// The most that a job may cost; needs the prices.
    pub job_cost: Option<f64>,
    /// The most that a user may cost in a day.
    pub user_day_cost: Option<f64>,
    /// The most that everybody may cost in a day.
    pub day_cost: Option<f64>,
}

impl Llm {
    /// The model's name, where there is one to be asked.
    #[must_use]
    pub fn named(&self) -> Option<&str> {
        self.base_url.as_ref().and(self.model.as_deref())
    }

    /// What so many tokens cost, in millionths of the currency, rounded up; 0 where no price is known.
    #[must_use]
    pub fn cost_micros(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        let price = |price: Option<f64>, tokens: u64| price.unwrap_or(0.0) * tokens as f64;
        let micros = price(self.input_price, input_tokens) + price(self.output_price, output_tokens);
        micros.ceil() as u64
    }

    /// Whether it is known what tokens cost.
    #[must_use]
    pub const fn has_prices(&self) -> bool {
        self.input_price.is_some() && self.output_price.is_some()
    }
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            base_url: None,
            model: None,
            key: None,
            key_file: None,
            deadline: Span::from_secs(25),
            silence: Span::from_secs(10),
            answer_tokens: 1_500,
            input_price: None,
            output_price: None,
            job_tokens: Some(100_000),
            user_day_tokens: None,
            day_tokens: None,
            job_cost: None,
            user_day_cost: None,
            day_cost: None,
        }
    }
}

/// How jobs wait.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The address of a RabbitMQ server, `amqp://user:password@host/vhost`; none: hints stay in this process.
    pub url: Option<Secret>,
    /// A file that holds the address, in place of `url`.
    pub url_file: Option<PathBuf>,
    /// What the names of our queues and exchanges start with.
    pub prefix: String,
    /// How long a job may wait for a worker.
    pub wait_deadline: Span,
    /// After how long a job that still waits gets another hint.
    pub rehint_after: Span,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            prefix: "songwalker".to_owned(),
            wait_deadline: Span::from_secs(900),
            rehint_after: Span::from_secs(60),
        }
    }
}

/// How long a failed attempt waits for the next one: `base · factor^(attempt − 1)`, at most `max`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The wait after the first attempt.
    pub base: Span,
    /// By what each wait is longer than the one before.
    pub factor: u32,
    /// The longest wait.
    pub max: Span,
    /// The part of a wait by which it may be shorter or longer, 0..1.
    pub jitter: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            base: Span::from_secs(1),
            factor: 4,
            max: Span::from_secs(60),
            jitter: 0.2,
        }
    }
}

/// What happens by the clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduler {
    /// How often due rows are looked for.
    pub sweep_every: Span,
    /// How often everything is looked through.
    pub full_sweep_every: Span,
    /// How many rows one step takes.
    pub batch: u64,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self {
            sweep_every: Span::from_secs(1),
            full_sweep_every: Span::from_secs(60),
            batch: 100,
        }
    }
}

/// How long things are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Artifacts, from the end of their job; none (`keep`): until somebody deletes them.
    #[serde(with = "or_keep")]
    pub artifacts: Option<Span>,
    /// Prompts, from their acceptance; none (`keep`): until somebody deletes them.
    #[serde(with = "or_keep")]
    pub prompts: Option<Span>,
    /// The events of a job, from its end.
    pub events: Span,
    /// What a job's stages gave, from its end.
    pub stage_outputs: Span,
    /// An object to which no row refers, from when it was written (R6).
    pub objects_grace: Span,
    /// An `Idempotency-Key`.
    pub idempotency: Span,
    /// A share for which nobody named a time.
    pub share_default: Span,
    /// The longest time that a share may be given.
    pub share_max: Span,
    /// Within what time an erasure is done.
    pub erase_within: Span,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            artifacts: None,
            prompts: None,
            events: Span::from_hours(24),
            stage_outputs: Span::from_hours(24),
            objects_grace: Span::from_hours(24),
            idempotency: Span::from_hours(24),
            share_default: Span::from_days(7),
            share_max: Span::from_days(365),
            erase_within: Span::from_hours(24),
        }
    }
}

/// Whether limits of plans are enforced.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Whether they are.
    pub enabled: bool,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is sent to webhooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// How long sending may take.
    pub timeout: Span,
    /// Networks of one's own to which it may be sent, also without TLS.
    pub allow_private: Vec<Network>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            timeout: Span::from_secs(10),
            allow_private: Vec::new(),
        }
    }
}

/// The log, on standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What a line looks like.
    pub format: LogFormat,
    /// What is logged, in the form of `tracing`'s filters.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// The metrics.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// A listener of their own; none: the server's, for keys with the admin scope.
    pub listen: Option<SocketAddr>,
}

/// The traces.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// The address of an OTLP collector over HTTP, such as `http://127.0.0.1:4318`; none: there are no traces.
    pub otlp_endpoint: Option<String>,
    /// What the traces call this service.
    pub service_name: String,
    /// Which part of the traces that begin here is kept, 0..1.
    pub sample_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            service_name: "songwalker".to_owned(),
            sample_ratio: 1.0,
        }
    }
}
