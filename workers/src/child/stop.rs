//! How a conversation with a child may be ended from outside: asked with a grace, or at a hard limit (R8).

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What ends a conversation early.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Set: the child is asked to stop.
    pub token: CancellationToken,
    /// How long it has to do so before it is killed.
    pub grace: Duration,
    /// When it is killed whatever it says.
    pub deadline: Instant,
}

impl Stop {
    /// Until then, unless the token is set.
    #[must_use]
    pub fn new(token: CancellationToken, grace: Duration, deadline: Instant) -> Self {
        Self {
            token,
            grace,
            deadline,
        }
    }
}
