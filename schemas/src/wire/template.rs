//! Templates as their list tells them; one alone is a whole [`crate::MacroTemplate`].

use serde::{Deserialize, Serialize};

use crate::Category;

/// An item of `GET /v1/templates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateSummary {
    /// Its id, to be asked for as `template_id`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What kind of instrument it is.
    pub category: Category,
    /// Finer kind, open.
    pub subcategory: Option<String>,
    /// Counts up with every change.
    pub version: u32,
    /// One sentence: what it sounds like.
    pub description: String,
    /// What its eight knobs are called.
    pub knobs: Vec<String>,
}
