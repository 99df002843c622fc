//! What a patch says of itself; none of it reaches the sound.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Category;
use crate::table::Described;

/// Facts about a patch that do not change its sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Who made it.
    pub author: String,
    /// SPDX licence expression.
    pub license: String,
    /// Anything worth knowing.
    pub comment: String,
    /// What kind of instrument it is.
    pub category: Category,
    /// Finer kind, open: `sub`, `reese`, `kick`, …
    pub subcategory: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Tempo it was made for, 20..300.
    pub tempo_bpm: Option<f64>,
    /// Whether it comes from another synthesiser's file; then macros may be free.
    pub imported: bool,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            author: "SongWalker".to_owned(),
            license: "CC0-1.0".to_owned(),
            comment: String::new(),
            category: Category::Lead,
            subcategory: None,
            tags: Vec::new(),
            tempo_bpm: None,
            imported: false,
        }
    }
}

impl Described for Meta {
    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["author", "license", "comment", "category", "subcategory", "tags", "tempo_bpm", "imported"],
            "properties": {
                "author": { "type": "string", "maxLength": 128 },
                "license": { "type": "string", "pattern": "^[A-Za-z0-9.+ ()-]{1,64}$", "description": "SPDX licence expression." },
                "comment": { "type": "string", "maxLength": 2000 },
                "category": Category::schema(),
                "subcategory": { "type": ["string", "null"], "pattern": "^[a-z0-9_]{1,32}$" },
                "tags": { "type": "array", "maxItems": crate::limits::MAX_TAGS, "items": { "type": "string", "minLength": 1, "maxLength": crate::limits::MAX_TAG_CHARS } },
                "tempo_bpm": { "type": ["number", "null"], "minimum": 20, "maximum": 300 },
                "imported": { "type": "boolean" }
            }
        })
    }
}
