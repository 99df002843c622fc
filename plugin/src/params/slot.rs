//! The parameters of one slot, and their values as the sound takes them at each control block.

use std::sync::Arc;

use nice_plug::prelude::*;
use songwalker_schemas::patch::RoleId;

use super::{balance, gain, pan, put, volume};
use crate::VOICES_OF_A_SLOT;

/// Macros of a slot.
pub const MACROS: usize = 8;
/// How far the cutoff's offset goes, semitones.
pub const CUTOFF_ST: f32 = 64.0;
/// The bend range that means "as the patch has it".
const OF_THE_PATCH: i32 = -1;

/// A macro.
#[derive(Params)]
pub struct MacroParam {
    /// Where it stands, 0..1.
    #[id = "macro"]
    pub amount: FloatParam,
}

/// The parameters of one slot.
#[derive(Params)]
pub struct SlotParams {
    /// The eight knobs.
    #[nested(array)]
    pub macros: [MacroParam; MACROS],
    /// Level, decibels.
    #[id = "vol"]
    pub volume: FloatParam,
    /// Balance, −1..1.
    #[id = "pan"]
    pub pan: FloatParam,
    /// Silences the slot.
    #[id = "mute"]
    pub mute: BoolParam,
    /// Silences all slots that are not solo.
    #[id = "solo"]
    pub solo: BoolParam,
    /// Offset to the amplitude's attack, −1..1.
    #[id = "attack"]
    pub attack: FloatParam,
    /// Offset to its decay.
    #[id = "decay"]
    pub decay: FloatParam,
    /// Offset to its sustain.
    #[id = "sustain"]
    pub sustain: FloatParam,
    /// Offset to its release.
    #[id = "releas"]
    pub release: FloatParam,
    /// Offset to the cutoff of the filters that are on, semitones.
    #[id = "cutoff"]
    pub cutoff: FloatParam,
    /// Offset to their resonance, −1..1.
    #[id = "reso"]
    pub resonance: FloatParam,
    /// Semitones of the full pitch wheel; −1 as the patch has it.
    #[id = "bend"]
    pub bend_range: IntParam,
    /// Most voices; never more than the patch has.
    #[id = "poly"]
    pub polyphony: IntParam,
    /// Share of real time that the slot's sound takes, 0..1. Read only: the plugin writes it.
    #[id = "cpu"]
    pub cpu: FloatParam,
}

impl SlotParams {
    /// Those of the slot with that number, counted from 1.
    #[must_use]
    pub fn new(number: usize) -> Self {
        let name = |what: &str| format!("Slot {number} {what}");
        let offset = |what: &str| {
            let range = FloatRange::Linear { min: -1.0, max: 1.0 };
            FloatParam::new(name(what), 0.0, range)
                .with_unit(" %")
                .with_value_to_string(Arc::new(|offset| format!("{:+.0}", offset * 100.0)))
                .with_string_to_value(percent())
        };
        let unit = FloatRange::Linear { min: 0.0, max: 1.0 };
        let semitones = FloatRange::Linear {
            min: -CUTOFF_ST,
            max: CUTOFF_ST,
        };
        Self {
            macros: std::array::from_fn(|i| MacroParam {
                amount: FloatParam::new(name(RoleId::GENERATED[i].label()), 0.0, unit)
                    .with_unit(" %")
                    .with_value_to_string(Arc::new(|amount| format!("{:.0}", amount * 100.0)))
                    .with_string_to_value(percent()),
            }),
            volume: volume(name("Volume")),
            pan: pan(name("Pan")),
            mute: BoolParam::new(name("Mute"), false),
            solo: BoolParam::new(name("Solo"), false),
            attack: offset("Attack"),
            decay: offset("Decay"),
            sustain: offset("Sustain"),
            release: offset("Release"),
            cutoff: FloatParam::new(name("Cutoff"), 0.0, semitones)
                .with_unit(" st")
                .with_value_to_string(Arc::new(|offset| format!("{offset:+.1}"))),
            resonance: offset("Resonance"),
            bend_range: IntParam::new(
                name("Bend Range"),
                OF_THE_PATCH,
                IntRange::Linear {
                    min: OF_THE_PATCH,
                    max: 48,
                },
            )
            .with_value_to_string(Arc::new(|semitones| match semitones {
                OF_THE_PATCH => "Patch".to_owned(),
                semitones => format!("{semitones} st"),
            }))
            .with_string_to_value(Arc::new(|text| match text.trim() {
                "Patch" => Some(OF_THE_PATCH),
                number => number.trim_end_matches("st").trim().parse().ok(),
            })),
            polyphony: IntParam::new(
                name("Polyphony"),
                VOICES_OF_A_SLOT as i32,
                IntRange::Linear {
                    min: 1,
                    max: VOICES_OF_A_SLOT as i32,
                },
            ),
            cpu: FloatParam::new(name("CPU"), 0.0, unit)
                .with_unit(" %")
                .with_value_to_string(Arc::new(|share| format!("{:.1}", share * 100.0)))
                .non_automatable(),
        }
    }

