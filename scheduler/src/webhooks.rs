//! Messages to webhooks: what is due is taken and sent, many at a time, so that a receiver that is slow holds up no other.
//! What is to be sent, and what follows from an answer, is in `songwalker-jobs`; how it is sent, in [`send`].
//!
//! A message that is cut off is sent again once its lease ends: at least once, never at the cost of another.

mod resolve;
mod send;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use songwalker_jobs::webhooks::delivery::{self, Delivery};
use songwalker_jobs::{System, trace};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::handle::Told;
use send::Sender;

/// How many messages are on their way at once.
const AT_ONCE: usize = 32;
/// How long it sleeps where nothing is due.
const IDLE: Duration = Duration::from_millis(500);
/// How long it sleeps after the database did not answer.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

pub(crate) async fn run(system: &System, stop: &CancellationToken, told: &Told) {
    let sender = match Sender::new(&system.config.webhooks) {
        Ok(sender) => Arc::new(sender),
        Err(error) => {
            tracing::error!(error = %error, "webhooks cannot be sent");
            told.round(true);
            return stop.cancelled().await;
        }
    };
    // Tasks of their own: one that writes down how it went holds SQLite's one writer, and must go on while this loop waits
    // for it.
    let mut under_way = JoinSet::new();
    while !stop.is_cancelled() {
        let room = AT_ONCE - under_way.len();
        let mut nap = IDLE;
        if room > 0 {
            match delivery::take(system, room).await {
                Ok(taken) => {
                    told.round(false);
                    for one in taken {
                        under_way.spawn(deliver(system.clone(), Arc::clone(&sender), one));
                    }
                }
                Err(error) => {
                    told.round(true);
                    nap = AFTER_FAILURE;
                    tracing::warn!(error.code = error.code().name(), error = %error, "webhooks not taken");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(nap) => {}
            Some(_) = under_way.join_next() => {}
        }
    }
    // What is on its way may arrive; the scheduler's end waits for it as long as for any other step.
    while under_way.join_next().await.is_some() {}
}

/// Sends one and writes down how that went. What is not written down is sent again.
async fn deliver(system: System, sender: Arc<Sender>, delivery: Delivery) {
    let span = tracing::info_span!(
        "webhook",
        delivery.id = delivery.id,
        delivery.attempt = delivery.attempt
    );
    trace::continues(&span, delivery.trace.as_deref());
    send(system, sender, delivery).instrument(span).await;
}

async fn send(system: System, sender: Arc<Sender>, delivery: Delivery) {
    let sent = async {
        let attempted = sender.send(&delivery, system.clock.now().0 / 1_000).await;
        delivery::settle(&system, &delivery, attempted).await
    };
    match AssertUnwindSafe(sent).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(delivery.id = delivery.id, error = %error, "delivery not settled");
        }
        Err(_) => tracing::error!(delivery.id = delivery.id, "delivery panicked"),
    }
}
