//! The rate limiter of one process: GCRA cells of `governor`, on the steady clock. Memory is bounded by forgetting
//! whoever has all requests left again.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter as Governor};

use crate::clock::Clock;
use crate::ports::{Decision, PortError, RateLimiter};

const MINUTE: Duration = Duration::from_secs(60);

/// After so many requests those who have all requests left again are forgotten.
const FORGET_EVERY: u64 = 1024;

type Cells = Governor<String, DashMapStateStore<String>, SteadyClock, StateInformationMiddleware>;

/// Counts requests within this process.
#[derive(Debug)]
pub struct MemoryRateLimiter {
    clock: SteadyClock,
    /// One set of cells for each number of requests a minute: plans have a handful of them.
    by_rate: Mutex<HashMap<u32, Arc<Cells>>>,
    taken: AtomicU64,
}

impl MemoryRateLimiter {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: SteadyClock(clock),
            by_rate: Mutex::default(),
            taken: AtomicU64::new(0),
        }
    }

    /// How many are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        let by_rate = self.by_rate.lock().unwrap_or_else(PoisonError::into_inner);
        by_rate.values().map(|cells| cells.len()).sum()
    }

    fn cells(&self, per_minute: NonZeroU32) -> Arc<Cells> {
        let mut by_rate = self.by_rate.lock().unwrap_or_else(PoisonError::into_inner);
        if self.taken.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            by_rate.retain(|_, cells| {
                cells.retain_recent();
                !cells.is_empty()
            });
        }
        let cells = by_rate.entry(per_minute.get()).or_insert_with(|| {
            let quota = Quota::per_minute(per_minute);
            let plain: Governor<_, _, _, NoOpMiddleware<Nanos>> =
                Governor::new(quota, DashMapStateStore::default(), self.clock.clone());
            Arc::new(plain.with_middleware())
        });
        Arc::clone(cells)
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(&self, who: &str, per_minute: u32) -> Result<Decision, PortError> {
        let Some(rate) = NonZeroU32::new(per_minute) else {
            let retry_after = Some(MINUTE);
            return Ok(Decision {
                allowed: false,
                limit: 0,
                remaining: 0,
                reset: MINUTE,
                retry_after,
            });
        };
        let each = MINUTE / per_minute;
        Ok(match self.cells(rate).check_key(&who.to_owned()) {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                let reset = each * per_minute.saturating_sub(remaining);
                Decision {
                    allowed: true,
                    limit: per_minute,
                    remaining,
                    reset,
                    retry_after: None,
                }
            }
            Err(refused) => {
                let wait = refused.wait_time_from(governor::clock::Clock::now(&self.clock));
                let reset = wait + each * (per_minute - 1);
                Decision {
                    allowed: false,
                    limit: per_minute,
                    remaining: 0,
                    reset,
                    retry_after: Some(wait),
                }
            }
        })
    }
}

/// The steady clock as `governor` reads it.
#[derive(Debug, Clone)]
struct SteadyClock(Arc<dyn Clock>);

impl governor::clock::Clock for SteadyClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.steady().as_millis()).unwrap_or(0);
        Nanos::from(Duration::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn askers_that_have_all_requests_left_again_are_forgotten() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0)));
        let limiter = MemoryRateLimiter::new(Arc::clone(&clock) as _);
        for number in 0..20 * FORGET_EVERY {
            let decision = limiter
                .take(&format!("asker {number}"), 60 + (number % 2) as u32)
                .await
                .unwrap();
            assert!(decision.allowed);
            clock.advance(Duration::from_millis(100));
        }
        assert!(
            limiter.remembered() <= 2 * FORGET_EVERY as usize,
            "{}",
            limiter.remembered()
        );
    }

    #[tokio::test]
    async fn a_wall_clock_that_jumps_gives_nobody_a_request() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        let limiter = MemoryRateLimiter::new(Arc::clone(&clock) as _);
        assert!(limiter.take("ada", 1).await.unwrap().allowed);
        clock.jump(3_600_000);
        assert!(!limiter.take("ada", 1).await.unwrap().allowed);
        clock.jump(-7_200_000);
        assert!(!limiter.take("ada", 1).await.unwrap().allowed);
    }
}
