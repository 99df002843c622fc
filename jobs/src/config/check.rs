//! What a configuration may not say: values that would break an invariant or that cannot be meant. All of it is found
//! at once, before anything starts.

use std::time::Duration;

use super::{Config, Span};
use crate::secret::Secret;

/// The reservation below which a child cannot start (`RLIMIT_AS` counts reservations).
const CHILD_MEMORY_MIN_BYTES: u64 = 1 << 30;

/// The smallest limit that lets the longest lawful request in, with every character escaped.
const BODY_MIN_BYTES: usize = 65_536;

/// Every fault, as key and problem.
pub(super) fn faults(config: &Config) -> Vec<(&'static str, String)> {
    let mut faults = Faults(Vec::new());
    services(config, &mut faults);
    server(config, &mut faults);
    worker(config, &mut faults);
    llm(config, &mut faults);
    waits(config, &mut faults);
    retention(config, &mut faults);
    if config.log.filter.trim().is_empty() {
        faults.add("log.filter", "is empty");
    }
    telemetry(&config.telemetry, &mut faults);
    faults.0
}

struct Faults(Vec<(&'static str, String)>);

impl Faults {
    fn add(&mut self, key: &'static str, problem: impl Into<String>) {
        self.0.push((key, problem.into()));
    }

    fn unless(&mut self, holds: bool, key: &'static str, problem: &str) {
        if !holds {
            self.add(key, problem);
        }
    }

    fn not_zero(&mut self, key: &'static str, span: Span) {
        self.unless(!span.duration().is_zero(), key, "must be longer than nothing");
    }
}

/// The services that this program uses.
fn services(config: &Config, faults: &mut Faults) {
    let schemes: [(&'static str, &Option<Secret>, &[&str]); 3] = [
        (
            "database.url",
            &config.database.url,
            &["postgres://", "postgresql://"],
        ),
        ("queue.url", &config.queue.url, &["amqp://", "amqps://"]),
        ("redis.url", &config.redis.url, &["redis://", "rediss://"]),
    ];
    for (key, url, schemes) in schemes {
        if let Some(url) = url
            && !schemes.iter().any(|scheme| url.expose().starts_with(scheme))
        {
            faults.add(key, format!("must start with {}", schemes.join(" or ")));
        }
    }
    faults.unless(
        (1..=1_000).contains(&config.database.connections),
        "database.connections",
        "must be from 1 to 1000",
    );
    for (key, prefix) in [
        ("queue.prefix", &config.queue.prefix),
        ("redis.prefix", &config.redis.prefix),
    ] {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let holds = (1..=64).contains(&prefix.len()) && prefix.chars().all(plain);
        faults.unless(holds, key, "must be 1 to 64 of a–z, A–Z, 0–9, -, _ and .");
    }
    store(&config.store, faults);
}

fn store(store: &super::Store, faults: &mut Faults) {
    let has_address = store.endpoint.is_some()
        || store.public_endpoint.is_some()
        || store.access_key.is_some()
        || store.secret_key.is_some();
    if store.bucket.is_none() {
        faults.unless(
            !has_address,
            "store.bucket",
            "is missing, but the rest of a store is named",
        );
        return;
    }
    faults.unless(store.access_key.is_some(), "store.access_key", "is missing");
    faults.unless(store.secret_key.is_some(), "store.secret_key", "is missing");
    let is_http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    for (key, endpoint) in [
        ("store.endpoint", &store.endpoint),
        ("store.public_endpoint", &store.public_endpoint),
    ] {
        faults.unless(
            endpoint.as_ref().is_none_or(is_http),
            key,
            "must start with http:// or https://",
        );
    }
    let prefix = &store.prefix;
    let is_folder = prefix.is_empty() || (prefix.ends_with('/') && !prefix.starts_with('/'));
    faults.unless(
        is_folder,
        "store.prefix",
        "must be empty or end in a slash, and not start with one",
    );
}

fn server(config: &Config, faults: &mut Faults) {
    let server = &config.server;
    if let Some(problem) = server.public_url.as_deref().and_then(public_url_problem) {
        faults.add("server.public_url", problem);
    }
    faults.unless(
        server.max_connections > 0,
        "server.max_connections",
        "must be at least 1",
    );
    faults.not_zero("server.client_timeout", server.client_timeout);
    let large_enough = server.body_bytes >= BODY_MIN_BYTES;
    faults.unless(
        large_enough,
        "server.body_bytes",
        "must be at least 65536, the largest lawful request",
    );
    for host in &server.trusted_hosts {
        let plain = !host.is_empty() && !host.contains(|c: char| c == '/' || c == '@' || c.is_whitespace());
        faults.unless(
            plain,
            "server.trusted_hosts",
            "are names such as example.org or example.org:8080",
        );
    }
    faults.not_zero("auth.session", config.auth.session);
    faults.not_zero("webhooks.timeout", config.webhooks.timeout);
}

/// What is wrong with the address by which others reach the server.
fn public_url_problem(url: &str) -> Option<&'static str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some("must start with https:// or http://");
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return Some("names no host");
    }
    if host.contains('@') {
        return Some("must not hold a user name or password");
    }
    if url.contains(['?', '#']) {
        return Some("must not have a query or a fragment");
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\')) {
        return Some("holds a character that no address has");
    }
    if rest.contains("//") {
        return Some("has an empty part in its path");
    }
    None
}

fn worker(config: &Config, faults: &mut Faults) {
    let worker = &config.worker;
    faults.unless(worker.slots != Some(0), "worker.slots", "must be at least 1");
    faults.not_zero("worker.heartbeat", worker.heartbeat);
    let lease = worker.lease.duration();
    let survives = lease > 2 * worker.heartbeat.duration();
    faults.unless(
        survives,
        "worker.lease",
        "must be longer than two heartbeats (worker.heartbeat)",
    );
    faults.not_zero("worker.soft_deadline", worker.soft_deadline);
    let later = worker.hard_deadline > worker.soft_deadline;
    faults.unless(
        later,
        "worker.hard_deadline",
        "must be later than worker.soft_deadline",
    );
    let short = worker.cancel_grace.duration() <= Duration::from_millis(500);
    faults.unless(
        short,
        "worker.cancel_grace",
        "must be at most 500ms: a job stops within two seconds",
    );
    faults.not_zero("worker.cancel_poll", worker.cancel_poll);
    let often = worker.cancel_poll.duration() <= Duration::from_secs(1);
    faults.unless(
        often,
        "worker.cancel_poll",
        "must be at most 1s: a job stops within two seconds",
    );
    let roomy = worker.child_memory_bytes >= CHILD_MEMORY_MIN_BYTES;
    faults.unless(
        roomy,
        "worker.child_memory_bytes",
        "must be at least 1073741824 (1 GiB)",
    );
    faults.unless(worker.child_cores > 0, "worker.child_cores", "must be at least 1");
    faults.unless(worker.child_jobs > 0, "worker.child_jobs", "must be at least 1");
    faults.unless(
        (1..=10).contains(&worker.max_attempts),
        "worker.max_attempts",
        "must be from 1 to 10",
    );
}

/// A model that is asked must be named, and asking it must leave time for the rest of an attempt.
fn llm(config: &Config, faults: &mut Faults) {
    let llm = &config.llm;
    let Some(base_url) = &llm.base_url else { return };
    if let Some(problem) = public_url_problem(base_url) {
        faults.add("llm.base_url", problem);
    }
    let is_named = llm.model.as_ref().is_some_and(|name| {
        (1..=128).contains(&name.chars().count())
            && !name.contains(|c: char| c.is_control() || c.is_whitespace())
    });
    faults.unless(
        is_named,
        "llm.model",
        "must name a model, in 1 to 128 characters without spaces",
    );
    faults.not_zero("llm.deadline", llm.deadline);
    faults.not_zero("llm.silence", llm.silence);
    let leaves_time =
        2 * llm.deadline.duration().as_millis() <= 3 * config.worker.soft_deadline.duration().as_millis() / 2;
    faults.unless(
        leaves_time,
        "llm.deadline",
        "must be at most three quarters of worker.soft_deadline: the sound has to be made after it",
    );
    faults.unless(
        (200..=32_000).contains(&llm.answer_tokens),
        "llm.answer_tokens",
        "must be from 200 to 32000",
    );
    let amounts = [
        ("llm.input_price", llm.input_price),
        ("llm.output_price", llm.output_price),
        ("llm.job_cost", llm.job_cost),
        ("llm.user_day_cost", llm.user_day_cost),
        ("llm.day_cost", llm.day_cost),
    ];
    for (key, amount) in amounts {
        let is_one = amount.is_none_or(|amount| (0.0..=1e9).contains(&amount));
        faults.unless(is_one, key, "must be an amount of money from 0 to 1000000000");
    }
    for (key, cap) in &amounts[2..] {
        let is_priced = cap.is_none() || llm.has_prices();
        faults.unless(
            is_priced,
            key,
            "needs llm.input_price and llm.output_price: without them nobody knows a cost",
        );
    }
}

fn waits(config: &Config, faults: &mut Faults) {
    faults.not_zero("queue.wait_deadline", config.queue.wait_deadline);
    faults.not_zero("queue.rehint_after", config.queue.rehint_after);
    let retry = &config.retry;
    faults.not_zero("retry.base", retry.base);
    faults.unless(retry.factor > 0, "retry.factor", "must be at least 1");
    faults.unless(
        retry.max >= retry.base,
        "retry.max",
        "must not be shorter than retry.base",
    );
    faults.unless(
        (0.0..=1.0).contains(&retry.jitter),
        "retry.jitter",
        "must be from 0 to 1",
    );
    let scheduler = &config.scheduler;
    faults.not_zero("scheduler.sweep_every", scheduler.sweep_every);
    let rarer = scheduler.full_sweep_every >= scheduler.sweep_every;
    faults.unless(
        rarer,
        "scheduler.full_sweep_every",
        "must not be shorter than scheduler.sweep_every",
    );
    faults.unless(
        (1..=10_000).contains(&scheduler.batch),
        "scheduler.batch",
        "must be from 1 to 10000",
    );
}

fn telemetry(telemetry: &super::Telemetry, faults: &mut Faults) {
    if let Some(problem) = telemetry.otlp_endpoint.as_deref().and_then(public_url_problem) {
        faults.add("telemetry.otlp_endpoint", problem);
    }
    faults.unless(
        !telemetry.service_name.trim().is_empty(),
        "telemetry.service_name",
        "is empty",
    );
    faults.unless(
        (0.0..=1.0).contains(&telemetry.sample_ratio),
        "telemetry.sample_ratio",
        "must be from 0 to 1",
    );
}

fn retention(config: &Config, faults: &mut Faults) {
    let retention = &config.retention;
    for (key, span) in [
        ("retention.artifacts", retention.artifacts),
        ("retention.prompts", retention.prompts),
    ] {
        if let Some(span) = span {
            faults.not_zero(key, span);
        }
    }
    faults.not_zero("retention.idempotency", retention.idempotency);
    faults.not_zero("retention.share_default", retention.share_default);
    let within = retention.share_default <= retention.share_max;
    faults.unless(
        within,
        "retention.share_max",
        "must not be shorter than retention.share_default",
    );
    // A publisher that writes anew what is older than half the grace must have ended before the other half has.
    let outlives = retention.objects_grace.duration() > 2 * config.worker.hard_deadline.duration();
    faults.unless(
        outlives,
        "retention.objects_grace",
        "must be longer than two worker.hard_deadline",
    );
}
