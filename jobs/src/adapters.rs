//! The adapters behind the [ports](crate::ports), one file each. The embedded ones need nothing but this process and its
//! data directory; each of the others needs a service, and is there with the feature of that name.

pub mod disk_store;
pub mod embedded_queue;
pub mod memory_event_bus;
pub mod memory_rate_limiter;
#[cfg(feature = "rabbitmq")]
pub mod rabbit_queue;
#[cfg(feature = "redis")]
pub(crate) mod redis_checkup;
#[cfg(feature = "redis")]
pub mod redis_event_bus;
#[cfg(feature = "redis")]
pub mod redis_rate_limiter;
#[cfg(feature = "s3")]
pub mod s3_store;

pub use disk_store::DiskStore;
pub use embedded_queue::EmbeddedQueue;
pub use memory_event_bus::MemoryEventBus;
pub use memory_rate_limiter::MemoryRateLimiter;
#[cfg(feature = "rabbitmq")]
pub use rabbit_queue::RabbitQueue;
#[cfg(feature = "redis")]
pub use redis_event_bus::RedisEventBus;
#[cfg(feature = "redis")]
pub use redis_rate_limiter::RedisRateLimiter;
#[cfg(feature = "s3")]
pub use s3_store::S3Store;
