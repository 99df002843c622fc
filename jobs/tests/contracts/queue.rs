//! What every queue must do: keep each hint until a consumer acknowledges it, oldest first. A queue may merge hints of one
//! job or keep each; what is acknowledged does not come again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use songwalker_jobs::ports::{Consumer, Delivery, Hint, Queue};
use songwalker_schemas::JobId;
use uuid::Uuid;

type Made = Arc<dyn Queue>;

fn job(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

fn hint(number: u128) -> Hint {
    Hint::of(job(number))
}

async fn next(consumer: &mut Box<dyn Consumer>) -> Delivery {
    consumer.next().await.expect("a delivery")
}

/// The next hint, acknowledged.
async fn taken(consumer: &mut Box<dyn Consumer>) -> Hint {
    let delivery = next(consumer).await;
    let hint = delivery.hint.clone();
    consumer.ack(delivery).await.expect("acknowledged");
    hint
}

pub async fn hints_come_in_the_order_in_which_they_were_published(queue: Made) {
    let hints: Vec<Hint> = (0..20).map(hint).collect();
    queue.publish(&hints[..7]).await.expect("published");
    queue.publish(&hints[7..]).await.expect("published");
    let mut consumer = queue.consumer(3).await.expect("a consumer");
    for expected in hints {
        assert_eq!(taken(&mut consumer).await, expected);
    }
}

pub async fn a_hint_says_whether_its_job_runs_alone(queue: Made) {
    let alone = Hint {
        quarantine: true,
        ..hint(1)
    };
    queue.publish(&[alone.clone(), hint(2)]).await.expect("published");
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    // They may come by lanes of their own.
    let mut both = [taken(&mut consumer).await, taken(&mut consumer).await];
    both.sort_by_key(|hint| hint.job_id);
    assert_eq!(both, [alone, hint(2)]);
}

pub async fn a_hint_published_again_comes_at_least_once(queue: Made) {
    queue.publish(&[hint(1), hint(1)]).await.expect("published");
    queue.publish(&[hint(1), hint(2)]).await.expect("published");
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    let mut times = 0;
    loop {
        match taken(&mut consumer).await {
            taken if taken == hint(1) => times += 1,
            taken => break assert_eq!(taken, hint(2)),
        }
    }
    assert!((1..=3).contains(&times), "came {times} times");
    assert_eq!(queue.depth().await.expect("a depth"), 0);
}

pub async fn what_was_not_acknowledged_comes_again_before_what_waited_behind_it(queue: Made) {
    queue
        .publish(&[hint(1), hint(2), hint(3), hint(4)])
        .await
        .expect("published");
    let mut dying = queue.consumer(3).await.expect("a consumer");
    let first = next(&mut dying).await;
    let second = next(&mut dying).await;
    let third = next(&mut dying).await;
    assert_eq!((&first.hint, &third.hint), (&hint(1), &hint(3)));
    dying.ack(second).await.expect("acknowledged");
    drop(dying);
    let mut heir = queue.consumer(1).await.expect("a consumer");
    for expected in [hint(1), hint(3), hint(4)] {
        assert_eq!(taken(&mut heir).await, expected);
    }
}

pub async fn what_comes_back_again_and_again_is_never_lost(queue: Made) {
    queue.publish(&[hint(1)]).await.expect("published");
    for _ in 0..30 {
        let mut dying = queue.consumer(1).await.expect("a consumer");
        assert_eq!(next(&mut dying).await.hint, hint(1));
    }
    let mut heir = queue.consumer(1).await.expect("a consumer");
    assert_eq!(taken(&mut heir).await, hint(1));
}

pub async fn what_a_dying_consumer_held_wakes_one_that_waits(queue: Made) {
    queue.publish(&[hint(1)]).await.expect("published");
    let mut dying = queue.consumer(1).await.expect("a consumer");
    let held = next(&mut dying).await;
    let mut heir = queue.consumer(1).await.expect("a consumer");
    let mut waiting = Box::pin(taken(&mut heir));
    assert!(futures::poll!(&mut waiting).is_pending());
    drop((held, dying));
    assert_eq!(waiting.await, hint(1));
}

pub async fn what_was_acknowledged_does_not_come_again(queue: Made) {
    queue.publish(&[hint(1)]).await.expect("published");
    let mut first = queue.consumer(1).await.expect("a consumer");
    assert_eq!(taken(&mut first).await, hint(1));
    drop(first);
    queue.publish(&[hint(2)]).await.expect("published");
    let mut second = queue.consumer(1).await.expect("a consumer");
    assert_eq!(taken(&mut second).await, hint(2));
}

pub async fn a_consumer_holds_no_more_than_its_prefetch(queue: Made) {
    queue
        .publish(&[hint(1), hint(2), hint(3)])
        .await
        .expect("published");
    let mut full = queue.consumer(2).await.expect("a consumer");
    let first = next(&mut full).await;
    let second = next(&mut full).await;
    assert_eq!((&first.hint, &second.hint), (&hint(1), &hint(2)));
    let third = tokio::time::timeout(Duration::from_millis(50), full.next()).await;
    assert!(third.is_err(), "{third:?}");
    full.ack(first).await.expect("acknowledged");
    assert_eq!(next(&mut full).await.hint, hint(3));
}

pub async fn concurrent_consumers_get_each_hint_once(queue: Made) {
    const HINTS: u128 = 300;
    let (seen, mut all) = tokio::sync::mpsc::unbounded_channel();
    let mut consumers = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let mut consumer = queue.consumer(3).await.expect("a consumer");
        let seen = seen.clone();
        consumers.spawn(async move {
            loop {
                let hint = taken(&mut consumer).await;
                seen.send(hint.job_id).expect("the test listens");
                tokio::task::yield_now().await;
            }
        });
    }
    for number in 0..HINTS {
        queue.publish(&[hint(number)]).await.expect("published");
    }
    let mut got = BTreeSet::new();
    for _ in 0..HINTS {
        let job_id = all.recv().await.expect("a hint");
        assert!(got.insert(job_id), "{job_id} came twice");
    }
    consumers.shutdown().await;
    assert_eq!(got, (0..HINTS).map(job).collect());
    assert!(all.try_recv().is_err());
    assert_eq!(queue.depth().await.expect("a depth"), 0);
}

