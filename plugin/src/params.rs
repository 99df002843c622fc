//! The parameters that the host sees. Their ids are for ever: projects and automation name them.
//!
//! [`PluginParams`] owns the values; the sound reads them at each control block, the editor through the host. The names are
//! generic ("Slot 3 Brightness"), because a host does not learn of new ones while a project is open. What a slot holds
//! is no parameter: see [`crate::rack`].
#![expect(
    unsafe_code,
    reason = "deriving `Params` writes an unsafe impl, and values that the plugin itself sets have no other way"
)]

mod slot;

use std::sync::Arc;

use nice_plug::params::InternalParamMut;
use nice_plug::prelude::*;

pub use slot::{MACROS, SlotParams, SlotValues};

use crate::SLOTS;
use crate::state::SavedRack;

/// Lowest volume in decibels, which is silence.
pub const SILENT_DB: f32 = -60.0;
/// Nearer to 0 dB than this is 0 dB: what a host rounds must not change the sound.
const UNITY_DB: f32 = 0.005;

/// Every parameter, and the rack, which is saved with them.
#[derive(Params)]
pub struct PluginParams {
    /// What the slots hold, for the host's project.
    #[persist = "rack"]
    pub rack: SavedRack,
    /// Level of everything, decibels.
    #[id = "volume"]
    pub volume: FloatParam,
    /// Balance of everything, −1..1.
    #[id = "pan"]
    pub pan: FloatParam,
    /// Silence.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// One of each per slot.
    #[nested(array, group = "Slot")]
    pub slots: [SlotParams; SLOTS],
}

impl PluginParams {
    /// Every parameter at its default.
    #[must_use]
    pub fn new(rack: SavedRack) -> Arc<Self> {
        Arc::new(Self {
            rack,
            volume: volume("Master Volume"),
            pan: pan("Master Pan"),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            slots: std::array::from_fn(|place| SlotParams::new(place + 1)),
        })
    }
}

fn volume(name: impl Into<String>) -> FloatParam {
    let range = FloatRange::Linear {
        min: SILENT_DB,
        max: 12.0,
    };
    FloatParam::new(name, 0.0, range)
        .with_unit(" dB")
        .with_value_to_string(Arc::new(|db| {
            if db <= SILENT_DB {
                "-inf".to_owned()
            } else {
                format!("{db:.1}")
            }
        }))
        .with_string_to_value(Arc::new(|text| {
            let text = text.trim().trim_end_matches("dB").trim();
            if text.eq_ignore_ascii_case("-inf") {
                Some(SILENT_DB)
            } else {
                text.parse().ok()
            }
        }))
}

fn pan(name: impl Into<String>) -> FloatParam {
    let range = FloatRange::Linear { min: -1.0, max: 1.0 };
    FloatParam::new(name, 0.0, range)
        .with_value_to_string(Arc::new(|pan| match (pan * 100.0).round() as i32 {
            0 => "C".to_owned(),
            left if left < 0 => format!("{}L", -left),
            right => format!("{right}R"),
        }))
        .with_string_to_value(Arc::new(|text| {
            let text = text.trim();
            let number = text.trim_end_matches(['L', 'R', 'l', 'r']);
            match text.chars().last()? {
                'C' | 'c' => Some(0.0),
                'L' | 'l' => number.trim().parse::<f32>().ok().map(|left| -left / 100.0),
                'R' | 'r' => number.trim().parse::<f32>().ok().map(|right| right / 100.0),
                _ => None,
            }
        }))
}

/// The gain of a volume in decibels; exactly 1 at 0 dB.
#[must_use]
pub fn gain(db: f32) -> f32 {
    if db <= SILENT_DB {
        0.0
    } else if db.abs() < UNITY_DB {
        1.0
    } else {
        songwalker_engine::math::db_to_gain(f64::from(db)) as f32
    }
}

/// The gains of a balance, left and right: the side that it leaves falls, the other stays. Exactly 1 in the middle.
#[must_use]
pub fn balance(pan: f32) -> [f32; 2] {
    [(1.0 - pan).clamp(0.0, 1.0), (1.0 + pan).clamp(0.0, 1.0)]
}

/// Sets a parameter from inside the plugin. The host is told by whoever has its ear (the editor), or reads it.
pub fn put<P: InternalParamMut>(param: &P, value: P::Plain) {
    // SAFETY: "only for nice-plug's internal libraries", not for memory: it stores to atomics and calls no callback, for
    // these parameters have none.
    unsafe { param._internal_set_plain_value(value) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of version 1. A line may be added; none may ever change or go.
    const OF_THE_PLUGIN: [&str; 3] = ["volume", "pan", "bypass"];
    const OF_A_SLOT: [&str; 21] = [
        "macro_1", "macro_2", "macro_3", "macro_4", "macro_5", "macro_6", "macro_7", "macro_8", "vol", "pan",
        "mute", "solo", "attack", "decay", "sustain", "releas", "cutoff", "reso", "bend", "poly", "cpu",
    ];

    fn ids() -> Vec<String> {
        let map = PluginParams::new(SavedRack::default()).param_map();
        map.into_iter().map(|(id, ..)| id).collect()
    }

    #[test]
    fn ids_are_for_ever() {
        let mut ever: Vec<String> = OF_THE_PLUGIN.map(str::to_owned).to_vec();
        for place in 1..=16 {
            ever.extend(OF_A_SLOT.map(|id| format!("{id}_{place}")));
        }
        let now = ids();
        for id in &ever {
            assert!(
                now.contains(id),
                "{id} is gone: projects that name it lose their automation"
            );
        }
        assert_eq!(now.len(), ever.len(), "write the new ids down here");
    }

    #[test]
    fn no_two_ids_have_the_same_number() {
        // The hash of the framework, under which hosts know a parameter; the highest bit is the host's.
        let number = |id: &str| {
            let hash = id
                .bytes()
                .fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
            hash & !(1 << 31)
        };
        let mut numbers: Vec<u32> = ids().iter().map(|id| number(id)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ids().len());
    }

    #[test]
    fn defaults_add_nothing_to_the_sound() {
        let params = PluginParams::new(SavedRack::default());
        let slot = &params.slots[2];
        for volume in [&params.volume, &slot.volume] {
            assert_eq!(gain(volume.value()), 1.0);
            let rounded = volume.preview_plain(volume.preview_normalized(volume.value()));
            assert_eq!(gain(rounded), 1.0, "as a host gives it back");
        }
        assert_eq!(balance(params.pan.value()), [1.0, 1.0]);
        assert_eq!(gain(SILENT_DB), 0.0);
    }

    #[test]
    fn names_say_the_slot() {
        let params = PluginParams::new(SavedRack::default());
        assert_eq!(params.slots[2].macros[0].amount.name(), "Slot 3 Brightness");
        assert_eq!(params.slots[15].volume.name(), "Slot 16 Volume");
    }
}
