//! What the oscillators play: waveform, count, octave, unison, sub and frequency modulation.

use songwalker_engine::math;
use songwalker_schemas::intent::Waveform;
use songwalker_schemas::patch::osc::{Destination, Osc, WarpMode};
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::{Category, Intent, PatchSpec};

use super::routes;

/// Applies what the intent says of the oscillators.
pub fn apply(intent: &Intent, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    if let Some(waveform) = asked.waveform {
        wave(waveform, intent, patch);
    }
    if let Some(ratio) = asked.fm_ratio {
        frequency_modulation(
            patch,
            ratio,
            if intent.category == Category::Bell {
                0.22
            } else {
                0.18
            },
        );
    }
    if let Some(count) = asked.oscillators {
        oscillators(count as usize, patch);
    }
    if let Some(octaves) = asked.transpose_octaves {
        for osc in &mut patch.modules.osc {
            osc.transpose = (osc.transpose + 12 * octaves).clamp(-48, 48);
        }
    }
    complexity(asked.complexity.unwrap_or(0.0), patch);
    unison(intent, patch);
    sub(intent, patch);
}

/// The oscillators that are heard: on, not silent.
pub(super) fn heard(patch: &PatchSpec) -> Vec<usize> {
    (0..3)
        .filter(|i| patch.modules.osc[*i].enabled && patch.modules.osc[*i].level > 0.0)
        .collect()
}

fn set_table(osc: &mut Osc, name: &str, position: f64) {
    osc.enabled = true;
    osc.wavetable.name.0 = name.to_owned();
    osc.wavetable.position = position;
    if matches!(osc.warp.mode, WarpMode::None | WarpMode::FmA | WarpMode::FmB) {
        osc.warp.mode = WarpMode::None;
    }
}

fn wave(waveform: Waveform, intent: &Intent, patch: &mut PatchSpec) {
    let (table, position) = match waveform {
        Waveform::Sine => ("basic_shapes", 0.0),
        Waveform::Triangle => ("basic_shapes", 64.0),
        Waveform::Saw | Waveform::Supersaw => ("saw", 0.0),
        Waveform::Square => ("basic_shapes", 192.0),
        Waveform::Pulse => ("pwm", 150.0),
        Waveform::Organ => ("organ_drawbars", 120.0),
        Waveform::Fm => ("fm_electric", 100.0),
        Waveform::Vowel => ("formant_vowels", 128.0),
        Waveform::Bell => ("bell_partials", 100.0),
        Waveform::Digital => ("bright_digital", 80.0),
        Waveform::Noise => {
            noise_only(intent, patch);
            return;
        }
    };
    // A table that moves is the template's own character: the word wins over it.
    let wheres: Vec<String> = (0..3)
        .map(|i| format!("/modules/osc/{i}/wavetable/position"))
        .collect();
    routes::retain(patch, |route| !wheres.contains(&route.target));
    let heard = heard(patch);
    for i in &heard {
        let osc = &mut patch.modules.osc[*i];
        let is_sub = osc.transpose <= -12 && *i != heard[0];
        if !is_sub {
            set_table(osc, table, position);
        }
    }
    if waveform == Waveform::Sine {
        // One partial is one oscillator: a second one would beat or add partials.
        for i in heard.iter().skip(1) {
            patch.modules.osc[*i].enabled = false;
        }
    }
    if waveform == Waveform::Supersaw
        && let Some(i) = heard.first()
    {
        let unison = &mut patch.modules.osc[*i].unison;
        unison.voices = unison.voices.max(7);
        unison.detune_cents = unison.detune_cents.clamp(18.0, 40.0);
        unison.stereo_spread = 1.0;
        patch.modules.osc[*i].phase_randomness = 1.0;
    }
}

/// Turns the tone off and the noise on.
fn noise_only(intent: &Intent, patch: &mut PatchSpec) {
    let sample = &mut patch.modules.sample;
    if !sample.enabled {
        sample.enabled = true;
        sample.source = SampleSource::White;
        sample.level = 0.6;
        sample.destination = if patch.modules.filter[0].enabled {
            Destination::Filter1
        } else {
            Destination::Effects
        };
    }
    if matches!(intent.category, Category::Fx | Category::Drum) {
        for osc in &mut patch.modules.osc {
            osc.level *= 0.15;
        }
    }
}

