//! The one place that chooses adapters from the configuration.
//!
//! Each service that the configuration names is used; what it does not name is in the data directory or in this process.

use std::sync::Arc;

use crate::adapters::{DiskStore, EmbeddedQueue, MemoryEventBus, MemoryRateLimiter};
use crate::clock::Clock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::db::Db;
use crate::error::JobsError;
use crate::ports::{EventBus, ObjectStore, Queue, RateLimiter};
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

/// Everything of one process, around an open database. What connects to other services does so behind its caller's back,
/// and goes on trying: none of them need be there yet.
///
/// # Errors
/// An address or a key is none, or the store's directories cannot be made.
pub async fn system(
    config: Config,
    db: Db,
    clock: Arc<dyn Clock>,
    catalogue: Catalogue,
) -> Result<System, JobsError> {
    let store = store(&config, &clock)?;
    let limiter = limiter(&config, &clock)?;
    Ok(System::new(Parts {
        queue: queue(&config)?,
        bus: bus(&config)?,
        db,
        store,
        limiter,
        clock,
        catalogue,
        config,
    }))
}

fn store(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<dyn ObjectStore>, JobsError> {
    #[cfg(feature = "s3")]
    if config.store.bucket.is_some() {
        let store = crate::adapters::S3Store::open(&config.store, Arc::clone(clock))?;
        return Ok(Arc::new(store));
    }
    let dir = DataDir::prepare(&config.data_dir)?;
    Ok(Arc::new(DiskStore::open(dir.objects(), Arc::clone(clock))?))
}

#[cfg_attr(
    not(feature = "rabbitmq"),
    expect(unused_variables, reason = "nothing else is asked")
)]
fn queue(config: &Config) -> Result<Arc<dyn Queue>, JobsError> {
    #[cfg(feature = "rabbitmq")]
    if config.queue.url.is_some() {
        return Ok(Arc::new(crate::adapters::RabbitQueue::open(&config.queue)?));
    }
    Ok(Arc::new(EmbeddedQueue::new()))
}

#[cfg_attr(
    not(feature = "redis"),
    expect(unused_variables, reason = "nothing else is asked")
)]
fn limiter(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<dyn RateLimiter>, JobsError> {
    #[cfg(feature = "redis")]
    if config.redis.url.is_some() {
        let limiter = crate::adapters::RedisRateLimiter::open(&config.redis, Arc::clone(clock))?;
        return Ok(Arc::new(limiter));
    }
    Ok(Arc::new(MemoryRateLimiter::new(Arc::clone(clock))))
}

#[cfg_attr(
    not(feature = "redis"),
    expect(unused_variables, reason = "nothing else is asked")
)]
fn bus(config: &Config) -> Result<Arc<dyn EventBus>, JobsError> {
    #[cfg(feature = "redis")]
    if config.redis.url.is_some() {
        return Ok(Arc::new(crate::adapters::RedisEventBus::open(&config.redis)?));
    }
    Ok(Arc::new(MemoryEventBus::new()))
}
