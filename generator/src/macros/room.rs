//! Space, width, and the share of effects.

use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::fx::{Fx, FxType};

use super::way::{between, rising, room, straight, to};
use super::{Turn, dies_away};
use crate::mapper::rack;

/// Raw range of a reverb's decay, octaves.
const DECAY_OCT: f64 = 12.0;
/// How long the room rings at the knob's upper end at least, seconds: what dies away must be outlived by its room.
const LONG_S: f64 = 9.0;

/// Share and length of the reverb, and of the echo where there is one.
pub(super) fn space(patch: &mut PatchSpec) -> Turn {
    let place = rack::place(patch, FxType::Reverb);
    let short = dies_away(patch);
    let echo = rack::place(patch, FxType::Delay);
    let echo_mix = match &patch.modules.fx[echo] {
        Fx::Delay(fx) if fx.enabled => fx.mix,
        _ => 0.0,
    };
    let mut is_room = false;
    if let Fx::Reverb(fx) = &mut patch.modules.fx[place] {
        is_room = fx.enabled && fx.mix > if short { 0.1 } else { 0.02 };
        if !fx.enabled || fx.mix == 0.0 {
            fx.enabled = true;
            fx.mix = 0.0;
            fx.decay_s = 1.2;
            fx.size = fx.size.max(0.6);
        }
    }
    let (mix, decay) = (
        format!("/modules/fx/{place}/mix"),
        format!("/modules/fx/{place}/decay_s"),
    );
    let share = patch.get(&mix).unwrap_or(0.0);
    let long = to(
        patch,
        &decay,
        (1.8 * patch.get(&decay).unwrap_or(1.0)).clamp(if short { LONG_S } else { 5.0 }, 40.0),
    );
    let mut targets = Vec::new();
    let default = if is_room || echo_mix > 0.15 {
        let default = if short { 0.25 } else { 0.5 };
        targets.push(between(
            mix.clone(),
            default,
            -share.max(0.1),
            room(patch, &mix, 0.4).max(0.02),
        ));
        let shorter = if short { 1.2 * long } else { 1.5 / DECAY_OCT };
        targets.push(between(decay, default, -shorter, long));
        if echo_mix > 0.0 {
            targets.push(between(
                format!("/modules/fx/{echo}/mix"),
                default,
                -echo_mix,
                0.1,
            ));
            let path = format!("/modules/fx/{echo}/feedback");
            let feedback = patch.get(&path).unwrap_or(0.0).max(0.0);
            targets.push(between(
                path,
                default,
                -0.25 * feedback,
                0.05 * (0.9 - feedback).max(0.01),
            ));
        }
        let release_s = patch.modules.env[0].release_s;
        if release_s > 1.0 {
            let path = "/modules/env/0/release_s".to_owned();
            let low = to(patch, &path, 0.5 * release_s);
            targets.push(between(path, default, low, -0.5 * low));
        }
        default
    } else {
        targets.push(straight(mix.clone(), room(patch, &mix, 0.5)));
        targets.push(rising(decay, long, if short { 0.82 } else { 0.5 }));
        0.0
    };
    (default, targets)
}

/// Whether the patch as it is differs between left and right.
fn is_wide(patch: &PatchSpec) -> bool {
    let spread = patch.modules.osc.iter().any(|osc| {
        osc.enabled && osc.level > 0.05 && osc.unison.voices > 1 && osc.unison.stereo_spread > 0.05
    });
    let wet = patch.modules.fx.iter().any(|fx| {
        matches!(fx, Fx::Chorus(_) | Fx::Reverb(_) | Fx::Phaser(_) | Fx::Flanger(_))
            && fx.enabled()
            && rack::mix(fx) > 0.05
    });
    patch.modules.voicing.stereo_width > 0.05 && (spread || wet)
}

/// From mono over what is there to wider; what is mono rests at the knob's lower end.
pub(super) fn width(patch: &mut PatchSpec) -> Turn {
    let wide = is_wide(patch);
    let now = patch.modules.voicing.stereo_width;
    let path = "/modules/voicing/stereo_width".to_owned();
    let default = match (wide, now > 0.9) {
        (true, true) => 0.75,
        (true, false) => 0.5,
        (false, _) => 0.0,
    };
    let mut targets = Vec::new();
    if default > 0.0 {
        targets.push(between(
            path.clone(),
            default,
            -now,
            room(patch, &path, 1.0).max(0.02),
        ));
    } else if now < 0.999 {
        targets.push(straight(path.clone(), room(patch, &path, 1.0)));
    }
    for (i, osc) in patch.modules.osc.iter().enumerate() {
        if osc.enabled && osc.unison.voices > 1 && osc.unison.stereo_spread < 0.95 {
            let path = format!("/modules/osc/{i}/unison/stereo_spread");
            let high = room(patch, &path, 0.6);
            targets.push(between(path, default, -0.05, high));
        }
    }
    let place = rack::place(patch, FxType::Chorus);
    if let Fx::Chorus(fx) = &mut patch.modules.fx[place]
        && (!fx.enabled || fx.mix == 0.0)
    {
        *fx = rack::wide_chorus();
        fx.mix = 0.0;
    }
    let mix = format!("/modules/fx/{place}/mix");
    let high = room(patch, &mix, if default > 0.0 { 0.3 } else { 0.5 });
    targets.push(between(mix, default, -0.01, high));
    (default, targets)
}

/// The share of echo, phaser and flanger; an echo where there is none of them.
pub(super) fn effects(patch: &mut PatchSpec) -> Turn {
    let mut targets = Vec::new();
    for kind in [FxType::Delay, FxType::Phaser, FxType::Flanger] {
        let place = rack::place(patch, kind);
        let share = rack::mix(&patch.modules.fx[place]);
        if patch.modules.fx[place].enabled() && share > 0.05 {
            let path = format!("/modules/fx/{place}/mix");
            let high = room(patch, &path, (1.2 * share).max(0.3));
            let range = if kind == FxType::Flanger { 0.5 } else { 1.0 };
            targets.push(between(path, 0.5, -(share / range), high.max(0.02)));
        }
    }
    let is_there = !targets.is_empty();
    let place = rack::place(patch, FxType::Delay);
    if let Fx::Delay(fx) = &mut patch.modules.fx[place]
        && (!fx.enabled || fx.mix < 0.05)
    {
        if !fx.enabled || fx.mix == 0.0 {
            *fx = rack::ping_pong();
            fx.mix = 0.0;
        }
        let path = format!("/modules/fx/{place}/mix");
        targets.push(if is_there {
            between(path, 0.5, -0.01, 0.35)
        } else {
            straight(path, 0.5)
        });
    }
    (if is_there { 0.5 } else { 0.0 }, targets)
}
