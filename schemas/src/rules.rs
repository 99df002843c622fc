//! The rules that a JSON Schema cannot say. Each has a fixture that breaks it in `tests/rules.rs`.

use std::collections::{BTreeMap, BTreeSet};

use crate::patch::osc::WavetableSource;
use crate::patch::sample::SampleSource;
use crate::patch::{MacroSlot, PatchSpec, RoleId};
use crate::template::MacroTemplate;
use crate::{Faults, limits};

/// Adds every fault of a patch whose structure is right.
pub fn check_patch(patch: &PatchSpec, faults: &mut Faults) {
    check_modules(patch, faults);
    check_lfos(patch, faults);
    check_routes(patch, faults);
    check_macros(patch, faults);
}

fn check_modules(patch: &PatchSpec, faults: &mut Faults) {
    let modules = &patch.modules;
    // What others made may be silent.
    if !patch.meta.imported && !modules.osc.iter().any(|osc| osc.enabled) && !modules.sample.enabled {
        faults.push(
            "/modules/osc",
            "nothing sounds: no oscillator and no noise is enabled",
        );
    }
    for (i, osc) in modules.osc.iter().enumerate() {
        if osc.unison.detune_cents > 100.0 * osc.unison.detune_range_st {
            faults.push(
                format!("/modules/osc/{i}/unison/detune_cents"),
                "wider than 100 times detune_range_st",
            );
        }
        let is_hash = osc.wavetable.name.0.len() == 64;
        if osc.wavetable.source == WavetableSource::Asset && !is_hash {
            faults.push(
                format!("/modules/osc/{i}/wavetable/name"),
                "an asset is named by its SHA-256",
            );
        }
    }
    if modules.sample.source == SampleSource::Asset && modules.sample.asset.0.is_empty() {
        faults.push("/modules/sample/asset", "an asset is named by its SHA-256");
    }
    if modules.filter[0].from_filter_0 {
        faults.push("/modules/filter/0/from_filter_0", "filter 0 cannot follow itself");
    }
    let mut seen = BTreeSet::new();
    for (i, fx) in modules.fx.iter().enumerate() {
        if !seen.insert(fx.kind()) {
            faults.push(
                format!("/modules/fx/{i}/type"),
                format!("{} stands twice in the chain", fx.kind()),
            );
        }
    }
}

fn check_lfos(patch: &PatchSpec, faults: &mut Faults) {
    let check = |points: &[crate::patch::lfo::Point], at: String, faults: &mut Faults| {
        if points.first().is_some_and(|p| p.x != 0.0) || points.last().is_some_and(|p| p.x != 1.0) {
            faults.push(at.clone(), "x must begin at 0 and end at 1");
        }
        for (i, pair) in points.windows(2).enumerate() {
            if pair[1].x < pair[0].x {
                faults.push(format!("{at}/{}/x", i + 1), "x falls");
            }
        }
    };
    for (i, lfo) in patch.modules.lfo.iter().enumerate() {
        check(&lfo.points.0, format!("/modules/lfo/{i}/points"), faults);
    }
    for (i, route) in patch.modulation.routes.iter().enumerate() {
        if let Some(map) = &route.map {
            check(&map.0, format!("/modulation/routes/{i}/map"), faults);
        }
    }
}

/// The route whose amount a pointer names.
#[must_use]
pub fn route_of_amount(pointer: &str) -> Option<usize> {
    let place = pointer
        .strip_prefix("/modulation/routes/")?
        .strip_suffix("/amount")?;
    if place.is_empty() || (place.len() > 1 && place.starts_with('0')) {
        return None;
    }
    place.parse().ok()
}

fn check_target(patch: &PatchSpec, pointer: &str, at: &str, faults: &mut Faults) {
    if let Some(route) = route_of_amount(pointer) {
        if route >= patch.modulation.routes.len() {
            faults.push(at, format!("{pointer} dangles: there is no such route"));
        }
        return;
    }
    match patch.param_id(pointer) {
        None => faults.push(at, format!("{pointer} dangles: there is no such parameter")),
        Some(id) if !id.row().modulatable => faults.push(at, format!("{pointer} cannot be modulated")),
        Some(_) => {}
    }
}

fn check_routes(patch: &PatchSpec, faults: &mut Faults) {
    let routes = &patch.modulation.routes;
    for (i, route) in routes.iter().enumerate() {
        let at = format!("/modulation/routes/{i}/target");
        check_target(patch, &route.target, &at, faults);
        let mut next = route_of_amount(&route.target);
        for _ in 0..=limits::MAX_ROUTES {
            match next {
                Some(k) if k == i => {
                    faults.push(at.clone(), "the route moves its own amount");
                    break;
                }
                Some(k) => next = routes.get(k).and_then(|r| route_of_amount(&r.target)),
                None => break,
            }
        }
    }
}

