//! Intent to patch, deterministically and inside every bound.
//!
//! A template is chosen, then each part of the intent moves the parameters that it is about, then what must hold is
//! enforced, then the knobs are assigned. [`Corrections`] are what the check stage learned by listening; mapping
//! again with them is how it corrects.

pub mod choose;
pub mod dirt;
pub mod keep;
pub mod motion;
pub mod rack;
pub mod routes;
pub mod seed;
pub mod source;
pub mod space;
pub mod time;
pub mod tone;

use songwalker_engine::math;
use songwalker_schemas::patch::voicing::{Priority, VoicingMode};
use songwalker_schemas::{Intent, PatchSpec};

use crate::macros;
use crate::templates::Entry;

/// What listening to a probe asked for, on top of the intent. Zero everywhere is no correction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Corrections {
    /// Filters and shelves, semitones.
    pub brightness_st: f64,
    /// Width, in shares of chorus and spread.
    pub width: f64,
    /// Factor of the attack time, as a power of two.
    pub attack_oct: f64,
    /// Factor of decay times, as a power of two.
    pub decay_oct: f64,
    /// Drive, dB.
    pub drive_db: f64,
    /// Roughness: detuning, cents.
    pub detune_cents: f64,
    /// Factor of movement depths, as a power of two.
    pub movement_oct: f64,
    /// Share of delay and reverb that nobody asked for, as a power of two.
    pub wet_oct: f64,
    /// Lows below 250 Hz, dB.
    pub low_db: f64,
    /// Level of oscillators and noise, dB.
    pub source_db: f64,
}

/// The patch of an intent.
#[must_use]
pub fn map(intent: &Intent, entry: &Entry, seed: u64, corrections: &Corrections) -> PatchSpec {
    finished(shaped(intent, entry, seed, corrections))
}

/// The patch of an intent, without its knobs and its last rounding.
pub(crate) fn shaped(intent: &Intent, entry: &Entry, seed: u64, corrections: &Corrections) -> PatchSpec {
    let mut patch = entry.sound.clone();
    describe(intent, entry, &mut patch);
    voicing(intent, &mut patch);
    seed::vary(seed, &mut patch);
    source::apply(intent, &mut patch);
    tone::apply(intent, corrections, &mut patch);
    time::apply(intent, corrections, &mut patch);
    dirt::apply(intent, corrections, &mut patch);
    motion::apply(intent, corrections, &mut patch);
    space::apply(intent, corrections, &mut patch);
    keep::apply(intent, &mut patch);
    louder(corrections.source_db, &mut patch);
    patch
}

/// A shaped patch with its knobs, inside every bound.
pub(crate) fn finished(mut patch: PatchSpec) -> PatchSpec {
    macros::assign(&mut patch);
    quantised(patch)
}

/// The patch with every value clamped to its row and rounded to canonical form.
pub(crate) fn quantised(patch: PatchSpec) -> PatchSpec {
    let mut value = patch.to_value();
    for row in songwalker_schemas::params::table() {
        let Some(pointer) = patch.pointer(&row.path) else {
            continue;
        };
        if let Some(slot) = value.pointer_mut(&pointer)
            && let Some(x) = slot.as_f64()
        {
            let clamped = row.clamp(x);
            if clamped != x {
                *slot = match row.kind {
                    songwalker_schemas::table::Kind::Integer => serde_json::Value::from(clamped as i64),
                    _ => serde_json::Value::from(clamped),
                };
            }
        }
    }
    songwalker_schemas::canonical::quantise_all(&mut value);
    serde_json::from_value(value).unwrap_or(patch)
}

fn describe(intent: &Intent, entry: &Entry, patch: &mut PatchSpec) {
    patch.name = intent.name.clone();
    patch.engine_version = songwalker_engine::ENGINE_VERSION.to_owned();
    patch.meta.category = intent.category;
    patch.meta.subcategory = intent
        .subcategory
        .clone()
        .or_else(|| entry.template.subcategory.clone());
    patch.meta.tags = intent.tags.clone();
    patch.meta.tempo_bpm = intent.tempo_bpm;
    patch.meta.comment = match &entry.recipe {
        Some(recipe) => format!(
            "Grown from the template {} by the recipe {}.",
            entry.template.name, recipe.name
        ),
        None => format!("Grown from the template {}.", entry.template.name),
    };
}

/// Raises oscillators and noise, whose gain is the square of their level, as far as the loudest of them can go.
fn louder(source_db: f64, patch: &mut PatchSpec) {
    if source_db <= 0.0 {
        return;
    }
    let modules = &mut patch.modules;
    let heard = modules.osc.iter().filter(|osc| osc.enabled).map(|osc| osc.level);
    let loudest = heard
        .chain(modules.sample.enabled.then_some(modules.sample.level))
        .fold(0.0, f64::max);
    let factor = math::db_to_gain(0.5 * source_db).min(1.0 / loudest.max(1e-3));
    for osc in &mut modules.osc {
        osc.level *= factor;
    }
    modules.sample.level = (modules.sample.level * factor).min(1.0);
}

/// One voice or many, and how it glides.
pub(crate) fn voicing(intent: &Intent, patch: &mut PatchSpec) {
    let voicing = &mut patch.modules.voicing;
    if let Some(mode) = intent.voicing {
        voicing.mode = mode;
        if mode == VoicingMode::Poly && voicing.voices < 2 {
            voicing.voices = 8;
        }
    }
    if voicing.mode == VoicingMode::Mono {
        voicing.voices = 1;
        voicing.priority = Priority::Newest;
    }
    if let Some(glide_s) = intent.descriptors.glide_s {
        voicing.glide_s = glide_s;
        voicing.legato = voicing.legato || voicing.mode == VoicingMode::Mono;
        voicing.glide_always = voicing.mode == VoicingMode::Poly;
    }
}
