//! Drive, roughness, detuning and noise.

use songwalker_schemas::intent::{Movement, MovementTarget};
use songwalker_schemas::patch::fx::DistortionKind;
use songwalker_schemas::patch::osc::Destination;
use songwalker_schemas::{Category, Intent, PatchSpec};

use super::{Corrections, rack, source};

/// How far the oscillator that leads the pitch may be from it, cents.
const LEADS_CENTS: f64 = 5.0;
/// How far one beside it may be, cents.
const BESIDE_CENTS: f64 = 12.0;
/// Less than that is not worth voices of its own, cents.
const HEARD_CENTS: f64 = 2.0;
/// The share of the outer voices where one voice has become several.
const LED: f64 = 0.6;
/// Where outer voices would have no share any more, cents, and the least that they have.
const FAR_CENTS: f64 = 110.0;
const LEAST: f64 = 0.5;
/// Beats are as slow as notes are low: a bass is spread further.
const LOW: f64 = 1.5;

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
    if (detune != 0.0 || corrections.detune_cents != 0.0) && !is_tight(intent) {
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

/// Whether a bass is to pulse: beats would make every pulse as loud as chance has it.
pub(crate) fn is_tight(intent: &Intent) -> bool {
    let pulses = |movement: &Movement| movement.target == Some(MovementTarget::Level);
    intent.category == Category::Bass && intent.descriptors.movement.as_ref().is_some_and(pulses)
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
    apart(&tonal, cents, patch);
}

/// Spreads oscillators apart by `cents` without moving the pitch: the louder of two stays nearly where it is, the other
/// goes a little beside it, and what is further goes by voices on both sides of a louder one in the middle.
pub(crate) fn apart(tonal: &[usize], cents: f64, patch: &mut PatchSpec) {
    let cents = if patch.meta.category == Category::Bass {
        LOW * cents
    } else {
        cents
    };
    let alone = tonal.iter().all(|i| patch.modules.osc[*i].unison.voices == 1);
    let mut left = cents;
    if let (true, [first, second]) = (alone, tonal) {
        let osc = &mut patch.modules.osc;
        let (lead, beside) = if osc[*first].level >= osc[*second].level {
            (*first, *second)
        } else {
            (*second, *first)
        };
        let sign = if osc[beside].tune_cents < osc[lead].tune_cents {
            -1.0
        } else {
            1.0
        };
        for (i, way, most) in [
            (lead, -sign * 0.35 * cents, LEADS_CENTS),
            (beside, sign * 0.65 * cents, BESIDE_CENTS),
        ] {
            let tune = &mut osc[i].tune_cents;
            let reached = (*tune + way).clamp(tune.min(-most), tune.max(most));
            left -= (reached - *tune).abs();
            *tune = reached;
        }
        if left < HEARD_CENTS {
            return;
        }
    }
    for i in tonal {
        let osc = &mut patch.modules.osc[*i];
        let unison = &mut osc.unison;
        let (is_new, is_choir) = (unison.voices == 1, unison.voices > 4);
        if unison.voices == 1 {
            unison.voices = 3;
            unison.detune_cents = 0.0;
            osc.phase_randomness = 1.0;
        }
        odd(&mut unison.voices);
        unison.detune_cents = (unison.detune_cents + 1.15 * left).clamp(0.0, 90.0);
        // The further the outer ones are, the more the one in the middle leads; of many none needs to.
        if is_choir {
            continue;
        }
        let led = 1.0 - unison.detune_cents / FAR_CENTS;
        unison.blend = unison
            .blend
            .min(led.max(LEAST))
            .min(if is_new { LED } else { 1.0 });
    }
}

/// Makes a number of voices one that has a middle.
pub(crate) const fn odd(voices: &mut i64) {
    if *voices % 2 == 0 {
        *voices = if *voices >= 16 { 15 } else { *voices + 1 };
    }
}

fn noise(degree: f64, patch: &mut PatchSpec) {
    if degree <= 0.0 {
        let sample = &mut patch.modules.sample;
        sample.level *= 1.0 + degree;
        sample.enabled = sample.enabled && degree > -0.45;
        return;
    }
    let through = if patch.modules.filter[0].enabled {
        Destination::Filter1
    } else {
        Destination::Effects
    };
    let sample = rack::noise(patch, through);
    sample.level = sample.level.max(0.12 + 0.4 * degree);
}