fn check_knob(default: f64, min: f64, max: f64, at: &str, faults: &mut Faults) {
    if !(min <= default && default <= max) {
        faults.push(format!("{at}/default"), "must lie between min and max");
    }
}

fn check_macros(patch: &PatchSpec, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (i, slot) in patch.macros.iter().enumerate() {
        let at = format!("/macros/{i}");
        let MacroSlot {
            role_id,
            default,
            min,
            max,
            value,
            targets,
            ..
        } = slot;
        check_knob(*default, *min, *max, &at, faults);
        if !(min <= value && value <= max) {
            faults.push(format!("{at}/value"), "must lie between min and max");
        }
        if *role_id == RoleId::Free {
            if !patch.meta.imported {
                faults.push(format!("{at}/role_id"), "FREE is for imported patches");
            }
        } else if !seen.insert(*role_id) {
            faults.push(format!("{at}/role_id"), format!("{role_id} stands twice"));
        }
        for (k, target) in targets.iter().enumerate() {
            check_target(patch, &target.path, &format!("{at}/targets/{k}/path"), faults);
        }
    }
    if !patch.meta.imported {
        for role in RoleId::GENERATED {
            if !seen.contains(&role) {
                faults.push("/macros", format!("{role} is missing"));
            }
        }
    }
}

/// Adds every fault of a template whose structure is right.
pub fn check_template(template: &MacroTemplate, faults: &mut Faults) {
    let base = &template.base;
    if let Err(inner) = base.check() {
        for fault in inner.as_slice() {
            faults.push(format!("/base{}", fault.pointer), fault.problem.clone());
        }
    }
    if base.meta.category != template.category {
        faults.push("/base/meta/category", "differs from the template's");
    }
    let mut seen = BTreeSet::new();
    for (i, role) in template.roles.iter().enumerate() {
        let at = format!("/roles/{i}");
        if !seen.insert(role.role_id) {
            faults.push(format!("{at}/role_id"), format!("{} stands twice", role.role_id));
        }
        check_knob(role.default, role.min, role.max, &at, faults);
        if role.behavior.bipolar && role.default != (role.min + role.max) / 2.0 {
            faults.push(
                format!("{at}/behavior/bipolar"),
                "the default of a bipolar knob is its centre",
            );
        }
        for (k, target) in role.targets.iter().enumerate() {
            let here = format!("{at}/targets/{k}");
            check_target(base, &target.path, &format!("{here}/path"), faults);
            if target.min > target.max {
                faults.push(format!("{here}/min"), "greater than max");
            } else {
                // A route's amount has no row of its own.
                let (least, most) = base
                    .param_id(&target.path)
                    .map_or((-1.0, 1.0), |id| (id.row().min, id.row().max));
                if target.min < least || target.max > most {
                    faults.push(
                        format!("{here}/min"),
                        format!("outside the parameter's {least}..{most}"),
                    );
                }
            }
        }
        for (k, predicate) in role.constraints.requires.iter().enumerate() {
            if !predicate.holds(base) {
                faults.push(
                    format!("{at}/constraints/requires/{k}"),
                    format!("{} does not hold in the base patch", predicate.pointer),
                );
            }
        }
        for (k, predicate) in role.constraints.forbids.iter().enumerate() {
            if base.param_id(&predicate.pointer).is_none() || predicate.holds(base) {
                faults.push(
                    format!("{at}/constraints/forbids/{k}"),
                    format!("{} holds in the base patch, or dangles", predicate.pointer),
                );
            }
        }
        check_role_conflicts(template, i, faults);
    }
    for role in RoleId::GENERATED {
        if !seen.contains(&role) {
            faults.push("/roles", format!("{role} is missing"));
        }
    }
}

/// Roles in conflict may share a target only where they move it in opposite directions.
fn check_role_conflicts(template: &MacroTemplate, i: usize, faults: &mut Faults) {
    let role = &template.roles[i];
    for other in template
        .roles
        .iter()
        .filter(|other| role.conflicts.contains(&other.role_id))
    {
        let theirs: BTreeMap<&str, f64> = other
            .targets
            .iter()
            .map(|t| (t.path.as_str(), t.amount))
            .collect();
        for (k, target) in role.targets.iter().enumerate() {
            if theirs
                .get(target.path.as_str())
                .is_some_and(|amount| amount * target.amount > 0.0)
            {
                faults.push(
                    format!("/roles/{i}/targets/{k}/path"),
                    format!(
                        "{} and {} are in conflict and move it the same way",
                        role.role_id, other.role_id
                    ),
                );
            }
        }
    }
    if role.conflicts.contains(&role.role_id) {
        faults.push(
            format!("/roles/{i}/conflicts"),
            "a role cannot be in conflict with itself",
        );
    }
}