    /// What the sound takes of them.
    #[must_use]
    pub fn values(&self) -> SlotValues {
        SlotValues {
            macros: std::array::from_fn(|i| self.macros[i].amount.value()),
            gains: balance(self.pan.value()).map(|side| side * gain(self.volume.value())),
            muted: self.mute.value(),
            solo: self.solo.value(),
            attack: self.attack.value(),
            decay: self.decay.value(),
            sustain: self.sustain.value(),
            release: self.release.value(),
            cutoff_st: self.cutoff.value(),
            resonance: self.resonance.value(),
            bend_range_st: u8::try_from(self.bend_range.value()).ok(),
            polyphony: usize::try_from(self.polyphony.value()).unwrap_or(1),
        }
    }

    /// Every parameter with a fraction that a user turns.
    #[must_use]
    pub fn floats(&self) -> Vec<&FloatParam> {
        let macros = self.macros.iter().map(|knob| &knob.amount);
        macros
            .chain([&self.volume, &self.pan])
            .chain(self.offsets())
            .collect()
    }

    /// Those that are on or off.
    #[must_use]
    pub fn switches(&self) -> [&BoolParam; 2] {
        [&self.mute, &self.solo]
    }

    /// Those that count.
    #[must_use]
    pub fn numbers(&self) -> [&IntParam; 2] {
        [&self.bend_range, &self.polyphony]
    }

    /// Where all that a user turns stands, 0..1: first [`Self::floats`], then [`Self::switches`], then [`Self::numbers`].
    #[must_use]
    pub fn normalized(&self) -> Vec<f32> {
        let floats = self.floats().into_iter();
        let floats = floats.map(|param| param.unmodulated_normalized_value());
        let switches = self.switches().map(|param| param.unmodulated_normalized_value());
        let numbers = self.numbers().map(|param| param.unmodulated_normalized_value());
        floats.chain(switches).chain(numbers).collect()
    }

    /// Puts everything there, in the same order; what is missing stays.
    pub fn put_normalized(&self, values: &[f32]) {
        let mut values = values.iter().map(|value| value.clamp(0.0, 1.0));
        for (param, value) in self.floats().into_iter().zip(values.by_ref()) {
            put(param, param.preview_plain(value));
        }
        for (param, value) in self.switches().into_iter().zip(values.by_ref()) {
            put(param, param.preview_plain(value));
        }
        for (param, value) in self.numbers().into_iter().zip(values) {
            put(param, param.preview_plain(value));
        }
    }

    /// Where it all stands in a new instance, in the same order.
    #[must_use]
    pub fn defaults(&self) -> Vec<f32> {
        let floats = self.floats().into_iter();
        let floats = floats.map(|param| param.default_normalized_value());
        let switches = self.switches().map(|param| param.default_normalized_value());
        let numbers = self.numbers().map(|param| param.default_normalized_value());
        floats.chain(switches).chain(numbers).collect()
    }

    /// Where the macros stand, 0..1.
    #[must_use]
    pub fn macro_places(&self) -> [f32; MACROS] {
        std::array::from_fn(|i| self.macros[i].amount.unmodulated_plain_value())
    }

    /// Puts the macros there.
    pub fn put_macros(&self, places: [f32; MACROS]) {
        for (knob, place) in self.macros.iter().zip(places) {
            put(&knob.amount, place);
        }
    }

    /// The offsets to what the patch has.
    #[must_use]
    pub fn offsets(&self) -> [&FloatParam; 6] {
        [
            &self.attack,
            &self.decay,
            &self.sustain,
            &self.release,
            &self.cutoff,
            &self.resonance,
        ]
    }

    /// Takes the offsets away.
    pub fn put_no_offsets(&self) {
        for param in self.offsets() {
            put(param, 0.0);
        }
    }
}

type FromText = Arc<dyn Fn(&str) -> Option<f32> + Send + Sync>;

/// Reads what is written in hundredths.
fn percent() -> FromText {
    Arc::new(|text| {
        let number: f32 = text.trim().trim_end_matches('%').trim().parse().ok()?;
        Some(number / 100.0)
    })
}

/// The parameters of a slot at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlotValues {
    /// Places of the macros, 0..1.
    pub macros: [f32; MACROS],
    /// Gains of volume and balance, left and right.
    pub gains: [f32; 2],
    /// Whether the slot is silenced.
    pub muted: bool,
    /// Whether it silences the others.
    pub solo: bool,
    /// Offset to the amplitude's attack, −1..1.
    pub attack: f32,
    /// Offset to its decay.
    pub decay: f32,
    /// Offset to its sustain.
    pub sustain: f32,
    /// Offset to its release.
    pub release: f32,
    /// Offset to the cutoff, semitones.
    pub cutoff_st: f32,
    /// Offset to the resonance, −1..1.
    pub resonance: f32,
    /// Bend range in semitones, where it is not the patch's.
    pub bend_range_st: Option<u8>,
    /// Most voices.
    pub polyphony: usize,
}
