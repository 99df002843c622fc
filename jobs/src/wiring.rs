//! The one place that chooses adapters from the configuration.
//!
//! This build has the embedded ones: SQLite and files in the data directory, queue, limits and signals in this
//! process.

use std::sync::Arc;

use crate::adapters::{DiskStore, EmbeddedQueue, MemoryEventBus, MemoryRateLimiter};
use crate::clock::Clock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::db::Db;
use crate::error::JobsError;
use crate::system::{Catalogue, Parts, System};

/// Refuses a configuration that asks for adapters that this build has not.
///
/// # Errors
/// It names a service.
pub fn check(config: &Config) -> Result<(), JobsError> {
    let asked = [
        (
            "database.url",
            config.database.url.is_some(),
            "postgres",
            cfg!(feature = "postgres"),
        ),
        (
            "queue.url",
            config.queue.url.is_some(),
            "rabbitmq",
            cfg!(feature = "rabbitmq"),
        ),
        (
            "redis.url",
            config.redis.url.is_some(),
            "redis",
            cfg!(feature = "redis"),
        ),
        (
            "store.bucket",
            config.store.bucket.is_some(),
            "s3",
            cfg!(feature = "s3"),
        ),
    ];
    match asked.iter().find(|(_, is_set, _, is_built)| *is_set && !is_built) {
        None => Ok(()),
        Some((key, _, feature, _)) => Err(JobsError::Unusable(format!(
            "{key} is set ({}), but this build of songwalker cannot use it; build with `--features distributed` (it has \
             {feature}), or remove the setting",
            config.origin(key)
        ))),
    }
}

/// Everything of one process and its data directory.
///
/// # Errors
/// The store's directories cannot be made.
pub fn embedded(
    config: Config,
    dir: &DataDir,
    db: Db,
    clock: Arc<dyn Clock>,
    catalogue: Catalogue,
) -> Result<System, JobsError> {
    let store = DiskStore::open(dir.objects(), Arc::clone(&clock))?;
    Ok(System::new(Parts {
        config,
        db,
        queue: Arc::new(EmbeddedQueue::new()),
        store: Arc::new(store),
        limiter: Arc::new(MemoryRateLimiter::new(Arc::clone(&clock))),
        bus: Arc::new(MemoryEventBus::new()),
        clock,
        catalogue,
    }))
}
