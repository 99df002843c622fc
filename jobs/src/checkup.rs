//! How the services stand that a configuration names: asked as the processes would ask, each within a time limit, for
//! `songwalker doctor`. What is tried is undone: nothing stays in any of them. Nothing of what they say is handed on but
//! codes, versions and counts (R10).

#[cfg(feature = "postgres")]
mod postgres;

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};

use crate::config::Config;

/// How long one service may take for all that it is asked.
const PATIENCE: Duration = Duration::from_secs(15);

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Deserves a look.
    Notice,
    /// What needs it cannot work.
    Bad,
}

/// How one service stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The service.
    pub part: &'static str,
    /// How good that is.
    pub verdict: Verdict,
    /// How it is said, with what to do where something is to be done.
    pub words: String,
    /// The same for programs.
    pub facts: Value,
}

impl Finding {
    pub(crate) fn bad(part: &'static str, problem: impl Into<String>) -> Self {
        let words = problem.into();
        Self {
            part,
            verdict: Verdict::Bad,
            facts: json!({ "problem": words }),
            words,
        }
    }
}

#[cfg(any(feature = "postgres", feature = "rabbitmq", feature = "redis", feature = "s3"))]
impl Finding {
    pub(crate) fn good(part: &'static str, words: impl Into<String>, facts: Value) -> Self {
        Self {
            part,
            verdict: Verdict::Good,
            words: words.into(),
            facts,
        }
    }

    /// The same, which deserves a look.
    pub(crate) fn noticed(mut self, what: &str) -> Self {
        self.verdict = self.verdict.max(Verdict::Notice);
        self.words.push_str("; ");
        self.words.push_str(what);
        self
    }

    /// The same, with which nothing can work.
    pub(crate) fn broken(mut self, what: &str) -> Self {
        self = self.noticed(what);
        self.verdict = Verdict::Bad;
        self
    }
}

#[cfg(any(feature = "postgres", feature = "rabbitmq", feature = "redis", feature = "s3"))]
impl Verdict {
    fn max(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bad, _) | (_, Self::Bad) => Self::Bad,
            (Self::Notice, _) | (_, Self::Notice) => Self::Notice,
            (Self::Good, Self::Good) => Self::Good,
        }
    }
}

/// Asks every service that the configuration names, all at once; nothing where it names none.
pub async fn of_services(config: &Config) -> Vec<Finding> {
    if let Err(error) = crate::wiring::check(config) {
        return vec![Finding::bad("build", error.to_string())];
    }
    let (database, queue, redis, store) =
        tokio::join!(database(config), queue(config), redis(config), store(config));
    let mut all = database;
    all.extend([queue, redis, store].into_iter().flatten());
    all
}

#[cfg(feature = "postgres")]
async fn database(config: &Config) -> Vec<Finding> {
    let Some(url) = &config.database.url else {
        return Vec::new();
    };
    match tokio::time::timeout(PATIENCE, postgres::examine(config, url)).await {
        Ok(found) => found,
        Err(_) => vec![late("database")],
    }
}

#[cfg(not(feature = "postgres"))]
async fn database(_: &Config) -> Vec<Finding> {
    Vec::new()
}

async fn queue(config: &Config) -> Option<Finding> {
    #[cfg(feature = "rabbitmq")]
    if config.queue.url.is_some() {
        let examined = crate::adapters::rabbit_queue::checkup::examine(&config.queue);
        return Some(in_time("queue", examined).await);
    }
    let _ = config;
    None
}

/// Nothing is lost without Redis, so what is wrong with it is no more than worth a look.
async fn redis(config: &Config) -> Option<Finding> {
    #[cfg(feature = "redis")]
    if config.redis.url.is_some() {
        let examined = crate::adapters::redis_checkup::examine(&config.redis);
        let mut finding = in_time("redis", examined).await;
        if finding.verdict == Verdict::Bad {
            finding.verdict = Verdict::Notice;
            finding
                .words
                .push_str("; until it is mended each process counts rates alone, and changes are told late");
        }
        return Some(finding);
    }
    let _ = config;
    None
}

async fn store(config: &Config) -> Option<Finding> {
    #[cfg(feature = "s3")]
    if config.store.bucket.is_some() {
        return Some(
            in_time(
                "store",
                crate::adapters::s3_store::checkup::examine(&config.store),
            )
            .await,
        );
    }
    let _ = config;
    None
}

#[cfg_attr(
    not(any(feature = "rabbitmq", feature = "redis", feature = "s3")),
    expect(dead_code, reason = "nothing is asked")
)]
async fn in_time(part: &'static str, examined: impl Future<Output = Finding>) -> Finding {
    tokio::time::timeout(PATIENCE, examined)
        .await
        .unwrap_or_else(|_| late(part))
}

fn late(part: &'static str) -> Finding {
    let within = PATIENCE.as_secs();
    Finding::bad(
        part,
        format!("does not answer within {within} s: is its address right, and is it busy?"),
    )
}
