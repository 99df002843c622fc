//! Whether the service can do its work: asked by whoever decides if requests should come here. Each part is asked with
//! a time limit, and the answer is kept for a moment, so that asking often costs nothing.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use songwalker_jobs::System;
use songwalker_schemas::{ErrorCode, Faults};
use tokio::sync::Mutex;

use crate::error::ApiError;

/// Says whether the workers of this process are in order, and if not, why, in words that may be shown to anybody.
pub type WorkersProbe = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);
/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the parts.
pub struct Readiness {
    workers: Option<WorkersProbe>,
    last: Mutex<Option<(Instant, Faults)>>,
}

impl Readiness {
    /// `workers` is asked too, where there are some in this process.
    #[must_use]
    pub fn new(workers: Option<WorkersProbe>) -> Self {
        Self {
            workers,
            last: Mutex::new(None),
        }
    }

    /// Whether everything answers.
    ///
    /// # Errors
    /// `unavailable`, with every part that does not.
    pub async fn check(&self, system: &System) -> Result<(), ApiError> {
        let mut last = self.last.lock().await;
        let faults = match &*last {
            Some((at, faults)) if at.elapsed() < HOLDS => faults.clone(),
            _ => {
                let faults = self.ask(system).await;
                *last = Some((Instant::now(), faults.clone()));
                faults
            }
        };
        drop(last);
        faults
            .into_result(())
            .map_err(|faults| ApiError::faulty(ErrorCode::Unavailable, &faults).retry_after(PATIENCE))
    }

    async fn ask(&self, system: &System) -> Faults {
        let mut faults = Faults::new();
        let (database, store, queue) = tokio::join!(
            answers(system.db.ping()),
            answers(system.store.ping()),
            answers(system.queue.ping()),
        );
        for (part, answers) in [("/database", database), ("/store", store), ("/queue", queue)] {
            if !answers {
                faults.push(part, "does not answer");
            }
        }
        if let Some(Err(problem)) = self.workers.as_ref().map(|workers| workers()) {
            faults.push("/workers", problem);
        }
        faults
    }
}

async fn answers<T, E: std::fmt::Display>(ping: impl Future<Output = Result<T, E>>) -> bool {
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "part not ready");
            false
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use songwalker_jobs::testing;

    use super::*;

    #[tokio::test]
    async fn workers_that_are_not_in_order_make_the_service_not_ready() {
        let system = testing::system().await;
        let fine = Readiness::new(Some(Arc::new(|| Ok(()))));
        assert!(fine.check(&system).await.is_ok());
        let dead = Readiness::new(Some(Arc::new(|| Err("no child starts".to_owned()))));
        // The second answer is the first, kept for a moment.
        for _ in 0..2 {
            let error = dead.check(&system).await.unwrap_err();
            assert_eq!(error.status_code(), 503);
            let told = format!("{error:?}");
            assert!(
                told.contains("/workers") && told.contains("no child starts"),
                "{told}"
            );
        }
    }
}
