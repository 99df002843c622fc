//! The eight knobs of a generated patch: each role finds what it can move in the patch at hand, and switches on at
//! zero what it needs (an effect whose mix is 0 changes nothing until the knob is turned).

use songwalker_engine::math;
use songwalker_schemas::modulation::{Route, Source};
use songwalker_schemas::patch::fx::{DistortionKind, Fx, FxType};
use songwalker_schemas::patch::lfo::LfoShape;
use songwalker_schemas::patch::osc::WarpMode;
use songwalker_schemas::patch::{MacroSlot, MacroTarget, RoleId};
use songwalker_schemas::template::{Behavior, BehaviorCurve, Constraints, Role, RoleTarget};
use songwalker_schemas::{PatchSpec, rules};

use crate::mapper::rack;

/// Gives the patch its eight knobs. The sound at their defaults is the patch as it was.
pub fn assign(patch: &mut PatchSpec) {
    patch.macros = RoleId::GENERATED.iter().map(|role| slot(*role, patch)).collect();
}

fn target(path: String, amount: f64) -> MacroTarget {
    MacroTarget {
        path,
        amount,
        curve: 0.0,
    }
}

fn slot(role: RoleId, patch: &mut PatchSpec) -> MacroSlot {
    let (default, targets) = match role {
        RoleId::ToneBrightness => (0.5, brightness(patch)),
        RoleId::AmpPunch => (0.5, punch(patch)),
        RoleId::Drive => (0.0, drive(patch)),
        RoleId::Movement => movement(patch),
        RoleId::Space => space(patch),
        RoleId::Width => width(patch),
        RoleId::Character => (0.5, character(patch)),
        RoleId::Fx => effects(patch),
        RoleId::Free => (0.0, Vec::new()),
    };
    MacroSlot {
        default,
        value: default,
        targets,
        ..MacroSlot::new(role)
    }
}

/// Whether a filter lets lows pass.
fn is_low_pass(patch: &PatchSpec, i: usize) -> bool {
    let filter = &patch.modules.filter[i];
    filter.enabled && filter.blend < 0.8
}

/// How far a share of the raw range can go up and down from a value without leaving the range, at most `wish`.
fn room(patch: &PatchSpec, pointer: &str, wish: f64) -> f64 {
    let (Some(id), Some(value)) = (patch.param_id(pointer), patch.get(pointer)) else {
        return 0.0;
    };
    let row = id.row();
    let raw = row.law.to_raw(value, 2.0);
    let up = (row.raw_max() - raw) / row.raw_range();
    if wish > 0.0 {
        wish.min(up)
    } else {
        wish.max(-(raw - row.raw_min()) / row.raw_range())
    }
}

fn brightness(patch: &mut PatchSpec) -> Vec<MacroTarget> {
    let mut targets = Vec::new();
    for i in 0..2 {
        if is_low_pass(patch, i) {
            targets.push(target(format!("/modules/filter/{i}/cutoff_hz"), 0.375));
        }
    }
    let eq = rack::place(patch, FxType::Eq);
    if let Fx::Eq(fx) = &mut patch.modules.fx[eq] {
        fx.enabled = true;
    }
    targets.push(target(format!("/modules/fx/{eq}/high/gain_db"), 0.4));
    targets
}

fn punch(patch: &mut PatchSpec) -> Vec<MacroTarget> {
    let mut targets = vec![
        target("/modules/env/0/attack_s".to_owned(), -0.16),
        target("/modules/env/0/decay_s".to_owned(), -0.08),
    ];
    for (i, route) in patch.modulation.routes.iter().enumerate() {
        let is_snap = matches!(route.source, Source::Env1 | Source::Env2)
            && route.target.ends_with("/cutoff_hz")
            && route.amount > 0.0;
        if is_snap && targets.len() < 5 {
            targets.push(target(format!("/modulation/routes/{i}/amount"), 0.12));
        }
    }
    targets
}

fn drive(patch: &mut PatchSpec) -> Vec<MacroTarget> {
    let mut targets = Vec::new();
    let place = rack::place(patch, FxType::Distortion);
    if let Fx::Distortion(fx) = &mut patch.modules.fx[place] {
        if fx.enabled {
            targets.push(target(format!("/modules/fx/{place}/drive_db"), 0.25));
        } else {
            fx.enabled = true;
            fx.mix = 0.0;
            fx.kind = DistortionKind::SoftClip;
            fx.drive_db = 18.0;
        }
    }
    let mix = format!("/modules/fx/{place}/mix");
    let wish = room(patch, &mix, 1.0);
    targets.push(target(mix, wish));
    for i in 0..2 {
        if patch.modules.filter[i].enabled {
            let path = format!("/modules/filter/{i}/drive_db");
            let wish = room(patch, &path, 0.5);
            targets.push(target(path, wish));
        }
    }
    targets
}

