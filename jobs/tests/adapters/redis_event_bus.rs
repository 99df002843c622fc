//! Signals between processes, and what becomes of them without Redis.

use songwalker_jobs::adapters::RedisEventBus;
use songwalker_jobs::config::Redis;
use songwalker_jobs::ports::{EventBus, Signal};
use songwalker_schemas::JobId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use uuid::Uuid;

use super::redis_server::RedisServer;
use super::{free_port, soon};
use crate::services::{redis, redis_at};

/// A bus as another process has it, that hears the others already.
async fn bus(settings: &Redis) -> RedisEventBus {
    let bus = RedisEventBus::open(settings).expect("an address");
    soon(bus.hears().wait_for(|hears| *hears))
        .await
        .expect("a reader");
    bus
}

fn cancel(number: u128) -> Signal {
    Signal::CancelRequested {
        job_id: JobId(Uuid::from_u128(number)),
    }
}

async fn heard(listener: &mut Receiver<Signal>) -> Signal {
    soon(listener.recv()).await.expect("a signal")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_of_every_process_hear_each_signal_once_and_in_order() {
    let Some(settings) = redis() else { return };
    let (here, there) = (bus(&settings).await, bus(&settings).await);
    let (mut here_hears, mut there_hears) = (here.subscribe(), there.subscribe());
    for number in 0..100 {
        here.publish(cancel(number));
    }
    for number in 0..100 {
        assert_eq!(heard(&mut here_hears).await, cancel(number));
        assert_eq!(heard(&mut there_hears).await, cancel(number));
    }
    // What comes back from there came by Redis behind everything of before: nothing of it was heard twice.
    there.publish(cancel(1000));
    assert_eq!(heard(&mut here_hears).await, cancel(1000));
    assert_eq!(heard(&mut there_hears).await, cancel(1000));
    assert_eq!(here_hears.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_with_another_prefix_hear_nothing() {
    let Some(settings) = redis() else { return };
    let Some(others) = redis() else { return };
    let (here, there, other) = (bus(&settings).await, bus(&settings).await, bus(&others).await);
    let (mut there_hears, mut other_hears) = (there.subscribe(), other.subscribe());
    here.publish(cancel(1));
    assert_eq!(heard(&mut there_hears).await, cancel(1));
    other.publish(cancel(2));
    assert_eq!(heard(&mut other_hears).await, cancel(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_have_missed_signals_is_told_to_look_when_redis_is_back() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let settings = redis_at(&server.url());
    let (here, there) = (bus(&settings).await, bus(&settings).await);
    let mut there_hears = there.subscribe();
    server.kill();
    soon(there.hears().wait_for(|hears| !hears))
        .await
        .expect("a reader");
    here.publish(cancel(1));
    server.again();
    assert_eq!(heard(&mut there_hears).await, Signal::Missed);
    // The first ones may still be lost, on a connection that is dead and does not know it.
    let again = soon(async {
        loop {
            here.publish(cancel(2));
            tokio::task::yield_now().await;
            if let Ok(signal) = there_hears.try_recv() {
                return signal;
            }
        }
    })
    .await;
    assert_eq!(again, cancel(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_signals_reach_the_own_process_and_publishing_never_waits() {
    let settings = redis_at(&format!("redis://:canary@127.0.0.1:{}/", free_port()));
    let bus = RedisEventBus::open(&settings).expect("an address");
    let mut listener = bus.subscribe();
    for number in 0..10_000 {
        bus.publish(cancel(number));
        assert_eq!(heard(&mut listener).await, cancel(number));
    }
    assert!(!*bus.hears().borrow());
}
