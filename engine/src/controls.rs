//! The flat array of raw values that everything reads: the patch as written, moved by its macros.
//!
//! A knob moves towards its new place with a corner of 20 Hz, as Vital's do, and adds amount · (P(knob) − P(default))
//! of the raw range of each of its targets. `version` changes whenever a value does, so that voices copy only then.

use crate::math;
use crate::modulation::Target;
use songwalker_schemas::PatchSpec;

/// Corner of the knobs' smoothing in hertz.
const SMOOTH_HZ: f64 = 20.0;
/// A knob this near to its goal has arrived.
const ARRIVED: f64 = 1e-5;

#[derive(Debug, Clone)]
struct Aim {
    target: Target,
    amount: f64,
    curve: f64,
}

#[derive(Debug, Clone)]
struct Knob {
    default: f64,
    bounds: (f64, f64),
    goal: f64,
    value: f64,
    aims: Vec<Aim>,
}

/// Raw values of all parameters and amounts of all routes, macros included.
#[derive(Debug, Clone)]
pub struct Controls {
    written: Vec<f32>,
    written_amounts: Vec<f32>,
    values: Vec<f32>,
    amounts: Vec<f32>,
    knobs: Vec<Knob>,
    version: u32,
}

impl Controls {
    /// The controls of a patch with its macros where they stand.
    #[must_use]
    pub fn new(patch: &PatchSpec) -> Self {
        let written = patch.raw_values();
        let written_amounts: Vec<f32> = patch.modulation.routes.iter().map(|r| r.amount as f32).collect();
        let knobs = patch
            .macros
            .iter()
            .map(|slot| Knob {
                default: slot.default,
                bounds: (slot.min.min(slot.max), slot.max.max(slot.min)),
                goal: slot.value,
                value: slot.value,
                aims: slot
                    .targets
                    .iter()
                    .filter_map(|aim| {
                        let target = Target::of(patch, &aim.path)?;
                        Some(Aim {
                            target,
                            amount: aim.amount * target.range(),
                            curve: aim.curve,
                        })
                    })
                    .collect(),
            })
            .collect();
        let mut controls = Self {
            values: written.clone(),
            amounts: written_amounts.clone(),
            written,
            written_amounts,
            knobs,
            version: 0,
        };
        controls.apply();
        controls
    }

    /// Raw values by parameter.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Amounts by route.
    #[must_use]
    pub fn amounts(&self) -> &[f32] {
        &self.amounts
    }

    /// Changes whenever a value does.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Turns a knob to `value` (0..1, kept inside its bounds).
    pub fn set_macro(&mut self, slot: usize, value: f64) {
        if let Some(knob) = self.knobs.get_mut(slot).filter(|_| value.is_finite()) {
            knob.goal = value.clamp(knob.bounds.0, knob.bounds.1);
        }
    }

    /// Writes a parameter's raw value, as if the patch had been written with it; routes and knobs come on top.
    pub fn set_parameter(&mut self, id: usize, raw: f32) {
        if let Some(value) = self.written.get_mut(id).filter(|_| raw.is_finite()) {
            *value = raw;
            self.values[id] = raw;
            self.apply();
        }
    }

    /// Puts every knob at its goal at once: before the first sound.
    pub fn snap(&mut self) {
        for knob in &mut self.knobs {
            knob.value = knob.goal;
        }
        self.apply();
    }

    /// Lets `seconds` pass.
    pub fn advance(&mut self, seconds: f64) {
        let mut moved = false;
        for knob in &mut self.knobs {
            if knob.value == knob.goal {
                continue;
            }
            moved = true;
            let keep = math::exp(-2.0 * math::PI * SMOOTH_HZ * seconds);
            knob.value = knob.goal + (knob.value - knob.goal) * keep;
            if (knob.value - knob.goal).abs() < ARRIVED {
                knob.value = knob.goal;
            }
        }
        if moved {
            self.apply();
        }
    }

    fn apply(&mut self) {
        self.version = self.version.wrapping_add(1);
        for target in self
            .knobs
            .iter()
            .flat_map(|knob| &knob.aims)
            .map(|aim| aim.target)
        {
            match target {
                Target::Param { id, .. } => self.values[id] = self.written[id],
                Target::Amount(route) => self.amounts[route] = self.written_amounts[route],
            }
        }
        for knob in &self.knobs {
            for aim in &knob.aims {
                let way = math::curve(knob.value, -aim.curve) - math::curve(knob.default, -aim.curve);
                let add = (aim.amount * way) as f32;
                match aim.target {
                    Target::Param { id, .. } => self.values[id] += add,
                    Target::Amount(route) => {
                        self.amounts[route] = (self.amounts[route] + add).clamp(-1.0, 1.0)
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::patch::MacroTarget;

    fn patch() -> PatchSpec {
        let mut patch = PatchSpec::default();
        patch.macros[0].default = 0.5;
        patch.macros[0].value = 0.5;
        patch.macros[0].targets.push(MacroTarget {
            path: "/modules/filter/0/cutoff_hz".into(),
            amount: 0.5,
            curve: 0.0,
        });
        patch
    }

    #[test]
    fn a_knob_at_its_default_leaves_the_patch_as_written() {
        let patch = patch();
        assert_eq!(Controls::new(&patch).values(), patch.raw_values());
    }

    #[test]
    fn a_knob_moves_its_target_by_amount_times_range() {
        let patch = patch();
        let mut controls = Controls::new(&patch);
        controls.set_macro(0, 1.0);
        controls.snap();
        let id = songwalker_schemas::params::id("/modules/filter/0/cutoff_hz").unwrap();
        let moved = controls.values()[id.index()] - patch.raw_values()[id.index()];
        assert!((moved - 32.0).abs() < 1e-3, "moved by {moved} notes");
    }

    #[test]
    fn a_knobs_curve_bends_upwards_when_positive_as_a_routes_does() {
        let mut patch = patch();
        patch.macros[0].default = 0.0;
        patch.macros[0].targets[0].curve = 5.0;
        let id = songwalker_schemas::params::id("/modules/filter/0/cutoff_hz").unwrap();
        let moved = Controls::new(&patch).values()[id.index()] - patch.raw_values()[id.index()];
        assert!((moved / 64.0 - 0.924).abs() < 0.002, "{moved}");
    }

    #[test]
    fn a_turned_knob_needs_some_milliseconds() {
        let patch = patch();
        let mut controls = Controls::new(&patch);
        let id = songwalker_schemas::params::id("/modules/filter/0/cutoff_hz")
            .unwrap()
            .index();
        let before = controls.values()[id];
        controls.set_macro(0, 1.0);
        controls.advance(1.0 / (2.0 * math::PI * 20.0));
        let way = (controls.values()[id] - before) / 32.0;
        assert!((way - 0.632).abs() < 0.01, "after one time constant at {way}");
        controls.advance(1.0);
        assert!((controls.values()[id] - before - 32.0).abs() < 1e-3);
    }
}
