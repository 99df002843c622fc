//! A loop that panicked is started again: nothing that one row or one service does ends what happens by the clock
//! (R4, R12).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::handle::{Loop, Told};

/// The pause before a loop that panicked is started again.
const AFTER_A_PANIC: Duration = Duration::from_secs(1);

/// Runs a loop until it ends by itself, which it does only when it is told to.
pub(crate) async fn keep<F: Future<Output = ()>>(
    which: Loop,
    stop: CancellationToken,
    told: Told,
    run: impl Fn(Told) -> F,
) {
    while AssertUnwindSafe(run(told.clone())).catch_unwind().await.is_err() {
        told.panic();
        metrics::counter!("songwalker_scheduler_panics_total", "loop" => which.name()).increment(1);
        tracing::error!(scheduler.r#loop = which.name(), "loop panicked, started again");
        if stop
            .run_until_cancelled(tokio::time::sleep(AFTER_A_PANIC))
            .await
            .is_none()
        {
            return;
        }
    }
}