pub async fn a_consumer_that_waits_is_woken(queue: Made) {
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    let waiting = tokio::spawn(async move { taken(&mut consumer).await });
    queue.publish(&[hint(1)]).await.expect("published");
    assert_eq!(waiting.await.expect("a hint"), hint(1));
}

pub async fn a_wait_that_is_dropped_loses_nothing(queue: Made) {
    let mut consumer = queue.consumer(1).await.expect("a consumer");
    for number in 0..200 {
        let publisher = Arc::clone(&queue);
        let published = tokio::spawn(async move { publisher.publish(&[hint(number)]).await });
        let delivery = loop {
            tokio::select! {
                delivery = consumer.next() => break delivery.expect("a delivery"),
                () = tokio::task::yield_now() => {}
            }
        };
        assert_eq!(delivery.hint, hint(number));
        consumer.ack(delivery).await.expect("acknowledged");
        published.await.expect("published").expect("published");
    }
}

pub async fn the_depth_counts_what_waits(queue: Made) {
    queue.ping().await.expect("answers");
    assert_eq!(queue.depth().await.expect("a depth"), 0);
    queue
        .publish(&[hint(1), hint(2), hint(3)])
        .await
        .expect("published");
    assert_eq!(queue.depth().await.expect("a depth"), 3);
}

macro_rules! queue_contract {
    ($adapter:ident, $make:expr) => {
        contract!(
            $adapter,
            queue,
            $make,
            [
                hints_come_in_the_order_in_which_they_were_published,
                a_hint_says_whether_its_job_runs_alone,
                a_hint_published_again_comes_at_least_once,
                what_was_not_acknowledged_comes_again_before_what_waited_behind_it,
                what_comes_back_again_and_again_is_never_lost,
                what_a_dying_consumer_held_wakes_one_that_waits,
                what_was_acknowledged_does_not_come_again,
                a_consumer_holds_no_more_than_its_prefetch,
                concurrent_consumers_get_each_hint_once,
                a_consumer_that_waits_is_woken,
                a_wait_that_is_dropped_loses_nothing,
                the_depth_counts_what_waits,
            ]
        );
    };
}
pub(crate) use queue_contract;
