//! Why a child gave no answer.

use std::fmt;

use songwalker_schemas::error_code::ErrorBody;

/// How a child died, and what of its last words may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// `signal 6`, `exit code 3`, …
    pub ending: String,
    /// Lines of its standard error that hold nobody's words.
    pub last_words: String,
}

impl Death {
    /// Before anybody has looked.
    pub(super) fn unknown() -> Self {
        Self {
            ending: "unknown".to_owned(),
            last_words: String::new(),
        }
    }
}

/// Why a child gave no answer. Only [`ChildError::Failed`] and sometimes [`ChildError::Cancelled`] leave it alive.
#[derive(thiserror::Error)]
pub enum ChildError {
    /// It could not be started.
    #[error("the child could not be started: {0}")]
    Unborn(String),
    /// It ended by itself, or by the system's hand.
    #[error("the child died: {0}")]
    Died(Death),
    /// It said what no child says; it was killed.
    #[error("the child's answer makes no sense: {0}")]
    Rubbish(&'static str),
    /// A message or a bundle beyond its bound; a child that said so was killed.
    #[error("{0} is larger than allowed")]
    TooLarge(&'static str),
    /// It did the work and the work failed. The message may name what the user wrote.
    #[error("the work failed: {}", .0.code)]
    Failed(Box<ErrorBody>),
    /// It was asked to stop, and stopped or was killed.
    #[error("cancelled")]
    Cancelled,
    /// It was killed at the hard limit.
    #[error("killed at its deadline")]
    Timeout,
}

impl ChildError {
    /// Whether the child is to blame, not the work: it died, talked rubbish or could not be started.
    #[must_use]
    pub const fn is_death(&self) -> bool {
        matches!(self, Self::Unborn(_) | Self::Died(_) | Self::Rubbish(_))
    }
}

/// As [`fmt::Display`]: the body of a failure may hold the user's words.
impl fmt::Debug for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChildError({self})")
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ending)?;
        if self.last_words.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.last_words)
        }
    }
}
