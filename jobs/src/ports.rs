//! What jobs need of the outside, as traits: queue, object store, rate limiter, event bus. Their adapters are in
//! [`crate::adapters`]; every adapter of a port passes that port's contract suite (`tests/contracts/`).
//!
//! Owns the one error of all ports. Its texts hold nothing private: no path, no address, no key (R10).

pub mod event_bus;
pub mod object_store;
pub mod queue;
pub mod rate_limiter;

pub use event_bus::{EventBus, Signal};
pub use object_store::{ObjectInfo, ObjectKey, ObjectStore};
pub use queue::{Consumer, Delivery, Hint, Lane, Queue};
pub use rate_limiter::{Decision, RateLimiter};

/// Why a port did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// It does not answer, or not in the way it should; whether the call took place is not known.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// There is no space left; the call did not take place.
    #[error("no space left")]
    Full,
    /// What is stored is not what was stored.
    #[error("corrupt: {0}")]
    Corrupt(String),
    /// The call itself is wrong and will never succeed.
    #[error("refused: {0}")]
    Refused(String),
}

impl PortError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full)
    }

    /// The error of a file operation, without the path: `what` says which operation it was.
    #[must_use]
    pub fn from_io(what: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full,
            kind => Self::Unavailable(format!("{what}: {kind}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn the_error_of_a_file_names_no_path() {
        let missing = std::fs::File::open("/nowhere/canary").unwrap_err();
        let error = PortError::from_io("an object cannot be read", &missing);
        assert_eq!(
            error.to_string(),
            "unavailable: an object cannot be read: entity not found"
        );
        assert!(error.retryable());
        let custom = Error::other("/home/canary is gone");
        assert!(!PortError::from_io("x", &custom).to_string().contains("canary"));
    }

    #[test]
    fn a_full_disk_is_told_apart_and_may_be_tried_again() {
        let full = PortError::from_io("x", &Error::from(ErrorKind::StorageFull));
        assert_eq!(full, PortError::Full);
        assert!(full.retryable());
        assert!(
            !PortError::Corrupt(String::new()).retryable() && !PortError::Refused(String::new()).retryable()
        );
    }
}
