//! `songwalker/preset.json`: a patch as the SongWalker plugin opens it.

use serde_json::{Value, json};

use crate::PatchSpec;
use crate::table::Described;

/// What the file's `format` field says.
pub const FORMAT: &str = "songwalker-preset";

/// The shape of a preset file; the patch inside is a whole [`PatchSpec`].
#[derive(Debug, Clone, Copy)]
pub struct PresetFile;

impl Described for PresetFile {
    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["schema_version", "format", "name", "patch"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "format": { "const": FORMAT },
                "name": crate::text::name_schema(),
                "patch": PatchSpec::schema()
            }
        })
    }
}
