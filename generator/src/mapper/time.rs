//! Attack, decay, sustain, release and punch.

use songwalker_engine::math;
use songwalker_schemas::modulation::{Route, Source};
use songwalker_schemas::{Category, Intent, PatchSpec};

use super::{Corrections, rack};

/// Sustain from which on a sound goes on as long as it is held.
pub(crate) const GOES_ON: f64 = 0.1;
/// An effect with less than this in the sound is not heard.
const HEARD: f64 = 0.02;

/// Whether sounds of a kind decay while the key is held.
#[must_use]
pub const fn decays(category: Category) -> bool {
    matches!(
        category,
        Category::Pluck
            | Category::Keys
            | Category::Bell
            | Category::Mallet
            | Category::Guitar
            | Category::Stab
            | Category::Arp
            | Category::Drum
    )
}

/// Whether sounds of a kind go on as long as the key is held.
#[must_use]
pub const fn sustains(category: Category) -> bool {
    matches!(
        category,
        Category::Lead
            | Category::Pad
            | Category::Organ
            | Category::Strings
            | Category::Brass
            | Category::Choir
            | Category::Drone
    )
}

/// Applies what the intent says of time.
pub fn apply(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    attack(intent, corrections, patch);
    length(intent, corrections, patch);
    release(intent, patch);
    if let Some(degree) = intent.descriptors.punch {
        punch(degree, is_slow(intent), patch);
    }
}

/// Whether the words ask for a slow attack, against which a punch only moves the filter.
fn is_slow(intent: &Intent) -> bool {
    intent.descriptors.attack_s.is_some()
        || intent.descriptors.attack.is_some_and(|d| d > 0.0)
        || sustains(intent.category)
}

fn attack(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    let env = &mut patch.modules.env[0];
    if let Some(seconds) = asked.attack_s {
        env.attack_s = seconds;
    } else if let Some(degree) = asked.attack {
        env.attack_s = if degree >= 0.0 {
            let least = if decays(intent.category) { 0.12 } else { 1.0 };
            (env.attack_s * (1.0 + 3.4 * degree)).max(2.0 * least * degree)
        } else {
            let least = env.attack_s * math::exp2(6.0 * degree);
            // "Not slow" is not yet fast.
            if degree <= -0.45 {
                least.min(0.09 * (1.0 + degree) + 0.001)
            } else {
                least
            }
        };
        if degree <= -0.4 {
            env.delay_s = 0.0;
            // A fast start must not wait for a slow filter.
            let slow: Vec<usize> = patch
                .modulation
                .routes
                .iter()
                .filter(|r| r.target.ends_with("/cutoff_hz"))
                .filter_map(|r| env_of(r.source))
                .collect();
            for i in slow {
                patch.modules.env[i].attack_s = patch.modules.env[i].attack_s.min(0.01);
            }
        }
    }
    if asked.attack_s.is_none() {
        let env = &mut patch.modules.env[0];
        env.attack_s = (env.attack_s * math::exp2(corrections.attack_oct)).clamp(0.0, 32.0);
    }
}

/// The envelope behind a source.
pub(crate) fn env_of(source: Source) -> Option<usize> {
    source.name().strip_prefix("env/").and_then(|n| n.parse().ok())
}

fn length(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    // A number that was given is not corrected away.
    let mut octaves = if asked.decay_s.is_some() {
        0.0
    } else {
        corrections.decay_oct
    };
    let env = &mut patch.modules.env[0];
    if let Some(sustain) = asked.sustain {
        // What goes on by its nature is only made to fall, not to end; it acts squared: 0.5 is −12 dB.
        env.sustain = if sustains(intent.category) {
            sustain.max(0.5)
        } else {
            sustain
        };
        if sustain <= 0.01 && env.decay_s > 2.0 {
            env.decay_s = 1.0;
        }
    }
    if let Some(seconds) = asked.decay_s {
        env.decay_s = seconds;
        if decays(intent.category) {
            env.sustain = env.sustain.min(0.05);
        }
    } else if let Some(degree) = asked.length {
        octaves += 2.2 * degree;
        if degree <= -0.4
            && env.sustain > 0.05
            && !sustains(intent.category)
            && !matches!(intent.category, Category::Sequence | Category::Fx)
        {
            env.sustain = 0.0;
            env.decay_s = env.decay_s.min(0.8);
        }
        if asked.release_s.is_none() && asked.release.is_none() {
            env.release_s = (env.release_s * math::exp2(1.6 * degree)).clamp(0.02, 20.0);
        }
    }
    if octaves != 0.0 {
        let factor = math::exp2(octaves);
        let least = if intent.category == Category::Drum {
            0.02
        } else {
            env.decay_s.min(0.28)
        };
        env.decay_s = (env.decay_s * factor).clamp(least, 30.0);
        env.hold_s = (env.hold_s * factor).clamp(0.0, 4.0);
        for route in &patch.modulation.routes {
            if let Some(i) = env_of(route.source) {
                let decay_s = &mut patch.modules.env[i].decay_s;
                *decay_s = (*decay_s * math::exp2(0.5 * octaves)).clamp(0.01, 30.0);
            }
        }
    }
}

