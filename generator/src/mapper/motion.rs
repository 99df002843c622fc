//! Movement: sweeps, wobbles, gates, vibrato and tremolo.

use songwalker_engine::math;
use songwalker_schemas::intent::{Movement, MovementShape, MovementTarget};
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::patch::lfo::{LfoShape, Points};
use songwalker_schemas::patch::random::RandomStyle;
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::{Category, Intent, PatchSpec};

use super::time::GOES_ON;
use super::{Corrections, routes, source};
use crate::macros::free_lfo;

/// The shortest decay in which a movement can be heard, s.
const LEAST_S: f64 = 0.9;
/// The sustain at which what pulses keeps its level.
const EVEN: f64 = 0.75;
/// The sweep for which a filter is opened where movement is asked for, as a route's amount.
const ROOM: f64 = 0.16;
/// How far it is opened for it at most, semitones.
const ROOM_ST: f64 = 8.0;

/// Applies what the intent says of movement.
pub fn apply(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    if asked.movement_amount.is_some_and(|degree| degree > 0.0)
        && asked.length.is_none()
        && asked.decay_s.is_none()
    {
        give_time(intent, patch);
    }
    move_it(intent, corrections, patch);
    if !matches!(intent.category, Category::Fx | Category::Drum) {
        stay_heard(intent, patch);
    }
    if asked
        .movement
        .as_ref()
        .is_some_and(|m| m.rate_sync.is_none() && m.rate_hz.is_some_and(|hz| hz < 0.8))
        && asked.detune.is_none_or(|d| d < 0.3)
        && asked.roughness.is_none_or(|d| d < 0.3)
    {
        calm_beating(patch);
    }
    if asked.vibrato_hz.is_some() || asked.vibrato_cents.is_some() {
        vibrato(
            asked.vibrato_hz.unwrap_or(5.5),
            asked.vibrato_cents.unwrap_or(18.0),
            patch,
        );
    }
    if let Some(hz) = asked.tremolo_hz {
        let tremolo = Movement {
            depth: Some(0.5),
            rate_hz: Some(hz),
            target: Some(MovementTarget::Level),
            shape: Some(MovementShape::Sine),
            ..Movement::default()
        };
        periodic(&tremolo, None, patch);
    }
}

/// What has died away at once has no time to move.
fn give_time(intent: &Intent, patch: &mut PatchSpec) {
    let env = &mut patch.modules.env[0];
    if env.sustain < GOES_ON && !matches!(intent.category, Category::Fx | Category::Drum) {
        env.decay_s = env.decay_s.max(LEAST_S);
    }
}

/// Beats of detuned voices are faster than a slow movement and would hide it: they are brought below it.
fn calm_beating(patch: &mut PatchSpec) {
    for osc in patch.modules.osc.iter_mut().filter(|osc| osc.level > 0.0) {
        osc.unison.detune_cents = osc.unison.detune_cents.min(4.0);
        osc.tune_cents = osc.tune_cents.clamp(-2.0, 2.0);
    }
}

/// A slow sweep may not close the filter on the note: the sound would go away for seconds.
fn stay_heard(intent: &Intent, patch: &mut PatchSpec) {
    let note = f64::from(intent.category.reference_note());
    let wanted = intent.descriptors.movement_amount.is_some_and(|d| d > 0.0)
        && intent.descriptors.brightness.is_none();
    for i in 0..2 {
        let filter = &patch.modules.filter[i];
        if !filter.enabled || filter.blend > 0.5 {
            continue;
        }
        let cutoff = math::hz_to_note(filter.cutoff_hz) + filter.keytrack * (note - 60.0);
        let pointer = format!("/modules/filter/{i}/cutoff_hz");
        // Half of the raw range of 128 semitones each way; four semitones above the note stay open.
        let mut most = ((cutoff - note - 4.0) / 64.0).max(0.04);
        for k in 0..patch.modulation.routes.len() {
            let route = &patch.modulation.routes[k];
            let is_slow = route
                .source
                .name()
                .strip_prefix("lfo/")
                .and_then(|n| n.parse::<usize>().ok())
                .is_some_and(|n| {
                    patch.modules.lfo[n].rate.mode == RateMode::Hz && patch.modules.lfo[n].rate.hz < 1.0
                });
            if route.target == pointer && is_slow && route.polarity == Polarity::Bipolar {
                // A movement that is asked for is given room, as far as the colour bears it.
                let lacks = route.amount.abs().min(ROOM) - most;
                if wanted && lacks > 0.0 {
                    let semitones = (64.0 * lacks).min(ROOM_ST);
                    patch.modules.filter[i].cutoff_hz *= math::exp2(semitones / 12.0);
                    most += semitones / 64.0;
                }
                let route = &mut patch.modulation.routes[k];
                route.amount = route.amount.clamp(-most, most);
            }
        }
    }
}

