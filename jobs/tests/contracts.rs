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
                    // Nothing where its service is not there.
                    if let Some(made) = $make {
                        crate::contracts::soon(crate::contracts::$suite::$test(made)).await;
                    }
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

clock_contract!(system_clock, Some(crate::system_clock_fixture()));
clock_contract!(manual_clock, Some(crate::manual_clock_fixture()));
queue_contract!(
    embedded_queue,
    Some(std::sync::Arc::new(crate::EmbeddedQueue::new()))
);
object_store_contract!(disk_store, Some(crate::disk::fixture()));
rate_limiter_contract!(memory_rate_limiter, Some(crate::memory_rate_limiter_fixture()));
event_bus_contract!(
    memory_event_bus,
    Some(std::sync::Arc::new(crate::MemoryEventBus::new()))
);
#[cfg(feature = "rabbitmq")]
queue_contract!(rabbit_queue, crate::rabbit::fixture());
#[cfg(feature = "s3")]
object_store_contract!(s3_store, crate::s3::fixture().await);
#[cfg(feature = "redis")]
rate_limiter_contract!(redis_rate_limiter, crate::redis::limiter());
#[cfg(feature = "redis")]
event_bus_contract!(redis_event_bus, crate::redis::bus());

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
        pass: Box::new(move |time| {
            clock.advance(time);
            Box::pin(std::future::ready(()))
        }),
    }
}

#[cfg(any(feature = "rabbitmq", feature = "redis", feature = "s3"))]
#[path = "support/services.rs"]
mod services;

#[cfg(feature = "rabbitmq")]
mod rabbit {
    //! The queue in RabbitMQ, with lanes of the test's own.

    use std::sync::Arc;

    use songwalker_jobs::adapters::RabbitQueue;

    use crate::services;

    pub fn fixture() -> Option<Arc<RabbitQueue>> {
        let settings = services::rabbitmq()?;
        Some(Arc::new(RabbitQueue::open(&settings).expect("an address")))
    }
}

#[cfg(feature = "redis")]
mod redis {
    //! The limiter and the bus in Redis.

    use std::sync::Arc;
    use std::time::Duration;

    use redis::AsyncCommands;
    use songwalker_jobs::adapters::{RedisEventBus, RedisRateLimiter};
    use songwalker_jobs::clock::SystemClock;

    use crate::contracts::rate_limiter::Fixture;
    use crate::services;

    pub fn bus() -> Option<Arc<RedisEventBus>> {
        let settings = services::redis()?;
        Some(Arc::new(RedisEventBus::open(&settings).expect("an address")))
    }

    /// Redis goes by its own clock, which nobody moves: time passes by moving the cells back instead.
    pub fn limiter() -> Option<Fixture> {
        let settings = services::redis()?;
        let limiter = RedisRateLimiter::open(&settings, Arc::new(SystemClock::new())).expect("an address");
        let url = settings.url.expect("an address");
        let client = redis::Client::open(url.expose()).expect("an address");
        let cells = format!("{}:rate:*", settings.prefix);
        Some(Fixture {
            limiter: Arc::new(limiter),
            pass: Box::new(move |time| {
                let (client, cells) = (client.clone(), cells.clone());
                Box::pin(async move { moved_back(&client, &cells, time).await })
            }),
        })
    }

    async fn moved_back(client: &redis::Client, cells: &str, time: Duration) {
        let mut redis = client
            .get_multiplexed_async_connection()
            .await
            .expect("redis answers");
        let keys: Vec<String> = redis.keys(cells).await.expect("redis answers");
        assert!(!keys.is_empty(), "nothing was counted in redis");
        for key in keys {
            let empty_at: u64 = redis.get(&key).await.expect("a cell");
            let moved = empty_at - u64::try_from(time.as_micros()).expect("a short time");
            let _: () = redis.set(&key, moved).await.expect("redis answers");
        }
    }
}

#[cfg(feature = "s3")]
mod s3 {
    //! A bucket, and the way into it past the store.

    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;
    use aws_sdk_s3::Client;
    use songwalker_jobs::adapters::S3Store;
    use songwalker_jobs::clock::{Clock, SystemClock};
    use songwalker_jobs::ports::{ObjectKey, ObjectStore};
    use songwalker_schemas::Timestamp;

    use crate::contracts::object_store::BackDoor;
    use crate::services;

