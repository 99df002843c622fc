//! Whether the service can do its work: asked by whoever decides if requests should come here. Each part is asked with
//! a time limit, and the answer is kept for a moment, so that asking often costs nothing.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use songwalker_jobs::System;
use songwalker_schemas::{ErrorCode, Faults};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::meter::PART_UP;

/// Says whether the workers of this process are in order, and if not, why, in words that may be shown to anybody.
pub type WorkersProbe = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);
/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a process is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// `alive`, `ready`, `degraded`.
    status: &'static str,
    /// Parts that do not answer, where the process can do without them for a time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    away: Vec<&'static str>,
}

impl Health {
    /// It answers, whatever else there is.
    pub const ALIVE: Self = Self {
        status: "alive",
        away: Vec::new(),
    };

    fn without(away: Vec<&'static str>) -> Self {
        let status = if away.is_empty() { "ready" } else { "degraded" };
        Self { status, away }
    }
}

/// What was found when the parts were asked.
type Asked = (Faults, Vec<&'static str>);

/// Asks the parts.
pub struct Readiness {
    workers: Option<WorkersProbe>,
    is_going_down: AtomicBool,
    last: Mutex<Option<(Instant, Asked)>>,
}

impl Readiness {
    /// `workers` is asked too, where there are some in this process: they need every part. A process without workers
    /// takes jobs, and does what the clock says, also while store or queue do not answer: what cannot be sent waits in
    /// the outbox.
    #[must_use]
    pub fn new(workers: Option<WorkersProbe>) -> Self {
        Self {
            workers,
            is_going_down: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// The process was told to stop: from now on it is not ready, while it answers what it has.
    pub fn go_down(&self) {
        self.is_going_down.store(true, Ordering::Relaxed);
    }

    /// Whether everything answers that the process needs.
    ///
    /// # Errors
    /// `unavailable`, with every part that does not.
    pub async fn check(&self, system: &System) -> Result<Health, ApiError> {
        if self.is_going_down.load(Ordering::Relaxed) {
            let error = ApiError::fault(ErrorCode::Unavailable, "/process", "is shutting down");
            return Err(error.retry_after(PATIENCE));
        }
        let mut last = self.last.lock().await;
        let (faults, away) = match &*last {
            Some((at, asked)) if at.elapsed() < HOLDS => asked.clone(),
            _ => {
                let asked = self.ask(system).await;
                *last = Some((Instant::now(), asked.clone()));
                asked
            }
        };
        drop(last);
        faults
            .into_result(Health::without(away))
            .map_err(|faults| ApiError::faulty(ErrorCode::Unavailable, &faults).retry_after(PATIENCE))
    }

    async fn ask(&self, system: &System) -> Asked {
        let (mut faults, mut away) = (Faults::new(), Vec::new());
        let has_redis = system.config.redis.url.is_some();
        let (database, store, queue, redis) = tokio::join!(
            answers(system.db.ping()),
            answers(system.store.ping()),
            answers(system.queue.ping()),
            async { !has_redis || answers(system.limiter.ping()).await },
        );
        up("database", database);
        if !database {
            faults.push("/database", "does not answer");
        }
        for (part, answers) in [("store", store), ("queue", queue)] {
            up(part, answers);
            if !answers && self.workers.is_some() {
                faults.push(format!("/{part}"), "does not answer");
            } else if !answers {
                away.push(part);
            }
        }
        if has_redis {
            // Without it everything goes on, only less well.
            up("redis", redis);
        }
        if let Some(Err(problem)) = self.workers.as_ref().map(|workers| workers()) {
            faults.push("/workers", problem);
        }
        (faults, away)
    }
}

fn up(part: &'static str, answers: bool) {
    metrics::gauge!(PART_UP, "part" => part).set(if answers { 1.0 } else { 0.0 });
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

    #[tokio::test]
    async fn what_goes_down_is_not_ready_at_once() {
        let system = testing::system().await;
        let readiness = Readiness::new(None);
        assert!(readiness.check(&system).await.is_ok());
        readiness.go_down();
        let error = readiness.check(&system).await.unwrap_err();
        assert_eq!(error.status_code(), 503);
    }
}
