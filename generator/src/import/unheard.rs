//! What we have no place for: listed where it could be heard. Switches of the display (2D views, the spectrogram) are
//! no part of a sound and are left out without a word.

use serde_json::Value;

use super::Warnings;
use super::preset::Preset;
use crate::export::vital::controls;

/// Adds a warning for each.
pub fn list(preset: &Preset, document: &Value, warnings: &mut Warnings) {
    for n in 1..=3 {
        if preset.is_on(&format!("osc_{n}_on")) {
            oscillator(preset, n, warnings);
        }
    }
    if preset.is_on("sample_on") && preset.number("sample_transpose_quantize") != 0.0 {
        warnings.add(
            "sample_transpose_quantize",
            "its transposition does not snap to a scale here",
        );
    }
    if preset.is_on("mpe_enabled") {
        warnings.add(
            "mpe_enabled",
            "what a controller sends per note is always listened to here",
        );
    }
    if preset.is_on("bypass") {
        warnings.add("bypass", "Vital's bypass switch is left out: the patch sounds");
    }
    for wheel in ["pitch_wheel", "mod_wheel"] {
        if preset.number(wheel) != 0.0 {
            warnings.add(
                wheel,
                "the wheel's place when the preset was saved is left out: it starts at rest",
            );
        }
    }
    let silent = |node: &Value| node["enabled"] == Value::Bool(false);
    let oscs = document["modules"]["osc"].as_array();
    if oscs.is_some_and(|oscs| oscs.iter().all(silent)) && silent(&document["modules"]["sample"]) {
        warnings.add(
            "osc_1_on",
            "no oscillator and no sample is on: the preset is silent",
        );
    }
    for key in preset.numbers.keys().filter(|key| is_unknown(key)) {
        warnings.add(key.as_str(), "it is no control that we know, and left out");
    }
    for (key, value) in &preset.others {
        other(key, value, warnings);
    }
}

fn oscillator(preset: &Preset, n: usize, warnings: &mut Warnings) {
    let of = |what: &str| format!("osc_{n}_{what}");
    let at = |what: &str| preset.number(&of(what));
    if at("transpose_quantize") != 0.0 {
        warnings.add(
            of("transpose_quantize"),
            "its transposition does not snap to a scale here",
        );
    }
    if at("smooth_interpolation") != 0.0 {
        warnings.add(
            of("smooth_interpolation"),
            "a switch of the wavetable editor; no effect on the sound was found",
        );
    }
    let morphs = at("spectral_morph_type") != 0.0;
    if at("spectral_unison") == 0.0
        && morphs
        && at("unison_voices") > 2.0
        && at("spectral_morph_spread") != 0.0
    {
        warnings.add(of("spectral_unison"), "unison voices are morphed one by one here");
    }
    let phase = of("spectral_morph_phase");
    if morphs
        && preset
            .numbers
            .get(&phase)
            .is_some_and(|phase| (phase - 0.5).abs() > 1e-4)
    {
        warnings.add(phase, "only its middle, 0.5, is played");
    }
}

/// Whether a number of `settings` is none of Vital's controls up to 1.5.
fn is_unknown(name: &str) -> bool {
    let is_phase = (1..=3).any(|n| name == format!("osc_{n}_spectral_morph_phase"));
    controls::control(name).is_none() && !is_phase
}

/// What is no number: the drawn warps and seeds of 1.5 matter only where they are not as they were made.
fn other(key: &str, value: &Value, warnings: &mut Warnings) {
    let items = || value.as_array().into_iter().flatten();
    let as_made = match key {
        "custom_warps" => {
            items().all(|line| line["points"] == serde_json::json!([0.0, 1.0, 0.5, 0.0, 1.0, 1.0]))
        }
        "random_values" => items().all(|random| random["seed"] == 4),
        _ => false,
    };
    if !as_made {
        warnings.add(key, "it has no place in a patch, and is left out");
    }
}