fn move_it(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    if let Some(movement) = &asked.movement {
        periodic(movement, asked.movement_speed, patch);
    } else if let Some(speed) = asked.movement_speed {
        faster(speed, patch);
    }
    if let Some(degree) = asked.movement_amount {
        amount(degree, asked.movement.is_some(), asked.movement_speed, patch);
    }
    if corrections.movement_oct != 0.0 {
        scale(math::exp2(corrections.movement_oct), patch);
    }
}

/// Multiplies the depth of all that moves by itself.
fn scale(factor: f64, patch: &mut PatchSpec) {
    for route in patch
        .modulation
        .routes
        .iter_mut()
        .filter(|r| r.source.moves_by_itself())
    {
        let limit = if route.target.ends_with("/transpose") || route.target.ends_with("cents") {
            0.3
        } else {
            0.9
        };
        route.amount = (route.amount * factor).clamp(-limit, limit);
    }
}

fn amount(degree: f64, is_given: bool, speed: Option<f64>, patch: &mut PatchSpec) {
    if degree < 0.0 {
        scale((1.0 + 1.2 * degree).max(0.0), patch);
        for osc in &mut patch.modules.osc {
            osc.unison.detune_cents *= (1.0 + degree).max(0.0);
        }
    } else if is_given {
        // How much is in the movement's own depth already.
    } else if patch
        .modulation
        .routes
        .iter()
        .any(|r| r.source.moves_by_itself() && r.amount != 0.0)
    {
        scale(1.0 + 1.6 * degree, patch);
    } else {
        let slow = Movement {
            depth: Some(0.3 + 0.5 * degree),
            target: Some(MovementTarget::Filter),
            shape: Some(MovementShape::Sine),
            ..Movement::default()
        };
        periodic(&slow, speed, patch);
    }
}

fn faster(speed: f64, patch: &mut PatchSpec) {
    let used: Vec<usize> = (0..8)
        .filter(|i| {
            patch
                .modulation
                .routes
                .iter()
                .any(|r| r.source.name() == format!("lfo/{i}"))
        })
        .collect();
    for i in used {
        let rate = &mut patch.modules.lfo[i].rate;
        if rate.mode == RateMode::Hz && rate.hz < 3.0 {
            rate.hz = (rate.hz * math::exp2(2.0 * speed)).clamp(0.03, 12.0);
        }
    }
}

/// Rate in hertz where the words gave none.
fn default_hz(target: MovementTarget, speed: Option<f64>) -> f64 {
    let plain = match target {
        MovementTarget::Filter | MovementTarget::Position => 0.6,
        MovementTarget::Level => 4.0,
        MovementTarget::Pitch => 1.5,
        MovementTarget::Pan => 0.5,
    };
    plain * math::exp2(3.0 * speed.unwrap_or(0.0))
}

fn periodic(movement: &Movement, speed: Option<f64>, patch: &mut PatchSpec) {
    let target = movement.target.unwrap_or(MovementTarget::Filter);
    let depth = movement.depth.unwrap_or(0.5);
    let shape = movement.shape.unwrap_or(MovementShape::Sine);
    let targets = targets(target, patch);
    if targets.is_empty() {
        return;
    }
    // What moved the same thing before gives way.
    routes::retain(patch, |r| {
        !(r.source.moves_by_itself() && targets.contains(&r.target))
    });
    let Some(source) = oscillation(movement, shape, target, speed, patch) else {
        return;
    };
    let env = &mut patch.modules.env[0];
    if target == MovementTarget::Level && env.sustain > 0.3 {
        // One pulse is as loud as the next.
        env.sustain = env.sustain.max(EVEN);
    }
    for pointer in targets {
        let route = match target {
            MovementTarget::Filter => Route::bipolar(source, pointer, 0.07 + 0.24 * depth),
            MovementTarget::Position => Route::bipolar(source, pointer, 0.2 + 0.8 * depth),
            MovementTarget::Pitch => Route::bipolar(source, pointer, (2.0 + 22.0 * depth) / 96.0),
            MovementTarget::Pan => Route::bipolar(source, pointer, 0.3 + 0.7 * depth),
            MovementTarget::Level => {
                let level = patch.get(&pointer).unwrap_or(0.7);
                let falls = shape != MovementShape::Gate && shape != MovementShape::Square;
                Route {
                    polarity: Polarity::Unipolar,
                    ..Route::new(
                        source,
                        pointer,
                        -level * if falls { depth } else { 0.6 + 0.4 * depth },
                    )
                }
            }
        };
        patch.modulation.routes.push(route);
    }
}

