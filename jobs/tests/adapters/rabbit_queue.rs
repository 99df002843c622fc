//! Lanes and their weights, hints that nobody can read, queues that somebody deletes, connections that are lost.

use std::collections::BTreeMap;

use lapin::options::{BasicPublishOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use songwalker_jobs::adapters::RabbitQueue;
use songwalker_jobs::config;
use songwalker_jobs::ports::{Consumer, Hint, PortError, Queue};
use songwalker_jobs::secret::Secret;
use songwalker_schemas::JobId;
use uuid::Uuid;

use super::proxy::Proxy;
use super::{free_port, soon};
use crate::services::{own_name, rabbitmq};

fn hint(number: u128, class: &str) -> Hint {
    Hint {
        class: class.to_owned(),
        ..Hint::of(JobId(Uuid::from_u128(number)))
    }
}

/// The way past the adapter.
async fn channel(settings: &config::Queue) -> Channel {
    let url = settings.url.as_ref().expect("an address").expose();
    let connection = Connection::connect(url, ConnectionProperties::default()).await;
    let connection = connection.expect("the broker answers");
    let channel = connection.create_channel().await.expect("a channel");
    // Lives as long as the channel.
    std::mem::forget(connection);
    channel
}

async fn taken(consumer: &mut Box<dyn Consumer>) -> Hint {
    let delivery = soon(consumer.next()).await.expect("a hint");
    let hint = delivery.hint.clone();
    consumer.ack(delivery).await.expect("acknowledged");
    hint
}

async fn waiting(queue: &RabbitQueue, name: &str) -> u64 {
    let lanes = queue.lanes().await.expect("the broker answers");
    let lane = lanes.iter().find(|lane| lane.name == name).expect("a lane");
    lane.waiting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_class_has_a_lane_and_plans_without_one_share_one() {
    let Some(settings) = rabbitmq() else { return };
    let queue = RabbitQueue::open(&settings).expect("an address");
    let mut alone = hint(9, "standard");
    alone.quarantine = true;
    let hints = [
        hint(1, "standard"),
        hint(2, "priority"),
        hint(3, "gold"),
        hint(4, "silver"),
        alone,
    ];
    queue.publish(&hints).await.expect("published");
    for (lane, hints) in [
        ("patch.standard", 1),
        ("patch.priority", 1),
        ("patch.other", 2),
        ("patch.local", 0),
        ("quarantine", 1),
        ("dead", 0),
    ] {
        assert_eq!(waiting(&queue, lane).await, hints, "{lane}");
    }
    assert_eq!(queue.depth().await, Ok(5));
    let mut consumer = queue.consumer(5).await.expect("a consumer");
    let mut all = Vec::new();
    for _ in &hints {
        all.push(taken(&mut consumer).await);
    }
    all.sort_by_key(|hint| hint.job_id);
    assert_eq!(all, hints);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classes_are_served_by_weight_and_none_starves() {
    let Some(settings) = rabbitmq() else { return };
    let queue = RabbitQueue::open(&settings).expect("an address");
    for class in ["standard", "priority", "gold"] {
        let hints: Vec<Hint> = (0..60).map(|number| hint(number, class)).collect();
        queue.publish(&hints).await.expect("published");
    }
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    let mut served = BTreeMap::<String, u32>::new();
    for _ in 0..60 {
        *served.entry(taken(&mut consumer).await.class).or_default() += 1;
    }
    assert!(
        served["priority"] > served["standard"] + served["gold"],
        "{served:?}"
    );
    assert!(served["standard"] >= 5 && served["gold"] >= 5, "{served:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_asks_for_none_keeps_no_hint_from_one_that_does() {
    let Some(settings) = rabbitmq() else { return };
    let queue = RabbitQueue::open(&settings).expect("an address");
    let hints: Vec<Hint> = (0..4).map(|number| hint(number, "standard")).collect();
    queue.publish(&hints).await.expect("published");
    let mut full = queue.consumer(1).await.expect("a consumer");
    let held = soon(full.next()).await.expect("a hint");
    let mut free = queue.consumer(3).await.expect("a consumer");
    for expected in &hints[1..] {
        assert_eq!(taken(&mut free).await, *expected);
    }
    full.ack(held).await.expect("acknowledged");
    assert_eq!(queue.depth().await, Ok(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_crosses_the_queue() {
    let Some(settings) = rabbitmq() else { return };
    let queue = RabbitQueue::open(&settings).expect("an address");
    let mut traced = hint(1, "local");
    traced.trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    queue.publish(&[traced.clone()]).await.expect("published");
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    assert_eq!(taken(&mut consumer).await, traced);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_hint_goes_to_the_dead_letters_and_holds_nobody_up() {
    let Some(settings) = rabbitmq() else { return };
    let queue = RabbitQueue::open(&settings).expect("an address");
    queue.ping().await.expect("answers");
    let lane = format!("{}.v1.patch.standard", settings.prefix);
    channel(&settings)
        .await
        .basic_publish(
            "".into(),
            lane.as_str().into(),
            BasicPublishOptions::default(),
            b"canary",
            BasicProperties::default(),
        )
        .await
        .expect("published");
    queue.publish(&[hint(1, "standard")]).await.expect("published");
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    assert_eq!(taken(&mut consumer).await, hint(1, "standard"));
    soon(async { while waiting(&queue, "dead").await == 0 {} }).await;
    assert_eq!(queue.depth().await, Ok(0), "dead letters count to no depth");
    assert_eq!(queue.drop_dead().await, Ok(1));
    assert_eq!(waiting(&queue, "dead").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hint_whose_queue_was_deleted_is_not_taken_and_the_queue_is_made_anew() {
    let Some(settings) = rabbitmq() else { return };
    let queue = RabbitQueue::open(&settings).expect("an address");
    let mut consumer = queue.consumer(4).await.expect("a consumer");
    let ended = tokio::spawn(async move { consumer.next().await.is_none() });
    let is_read = async || {
        let lanes = queue.lanes().await.expect("the broker answers");
        lanes
            .iter()
            .filter(|lane| lane.name != "dead")
            .all(|lane| lane.consumers == 1)
    };
    soon(async { while !is_read().await {} }).await;
    let lane = format!("{}.v1.patch.standard", settings.prefix);
    let deleted = channel(&settings)
        .await
        .queue_delete(lane.as_str().into(), QueueDeleteOptions::default())
        .await;
    deleted.expect("deleted");
    assert!(soon(ended).await.expect("no panic"), "another consumer is needed");
    let hints = [hint(1, "local"), hint(2, "standard")];
    let refused = queue.publish(&hints).await;
    assert!(matches!(refused, Err(PortError::Unavailable(_))), "{refused:?}");
    queue.publish(&hints[1..]).await.expect("published");
    let mut another = queue.consumer(4).await.expect("a consumer");
    while taken(&mut another).await != hints[1] {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_ends_the_consumer_and_what_it_held_comes_again() {
    let Some(mut settings) = rabbitmq() else { return };
    let url = settings.url.as_ref().expect("an address").expose().to_owned();
    let (start, rest) = url.rsplit_once('@').expect("an account in the address");
    let (host, vhost) = rest.split_once('/').unwrap_or((rest, "%2f"));
    let proxy = Proxy::to(host.to_owned()).await;
    let through = format!("{start}@127.0.0.1:{}/{vhost}", proxy.port);
    settings.url = Some(Secret::new(through));
    let queue = RabbitQueue::open(&settings).expect("an address");
    queue.publish(&[hint(1, "local")]).await.expect("published");
    let mut consumer = queue.consumer(2).await.expect("a consumer");
    let held = soon(consumer.next()).await.expect("a hint");
    proxy.cut();
    assert!(soon(consumer.next()).await.is_none());
    let stays = consumer.ack(held).await;
    assert!(matches!(stays, Err(PortError::Unavailable(_))), "{stays:?}");
    let mut another = soon(async {
        loop {
            if let Ok(consumer) = queue.consumer(2).await {
                return consumer;
            }
        }
    })
    .await;
    assert_eq!(taken(&mut another).await, hint(1, "local"));
    queue.publish(&[hint(2, "local")]).await.expect("published");
    assert_eq!(taken(&mut another).await, hint(2, "local"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_broker_every_call_fails_in_time_and_tells_no_password() {
    let url = format!("amqp://guest:canary@127.0.0.1:{}/%2f", free_port());
    let settings = config::Queue {
        url: Some(Secret::new(url)),
        prefix: own_name(),
        ..config::Queue::default()
    };
    let queue = RabbitQueue::open(&settings).expect("an address");
    let errors = [
        queue.publish(&[hint(1, "local")]).await.err(),
        queue.consumer(1).await.err(),
        queue.depth().await.err(),
        queue.ping().await.err(),
    ];
    for error in errors {
        let error = error.expect("fails");
        assert!(matches!(&error, PortError::Unavailable(_)), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_being_told() {
    let settings = config::Queue {
        url: Some(Secret::new("amqp//guest:canary@".to_owned())),
        ..config::Queue::default()
    };
    let error = RabbitQueue::open(&settings).expect_err("no address");
    assert!(
        matches!(&error, PortError::Refused(text) if !text.contains("canary")),
        "{error}"
    );
}
