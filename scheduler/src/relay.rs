//! The relay: what stands in the outbox goes to the queue, at once where it is woken, soon where the wake was lost (R1,
//! R4). While the queue or the database does not take it, it waits longer each time; the rows wait with it.

use std::time::Duration;

use songwalker_jobs::ports::Signal;
use songwalker_jobs::{JobsError, System, outbox};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::handle::Told;

/// How long after hints were sent the next are left to gather: many that come one by one are sent together.
const GATHER: Duration = Duration::from_millis(5);
/// How long it sleeps when nobody wakes it.
const IDLE: Duration = Duration::from_millis(500);
/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(crate) async fn run(system: &System, stop: &CancellationToken, told: &Told) {
    let mut signals = system.bus.subscribe();
    let mut failures = 0;
    while !stop.is_cancelled() {
        // Listens anew, then looks: what was signalled before is seen by this look, what comes later wakes it.
        signals = signals.resubscribe();
        let sent = send_all(system, stop).await;
        told.round(sent.is_err());
        match sent {
            Ok(sent) => {
                failures = 0;
                if sent > 0 {
                    let _ = stop.run_until_cancelled(tokio::time::sleep(GATHER)).await;
                }
                let nap = tokio::time::timeout(IDLE, woken(&mut signals));
                let _ = stop.run_until_cancelled(nap).await;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(error.code = error.code().name(), error = %error, relay.failures = failures, "outbox not relayed");
                let _ = stop
                    .run_until_cancelled(tokio::time::sleep(pause(failures)))
                    .await;
            }
        }
    }
}

/// Sends until nothing is left; how many were sent.
async fn send_all(system: &System, stop: &CancellationToken) -> Result<u64, JobsError> {
    let batch = system.config.scheduler.batch;
    let mut all = 0;
    while !stop.is_cancelled() {
        let sent = outbox::relay(system, batch).await? as u64;
        all += sent;
        if sent < batch {
            break;
        }
    }
    Ok(all)
}

/// Waits for a wake, or for word that signals were lost.
async fn woken(signals: &mut Receiver<Signal>) {
    loop {
        match signals.recv().await {
            Ok(Signal::Wake | Signal::Missed) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1 << (failures.saturating_sub(1)).min(16))
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_pause_up_to_the_longest() {
        let pauses: Vec<u128> = (1..=9).map(|failures| pause(failures).as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        );
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
