//! The eight knobs of a generated patch: each role finds what it can move in the patch at hand, and switches on at
//! zero what it needs (an effect whose mix is 0 changes nothing until the knob is turned). A knob whose measure is
//! already at an end in the patch rests near that end, so that the whole of its way is of use.

mod dynamics;
mod motion;
mod room;
mod tone;
mod way;

use songwalker_engine::math;
use songwalker_schemas::modulation::Source;
use songwalker_schemas::patch::fx::Fx;
use songwalker_schemas::patch::{MacroSlot, MacroTarget, RoleId};
use songwalker_schemas::template::{Behavior, BehaviorCurve, Constraints, Role, RoleTarget};
use songwalker_schemas::{PatchSpec, rules};

use crate::mapper::routes;

/// Where a knob rests, and what it moves.
type Turn = (f64, Vec<MacroTarget>);

/// Gives the patch its eight knobs. The sound at their defaults is the patch as it was.
pub fn assign(patch: &mut PatchSpec) {
    drop_idle(patch);
    dynamics::place_drive(patch);
    patch.macros = RoleId::GENERATED.iter().map(|role| slot(*role, patch)).collect();
}

/// Removes routes of LFOs and envelopes that move nothing: those of knobs that are assigned anew.
fn drop_idle(patch: &mut PatchSpec) {
    let awaited: Vec<usize> = patch
        .modulation
        .routes
        .iter()
        .filter_map(|route| rules::route_of_amount(&route.target))
        .collect();
    let is_idle = |(i, route): (usize, &songwalker_schemas::modulation::Route)| {
        let name = route.source.name();
        let runs = name.starts_with("lfo/") || name.starts_with("env/");
        runs && route.amount == 0.0 && route.map.is_none() && !awaited.contains(&i)
    };
    let idle: Vec<songwalker_schemas::modulation::Route> = patch
        .modulation
        .routes
        .iter()
        .enumerate()
        .filter(|row| is_idle(*row))
        .map(|(_, route)| route.clone())
        .collect();
    if !idle.is_empty() {
        routes::retain(patch, |route| !idle.contains(route));
    }
}

fn slot(role: RoleId, patch: &mut PatchSpec) -> MacroSlot {
    let (default, targets) = match role {
        RoleId::ToneBrightness => tone::brightness(patch),
        RoleId::AmpPunch => dynamics::punch(patch),
        RoleId::Drive => dynamics::drive(patch),
        RoleId::Movement => motion::movement(patch),
        RoleId::Space => room::space(patch),
        RoleId::Width => room::width(patch),
        RoleId::Character => tone::character(patch),
        RoleId::Fx => room::effects(patch),
        RoleId::Free => (0.0, Vec::new()),
    };
    MacroSlot {
        default,
        value: default,
        targets,
        ..MacroSlot::new(role)
    }
}

/// The first LFO that no route uses.
#[must_use]
pub fn free_lfo(patch: &PatchSpec) -> Option<usize> {
    (0..8).find(|i| is_free(patch, &format!("lfo/{i}")))
}

/// The first envelope beside the first that no route uses, by its place.
fn free_envelope(patch: &PatchSpec) -> Option<usize> {
    (1..patch.modules.env.len()).find(|i| is_free(patch, &format!("env/{i}")))
}

fn is_free(patch: &PatchSpec, source: &str) -> bool {
    let of_that = Source::from_name(source);
    of_that.is_some() && !patch.modulation.routes.iter().any(|r| Some(r.source) == of_that)
}

/// Pointers to the levels of all oscillators that sound, and of the sample.
fn levels(patch: &PatchSpec) -> Vec<(String, f64)> {
    let oscs = patch.modules.osc.iter().enumerate();
    let mut out: Vec<(String, f64)> = oscs
        .filter(|(_, osc)| osc.enabled && osc.level > 0.05)
        .map(|(i, osc)| (format!("/modules/osc/{i}/level"), osc.level))
        .collect();
    if patch.modules.sample.enabled && patch.modules.sample.level > 0.05 {
        out.push(("/modules/sample/level".to_owned(), patch.modules.sample.level));
    }
    out
}

/// How hard the distortion works, 0..1: 0 where it is off.
fn dirt(patch: &PatchSpec) -> f64 {
    patch
        .modules
        .fx
        .iter()
        .find_map(|fx| match fx {
            Fx::Distortion(fx) if fx.enabled => Some(fx.mix * (fx.drive_db / 20.0).clamp(0.0, 1.0)),
            _ => None,
        })
        .unwrap_or(0.0)
}

/// Whether a held note dies away by itself.
fn dies_away(patch: &PatchSpec) -> bool {
    let env = &patch.modules.env[0];
    env.sustain < 0.1 && env.attack_s + env.hold_s + env.decay_s < 4.0
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
