//! The adapters behind the [ports](crate::ports), one file each. These are the embedded ones: they need nothing but
//! this process and its data directory.

pub mod disk_store;
pub mod embedded_queue;
pub mod memory_event_bus;
pub mod memory_rate_limiter;

pub use disk_store::DiskStore;
pub use embedded_queue::EmbeddedQueue;
pub use memory_event_bus::MemoryEventBus;
pub use memory_rate_limiter::MemoryRateLimiter;
