//! Who moves what: routes from sources to parameters.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::patch::lfo::Points;
use crate::table::Described;

choice! {
    /// What can move a parameter. Envelopes, LFOs and random sources are counted from 0.
    Source {
        /// Envelope 1.
        Env1 = "env/1",
        /// Envelope 2.
        Env2 = "env/2",
        /// Envelope 3.
        Env3 = "env/3",
        /// Envelope 4.
        Env4 = "env/4",
        /// Envelope 5.
        Env5 = "env/5",
        /// LFO 0.
        Lfo0 = "lfo/0",
        /// LFO 1.
        Lfo1 = "lfo/1",
        /// LFO 2.
        Lfo2 = "lfo/2",
        /// LFO 3.
        Lfo3 = "lfo/3",
        /// LFO 4.
        Lfo4 = "lfo/4",
        /// LFO 5.
        Lfo5 = "lfo/5",
        /// LFO 6.
        Lfo6 = "lfo/6",
        /// LFO 7.
        Lfo7 = "lfo/7",
        /// Random source 0.
        Random0 = "random/0",
        /// Random source 1.
        Random1 = "random/1",
        /// Random source 2.
        Random2 = "random/2",
        /// Random source 3.
        Random3 = "random/3",
        /// A new value with each note.
        TriggerRandom = "trigger_random",
        /// How hard the key was struck.
        Velocity = "velocity",
        /// Which key.
        Note = "note",
        /// Which key within the octave.
        NoteInOctave = "note_in_octave",
        /// 1 on the left, 0 on the right.
        Stereo = "stereo",
        /// The modulation wheel.
        ModWheel = "mod_wheel",
        /// The pitch wheel.
        PitchBend = "pitch_bend",
        /// Pressure.
        Aftertouch = "aftertouch",
        /// The finger's way on the key.
        Slide = "slide",
        /// How fast the key was let go.
        Lift = "lift",
    }
}

impl Source {
    /// Whether it goes by itself: LFOs and random sources.
    #[must_use]
    pub fn moves_by_itself(self) -> bool {
        self.name().starts_with("lfo/") || self.name().starts_with("random/")
    }
}

choice! {
    /// Whether a source counts 0..1 or −½..½.
    Polarity {
        /// 0..1.
        Unipolar = "unipolar",
        /// −½..½.
        Bipolar = "bipolar",
    }
}

/// One route: raw value + amount · raw range · shaped source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What moves.
    pub source: Source,
    /// JSON Pointer to a modulatable parameter, or to another route's amount.
    pub target: String,
    /// How far, of the raw range, −1..1.
    pub amount: f64,
    /// Whether the source counts 0..1 or −½..½.
    pub polarity: Polarity,
    /// Bend of the source, −10..10, 0 straight.
    pub curve: f64,
    /// A drawn bend, applied before `curve`.
    pub map: Option<Points>,
    /// Whether the right side moves the other way.
    pub stereo: bool,
    /// Whether it is switched off.
    pub bypass: bool,
}

impl Route {
    /// A straight unipolar route.
    #[must_use]
    pub fn new(source: Source, target: impl Into<String>, amount: f64) -> Self {
        Self {
            source,
            target: target.into(),
            amount,
            polarity: Polarity::Unipolar,
            curve: 0.0,
            map: None,
            stereo: false,
            bypass: false,
        }
    }

    /// The same, bipolar.
    #[must_use]
    pub fn bipolar(source: Source, target: impl Into<String>, amount: f64) -> Self {
        Self {
            polarity: Polarity::Bipolar,
            ..Self::new(source, target, amount)
        }
    }
}

/// All routes, at most 64.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modulation {
    /// The routes; their order is part of the patch.
    pub routes: Vec<Route>,
}

impl Described for Modulation {
    fn schema() -> Value {
        json!({ "type": "object", "additionalProperties": false, "required": ["routes"], "properties": { "routes": {
            "type": "array", "maxItems": crate::limits::MAX_ROUTES, "items": {
                "type": "object", "additionalProperties": false,
                "required": ["source", "target", "amount", "polarity", "curve", "map", "stereo", "bypass"],
                "properties": {
                    "source": Source::schema(),
                    "target": { "type": "string", "pattern": "^(/[a-z0-9_]+)+$", "maxLength": 128 },
                    "amount": { "type": "number", "minimum": -1, "maximum": 1 },
                    "polarity": Polarity::schema(),
                    "curve": { "type": "number", "minimum": -10, "maximum": 10 },
                    "map": { "oneOf": [{ "type": "null" }, Points::schema()] },
                    "stereo": { "type": "boolean" }, "bypass": { "type": "boolean" }
                } } } } })
    }
}
