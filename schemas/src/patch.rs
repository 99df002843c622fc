//! PatchSpec v1: one playable sound, every parameter spelled out in engineering units.

pub mod envelope;
pub mod filter;
pub mod fx;
pub mod lfo;
pub mod macros;
pub mod meta;
pub mod osc;
pub mod random;
pub mod rate;
pub mod sample;
pub mod voicing;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::envelope::Envelope;
pub use self::filter::{Filter, FilterModel, FilterStyle, Formant};
pub use self::fx::Fx;
pub use self::lfo::Lfo;
pub use self::macros::{MacroSlot, MacroTarget, RoleId};
pub use self::meta::Meta;
pub use self::osc::Osc;
pub use self::random::RandomSource;
pub use self::sample::SampleOsc;
pub use self::voicing::{Voicing, VoicingMode};
pub use crate::modulation::{Modulation, Route, Source};
use crate::table::Described;
use crate::{Faults, canonical, rules};

/// The sounding parts of a patch. All slots are always there, off by `enabled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modules {
    /// Three wavetable oscillators.
    pub osc: [Osc; 3],
    /// The noise and sample slot.
    pub sample: SampleOsc,
    /// Two filters per voice.
    pub filter: [Filter; 2],
    /// Six envelopes; 0 is the amplitude and acts squared.
    pub env: [Envelope; 6],
    /// Eight LFOs.
    pub lfo: [Lfo; 8],
    /// Four random sources.
    pub random: [RandomSource; 4],
    /// Nine effects, in the order in which they process.
    pub fx: [Fx; 9],
    /// How notes become voices.
    pub voicing: Voicing,
}

impl Default for Modules {
    fn default() -> Self {
        let mut osc: [Osc; 3] = Default::default();
        osc[0].enabled = true;
        Self {
            osc,
            sample: SampleOsc::default(),
            filter: Default::default(),
            env: Default::default(),
            lfo: Default::default(),
            random: Default::default(),
            fx: Fx::musical_order(),
            voicing: Voicing::default(),
        }
    }
}

/// One patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchSpec {
    /// Always "1.0".
    pub schema_version: String,
    /// Version of the engine it was made for.
    pub engine_version: String,
    /// Always "vital".
    pub synth_target: String,
    /// Its name, 1..48 characters.
    pub name: String,
    /// What does not reach the sound.
    pub meta: Meta,
    /// What does.
    pub modules: Modules,
    /// Who moves what.
    pub modulation: Modulation,
    /// Eight knobs.
    pub macros: Vec<MacroSlot>,
}

impl Default for PatchSpec {
    fn default() -> Self {
        Self {
            schema_version: crate::SCHEMA_VERSION.to_owned(),
            engine_version: "1.0.0".to_owned(),
            synth_target: "vital".to_owned(),
            name: "Init".to_owned(),
            meta: Meta::default(),
            modules: Modules::default(),
            modulation: Modulation::default(),
            macros: RoleId::GENERATED
                .iter()
                .map(|role| MacroSlot::new(*role))
                .collect(),
        }
    }
}

impl PatchSpec {
    /// Reads a patch: JSON, then every rule; numbers are brought to canonical form.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn from_json(text: &[u8]) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        if text.len() > crate::limits::MAX_PATCH_BYTES {
            faults.push(
                "",
                format!("longer than {} bytes", crate::limits::MAX_PATCH_BYTES),
            );
            return Err(faults);
        }
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => {
                faults.push("", format!("not JSON: {error}"));
                return Err(faults);
            }
        };
        Self::from_value(value)
    }

    /// Reads a patch from parsed JSON; see [`PatchSpec::from_json`].
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn from_value(mut value: Value) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        crate::structure::check(&value, crate::json_schema::patch(), &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        canonical::quantise_all(&mut value);
        let patch: Self = match serde_json::from_str(&canonical::to_string(&value)) {
            Ok(patch) => patch,
            Err(error) => {
                faults.push("", error.to_string());
                return Err(faults);
            }
        };
        rules::check_patch(&patch, &mut faults);
        faults.into_result(patch)
    }

    /// The patch as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// Canonical bytes: what is hashed and stored.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut value = self.to_value();
        canonical::quantise_all(&mut value);
        canonical::to_string(&value).into_bytes()
    }

    /// SHA-256 of the canonical patch without `name` and `meta`: equal sounds have equal hashes.
    #[must_use]
    pub fn sound_hash(&self) -> String {
        let mut value = self.to_value();
        if let Value::Object(map) = &mut value {
            map.remove("name");
            map.remove("meta");
        }
        canonical::quantise_all(&mut value);
        canonical::sha256_hex(canonical::to_string(&value).as_bytes())
    }

    /// Every fault of this patch, as if it had been read.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn check(&self) -> Result<(), Faults> {
        Self::from_value(self.to_value()).map(|_| ())
    }
}

impl Described for PatchSpec {
    fn schema() -> Value {
        let fixed = |schema: Value, n: usize| json!({ "type": "array", "items": schema, "minItems": n, "maxItems": n });
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["schema_version", "engine_version", "synth_target", "name", "meta", "modules", "modulation", "macros"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "engine_version": { "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$", "maxLength": 32 },
                "synth_target": { "const": "vital" },
                "name": crate::text::name_schema(),
                "meta": Meta::schema(),
                "modules": {
                    "type": "object", "additionalProperties": false,
                    "required": ["osc", "sample", "filter", "env", "lfo", "random", "fx", "voicing"],
                    "properties": {
                        "osc": fixed(Osc::schema(), 3), "sample": SampleOsc::schema(), "filter": fixed(Filter::schema(), 2),
                        "env": fixed(Envelope::schema(), 6), "lfo": fixed(Lfo::schema(), 8),
                        "random": fixed(RandomSource::schema(), 4), "fx": fixed(Fx::schema(), 9), "voicing": Voicing::schema()
                    }
                },
                "modulation": Modulation::schema(),
                "macros": fixed(MacroSlot::schema(), 8)
            }
        })
    }
}
