//! The eight knobs of a patch.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::table::Described;

choice! {
    /// What a knob does.
    RoleId {
        /// Darker to brighter.
        ToneBrightness = "TONE_BRIGHTNESS",
        /// Softer to sharper attack.
        AmpPunch = "AMP_PUNCH",
        /// Cleaner to dirtier.
        Drive = "DRIVE",
        /// Stiller to livelier.
        Movement = "MOVEMENT",
        /// Drier to deeper.
        Space = "SPACE",
        /// Narrower to wider.
        Width = "WIDTH",
        /// Another colour at equal loudness and pitch.
        Character = "CHARACTER",
        /// Share of effects.
        Fx = "FX",
        /// Anything; only in imported patches.
        Free = "FREE",
    }
}

impl RoleId {
    /// The eight roles of a generated patch, each exactly once.
    pub const GENERATED: [Self; 8] = [
        Self::ToneBrightness,
        Self::AmpPunch,
        Self::Drive,
        Self::Movement,
        Self::Space,
        Self::Width,
        Self::Character,
        Self::Fx,
    ];

    /// What is written on the knob where nothing else is.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ToneBrightness => "Brightness",
            Self::AmpPunch => "Punch",
            Self::Drive => "Drive",
            Self::Movement => "Movement",
            Self::Space => "Space",
            Self::Width => "Width",
            Self::Character => "Character",
            Self::Fx => "Effects",
            Self::Free => "Macro",
        }
    }
}

/// One parameter that a knob moves: by amount · (P(knob) − P(default)) of its raw range, P the curve law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacroTarget {
    /// JSON Pointer to a modulatable parameter, or to a route's amount.
    pub path: String,
    /// Share of the raw range over the knob's whole way, −1..1.
    pub amount: f64,
    /// Bend of the way, −10..10, 0 straight.
    pub curve: f64,
}

/// One knob.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacroSlot {
    /// What it does.
    pub role_id: RoleId,
    /// What is written on it.
    pub label: String,
    /// Where the patch sounds as written, 0..1.
    pub default: f64,
    /// Lowest position, 0..1.
    pub min: f64,
    /// Highest position, 0..1.
    pub max: f64,
    /// Where it stands, min..max.
    pub value: f64,
    /// What it moves.
    pub targets: Vec<MacroTarget>,
}

impl MacroSlot {
    /// A knob of that role that moves nothing yet.
    #[must_use]
    pub fn new(role_id: RoleId) -> Self {
        Self {
            role_id,
            label: role_id.label().to_owned(),
            default: 0.0,
            min: 0.0,
            max: 1.0,
            value: 0.0,
            targets: Vec::new(),
        }
    }
}

impl Described for MacroSlot {
    fn schema() -> Value {
        let unit = json!({ "type": "number", "minimum": 0, "maximum": 1 });
        json!({
            "type": "object", "additionalProperties": false, "required": ["role_id", "label", "default", "min", "max", "value", "targets"],
            "properties": {
                "role_id": RoleId::schema(), "label": { "type": "string", "minLength": 1, "maxLength": 48 },
                "default": unit, "min": unit, "max": unit, "value": unit,
                "targets": { "type": "array", "maxItems": crate::limits::MAX_MACRO_TARGETS, "items": {
                    "type": "object", "additionalProperties": false, "required": ["path", "amount", "curve"],
                    "properties": {
                        "path": { "type": "string", "pattern": "^(/[a-z0-9_]+)+$", "maxLength": 128 },
                        "amount": { "type": "number", "minimum": -1, "maximum": 1 },
                        "curve": { "type": "number", "minimum": -10, "maximum": 10 } } } }
            }
        })
    }
}
