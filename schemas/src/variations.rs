//! Variations of a patch: RFC 6902 patches of `replace` operations only.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::table::Described;
use crate::{Faults, PatchSpec};

choice! {
    /// In which way a variation differs.
    VariationType {
        /// Less treble.
        Darker = "darker",
        /// More treble.
        Brighter = "brighter",
        /// Shorter decay and release.
        Shorter = "shorter",
        /// Longer decay and release.
        Longer = "longer",
        /// Wider stereo.
        Wider = "wider",
        /// Narrower stereo.
        Narrower = "narrower",
        /// More distortion.
        Dirtier = "dirtier",
        /// Less distortion.
        Cleaner = "cleaner",
        /// Less movement.
        Calmer = "calmer",
        /// More movement.
        Wilder = "wilder",
        /// A faster attack.
        Punchier = "punchier",
        /// A slower attack.
        Softer = "softer",
        /// More room.
        Deeper = "deeper",
        /// Less room.
        Drier = "drier",
    }
}

/// One `replace` operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// Always "replace".
    pub op: String,
    /// JSON Pointer into the base patch.
    pub path: String,
    /// The new value.
    pub value: Value,
}

/// One variation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// Its id, unique in the bundle.
    pub id: String,
    /// In which way it differs.
    #[serde(rename = "type")]
    pub kind: VariationType,
    /// What changes.
    pub patch: Vec<Replace>,
}

/// `meta/variations_diff.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariationsDiff {
    /// Always "1.0".
    pub schema_version: String,
    /// `schema_version` of the base patch.
    pub base_schema_version: String,
    /// The variations.
    pub variations: Vec<Variation>,
}

impl VariationsDiff {
    /// No variations.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            schema_version: crate::SCHEMA_VERSION.to_owned(),
            base_schema_version: crate::SCHEMA_VERSION.to_owned(),
            variations: Vec::new(),
        }
    }

    /// Reads a document of variations.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn from_value(value: Value) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        crate::structure::check(&value, crate::json_schema::variations(), &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        serde_json::from_value(value).map_err(|error| {
            faults.push("", error.to_string());
            faults
        })
    }
}

impl Variation {
    /// The operations that turn `base` into `changed`, in byte order of path; `None` where a `replace` cannot do it
    /// (lists of different length, other effect order).
    #[must_use]
    pub fn between(base: &PatchSpec, changed: &PatchSpec) -> Option<Vec<Replace>> {
        fn walk(a: &Value, b: &Value, at: &str, out: &mut Vec<Replace>) -> bool {
            match (a, b) {
                (Value::Object(a), Value::Object(b)) => {
                    a.len() == b.len()
                        && a.iter().all(|(key, x)| {
                            b.get(key)
                                .is_some_and(|y| walk(x, y, &format!("{at}/{key}"), out))
                        })
                }
                (Value::Array(a), Value::Array(b)) => {
                    a.len() == b.len()
                        && a.iter()
                            .zip(b)
                            .enumerate()
                            .all(|(i, (x, y))| walk(x, y, &format!("{at}/{i}"), out))
                }
                (a, b) => {
                    if a != b {
                        out.push(Replace {
                            op: "replace".to_owned(),
                            path: at.to_owned(),
                            value: b.clone(),
                        });
                    }
                    true
                }
            }
        }
        let (mut a, mut b) = (base.to_value(), changed.to_value());
        crate::canonical::quantise_all(&mut a);
        crate::canonical::quantise_all(&mut b);
        let mut out = Vec::new();
        let fits = walk(&a, &b, "", &mut out)
            && base
                .modules
                .fx
                .iter()
                .zip(&changed.modules.fx)
                .all(|(x, y)| x.kind() == y.kind());
        out.sort_by(|x, y| x.path.as_bytes().cmp(y.path.as_bytes()));
        fits.then_some(out)
    }

    /// The base patch with this variation applied; `at` is where the variation stands in its document.
    ///
    /// # Errors
    /// Every operation that is no `replace`, whose path is missing, or that breaks a rule of the patch.
    pub fn apply(&self, base: &PatchSpec, at: &str) -> Result<PatchSpec, Faults> {
        let mut faults = Faults::new();
        let mut value = base.to_value();
        for (i, operation) in self.patch.iter().enumerate() {
            let here = format!("{at}/patch/{i}");
            if operation.op != "replace" {
                faults.push(
                    format!("{here}/op"),
                    format!("{} is not allowed: only replace", operation.op),
                );
                continue;
            }
            match value.pointer_mut(&operation.path) {
                Some(slot)
                    if operation.path.starts_with("/modules/")
                        || operation.path.starts_with("/modulation/")
                        || operation.path.starts_with("/macros/") =>
                {
                    *slot = operation.value.clone();
                }
                Some(_) => faults.push(
                    format!("{here}/path"),
                    format!("{} is not part of the sound", operation.path),
                ),
                None => faults.push(
                    format!("{here}/path"),
                    format!("{} is not in the base patch", operation.path),
                ),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let changed = PatchSpec::from_value(value)?;
        if base
            .modules
            .fx
            .iter()
            .zip(&changed.modules.fx)
            .any(|(a, b)| a.kind() != b.kind())
        {
            faults.push(format!("{at}/patch"), "reorders the effects");
        }
        faults.into_result(changed)
    }
}

impl Described for VariationsDiff {
    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["schema_version", "base_schema_version", "variations"],
            "properties": {
                "schema_version": { "const": "1.0" }, "base_schema_version": { "const": "1.0" },
                "variations": { "type": "array", "maxItems": crate::limits::MAX_VARIATIONS, "items": {
                    "type": "object", "additionalProperties": false, "required": ["id", "type", "patch"],
                    "properties": {
                        "id": { "type": "string", "pattern": "^[a-z0-9_]{1,32}$" },
                        "type": VariationType::schema(),
                        "patch": { "type": "array", "maxItems": 4096, "items": {
                            "type": "object", "additionalProperties": false, "required": ["op", "path", "value"],
                            "properties": { "op": { "const": "replace" }, "path": { "type": "string", "pattern": "^(/[a-z0-9_]+)+$", "maxLength": 160 },
                                "value": { "type": ["number", "string", "boolean", "null"] } } } }
                    } } }
            }
        })
    }
}
