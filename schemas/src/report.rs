//! `meta/analysis.json`: what was measured in a patch, what was asked of it and what was reached.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::AudioAnalysis;
use crate::intent::{Conflict, Intent};
use crate::table::Described;

/// One thing that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What, for people.
    pub what: String,
    /// Which measure says so.
    pub measure: String,
    /// What was wanted.
    pub wanted: String,
    /// What was measured.
    pub got: String,
    /// Whether it was reached.
    pub reached: bool,
}

/// The preview's level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoudnessReport {
    /// Integrated loudness, LUFS.
    pub lufs: f64,
    /// True peak, dB.
    pub true_peak_db: f64,
    /// What set it: `loudness` (−18 LUFS), `peak` (−1 dBTP) or `master` (the master's own end).
    pub limited_by: String,
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always "1.0".
    pub schema_version: String,
    /// The note that was measured.
    pub note: u8,
    /// How long it was held, seconds.
    pub hold_s: f64,
    /// Its measures.
    pub analysis: AudioAnalysis,
    /// The preview's level.
    pub loudness: LoudnessReport,
    /// What was asked for and what was reached.
    pub asked: Vec<Asked>,
    /// How often the patch was corrected.
    pub corrections: usize,
    /// Contradictions and how they were settled.
    pub conflicts: Vec<Conflict>,
}

impl Described for Report {
    fn schema() -> Value {
        let text = json!({ "type": "string", "maxLength": 128 });
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["schema_version", "note", "hold_s", "analysis", "loudness", "asked", "corrections", "conflicts"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "note": { "type": "integer", "minimum": 0, "maximum": 127 },
                "hold_s": { "type": "number", "minimum": 0, "maximum": 60 },
                "analysis": AudioAnalysis::schema(),
                "loudness": { "type": "object", "additionalProperties": false, "required": ["lufs", "true_peak_db", "limited_by"],
                    "properties": { "lufs": { "type": "number" }, "true_peak_db": { "type": "number" }, "limited_by": { "enum": ["loudness", "peak", "master"] } } },
                "asked": { "type": "array", "maxItems": 64, "items": { "type": "object", "additionalProperties": false,
                    "required": ["what", "measure", "wanted", "got", "reached"],
                    "properties": { "what": text, "measure": text, "wanted": text, "got": text, "reached": { "type": "boolean" } } } },
                "corrections": { "type": "integer", "minimum": 0, "maximum": 12 },
                "conflicts": Intent::schema()["properties"]["conflicts"].clone()
            }
        })
    }
}
