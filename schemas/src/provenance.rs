//! How a bundle came to be, without time, host, job or user: `meta/provenance.json`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::table::Described;

/// What made a bundle, enough to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Always "1.0".
    pub schema_version: String,
    /// Version of the sound.
    pub engine_version: String,
    /// Version of planner, templates and mapper.
    pub generator_version: String,
    /// The planner whose intent it is: `embedded`, `llm` or `hybrid`.
    pub planner: String,
    /// The template the patch grew from.
    pub template_id: String,
    /// The recipe that changed the template, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe_id: Option<String>,
    /// The request's seed.
    pub seed: u64,
    /// How many variations were asked for.
    pub variations: u64,
    /// `bundle_sha256` of the bundle this one was made from, where there is one.
    pub parent: Option<String>,
}

impl Described for Provenance {
    fn schema() -> Value {
        let text = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["schema_version", "engine_version", "generator_version", "planner", "template_id", "seed", "variations", "parent"],
            "properties": {
                "schema_version": { "const": "1.0" }, "engine_version": text, "generator_version": text, "planner": text,
                "template_id": text, "recipe_id": text, "seed": { "type": "integer", "minimum": 0, "maximum": crate::limits::MAX_SEED },
                "variations": { "type": "integer", "minimum": 0, "maximum": crate::limits::MAX_VARIATIONS },
                "parent": { "type": ["string", "null"], "pattern": "^[0-9a-f]{64}$" }
            }
        })
    }
}