    pub struct Bucket {
        store: S3Store,
        name: String,
        prefix: String,
        clock: Arc<Ahead>,
    }

    pub async fn fixture() -> Option<Arc<Bucket>> {
        let settings = services::s3()?;
        let clock = Arc::new(Ahead::default());
        let store = S3Store::open(&settings, Arc::clone(&clock) as _).expect("settings");
        store.make_bucket().await.expect("a bucket");
        Some(Arc::new(Bucket {
            store,
            name: settings.bucket.expect("a name"),
            prefix: settings.prefix,
            clock,
        }))
    }

    /// The machine's clock, which is the server's too, and ahead of it as far as a test says.
    #[derive(Debug, Default)]
    struct Ahead {
        clock: SystemClock,
        by_ms: AtomicI64,
    }

    impl Clock for Ahead {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.clock.now().as_millis() + self.by_ms.load(Ordering::SeqCst))
        }

        fn steady(&self) -> Timestamp {
            self.clock.steady()
        }
    }

    impl Bucket {
        fn client(&self) -> &Client {
            self.store.client()
        }
    }

    #[async_trait]
    impl BackDoor for Bucket {
        fn store(&self) -> &dyn ObjectStore {
            &self.store
        }

        fn now(&self) -> Timestamp {
            let now = self.clock.clock.now().as_millis();
            Timestamp::from_millis(now - now % 1000)
        }

        /// A file's time is the kernel's, some milliseconds old, and told in whole seconds.
        fn lag(&self) -> Duration {
            Duration::from_secs(1)
        }

        /// Nobody moves the server's clock: the store's goes ahead, and the server's shows another second, that one too
        /// whose time lags behind.
        async fn pass(&self, time: Duration) {
            let ms = i64::try_from(time.as_millis()).expect("a short time");
            self.clock.by_ms.fetch_add(ms, Ordering::SeqCst);
            let until = self.now().plus(self.lag() + Duration::from_millis(50));
            while self.clock.clock.now() < until {
                tokio::task::yield_now().await;
            }
        }

        async fn overwrite(&self, key: &ObjectKey, bytes: &[u8]) {
            self.client()
                .put_object()
                .bucket(&self.name)
                .key(format!("{}{key}", self.prefix))
                .body(bytes.to_vec().into())
                .send()
                .await
                .expect("put");
        }

        /// A put that is cut off leaves nothing; an upload in parts that nobody completes does. Not every server lists
        /// those: where it does not, none can be found.
        async fn half_write(&self, bytes: &[u8]) -> u64 {
            let key = format!("{}users/half", self.prefix);
            let upload = self
                .client()
                .create_multipart_upload()
                .bucket(&self.name)
                .key(&key);
            let upload = upload.send().await.expect("an upload");
            let part = self.client().upload_part().bucket(&self.name).key(&key);
            part.upload_id(upload.upload_id().expect("an id"))
                .part_number(1)
                .body(bytes.to_vec().into())
                .send()
                .await
                .expect("a part");
            let listed = self.client().list_multipart_uploads().bucket(&self.name).send();
            listed.await.map_or(0, |listed| listed.uploads().len() as u64)
        }
    }
}

mod disk {
    //! The disk store and the back door to its files.

    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
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

    #[async_trait]
    impl BackDoor for Disk {
        fn store(&self) -> &dyn ObjectStore {
            &self.store
        }

        fn now(&self) -> Timestamp {
            self.clock.now()
        }

        fn lag(&self) -> Duration {
            Duration::ZERO
        }

        async fn pass(&self, time: Duration) {
            self.clock.advance(time);
        }

        async fn overwrite(&self, key: &ObjectKey, bytes: &[u8]) {
            std::fs::write(self.dir.path().join("objects").join(key.as_str()), bytes).expect("writes");
        }

        /// As a writer leaves it that is killed between its first byte and the rename.
        async fn half_write(&self, bytes: &[u8]) -> u64 {
            let path = self.dir.path().join("objects/.partial/.tmpdied");
            std::fs::write(&path, bytes).expect("writes");
            let millis = u64::try_from(self.clock.now().as_millis()).expect("after 1970");
            let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            let file = std::fs::File::options().write(true).open(&path).expect("opens");
            file.set_modified(at).expect("sets the time");
            1
        }
    }
}
