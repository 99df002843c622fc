//! A page of a list, newest first.

use serde::{Deserialize, Serialize};

/// Some items, and how to get the next ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; null at the end, and always where a list comes
    /// whole.
    pub next_cursor: Option<String>,
}
