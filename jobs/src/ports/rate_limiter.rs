//! How often somebody may ask. Owns the question only; who asks and how much is allowed comes from the plan of the
//! user, and the number of unfinished jobs is counted in the database, never here (R9).

use std::time::Duration;

use async_trait::async_trait;

use super::PortError;

/// Whether a request may pass, and what its `RateLimit-*` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may pass.
    pub allowed: bool,
    /// How many requests may come at once.
    pub limit: u32,
    /// How many more may come now.
    pub remaining: u32,
    /// After how long all of `limit` may come again.
    pub reset: Duration,
    /// After how long the next may come; only where this one may not.
    pub retry_after: Option<Duration>,
}

/// Counts requests.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts a request of `who`, an id and never a key, who may make `per_minute` at once and so many each minute.
    /// A refused request costs nothing.
    async fn take(&self, who: &str, per_minute: u32) -> Result<Decision, PortError>;

    /// Whether what counts for all processes together answers; where each counts for itself, it does.
    async fn ping(&self) -> Result<(), PortError> {
        Ok(())
    }
}
