//! What ends an attempt early: cancel, soft limit, hard limit, shutdown and a lost lease are one mechanism (R8). The
//! sign is shared and stands outside every mailbox, so that no stop queues behind work.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why an attempt is to stop. The first cause is the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its user said so.
    Cancelled,
    /// It has run too long.
    Deadline,
    /// The worker goes down.
    Shutdown,
    /// The row belongs to somebody else, or may by now.
    Stale,
}

/// A sign that is raised once, with its cause.
#[derive(Debug, Clone, Default)]
pub struct StopSign {
    token: CancellationToken,
    cause: Arc<OnceLock<Cause>>,
}

impl StopSign {
    /// A sign that is down.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it, unless it is up already.
    pub fn raise(&self, cause: Cause) {
        let _ = self.cause.set(cause);
        self.token.cancel();
    }

    /// Why it is up; nothing while it is down.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.cause.get().copied()
    }

    /// What waits for it.
    #[must_use]
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_counts() {
        let sign = StopSign::new();
        assert!(sign.cause().is_none() && !sign.token().is_cancelled());
        sign.clone().raise(Cause::Deadline);
        sign.raise(Cause::Cancelled);
        assert_eq!(sign.cause(), Some(Cause::Deadline));
        assert!(sign.token().is_cancelled());
    }
}
