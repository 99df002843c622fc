//! Width and room: chorus, reverb, delay, phaser and flanger.

use songwalker_engine::math;
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::{Intent, PatchSpec};

use super::{Corrections, rack};

/// Applies what the intent says of space.
pub fn apply(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    width(
        asked.width.unwrap_or(0.0) + corrections.width,
        asked.width.is_some() || corrections.width != 0.0,
        patch,
    );
    reverb(intent, patch);
    if let Some(degree) = asked.chorus {
        rack::chorus(patch, |fx| {
            if degree > 0.0 {
                if !fx.enabled {
                    *fx = rack::wide_chorus();
                    fx.depth = 0.4;
                }
                fx.mix = fx.mix.max(0.25 + 0.3 * degree);
            } else {
                fx.mix *= 1.0 + degree;
                fx.enabled = fx.enabled && degree > -0.7;
            }
        });
    }
    if let Some(degree) = asked.phaser {
        rack::phaser(patch, |fx| {
            fx.enabled = degree > 0.0;
            fx.mix = 0.4 + 0.5 * degree.max(0.0);
            fx.rate.mode = RateMode::Hz;
            fx.rate.hz = 0.3;
        });
    }
    if let Some(degree) = asked.flanger {
        rack::flanger(patch, |fx| {
            fx.enabled = degree > 0.0;
            fx.mix = 0.25 + 0.25 * degree.max(0.0);
            fx.rate.mode = RateMode::Hz;
            fx.rate.hz = 0.25;
        });
    }
    delay(intent, patch);
    if corrections.wet_oct != 0.0 {
        let factor = math::exp2(corrections.wet_oct);
        if asked.delay.is_none() {
            rack::delay(patch, |fx| fx.mix *= factor);
        }
        if asked.space.is_none() && asked.reverb_s.is_none() {
            rack::reverb(patch, |fx| fx.mix *= factor);
        }
    }
}

fn width(degree: f64, is_asked: bool, patch: &mut PatchSpec) {
    if !is_asked || degree == 0.0 {
        return;
    }
    if degree < 0.0 {
        let voicing = &mut patch.modules.voicing;
        voicing.stereo_width = (voicing.stereo_width * (1.0 + 1.15 * degree)).clamp(0.0, 1.0);
        return;
    }
    for osc in patch.modules.osc.iter_mut().filter(|osc| osc.enabled) {
        if osc.unison.voices > 1 {
            osc.unison.stereo_spread = (osc.unison.stereo_spread + 1.2 * degree).min(1.0);
        }
    }
    rack::chorus(patch, |fx| {
        if !fx.enabled {
            *fx = rack::wide_chorus();
            fx.mix = 0.0;
        }
        fx.mix = (fx.mix + 0.5 * degree).min(0.75);
    });
}

fn reverb(intent: &Intent, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    let space = asked.space.unwrap_or(0.0);
    // What rings long by itself needs a room that is longer still, or the room is not heard behind it.
    let env = &patch.modules.env[0];
    let outlasts_s = if env.sustain < 0.1 {
        2.2 * env.decay_s.min(5.5)
    } else {
        0.0
    };
    rack::reverb(patch, |fx| {
        if let Some(seconds) = asked.reverb_s {
            fx.enabled = true;
            fx.mix = fx.mix.clamp(0.25, 0.5);
            // T60 over Vital's nominal time is 2.0, 1.15 and 1.0 at sizes 0.1, 0.5 and 1.
            fx.size = fx.size.max(0.5);
            fx.decay_s = (seconds / (1.3 - 0.3 * fx.size)).clamp(0.02, 60.0);
        }
        if space > 0.0 {
            if !fx.enabled {
                fx.enabled = true;
                fx.mix = 0.0;
            }
            // A room that is there already becomes a longer one, but not so deep that the sound comes late.
            let (longer, deeper) = if fx.mix > 0.02 {
                (math::exp2(1.3 * space), if fx.mix > 0.15 { 0.24 } else { 0.32 })
            } else {
                (1.0, 0.32)
            };
            fx.mix = (fx.mix.max(0.12) + deeper * space).min(0.65);
            if asked.reverb_s.is_none() {
                fx.decay_s = (fx.decay_s * longer)
                    .max(1.2 * math::exp2(2.6 * space))
                    .max(outlasts_s * space.min(0.5))
                    .min(40.0);
            }
            fx.size = fx.size.max(0.55 + 0.3 * space);
        } else if space < 0.0 {
            fx.mix *= (1.0 + 1.6 * space).max(0.0);
            fx.decay_s = (fx.decay_s * math::exp2(space)).max(0.1);
            fx.enabled = fx.enabled && space > -0.6;
        }
    });
}

fn delay(intent: &Intent, patch: &mut PatchSpec) {
    let Some(ask) = &intent.descriptors.delay else {
        return;
    };
    let amount = ask.amount.unwrap_or(0.3);
    rack::delay(patch, |fx| {
        if amount <= 0.0 {
            fx.mix *= (1.0 + amount).max(0.0);
            fx.enabled = fx.enabled && amount > -0.6;
            return;
        }
        if !fx.enabled {
            *fx = rack::ping_pong();
            fx.style = songwalker_schemas::patch::fx::DelayStyle::Stereo;
        }
        if let Some(style) = ask.style {
            fx.style = style;
        }
        fx.mix = fx.mix.max(0.27 + 0.22 * amount);
        fx.feedback = fx.feedback.max(0.42 + 0.3 * amount);
        if let Some(seconds) = ask.time_s {
            fx.time.mode = RateMode::Hz;
            fx.time.seconds = seconds;
        } else if let Some(sync) = ask.sync {
            fx.time.mode = ask
                .sync_mode
                .filter(|m| matches!(m, RateMode::Tempo | RateMode::Dotted | RateMode::Triplet))
                .unwrap_or(RateMode::Tempo);
            fx.time.sync = sync;
        }
        fx.time_right = fx.time.clone();
    });
}
