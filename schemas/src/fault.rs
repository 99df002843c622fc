//! What is wrong with a document: every fault with its pointer, not only the first.

use serde::{Deserialize, Serialize};

use crate::limits::MAX_FAULTS;

/// One fault of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// JSON Pointer (RFC 6901) to the faulty value; empty for the whole document.
    pub pointer: String,
    /// What is wrong, for people.
    pub problem: String,
}

/// All faults of a document, at most [`MAX_FAULTS`] of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// No faults yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, pointer: impl Into<String>, problem: impl Into<String>) {
        if self.list.len() < MAX_FAULTS {
            self.list.push(Fault {
                pointer: pointer.into(),
                problem: problem.into(),
            });
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The faults kept.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.list
    }

    /// `value` where there are no faults, else the faults.
    ///
    /// # Errors
    /// The faults themselves.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, fault) in self.list.iter().enumerate() {
            let pointer = if fault.pointer.is_empty() {
                "document"
            } else {
                &fault.pointer
            };
            write!(
                f,
                "{}{pointer}: {}",
                if i == 0 { "" } else { "\n" },
                fault.problem
            )?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