/// What a movement of that kind moves in this patch.
fn targets(target: MovementTarget, patch: &mut PatchSpec) -> Vec<String> {
    let heard = source::heard(patch);
    match target {
        MovementTarget::Filter => {
            let on: Vec<usize> = (0..2).filter(|i| patch.modules.filter[*i].enabled).collect();
            if on.is_empty() {
                let filter = &mut patch.modules.filter[0];
                filter.enabled = true;
                filter.cutoff_hz = 1_400.0;
                filter.resonance = 0.2;
                filter.keytrack = 0.3;
                return vec!["/modules/filter/0/cutoff_hz".to_owned()];
            }
            on.into_iter()
                .take(1)
                .map(|i| format!("/modules/filter/{i}/cutoff_hz"))
                .collect()
        }
        MovementTarget::Level => {
            let mut all: Vec<String> = heard.iter().map(|i| format!("/modules/osc/{i}/level")).collect();
            if patch.modules.sample.enabled {
                all.push("/modules/sample/level".to_owned());
            }
            all
        }
        MovementTarget::Pitch => heard
            .iter()
            .map(|i| format!("/modules/osc/{i}/transpose"))
            .collect(),
        MovementTarget::Position => heard
            .iter()
            .take(1)
            .map(|i| format!("/modules/osc/{i}/wavetable/position"))
            .collect(),
        MovementTarget::Pan => heard.iter().map(|i| format!("/modules/osc/{i}/pan")).collect(),
    }
}

/// Sets a free source up.
fn oscillation(
    movement: &Movement,
    shape: MovementShape,
    target: MovementTarget,
    speed: Option<f64>,
    patch: &mut PatchSpec,
) -> Option<Source> {
    let mode = movement
        .sync_mode
        .filter(|m| matches!(m, RateMode::Tempo | RateMode::Dotted | RateMode::Triplet))
        .unwrap_or(RateMode::Tempo);
    let env = &patch.modules.env[0];
    // What has died away after a second has no time for a slow movement.
    let least_hz = if env.sustain < 0.1 {
        (5.0 / env.decay_s.max(0.05)).min(8.0)
    } else {
        0.0
    };
    let hz = movement
        .rate_hz
        .unwrap_or_else(|| default_hz(target, speed).max(least_hz))
        .clamp(0.01, 40.0);
    if shape == MovementShape::SampleHold {
        let i = (0..4).find(|i| {
            !patch
                .modulation
                .routes
                .iter()
                .any(|r| r.source.name() == format!("random/{i}"))
        })?;
        let random = &mut patch.modules.random[i];
        random.style = RandomStyle::SampleHold;
        match movement.rate_sync {
            Some(sync) => {
                random.rate.mode = mode;
                random.rate.sync = sync;
            }
            None => {
                random.rate.mode = RateMode::Hz;
                random.rate.hz = movement.rate_hz.unwrap_or(7.0).clamp(0.01, 40.0);
            }
        }
        return Source::from_name(&format!("random/{i}"));
    }
    let i = free_lfo(patch)?;
    let lfo = &mut patch.modules.lfo[i];
    match shape {
        MovementShape::Sine | MovementShape::SampleHold => lfo.set_shape(LfoShape::Sine),
        MovementShape::Triangle => lfo.set_shape(LfoShape::Triangle),
        MovementShape::SawUp => lfo.set_shape(LfoShape::SawUp),
        MovementShape::SawDown => lfo.set_shape(LfoShape::SawDown),
        MovementShape::Square => lfo.set_shape(LfoShape::Square),
        MovementShape::Gate => {
            // Open in the first half of each step, closed in the second, without clicks.
            lfo.shape = LfoShape::Custom;
            lfo.smooth_shape = false;
            lfo.points = Points::straight(&[(0.0, 0.0), (0.52, 0.0), (0.56, 1.0), (0.96, 1.0), (1.0, 0.0)]);
        }
    }
    match movement.rate_sync {
        Some(sync) => {
            lfo.rate.mode = mode;
            lfo.rate.sync = sync;
        }
        None => {
            lfo.rate.mode = RateMode::Hz;
            lfo.rate.hz = hz;
            if hz < 1.0 && matches!(shape, MovementShape::Sine | MovementShape::Triangle) {
                // A slow sweep starts in the middle: from its end the first seconds would be another sound.
                lfo.phase = 0.25;
            }
        }
    }
    Source::from_name(&format!("lfo/{i}"))
}

/// A round pitch movement of ±`cents` that sets in after a moment.
fn vibrato(hz: f64, cents: f64, patch: &mut PatchSpec) {
    let pitched: Vec<String> = (0..3)
        .filter(|i| patch.modules.osc[*i].enabled)
        .map(|i| format!("/modules/osc/{i}/transpose"))
        .collect();
    let is_pitch = |target: &str| pitched.iter().any(|p| p == target) || target.ends_with("cents");
    routes::retain(patch, |r| !(r.source.moves_by_itself() && is_pitch(&r.target)));
    let Some(i) = free_lfo(patch) else { return };
    let lfo = &mut patch.modules.lfo[i];
    lfo.set_shape(LfoShape::Sine);
    lfo.rate.mode = RateMode::Hz;
    lfo.rate.hz = hz.clamp(0.1, 20.0);
    lfo.delay_s = 0.25;
    let Some(source) = Source::from_name(&format!("lfo/{i}")) else {
        return;
    };
    for pointer in pitched {
        patch
            .modulation
            .routes
            .push(Route::bipolar(source, pointer, (cents / 4_800.0).clamp(0.0, 0.1)));
    }
}