/// The first LFO that no route uses.
#[must_use]
pub fn free_lfo(patch: &PatchSpec) -> Option<usize> {
    (0..8).find(|i| {
        !patch
            .modulation
            .routes
            .iter()
            .any(|r| r.source.name() == format!("lfo/{i}"))
    })
}

/// The routes that go by themselves and do something, at most six.
fn moving(patch: &PatchSpec) -> Vec<(usize, &Route)> {
    let routes = patch.modulation.routes.iter().enumerate();
    routes
        .filter(|(_, r)| {
            r.source.moves_by_itself()
                && !r.bypass
                && r.amount != 0.0
                && rules::route_of_amount(&r.target).is_none()
        })
        .take(6)
        .collect()
}

/// From nothing over what is there to twice as much; where nothing but the pitch moves, a sweep is added that begins
/// at zero.
fn movement(patch: &mut PatchSpec) -> (f64, Vec<MacroTarget>) {
    let is_pitch = |route: &Route| route.target.ends_with("/transpose") || route.target.ends_with("cents");
    let amount_of = |i: usize| format!("/modulation/routes/{i}/amount");
    let there = moving(patch);
    if there.iter().any(|(_, route)| !is_pitch(route)) {
        let twice = there
            .iter()
            .map(|(i, route)| target(amount_of(*i), route.amount.clamp(-0.3, 0.3)))
            .collect();
        return (0.5, twice);
    }
    let mut targets: Vec<MacroTarget> = there
        .iter()
        .map(|(i, route)| target(amount_of(*i), (0.3 * route.amount).clamp(-0.02, 0.02)))
        .collect();
    let Some(lfo) = free_lfo(patch) else {
        return (0.0, targets);
    };
    let Some(source) = Source::from_name(&format!("lfo/{lfo}")) else {
        return (0.0, targets);
    };
    patch.modules.lfo[lfo].set_shape(LfoShape::Sine);
    let mut add = |patch: &mut PatchSpec, goal: String, amount: f64| {
        patch.modulation.routes.push(Route::bipolar(source, goal, 0.0));
        targets.push(target(amount_of(patch.modulation.routes.len() - 1), amount));
    };
    if let Some(i) = (0..2).find(|i| is_low_pass(patch, *i)) {
        add(patch, format!("/modules/filter/{i}/cutoff_hz"), 0.1);
    }
    if let Some(osc) = patch
        .modules
        .osc
        .iter()
        .position(|osc| osc.enabled && osc.level > 0.0)
    {
        add(patch, format!("/modules/osc/{osc}/level"), 0.15);
    }
    (0.0, targets)
}

fn space(patch: &mut PatchSpec) -> (f64, Vec<MacroTarget>) {
    let place = rack::place(patch, FxType::Reverb);
    let mut default = 0.0;
    if let Fx::Reverb(fx) = &mut patch.modules.fx[place] {
        if fx.enabled && fx.mix > 0.02 {
            default = 0.5;
        } else {
            fx.enabled = true;
            fx.mix = 0.0;
            fx.decay_s = fx.decay_s.max(2.0);
            fx.size = fx.size.max(0.6);
        }
    }
    let mix = format!("/modules/fx/{place}/mix");
    let wish = if default == 0.5 { 0.4 } else { 0.5 };
    let wish = room(patch, &mix, wish);
    (
        default,
        vec![
            target(mix, wish),
            target(format!("/modules/fx/{place}/decay_s"), 0.12),
        ],
    )
}

fn width(patch: &mut PatchSpec) -> (f64, Vec<MacroTarget>) {
    let mut targets = Vec::new();
    if patch.modules.voicing.stereo_width < 0.999 {
        let path = "/modules/voicing/stereo_width".to_owned();
        let wish = room(patch, &path, 1.0);
        targets.push(target(path, wish));
    }
    for (i, osc) in patch.modules.osc.iter().enumerate() {
        if osc.enabled && osc.unison.voices > 1 {
            targets.push(target(format!("/modules/osc/{i}/unison/stereo_spread"), 0.6));
        }
    }
    let place = rack::place(patch, FxType::Chorus);
    if let Fx::Chorus(fx) = &mut patch.modules.fx[place]
        && !fx.enabled
    {
        *fx = rack::wide_chorus();
        fx.mix = 0.0;
    }
    let mix = format!("/modules/fx/{place}/mix");
    let wish = room(patch, &mix, 0.5);
    targets.push(target(mix, wish));
    let is_wide = targets.len() > 1 && patch.modules.voicing.stereo_width > 0.5;
    (if is_wide { 0.5 } else { 0.0 }, targets)
}

