//! Imported wavetables and samples: what stands beside a patch in `assets/`, named by the SHA-256 of its bytes.
//!
//! A wavetable is kept as the components it is made of, never as finished frames; [`component`] has them. Its file is
//! canonical JSON, so that equal tables have equal names. A sample's file is FLAC, which this crate neither reads nor
//! writes. [`WavetableAsset::from_json`] refuses whatever the engine could not play, with every fault and its pointer.

pub mod component;
pub mod packed;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::component::Component;
use crate::table::Described;
use crate::{Faults, canonical};

/// Largest sum of the sizes of a patch's asset files, bytes.
pub const MAX_ASSET_BYTES: usize = 8_000_000;
/// Most groups of a wavetable.
pub const MAX_GROUPS: usize = 16;
/// Most components of a wavetable, over all its groups.
pub const MAX_COMPONENTS: usize = 64;
/// Most keyframes of a component: one for each frame.
pub const MAX_KEYFRAMES: usize = 257;
/// Most points of a line.
pub const MAX_LINE_POINTS: usize = 100;
/// Samples of one wave.
pub const WAVE_SAMPLES: usize = 2048;
/// Longest name or author, characters.
pub const MAX_WORDS: usize = 200;
/// Most sample frames of a sample: 8 MB of 16-bit mono.
pub const MAX_SAMPLE_FRAMES: usize = 4_000_000;
/// Sample rates of samples, hertz.
pub const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 1_000..=96_000;

/// A wavetable as its components: each group is a chain whose first component is a source and whose others change what
/// is before them; the table is the mean of its groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WavetableAsset {
    /// Always "1.0".
    pub schema_version: String,
    /// Its name.
    pub name: String,
    /// Who made it; empty when unknown.
    pub author: String,
    /// The widest frame spans 2 from its lowest to its highest point (0 among them), all others by the same factor.
    pub normalize: bool,
    /// Every frame is without DC.
    pub remove_dc: bool,
    /// The chains.
    pub groups: Vec<Group>,
}

/// A chain of components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// In the order in which they work.
    pub components: Vec<Component>,
}

impl WavetableAsset {
    /// Reads a table: JSON, then every rule.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn from_json(text: &[u8]) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        if text.len() > MAX_ASSET_BYTES {
            faults.push("", format!("longer than {MAX_ASSET_BYTES} bytes"));
            return Err(faults);
        }
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => {
                faults.push("", format!("not JSON: {error}"));
                return Err(faults);
            }
        };
        crate::structure::check(&value, crate::json_schema::wavetable(), &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let asset: Self = match serde_json::from_value(value) {
            Ok(asset) => asset,
            Err(error) => {
                faults.push("", error.to_string());
                return Err(faults);
            }
        };
        asset.check_rules(&mut faults);
        faults.into_result(asset)
    }

    /// Every fault of this table, as if it had been read.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn check(&self) -> Result<(), Faults> {
        Self::from_json(&self.to_canonical()).map(|_| ())
    }

    /// Canonical bytes: its file.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        canonical::to_bytes(self).unwrap_or_default()
    }

    /// Its name in patches: the SHA-256 of its file.
    #[must_use]
    pub fn sha256(&self) -> String {
        canonical::sha256_hex(&self.to_canonical())
    }

    /// What the JSON Schema cannot say.
    fn check_rules(&self, faults: &mut Faults) {
        let count: usize = self.groups.iter().map(|group| group.components.len()).sum();
        if count > MAX_COMPONENTS {
            faults.push("/groups", format!("{count} components, at most {MAX_COMPONENTS}"));
        }
        for (i, group) in self.groups.iter().enumerate() {
            for (j, component) in group.components.iter().enumerate() {
                component.check(&format!("/groups/{i}/components/{j}"), faults);
            }
        }
    }
}

impl Described for WavetableAsset {
    fn schema() -> Value {
        let words = json!({ "type": "string", "maxLength": MAX_WORDS });
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["schema_version", "name", "author", "normalize", "remove_dc", "groups"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "name": words, "author": words,
                "normalize": { "type": "boolean", "description": "The widest frame spans 2 from peak to peak, all others by the same factor." },
                "remove_dc": { "type": "boolean", "description": "Every frame is without DC." },
                "groups": { "type": "array", "minItems": 1, "maxItems": MAX_GROUPS, "items": {
                    "type": "object", "additionalProperties": false, "required": ["components"],
                    "properties": { "components": {
                        "type": "array", "maxItems": MAX_COMPONENTS, "items": Component::schema()
                    } }
                } }
            },
            "examples": [component::example()]
        })
    }
}

/// A recording for the sample slot: 16 bit, mono or stereo.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SampleAsset {
    /// Its name.
    pub name: String,
    /// Sample frames per second.
    pub sample_rate: u32,
    /// The left channel, or the only one.
    pub left: Vec<i16>,
    /// The right channel, as long as the left; none for mono.
    pub right: Option<Vec<i16>>,
}

impl SampleAsset {
    /// Every fault of this sample.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn check(&self) -> Result<(), Faults> {
        let mut faults = Faults::new();
        if self.name.chars().count() > MAX_WORDS {
            faults.push("/name", format!("more than {MAX_WORDS} characters"));
        }
        if !SAMPLE_RATES.contains(&self.sample_rate) {
            faults.push(
                "/sample_rate",
                format!(
                    "{} Hz is outside {}..{}",
                    self.sample_rate,
                    SAMPLE_RATES.start(),
                    SAMPLE_RATES.end()
                ),
            );
        }
        if self.left.is_empty() || self.left.len() > MAX_SAMPLE_FRAMES {
            faults.push(
                "/left",
                format!(
                    "{} sample frames, must be 1..{MAX_SAMPLE_FRAMES}",
                    self.left.len()
                ),
            );
        }
        if let Some(right) = &self.right
            && right.len() != self.left.len()
        {
            faults.push(
                "/right",
                format!("{} sample frames, the left has {}", right.len(), self.left.len()),
            );
        }
        faults.into_result(())
    }
}

#[cfg(test)]
mod tests;
