//! A store that takes an object and never answers: what an attempt that waits in vain is worth.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use songwalker_jobs::ports::{ObjectInfo, ObjectKey, ObjectStore, PortError};
use songwalker_jobs::system::Parts;
use songwalker_jobs::{System, cancel};
use tokio::sync::Notify;

use super::Service;

/// Answers everything but puts.
struct Silent {
    inner: Arc<dyn ObjectStore>,
    asked: Arc<Notify>,
}

#[async_trait]
impl ObjectStore for Silent {
    async fn put(&self, _: &ObjectKey, _: Arc<[u8]>) -> Result<(), PortError> {
        self.asked.notify_one();
        std::future::pending().await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, PortError> {
        self.inner.get(key).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, PortError> {
        self.inner.head(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        self.inner.delete(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, PortError> {
        self.inner.list(prefix, after, limit).await
    }

    async fn sign_get(
        &self,
        key: &ObjectKey,
        ttl: Duration,
        filename: &str,
    ) -> Result<Option<String>, PortError> {
        self.inner.sign_get(key, ttl, filename).await
    }

    async fn sweep_partial(&self, older_than: Duration) -> Result<u64, PortError> {
        self.inner.sweep_partial(older_than).await
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.inner.ping().await
    }
}

/// A service whose store never answers a put, and what tells that it was asked.
async fn service() -> (Service, Arc<Notify>) {
    let asked = Arc::new(Notify::new());
    let told = Arc::clone(&asked);
    let silent = move |system: System| {
        let store = Arc::new(Silent {
            inner: Arc::clone(&system.store),
            asked: told,
        });
        System::new(Parts {
            config: system.config.clone(),
            db: system.db.clone(),
            clock: Arc::clone(&system.clock),
            queue: Arc::clone(&system.queue),
            store,
            limiter: Arc::clone(&system.limiter),
            bus: Arc::clone(&system.bus),
            catalogue: system.catalogue.clone(),
        })
    };
    (Service::start_with(1, None, |_| {}, silent).await, asked)
}

#[tokio::test]
async fn an_attempt_that_sees_no_sign_is_given_up_when_it_is_cancelled() {
    let (service, asked) = service().await;
    let job = service.submit("short pluck", 0).await;
    asked.notified().await;
    cancel::cancel(&service.system, service.user, job)
        .await
        .expect("heard");
    let model = service.until_final(job).await.model;
    assert_eq!((model.state.as_str(), model.attempt), ("cancelled", 1));
    service
        .until_workers("idle", |state| state.running.is_empty())
        .await;
    service.stop().await;
}

#[tokio::test]
async fn an_attempt_that_sees_no_sign_is_handed_back_at_shutdown() {
    let (service, asked) = service().await;
    let job = service.submit("short pluck", 0).await;
    asked.notified().await;
    service.workers.stop().await;
    let model = service.row(job).await.model;
    assert_eq!((model.state.as_str(), model.attempt), ("queued", 0));
    service.stop().await;
}
