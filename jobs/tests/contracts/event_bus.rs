//! What every event bus must do: reach whoever listens, and never wait for one who does not.

use std::sync::Arc;

use songwalker_jobs::ports::{EventBus, Signal};
use songwalker_schemas::{JobId, UserId};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

type Made = Arc<dyn EventBus>;

fn changed(number: u128) -> Signal {
    Signal::JobChanged {
        job_id: JobId(Uuid::from_u128(number)),
        user_id: UserId(Uuid::from_u128(7)),
    }
}

pub async fn every_listener_hears_every_signal_in_order(bus: Made) {
    let mut listeners = [bus.subscribe(), bus.subscribe(), bus.subscribe()];
    let job_id = JobId(Uuid::from_u128(1));
    let signals = [
        changed(1),
        Signal::Progress {
            job_id,
            stage: "rendering".to_owned(),
            progress: 0.5,
        },
        Signal::CancelRequested { job_id },
        Signal::Wake,
        Signal::SlotFree,
    ];
    for signal in &signals {
        bus.publish(signal.clone());
    }
    for listener in &mut listeners {
        for signal in &signals {
            assert_eq!(listener.recv().await.as_ref(), Ok(signal));
        }
    }
}

pub async fn a_listener_hears_only_what_comes_after_it(bus: Made) {
    bus.publish(changed(1));
    let mut late = bus.subscribe();
    bus.publish(changed(2));
    assert_eq!(late.recv().await, Ok(changed(2)));
}

/// The publisher runs in this very task: would it wait for the listener, the test would never end.
pub async fn a_listener_that_sleeps_holds_nobody_up_and_is_told_what_it_lost(bus: Made) {
    const SIGNALS: u128 = 20_000;
    let mut asleep = bus.subscribe();
    for number in 0..SIGNALS {
        bus.publish(changed(number));
    }
    let mut lost = 0_u128;
    let mut heard = 0_u128;
    while lost + heard < SIGNALS {
        match asleep.recv().await {
            Ok(signal) => {
                assert_eq!(signal, changed(lost + heard));
                heard += 1;
            }
            Err(RecvError::Lagged(signals)) => lost += u128::from(signals),
            Err(RecvError::Closed) => panic!("the bus is still there"),
        }
    }
    assert!(lost > 0 && heard > 0, "lost {lost}, heard {heard}");
}

pub async fn a_signal_that_nobody_hears_is_no_error(bus: Made) {
    drop(bus.subscribe());
    bus.publish(Signal::Wake);
    let mut listener = bus.subscribe();
    bus.publish(Signal::SlotFree);
    assert_eq!(listener.recv().await, Ok(Signal::SlotFree));
}

macro_rules! event_bus_contract {
    ($adapter:ident, $make:expr) => {
        contract!(
            $adapter,
            event_bus,
            $make,
            [
                every_listener_hears_every_signal_in_order,
                a_listener_hears_only_what_comes_after_it,
                a_listener_that_sleeps_holds_nobody_up_and_is_told_what_it_lost,
                a_signal_that_nobody_hears_is_no_error,
            ]
        );
    };
}
pub(crate) use event_bus_contract;
