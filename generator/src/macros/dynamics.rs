//! Punch, and drive.

use songwalker_engine::math;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::canonical::quantise;
use songwalker_schemas::modulation::{Route, Source};
use songwalker_schemas::patch::fx::{DistortionFilterOrder, DistortionKind, Fx, FxType};

use super::way::{between, rising, room, straight, to};
use super::{Turn, dies_away, dirt, free_envelope, levels};
use crate::mapper::rack;

/// Attacks below this are as sharp as they can be heard to be, seconds.
const SHARP_S: f64 = 0.02;
/// Attacks above this outlast most notes, seconds.
const SLOW_S: f64 = 2.5;

/// The attack's time and a short bump of level at the start of each note, which below the default is a dip.
pub(super) fn punch(patch: &mut PatchSpec) -> Turn {
    let attack_s = patch.modules.env[0].attack_s;
    let default = if (SHARP_S..SLOW_S).contains(&attack_s) {
        0.5
    } else {
        0.25
    };
    let attack = "/modules/env/0/attack_s".to_owned();
    let softest_s = if dies_away(patch) { 0.012 } else { 0.03 };
    let slower = to(patch, &attack, (3.5 * attack_s).max(softest_s));
    let faster = to(patch, &attack, (attack_s / 40.0).max(0.0002));
    let mut targets = vec![between(attack, default, slower, faster)];
    for (i, route) in patch.modulation.routes.iter().enumerate() {
        let is_snap = matches!(route.source, Source::Env1 | Source::Env2)
            && route.target.ends_with("/cutoff_hz")
            && route.amount > 0.0;
        if is_snap && targets.len() < 4 {
            targets.push(straight(format!("/modulation/routes/{i}/amount"), 0.08));
        }
    }
    let env = &patch.modules.env[0];
    if env.sustain > 0.3 {
        // Struck, then carried on more softly.
        let low = 0.1_f64.min(1.0 - env.sustain);
        targets.push(between(
            "/modules/env/0/sustain".to_owned(),
            default,
            low,
            -0.35 * env.sustain,
        ));
    }
    let period_s = 1.0 / math::note_to_hz(f64::from(patch.meta.category.reference_note()));
    // Of a sound that dies away a longer or higher bump would soon be the whole.
    let (hold_s, decay_s, high) = if dies_away(patch) {
        let high = if env.decay_s < 0.5 { 0.8 } else { 0.35 };
        (quantise(0.5 * period_s), quantise(0.012 + 0.5 * period_s), high)
    } else {
        (quantise(1.5 * period_s), quantise(0.08 + 2.0 * period_s), 0.9)
    };
    if attack_s < 0.1
        && let Some(env) = free_envelope(patch)
        && let Some(source) = Source::from_name(&format!("env/{env}"))
    {
        let bump = &mut patch.modules.env[env];
        bump.delay_s = 0.0;
        bump.attack_s = 0.0;
        bump.hold_s = hold_s;
        bump.decay_s = decay_s;
        bump.sustain = 0.0;
        bump.release_s = 0.05;
        let mut add = |patch: &mut PatchSpec, goal: String, low: f64, high: f64| {
            patch.modulation.routes.push(Route::new(source, goal, 0.0));
            let path = format!("/modulation/routes/{}/amount", patch.modulation.routes.len() - 1);
            // A route's amount goes from −1 to 1.
            targets.push(between(path, default, 0.5 * low, 0.5 * high));
        };
        if dirt(patch) > 0.3 {
            // What is clipped swells behind the clipping only.
            let high = master(patch, 7.0);
            add(
                patch,
                "/modules/voicing/master_db".to_owned(),
                master(patch, -6.0),
                high,
            );
        } else {
            for (path, level) in levels(patch) {
                add(patch, path, -0.35 * level, high * level);
            }
        }
    }
    (default, targets)
}

/// The share of the volume's raw range that makes it so much louder.
pub(super) fn master(patch: &PatchSpec, db: f64) -> f64 {
    to(
        patch,
        "/modules/voicing/master_db",
        patch.modules.voicing.master_db + db,
    )
}

/// Puts a distortion that is off behind rooms and choruses that would undo what it does to peaks.
pub(super) fn place_drive(patch: &mut PatchSpec) {
    let share = |kind: FxType| rack::share(patch, kind);
    let wet = share(FxType::Reverb) + 0.5 * (share(FxType::Chorus) + share(FxType::Delay));
    let is_off = share(FxType::Distortion) == 0.0;
    let place = rack::place(patch, FxType::Distortion);
    if is_off && wet > 0.3 && matches!(patch.modules.fx[place], Fx::Distortion(_)) {
        patch.modules.fx[place..].rotate_left(1);
    }
}

/// Level into the distortion; where it already works, the knob rests where it is and can be turned back.
pub(super) fn drive(patch: &mut PatchSpec) -> Turn {
    let strength = dirt(patch);
    let place = rack::place(patch, FxType::Distortion);
    let (mix, gain) = (
        format!("/modules/fx/{place}/mix"),
        format!("/modules/fx/{place}/drive_db"),
    );
    let mut targets = Vec::new();
    let default = if strength > 0.02 {
        let default = if strength > 0.4 { 0.75 } else { 0.5 };
        let up = room(patch, &gain, if default == 0.5 { 0.35 } else { 0.2 });
        // Below that there is nothing to clip.
        let (down, up) = (
            to(patch, &gain, 2.0).clamp(if default == 0.5 { -0.3 } else { -0.14 }, -0.02),
            up.max(0.02),
        );
        targets.push(between(gain, default, down, up));
        let share = patch.get(&mix).unwrap_or(1.0);
        targets.push(straight(mix, quantise((0.85 * share / default).min(1.0))));
        default
    } else {
        if let Fx::Distortion(fx) = &mut patch.modules.fx[place] {
            fx.enabled = true;
            fx.mix = 0.0;
            fx.kind = DistortionKind::SoftClip;
            fx.drive_db = 0.0;
            // Without it the edges of what is clipped hard overshoot.
            fx.filter.order = DistortionFilterOrder::Post;
            fx.filter.hz = 9_000.0;
            fx.filter.resonance = 0.0;
            fx.filter.blend = 0.0;
        }
        targets.push(rising(mix, 1.0, 0.75));
        targets.push(straight(gain, 0.45));
        0.0
    };
    for i in 0..2 {
        if patch.modules.filter[i].enabled {
            let path = format!("/modules/filter/{i}/drive_db");
            let wish = room(patch, &path, 0.3);
            targets.push(if default == 0.0 {
                straight(path, wish)
            } else {
                let down = room(patch, &path, -0.08);
                between(path, default, down.min(-0.01), wish.max(0.01))
            });
        }
    }
    // What is driven sustains.
    let env = &patch.modules.env[0];
    if default == 0.0 && env.sustain > 0.3 && env.sustain < 0.99 {
        targets.push(straight(
            "/modules/env/0/sustain".to_owned(),
            quantise(0.7 * (math::sqrt(env.sustain) - env.sustain).max(1.0 - env.sustain)),
        ));
    }
    (default, targets)
}
