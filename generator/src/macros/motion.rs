//! Movement: what moves by itself, from nothing over what is there to more, and a slow swell of the whole.

use songwalker_engine::math;
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::patch::MacroTarget;
use songwalker_schemas::patch::lfo::LfoShape;
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::{PatchSpec, rules};

use super::dynamics::master;
use super::way::{between, straight};
use super::{Turn, dirt, free_lfo, levels};

/// How deep the swell is at the knob's upper end, dB.
const SWELL_DB: f64 = 15.0;
/// Movement above this fills its measure: the knob rests at its upper end.
const FULL: f64 = 1.0;
/// Movement above this leaves little room.
const MUCH: f64 = 0.6;

/// The routes that go by themselves and do something, at most six.
fn moving(patch: &PatchSpec) -> Vec<(usize, Route)> {
    let routes = patch.modulation.routes.iter().enumerate();
    routes
        .filter(|(_, r)| {
            r.source.moves_by_itself()
                && !r.bypass
                && r.amount != 0.0
                && rules::route_of_amount(&r.target).is_none()
        })
        .take(6)
        .map(|(i, route)| (i, route.clone()))
        .collect()
}

fn is_pitch(route: &Route) -> bool {
    route.target.ends_with("/transpose") || route.target.ends_with("cents")
}

/// How much a route moves, as the measure of movement counts it: 12 dB or two octaves are 1.
fn strength(patch: &PatchSpec, route: &Route) -> f64 {
    let way = route.amount.abs();
    let depth = if route.target.ends_with("/level") {
        let level = patch.get(&route.target).unwrap_or(0.5).max(0.05);
        let (top, bottom) = match route.polarity {
            Polarity::Bipolar => (level + 0.5 * way, level - 0.5 * way),
            Polarity::Unipolar => (level.max(level + route.amount), level.min(level + route.amount)),
        };
        // The gain is the square of the level.
        let all: f64 = levels(patch)
            .iter()
            .map(|(_, level)| math::pow(*level, 4.0))
            .sum();
        let share = math::pow(level, 4.0) / all.max(1e-6);
        share.min(1.0) * 40.0 * math::log10(top / bottom.max(0.02)) / 12.0
    } else if route.target.ends_with("/cutoff_hz") {
        2.8 * way
    } else {
        0.5 * way
    };
    depth * seen(patch, route.source)
}

/// The share of its depth with which a source that fast is measured.
fn seen(patch: &PatchSpec, source: Source) -> f64 {
    let name = source.name();
    let number = name.strip_prefix("lfo/").and_then(|n| n.parse::<usize>().ok());
    let Some(lfo) = number.and_then(|n| patch.modules.lfo.get(n)) else {
        return 0.5;
    };
    let hz = match lfo.rate.mode {
        RateMode::Hz => lfo.rate.hz,
        _ => 2.0 * lfo.rate.sync.cycles_per_beat(),
    };
    (5.0 / hz.max(0.1)).min(1.0) * if hz < 0.4 { 0.3 } else { 1.0 }
}

/// Where the knob rests depends on how much moves already: what fills the measure can only be calmed.
pub(super) fn movement(patch: &mut PatchSpec) -> Turn {
    let there: Vec<(usize, Route)> = moving(patch);
    let (pitched, other): (Vec<_>, Vec<_>) = there.into_iter().partition(|(_, route)| is_pitch(route));
    let most = other
        .iter()
        .map(|(_, route)| strength(patch, route))
        .fold(0.0, f64::max);
    // What is clipped afterwards is evened out.
    let most = if dirt(patch) > 0.4 { 0.0 } else { most };
    let default = if most > FULL {
        1.0
    } else if most > MUCH {
        0.75
    } else {
        0.0
    };
    let amount_of = |i: usize| format!("/modulation/routes/{i}/amount");
    // The knob moves a route's amount by twice its own: −1 to 1 is the range.
    let mut targets: Vec<MacroTarget> = other
        .iter()
        .map(|(i, route)| {
            let all = 0.5 * route.amount;
            between(
                amount_of(*i),
                default,
                -all,
                if default > 0.0 { 0.3 * all } else { 0.5 * all },
            )
        })
        .collect();
    if default == 1.0 {
        for target in &mut targets {
            // The measure is full long before the end of the way.
            target.curve = -2.0;
        }
    }
    targets.extend(pitched.iter().map(|(i, route)| {
        let some = (0.15 * route.amount).clamp(-0.01, 0.01);
        between(amount_of(*i), default, -some, some)
    }));
    if default == 0.0 {
        swell(patch, &mut targets);
    }
    (default, targets)
}

/// Adds a slow dip of the volume, behind all that could even it out, which begins at nothing.
fn swell(patch: &mut PatchSpec, targets: &mut Vec<MacroTarget>) {
    let Some(lfo) = free_lfo(patch) else { return };
    let Some(source) = Source::from_name(&format!("lfo/{lfo}")) else {
        return;
    };
    let env = &patch.modules.env[0];
    let hz = if env.attack_s > 0.2 {
        1.6
    } else if super::dies_away(patch) {
        5.0
    } else {
        3.2
    };
    let swaying = &mut patch.modules.lfo[lfo];
    swaying.set_shape(LfoShape::Sine);
    swaying.rate.mode = RateMode::Hz;
    swaying.rate.hz = hz;
    let depth = 0.5 * master(patch, -SWELL_DB);
    patch
        .modulation
        .routes
        .push(Route::new(source, "/modules/voicing/master_db", 0.0));
    let path = format!("/modulation/routes/{}/amount", patch.modulation.routes.len() - 1);
    targets.push(straight(path, depth));
}