fn release(intent: &Intent, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    let env = &mut patch.modules.env[0];
    if let Some(seconds) = asked.release_s {
        env.release_s = seconds;
    } else if let Some(degree) = asked.release {
        env.release_s = if degree >= 0.0 {
            (env.release_s * (1.0 + 3.0 * degree)).max(3.6 * degree)
        } else {
            (env.release_s * math::exp2(3.5 * degree)).min(0.5 * (1.0 + degree) + 0.03)
        };
        // What has died away before it is let go rings by its decay.
        if env.sustain < GOES_ON && asked.length.is_none() && asked.decay_s.is_none() {
            env.decay_s = (env.decay_s * math::exp2(1.6 * degree)).clamp(env.decay_s.min(0.06), 30.0);
        }
    }
    env.release_s = env.release_s.clamp(0.005, 30.0);
    if let Some(degree) = asked.release.or(asked.length) {
        room(if degree > 0.0 { 1.45 } else { 1.6 } * degree, intent, patch);
    }
}

/// What rings behind the envelope, by `octaves` of its time: else it would hide the envelope's own end.
fn room(octaves: f64, intent: &Intent, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    if asked.space.is_none() && asked.reverb_s.is_none() {
        rack::reverb(patch, |fx| {
            if fx.enabled && fx.mix > HEARD {
                fx.decay_s = (fx.decay_s * math::exp2(octaves)).clamp(0.1, 30.0);
            }
        });
    }
    if octaves < 0.0 && asked.delay.is_none() {
        rack::delay(patch, |fx| {
            if fx.enabled && fx.mix > HEARD && fx.feedback > 0.0 {
                // The time to −60 dB goes with one over the logarithm of the feedback.
                fx.feedback = math::exp2(math::log2(fx.feedback.min(0.98)) * math::exp2(-octaves));
            }
        });
    }
}

/// Sets the envelope of a punch: its start is a part of what dies away by itself.
pub(crate) fn snap(patch: &mut PatchSpec) {
    let body = &patch.modules.env[0];
    let decay_s = if body.sustain < GOES_ON {
        (0.2 * body.decay_s).clamp(0.03, 0.14)
    } else {
        0.14
    };
    let snap = &mut patch.modules.env[5];
    (snap.delay_s, snap.attack_s, snap.hold_s) = (0.0, 0.0005, 0.0);
    (snap.decay_s, snap.sustain) = (decay_s, 0.0);
}

fn punch(degree: f64, is_slow: bool, patch: &mut PatchSpec) {
    let env = &mut patch.modules.env[0];
    if degree < 0.0 {
        env.attack_s = (env.attack_s * (1.0 - 3.0 * degree)).max(-0.04 * degree);
        return;
    }
    if !is_slow {
        env.attack_s = (env.attack_s * (1.0 - 0.8 * degree)).min(0.05);
    }
    let target = "/modules/filter/0/cutoff_hz";
    if !patch.modules.filter[0].enabled {
        return;
    }
    if let Some(route) = patch
        .modulation
        .routes
        .iter_mut()
        .find(|r| r.target == target && env_of(r.source).is_some() && r.amount > 0.0)
    {
        route.amount = (route.amount + 0.14 * degree).min(0.7);
    } else {
        snap(patch);
        patch
            .modulation
            .routes
            .push(Route::new(Source::Env5, target, 0.22 * degree));
    }
}
