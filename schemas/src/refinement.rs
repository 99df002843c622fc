//! How a refined patch differs from its parent: `meta/refinement.json`, a JSON Patch (RFC 6902).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::table::Described;

/// One operation of a JSON Patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum Operation {
    /// Adds a value.
    Add {
        /// JSON Pointer to where it is to be.
        path: String,
        /// The value.
        value: Value,
    },
    /// Takes a value away.
    Remove {
        /// JSON Pointer to it.
        path: String,
    },
    /// Puts a value in the place of another one.
    Replace {
        /// JSON Pointer to it.
        path: String,
        /// The new value.
        value: Value,
    },
}

/// What turns a parent's patch into its child's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refinement {
    /// Always "1.0".
    pub schema_version: String,
    /// `bundle_sha256` of the parent's bundle, where it has one.
    pub parent: Option<String>,
    /// SHA-256 of the parent's patch in canonical form, lower-case hex.
    pub parent_patch_sha256: String,
    /// The operations, in their order.
    pub patch: Vec<Operation>,
}

impl Described for Refinement {
    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["schema_version", "parent", "parent_patch_sha256", "patch"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "parent": { "type": ["string", "null"], "pattern": "^[0-9a-f]{64}$" },
                "parent_patch_sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
                "patch": { "type": "array", "maxItems": 4096, "items": {
                    "type": "object", "additionalProperties": false, "required": ["op", "path"],
                    "properties": { "op": { "enum": ["add", "remove", "replace"] }, "path": { "type": "string", "pattern": "^(/[a-z0-9_]+)+$", "maxLength": 160 }, "value": {} } } }
            }
        })
    }
}
