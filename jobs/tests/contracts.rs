//! What every adapter of a port must do, as one suite a port, and the embedded adapters under these suites.
//!
//! An adapter for another service gets a fixture here and runs the very same tests. What only one adapter promises is
//! tested beside that adapter.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::{Duration, Instant};

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
        tokio::time::timeout(std::time::Duration::from_secs(60), future)
            .await
            .expect("comes within a minute")
    }
}

use contracts::clock::clock_contract;
use contracts::event_bus::event_bus_contract;
use contracts::object_store::object_store_contract;
use contracts::queue::queue_contract;
use contracts::rate_limiter::rate_limiter_contract;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

clock_contract!(system_clock, crate::system_clock_fixture());
clock_contract!(manual_clock, crate::manual_clock_fixture());
queue_contract!(embedded_queue, std::sync::Arc::new(crate::EmbeddedQueue::new()));
object_store_contract!(disk_store, crate::disk::fixture());
rate_limiter_contract!(memory_rate_limiter, crate::memory_rate_limiter_fixture());
event_bus_contract!(
    memory_event_bus,
    std::sync::Arc::new(crate::MemoryEventBus::new())
);

fn system_clock_fixture() -> contracts::clock::Fixture {
    let pass = |time: Duration| {
        let started = Instant::now();
        while started.elapsed() < time {
            std::thread::yield_now();
        }
    };
    contracts::clock::Fixture {
        clock: Arc::new(SystemClock::new()),
        pass: Box::new(pass),
    }
}

fn manual_clock_fixture() -> contracts::clock::Fixture {
    let clock = Arc::new(ManualClock::new(START));
    let moved = Arc::clone(&clock);
    contracts::clock::Fixture {
        clock,
        pass: Box::new(move |time| moved.advance(time)),
    }
}

fn memory_rate_limiter_fixture() -> contracts::rate_limiter::Fixture {
    let clock = Arc::new(ManualClock::new(START));
    let limiter = Arc::new(MemoryRateLimiter::new(Arc::clone(&clock) as _));
    contracts::rate_limiter::Fixture {
        limiter,
        pass: Box::new(move |time| clock.advance(time)),
    }
}

mod disk {
    //! The disk store and the back door to its files.

    use std::sync::Arc;
    use std::time::Duration;

    use songwalker_jobs::adapters::DiskStore;
    use songwalker_jobs::clock::{Clock, ManualClock};
    use songwalker_jobs::ports::{ObjectKey, ObjectStore};
    use songwalker_schemas::Timestamp;

    use crate::contracts::object_store::BackDoor;

    pub struct Disk {
        dir: tempfile::TempDir,
        clock: Arc<ManualClock>,
        store: DiskStore,
    }

    pub fn fixture() -> Arc<Disk> {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::new(crate::START));
        let store = DiskStore::open(dir.path().join("objects"), Arc::clone(&clock) as _).expect("a store");
        Arc::new(Disk { dir, clock, store })
    }

    impl BackDoor for Disk {
        fn store(&self) -> &dyn ObjectStore {
            &self.store
        }

        fn now(&self) -> Timestamp {
            self.clock.now()
        }

        fn pass(&self, time: Duration) {
            self.clock.advance(time);
        }

        fn overwrite(&self, key: &ObjectKey, bytes: &[u8]) {
            std::fs::write(self.dir.path().join("objects").join(key.as_str()), bytes).expect("writes");
        }

        /// As a writer leaves it that is killed between its first byte and the rename.
        fn half_write(&self, bytes: &[u8]) {
            let path = self.dir.path().join("objects/.partial/.tmpdied");
            std::fs::write(&path, bytes).expect("writes");
            let millis = u64::try_from(self.clock.now().as_millis()).expect("after 1970");
            let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            let file = std::fs::File::options().write(true).open(&path).expect("opens");
            file.set_modified(at).expect("sets the time");
        }
    }
}
