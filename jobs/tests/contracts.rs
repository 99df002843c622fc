//! What every adapter of a port must do, as one suite a port, and the embedded adapters under these suites.
//!
//! An adapter for another service gets a fixture here and runs the very same tests. What only one adapter promises is
//! tested beside that adapter.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use songwalker_jobs::adapters::{EmbeddedQueue, MemoryEventBus, MemoryRateLimiter};
use songwalker_jobs::clock::{ManualClock, SystemClock};
use songwalker_schemas::Timestamp;

/// Runs every test of a suite against one adapter.
macro_rules! contract {
    ($adapter:ident, $suite:ident, $make:expr, [$($test:ident,)+]) => {
        mod $adapter {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::contracts::soon(crate::contracts::$suite::$test($make)).await;
                }
            )+
        }
    };
}

mod contracts {
    pub mod clock;
    pub mod event_bus;
    pub mod object_store;
    pub mod queue;
    pub mod rate_limiter;

    /// What a test awaits must come; how fast does not matter.
    pub async fn soon<T>(future: impl Future<Output = T>) -> T {
        tokio::time::timeout(std::time::Duration::from_secs(60), future).await.expect("comes within a minute")
    }
}

use contracts::clock::clock_contract;
use contracts::event_bus::event_bus_contract;
use contracts::object_store::object_store_contract;
use contracts::queue::queue_contract;
use contracts::rate_limiter::rate_limiter_contract;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

clock_contract!(system_clock, Arc::new(super::SystemClock::new()));
clock_contract!(manual_clock, {
    let clock = Arc::new(super::ManualClock::new(super::START));
    let ticking = Arc::clone(&clock);
    std::thread::spawn(move || {
        while Arc::strong_count(&ticking) > 1 {
            ticking.advance(std::time::Duration::from_millis(1));
            std::thread::yield_now();
        }
    });
    clock
});
