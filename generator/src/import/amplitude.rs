//! What Vital has around the amplitude and we lack, said with what we have: its envelope as a source, and the level of
//! all voices.

use super::Warnings;
use super::preset::{Preset, Slot};

/// Envelopes that a route can read, by Vital's number, the last one first.
const FREE_ENVELOPES: [usize; 5] = [6, 5, 4, 3, 2];

/// What of an envelope is a control.
const ENVELOPE: [&str; 9] = [
    "delay",
    "attack",
    "attack_power",
    "hold",
    "decay",
    "decay_power",
    "sustain",
    "release",
    "release_power",
];

/// The amplitude envelope is no source here: where a slot reads it, an envelope that nobody uses becomes its double.
pub fn free_its_envelope(preset: &mut Preset, warnings: &mut Warnings) {
    if !preset.slots.iter().any(|slot| slot.source == "env_1") {
        return;
    }
    let is_used = |n: &usize| {
        let (source, prefix) = (format!("env_{n}"), format!("env_{n}_"));
        preset
            .slots
            .iter()
            .any(|slot| slot.source == source || slot.destination.starts_with(&prefix))
    };
    let Some(free) = FREE_ENVELOPES.into_iter().find(|n| !is_used(n)) else {
        warnings.add(
            "env_1",
            "it moves something, but all other envelopes are in use: those modulations are left out",
        );
        preset.slots.retain(|slot| slot.source != "env_1");
        return;
    };
    for part in ENVELOPE {
        let value = preset.number(&format!("env_1_{part}"));
        preset.numbers.insert(format!("env_{free}_{part}"), value);
    }
    let doubled: Vec<Slot> = preset
        .slots
        .iter()
        .filter_map(|slot| {
            let part = slot.destination.strip_prefix("env_1_")?;
            Some(Slot {
                // No slot of the file: nothing aims at its amount.
                number: 0,
                destination: format!("env_{free}_{part}"),
                ..slot.clone()
            })
        })
        .collect();
    preset.slots.extend(doubled);
    for slot in &mut preset.slots {
        if slot.source == "env_1" {
            slot.source = format!("env_{free}");
        }
    }
}

/// The level of all voices becomes part of each source's level: both act squared, before the sum.
pub fn spread_the_voices_level(preset: &mut Preset, warnings: &mut Warnings) {
    const CONTROL: &str = "voice_amplitude";
    if preset.slots.iter().any(|slot| slot.destination == CONTROL) {
        warnings.add(CONTROL, "what moves the level of all voices is left out");
        preset.slots.retain(|slot| slot.destination != CONTROL);
    }
    let amplitude = preset.number(CONTROL).clamp(0.0, 1.0);
    if amplitude == 1.0 {
        return;
    }
    for level in ["osc_1_level", "osc_2_level", "osc_3_level", "sample_level"] {
        let value = preset.number(level) * amplitude;
        preset.numbers.insert(level.to_owned(), value);
        for slot in preset.slots.iter_mut().filter(|slot| slot.destination == level) {
            slot.amount *= amplitude;
        }
    }
}
