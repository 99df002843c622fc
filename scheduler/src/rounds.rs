//! Rounds of sweeps: the ones for which somebody waits often, all of them from time to time (R4, R12).

use songwalker_jobs::System;
use songwalker_jobs::sweep::{self, Round, gauges};
use tokio_util::sync::CancellationToken;

use crate::handle::Told;

/// What is due, every `sweep_every`.
pub(crate) async fn due(system: &System, stop: &CancellationToken, told: &Told) {
    let every = system.config.scheduler.sweep_every.duration();
    while !stop.is_cancelled() {
        let round = sweep::round(system, sweep::FAST, stop).await;
        told.round(has_failed(&round));
        let _ = stop.run_until_cancelled(tokio::time::sleep(every)).await;
    }
}

/// Everything, every `full_sweep_every`, and then how the service stands.
pub(crate) async fn full(system: &System, stop: &CancellationToken, told: &Told) {
    let every = system.config.scheduler.full_sweep_every.duration();
    while !stop.is_cancelled() {
        let round = sweep::full_until(system, stop).await;
        let gauged = match gauges::tell_ended(system).await {
            Ok(()) => gauges::tell(system).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &gauged {
            tracing::warn!(error.code = error.code().name(), error = %error, "gauges not told");
        }
        told.round(has_failed(&round) || gauged.is_err());
        let _ = stop.run_until_cancelled(tokio::time::sleep(every)).await;
    }
}

const fn has_failed(round: &Round) -> bool {
    !round.broken.is_empty() || round.swept.failed > 0
}