/// Modulates the first oscillator by a sine at `ratio` of its frequency. `amount` is the warp amount.
fn frequency_modulation(patch: &mut PatchSpec, ratio: f64, amount: f64) {
    let semitones = 12.0 * math::log2(ratio);
    let carrier = &mut patch.modules.osc[0];
    carrier.enabled = true;
    carrier.warp.mode = WarpMode::FmA;
    carrier.warp.amount = carrier.warp.amount.min(amount).max(0.12);
    let base = carrier.transpose as f64;
    let modulator = &mut patch.modules.osc[1];
    *modulator = Osc {
        enabled: true,
        level: 0.0,
        phase_randomness: 0.0,
        destination: Destination::Direct,
        ..Osc::default()
    };
    modulator.wavetable.name.0 = "sine".to_owned();
    modulator.transpose = ((semitones + base).round() as i64).clamp(-48, 48);
    modulator.tune_cents = (100.0 * (semitones + base - modulator.transpose as f64)).clamp(-100.0, 100.0);
}

fn oscillators(count: usize, patch: &mut PatchSpec) {
    let on = heard(patch);
    if let Some(first) = on.first().copied() {
        for (n, i) in (0..3).filter(|i| *i != first).enumerate() {
            let wanted = n + 1 < count;
            if wanted && !patch.modules.osc[i].enabled {
                let mut twin = patch.modules.osc[first].clone();
                twin.tune_cents = if n == 0 { 11.0 } else { -9.0 };
                twin.level *= 0.9;
                patch.modules.osc[i] = twin;
            } else if !wanted && on.contains(&i) {
                patch.modules.osc[i].enabled = false;
            }
        }
    }
}

/// Pure (−1) to rich (+1).
fn complexity(degree: f64, patch: &mut PatchSpec) {
    let heard = heard(patch);
    let Some(first) = heard.first().copied() else {
        return;
    };
    if degree <= -0.7 {
        wave_sine(first, patch);
        for i in heard.into_iter().skip(1) {
            patch.modules.osc[i].enabled = false;
        }
        patch.modules.osc[first].unison.voices = 1;
        patch.modules.sample.enabled = false;
    } else if degree < 0.0 {
        for i in heard.into_iter().skip(1) {
            patch.modules.osc[i].level *= 1.0 + degree;
        }
        let unison = &mut patch.modules.osc[first].unison;
        unison.voices = ((unison.voices as f64 * (1.0 + degree)).round() as i64).max(1);
    } else if degree > 0.0 {
        if heard.len() < 2 {
            oscillators(2, patch);
        }
        let unison = &mut patch.modules.osc[first].unison;
        unison.voices = unison.voices.max((1.0 + 6.0 * degree).round() as i64);
    }
}

fn wave_sine(first: usize, patch: &mut PatchSpec) {
    let osc = &mut patch.modules.osc[first];
    set_table(osc, "basic_shapes", 0.0);
    osc.warp.mode = WarpMode::None;
    let position = format!("/modules/osc/{first}/wavetable/position");
    routes::retain(patch, |route| route.target != position);
}

fn unison(intent: &Intent, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    for i in heard(patch) {
        let osc = &mut patch.modules.osc[i];
        if let Some(voices) = asked.unison_voices {
            osc.unison.voices = voices.clamp(1, 16);
            if voices > 1 {
                osc.phase_randomness = 1.0;
                osc.unison.detune_cents = osc.unison.detune_cents.clamp(8.0, 40.0);
            }
        }
        if let Some(cents) = asked.unison_cents {
            osc.unison.detune_cents = cents.clamp(0.0, 200.0);
        }
    }
}

fn sub(intent: &Intent, patch: &mut PatchSpec) {
    let Some(degree) = intent.descriptors.sub else {
        return;
    };
    let deep = if intent.category == Category::Bass { 0 } else { -12 };
    if degree > 0.0 {
        let free = [2, 1]
            .into_iter()
            .find(|i| !patch.modules.osc[*i].enabled)
            .unwrap_or(2);
        let osc = &mut patch.modules.osc[free];
        *osc = Osc {
            enabled: true,
            level: 0.35 + 0.4 * degree,
            transpose: deep,
            phase_randomness: 0.0,
            destination: Destination::Effects,
            ..Osc::default()
        };
        osc.wavetable.name.0 = "sine".to_owned();
    } else {
        for i in 1..3 {
            let osc = &mut patch.modules.osc[i];
            if osc.enabled && osc.transpose <= -12 {
                osc.enabled = false;
            }
        }
    }
}
