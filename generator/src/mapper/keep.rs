//! What must hold and what must not be there, enforced last: nothing before it can break it.

use songwalker_schemas::intent::{Feature, Invariant};
use songwalker_schemas::patch::fx::Fx;
use songwalker_schemas::patch::osc::Osc;
use songwalker_schemas::patch::voicing::VoicingMode;
use songwalker_schemas::{Intent, PatchSpec};

use super::{rack, routes};

/// The power of a decay whose decibels fall along a straight line.
const EVEN: f64 = -4.0;

/// Enforces the intent's invariants and what it avoids.
pub fn apply(intent: &Intent, patch: &mut PatchSpec) {
    for feature in &intent.avoid {
        avoid(*feature, patch);
    }
    for invariant in &intent.invariants {
        keep(*invariant, patch);
    }
}

fn keep(invariant: Invariant, patch: &mut PatchSpec) {
    match invariant {
        Invariant::Mono => {
            patch.modules.voicing.mode = VoicingMode::Mono;
            patch.modules.voicing.voices = 1;
        }
        Invariant::Poly => {
            patch.modules.voicing.mode = VoicingMode::Poly;
            patch.modules.voicing.voices = patch.modules.voicing.voices.max(8);
        }
        Invariant::MonoSafe => {
            patch.modules.voicing.stereo_width = patch.modules.voicing.stereo_width.min(0.6);
        }
        Invariant::NonSilent => {}
        Invariant::Pluck => {
            let env = &mut patch.modules.env[0];
            env.sustain = 0.0;
            env.decay_s = env.decay_s.min(1.6);
            env.attack_s = env.attack_s.min(0.02);
        }
        Invariant::NoReverb => avoid(Feature::Reverb, patch),
        Invariant::NoDelay => avoid(Feature::Delay, patch),
        Invariant::NoChorus => avoid(Feature::Chorus, patch),
        Invariant::NoDistortion => avoid(Feature::Distortion, patch),
        Invariant::NoNoise => avoid(Feature::Noise, patch),
        Invariant::NoUnison => avoid(Feature::Unison, patch),
        Invariant::NoVibrato => avoid(Feature::Vibrato, patch),
        Invariant::Static => avoid(Feature::Movement, patch),
        Invariant::Centered => {
            patch.modules.voicing.stereo_width = 0.0;
        }
        Invariant::NoEffects => avoid(Feature::Effects, patch),
        Invariant::NoSub => avoid(Feature::Sub, patch),
    }
}

fn avoid(feature: Feature, patch: &mut PatchSpec) {
    match feature {
        Feature::Reverb => rack::reverb(patch, |fx| fx.enabled = false),
        Feature::Delay => rack::delay(patch, |fx| fx.enabled = false),
        Feature::Chorus => rack::chorus(patch, |fx| fx.enabled = false),
        Feature::Phaser => rack::phaser(patch, |fx| fx.enabled = false),
        Feature::Flanger => rack::flanger(patch, |fx| fx.enabled = false),
        Feature::Distortion => {
            rack::distortion(patch, |fx| fx.enabled = false);
            for filter in &mut patch.modules.filter {
                filter.drive_db = 0.0;
            }
        }
        Feature::Noise => {
            patch.modules.sample.enabled =
                patch.modules.sample.enabled && !patch.modules.osc.iter().any(|osc| osc.enabled)
        }
        Feature::Unison => {
            for osc in &mut patch.modules.osc {
                osc.unison.voices = 1;
                osc.phase_randomness = 0.0;
            }
        }
        Feature::Vibrato => routes::retain(patch, |r| {
            !(r.source.moves_by_itself() && (r.target.ends_with("/transpose") || r.target.ends_with("cents")))
        }),
        Feature::Movement => still(patch),
        Feature::Sub => {
            for osc in patch.modules.osc.iter_mut().skip(1) {
                osc.enabled = osc.enabled && osc.transpose > -12;
            }
        }
        Feature::Resonance => {
            for filter in &mut patch.modules.filter {
                filter.resonance = filter.resonance.min(0.1);
            }
        }
        Feature::Glide => patch.modules.voicing.glide_s = 0.0,
        Feature::Click => patch.modules.env[0].attack_s = patch.modules.env[0].attack_s.max(0.012),
        Feature::Highs => {
            for filter in patch
                .modules
                .filter
                .iter_mut()
                .filter(|f| f.enabled && f.blend < 0.8)
            {
                filter.cutoff_hz = filter.cutoff_hz.min(1_200.0);
            }
        }
        Feature::Lows => rack::eq(patch, |fx| {
            fx.enabled = true;
            fx.low.hz = 200.0;
            fx.low.gain_db = -12.0;
        }),
        Feature::Effects => {
            for fx in &mut patch.modules.fx {
                *fx = Fx::new(fx.kind());
            }
        }
    }
}

/// Takes away all that beats or moves by itself. What decays falls evenly, and its colour with it hardly at all.
fn still(patch: &mut PatchSpec) {
    routes::retain(patch, |r| !r.source.moves_by_itself());
    // All that is heard has one tuning; a silent oscillator is a modulator: its tuning is the ratio.
    let heard = |osc: &Osc| osc.enabled && osc.level > 0.0;
    let tuning = patch
        .modules
        .osc
        .iter()
        .find(|osc| heard(osc))
        .map_or(0.0, |osc| osc.tune_cents);
    for osc in &mut patch.modules.osc {
        osc.unison.voices = 1;
        osc.phase_randomness = 0.0;
        if heard(osc) {
            osc.tune_cents = tuning;
        }
    }
    rack::chorus(patch, |fx| fx.enabled = false);
    rack::phaser(patch, |fx| fx.enabled = false);
    rack::flanger(patch, |fx| fx.enabled = false);
    rack::reverb(patch, |fx| fx.mod_amount = 0.0);
    let env = &mut patch.modules.env[0];
    if env.sustain < 0.1 && env.decay_power > EVEN {
        // Decibels that fall along a straight line, as long as before.
        env.decay_power = EVEN;
        env.decay_s = (1.1 * env.decay_s).min(30.0);
    }
    if patch.modules.env[0].sustain < 0.1 {
        for route in &mut patch.modulation.routes {
            if route.source.name().starts_with("env/") && !route.target.starts_with("/modulation") {
                route.amount *= 0.25;
            }
        }
    }
}