fn character(patch: &PatchSpec) -> Vec<MacroTarget> {
    let mut targets = Vec::new();
    for (i, osc) in patch
        .modules
        .osc
        .iter()
        .enumerate()
        .filter(|(_, osc)| osc.enabled)
    {
        if osc.warp.mode != WarpMode::None {
            targets.push(target(format!("/modules/osc/{i}/warp/amount"), 0.3));
        }
        targets.push(target(format!("/modules/osc/{i}/wavetable/position"), 0.5));
    }
    for i in 0..2 {
        if patch.modules.filter[i].enabled {
            targets.push(target(format!("/modules/filter/{i}/resonance"), 0.35));
        }
    }
    targets
}

fn effects(patch: &mut PatchSpec) -> (f64, Vec<MacroTarget>) {
    let mut targets = Vec::new();
    for kind in [FxType::Delay, FxType::Phaser, FxType::Flanger] {
        let place = rack::place(patch, kind);
        if patch.modules.fx[place].enabled() && rack::mix(&patch.modules.fx[place]) > 0.0 {
            targets.push(target(format!("/modules/fx/{place}/mix"), 0.4));
        }
    }
    if !targets.is_empty() {
        return (0.5, targets);
    }
    let place = rack::place(patch, FxType::Delay);
    if let Fx::Delay(fx) = &mut patch.modules.fx[place] {
        *fx = rack::ping_pong();
        fx.mix = 0.0;
    }
    (0.0, vec![target(format!("/modules/fx/{place}/mix"), 0.5)])
}

/// The roles of a template from its base patch's knobs.
#[must_use]
pub fn roles(base: &PatchSpec) -> Vec<Role> {
    base.macros
        .iter()
        .map(|slot| Role {
            role_id: slot.role_id,
            label: slot.label.clone(),
            default: slot.default,
            min: slot.min,
            max: slot.max,
            behavior: Behavior {
                curve: BehaviorCurve::Linear,
                bipolar: slot.default == 0.5,
                steps: 0,
            },
            targets: slot
                .targets
                .iter()
                .map(|t| role_target(base, t, slot.targets.len()))
                .collect(),
            constraints: Constraints::default(),
            conflicts: Vec::new(),
        })
        .collect()
}

fn role_target(base: &PatchSpec, target: &MacroTarget, count: usize) -> RoleTarget {
    let (min, max) = base
        .param_id(&target.path)
        .map_or((-1.0, 1.0), |id| (id.row().min, id.row().max));
    let weight = songwalker_schemas::canonical::quantise(1.0 / count.max(1) as f64);
    RoleTarget {
        path: target.path.clone(),
        amount: target.amount,
        min,
        max,
        curve: target.curve,
        weight,
    }
}

/// The patch with one knob turned to `position` and what it moves written into the parameters, so that the knob's
/// default sounds as the turned knob did. Only parameter values change, never the structure.
#[must_use]
pub fn bake(patch: &PatchSpec, role: RoleId, position: f64) -> PatchSpec {
    let mut out = patch.clone();
    let Some(slot) = patch.macros.iter().find(|slot| slot.role_id == role) else {
        return out;
    };
    let raw = patch.raw_values();
    for target in &slot.targets {
        let shift =
            target.amount * (math::curve(position, -target.curve) - math::curve(slot.default, -target.curve));
        if let Some(route) = rules::route_of_amount(&target.path) {
            if let Some(route) = out.modulation.routes.get_mut(route) {
                route.amount =
                    songwalker_schemas::canonical::quantise((route.amount + 2.0 * shift).clamp(-1.0, 1.0));
            }
        } else if let Some(id) = patch.param_id(&target.path) {
            let row = id.row();
            let moved = f64::from(raw[id.index()]) + shift * row.raw_range();
            out.set(
                &target.path,
                row.law.from_raw(moved.clamp(row.raw_min(), row.raw_max()), 2.0),
            );
        }
    }
    out
}
