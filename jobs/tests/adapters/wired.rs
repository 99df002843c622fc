//! A system on services: its configuration names them, and a job goes through all of them.

use std::time::Duration;

use songwalker_jobs::adapters::S3Store;
use songwalker_jobs::clock::SystemClock;
use songwalker_jobs::ports::{ObjectKey, Signal};
use songwalker_jobs::{outbox, testing};
use songwalker_schemas::JobKind;

use super::soon;
use crate::{bench, services};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_goes_through_the_services_that_the_configuration_names() {
    let (Some(queue), Some(redis), Some(store)) = (services::rabbitmq(), services::redis(), services::s3())
    else {
        return;
    };
    let bucket = S3Store::open(&store, std::sync::Arc::new(SystemClock::new())).expect("settings");
    bucket.make_bucket().await.expect("made");
    let endpoint = store.endpoint.clone().expect("an address");
    let system = testing::system_with(|config| {
        config.queue = queue;
        config.redis = redis;
        config.store = store;
    })
    .await;
    let mut signals = system.bus.subscribe();

    let job = bench::ask(&system, system.user, "a slow dawn").await;
    assert_eq!(outbox::relay(&system, 10).await.expect("relayed"), 1);
    let lanes = system.queue.lanes().await.expect("the broker answers");
    let lane = lanes
        .iter()
        .find(|lane| lane.name == "patch.local")
        .expect("a lane");
    assert_eq!(lane.waiting, 1, "{lanes:?}");
    let mut consumer = system.queue.consumer(1).await.expect("a consumer");
    let delivery = soon(consumer.next()).await.expect("a hint");
    let hint = delivery.hint.clone();
    assert_eq!(
        (hint.job_id, hint.kind, hint.class.as_str()),
        (job, JobKind::Patch, "local")
    );
    assert!(!hint.quarantine);

    let own = bench::take(&system, job).await.own;
    consumer.ack(delivery).await.expect("acknowledged");
    let packaged = bench::finish(&system, &own, b"a bundle").await;
    let key = ObjectKey::bundle(system.user, &packaged.sha256).expect("a key");
    let address = system
        .store
        .sign_get(&key, Duration::from_secs(60), "a.zip")
        .await;
    let address = address.expect("an answer").expect("an address");
    assert!(address.starts_with(&endpoint), "{address}");
    let told = soon(signals.recv()).await.expect("a signal");
    assert!(
        matches!(told, Signal::Wake | Signal::JobChanged { .. }),
        "{told:?}"
    );
    assert!(system.limiter.take("ada", 1).await.expect("counted").allowed);
}
