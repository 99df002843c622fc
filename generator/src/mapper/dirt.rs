//! Drive, roughness, detuning and noise.

use songwalker_schemas::patch::fx::DistortionKind;
use songwalker_schemas::patch::osc::Destination;
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::{Intent, PatchSpec};

use super::{Corrections, rack, source};

/// Applies what the intent says of dirt.
pub fn apply(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    let roughness = asked.roughness.unwrap_or(0.0);
    let drive = asked.drive.unwrap_or(0.0) + 0.5 * roughness.max(0.0);
    if drive > 0.0 || corrections.drive_db > 0.0 {
        distort(drive.min(1.0), corrections.drive_db, patch);
    } else if drive < 0.0 {
        rack::distortion(patch, |fx| {
            fx.drive_db *= (1.0 + drive).max(0.0);
            fx.mix *= (1.0 + drive).max(0.0);
            fx.enabled = fx.enabled && drive > -0.6;
        });
        for filter in &mut patch.modules.filter {
            filter.drive_db *= (1.0 + drive).max(0.0);
        }
    }
    let detune = asked.detune.unwrap_or(0.0) + 0.6 * roughness;
    if detune != 0.0 || corrections.detune_cents != 0.0 {
        detuned(detune, corrections.detune_cents, patch);
    }
    if let Some(degree) = asked.noise {
        noise(degree, patch);
    }
}

fn distort(drive: f64, more_db: f64, patch: &mut PatchSpec) {
    rack::distortion(patch, |fx| {
        let was = if fx.enabled { fx.drive_db } else { 0.0 };
        if !fx.enabled {
            fx.enabled = true;
            fx.kind = if drive >= 0.85 {
                DistortionKind::HardClip
            } else {
                DistortionKind::SoftClip
            };
            fx.mix = 0.0;
        }
        fx.mix = fx.mix.max(0.55 + 0.45 * drive);
        fx.drive_db = (was + 8.0 + 14.0 * drive + more_db).clamp(-30.0, 28.0);
    });
    for filter in patch.modules.filter.iter_mut().filter(|f| f.enabled) {
        filter.drive_db = (filter.drive_db + 5.0 * drive).clamp(0.0, 20.0);
    }
}

/// Spreads what sounds together apart, or brings it together.
fn detuned(degree: f64, more_cents: f64, patch: &mut PatchSpec) {
    let heard = source::heard(patch);
    let tonal: Vec<usize> = heard
        .iter()
        .copied()
        .filter(|i| patch.modules.osc[*i].transpose > -12 || heard.len() == 1)
        .collect();
    if degree < 0.0 {
        for i in &heard {
            let osc = &mut patch.modules.osc[*i];
            osc.unison.detune_cents *= (1.0 + 1.3 * degree).max(0.0);
            osc.tune_cents *= (1.0 + 1.3 * degree).max(0.0);
        }
        return;
    }
    let cents = 26.0 * degree + more_cents;
    if cents <= 0.0 {
        for i in tonal {
            let unison = &mut patch.modules.osc[i].unison;
            unison.detune_cents = (unison.detune_cents + cents).max(0.0);
        }
        return;
    }
    if tonal.len() == 2 && tonal.iter().all(|i| patch.modules.osc[*i].unison.voices == 1) {
        // Both go half the way, so that the pitch stays between them.
        let sign = if patch.modules.osc[tonal[1]].tune_cents < patch.modules.osc[tonal[0]].tune_cents {
            -1.0
        } else {
            1.0
        };
        let half = (0.5 * cents).min(14.0);
        patch.modules.osc[tonal[0]].tune_cents -= sign * half;
        patch.modules.osc[tonal[1]].tune_cents += sign * half;
        return;
    }
    for i in tonal {
        let osc = &mut patch.modules.osc[i];
        if osc.unison.voices == 1 {
            osc.unison.voices = 3;
            osc.unison.detune_cents = 0.0;
            osc.phase_randomness = 1.0;
        }
        osc.unison.detune_cents = (osc.unison.detune_cents + cents).clamp(0.0, 90.0);
    }
}

fn noise(degree: f64, patch: &mut PatchSpec) {
    let is_filtered = patch.modules.filter[0].enabled;
    let sample = &mut patch.modules.sample;
    if degree > 0.0 {
        if !sample.enabled {
            sample.enabled = true;
            sample.source = SampleSource::White;
            sample.level = 0.0;
            sample.destination = if is_filtered {
                Destination::Filter1
            } else {
                Destination::Effects
            };
        }
        sample.level = sample.level.max(0.12 + 0.4 * degree);
    } else {
        sample.level *= 1.0 + degree;
        sample.enabled = sample.enabled && degree > -0.45;
    }
}
