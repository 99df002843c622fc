//! Modulation slots as routes and free macros.
//!
//! Every slot whose source is a macro becomes a target of that macro, every other one a route. A macro's default is 0
//! and its value where it stands in the file: base + amount · range · P(value) is then Vital's own law, and the
//! parameters as written are Vital's own base values. What a macro target cannot say (a route has more to say) is
//! written so that the sound as it stands is kept, and listed.

mod knobs;
mod names;

use serde_json::Value;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::limits::MAX_MACRO_TARGETS;
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::patch::MacroTarget;

use self::knobs::Knob;
use self::names::{Aim, Mover};
use super::Warnings;
use super::lines::Shape;
use super::preset::{Preset, SLOTS, Slot};

/// Writes routes and macros into a patch's document.
pub fn carry(preset: &Preset, document: &mut Value, warnings: &mut Warnings) {
    let Ok(mut patch) = serde_json::from_value::<PatchSpec>(document.clone()) else {
        // The rules will say what is wrong with it.
        return;
    };
    for (index, knob) in patch.macros.iter_mut().take(4).enumerate() {
        let value = preset.number(&format!("macro_control_{}", index + 1));
        knob.value = value.clamp(0.0, 1.0);
    }
    Carrier {
        preset,
        patch: &mut patch,
        warnings,
        route_of: [None; SLOTS + 1],
        knob_of: std::array::from_fn(|_| None),
    }
    .carry();
    *document = patch.to_value();
}

struct Carrier<'a> {
    preset: &'a Preset,
    patch: &'a mut PatchSpec,
    warnings: &'a mut Warnings,
    /// The route that a slot became.
    route_of: [Option<usize>; SLOTS + 1],
    /// The macro, and how it moves, that a slot became.
    knob_of: [Option<Knob>; SLOTS + 1],
}

/// A slot that is carried.
struct Carried<'a> {
    slot: &'a Slot,
    aim: Aim,
    mover: Mover,
}

impl Carrier<'_> {
    fn carry(mut self) {
        let preset = self.preset;
        let mut routes = Vec::new();
        let mut knobs = Vec::new();
        for slot in &preset.slots {
            let Some(carried) = self.understood(slot) else {
                continue;
            };
            match carried.mover {
                Mover::Source(_) => routes.push(carried),
                Mover::Macro(knob) => {
                    if slot.bypass {
                        self.warnings
                            .add(feature(slot), format!("{} is bypassed, and left out", said(slot)));
                        continue;
                    }
                    let way = Knob::new(knob, slot, self.patch.macros[knob].value, self.warnings);
                    self.knob_of[slot.number] = Some(way);
                    knobs.push(carried);
                }
            }
        }
        for (index, carried) in routes.iter().enumerate() {
            self.route_of[carried.slot.number] = Some(index);
        }
        let mut products = Vec::new();
        for carried in &routes {
            let route = self.route(carried, &mut products);
            self.patch.modulation.routes.push(route);
        }
        for carried in &knobs {
            self.turn(carried);
        }
        self.multiply(products);
        self.drop_dangling();
    }

    /// What a slot moves by what, where both are known.
    fn understood<'s>(&mut self, slot: &'s Slot) -> Option<Carried<'s>> {
        let mover = Mover::of(&slot.source);
        if mover.is_none() {
            self.warnings.add(
                feature(slot),
                format!("{} is left out: there is no such source", said(slot)),
            );
        }
        let aim = Aim::of(self.patch, &slot.destination);
        if let Err(why) = &aim {
            let moves = slot.amount != 0.0 || self.is_moved(slot.number);
            if moves && !slot.bypass {
                self.warnings
                    .add(feature(slot), format!("{} is left out: {why}", said(slot)));
            }
        }
        Some(Carried {
            slot,
            aim: aim.ok()?,
            mover: mover?,
        })
    }

    /// Whether another slot moves a slot's amount.
    fn is_moved(&self, number: usize) -> bool {
        let control = format!("modulation_{number}_amount");
        self.preset.slots.iter().any(|slot| slot.destination == control)
    }

    /// The route of a slot whose source is no macro. Where it moves the amount of a macro's slot, it is put aside.
    fn route(&mut self, carried: &Carried, products: &mut Vec<(usize, usize)>) -> Route {
        let Carried { slot, aim, mover } = carried;
        let index = self.patch.modulation.routes.len();
        let source = match mover {
            Mover::Source(source) => *source,
            Mover::Macro(_) => Source::Velocity,
        };
        let target = match aim {
            Aim::Param { path, .. } => path.clone(),
            Aim::Amount(number) => match (self.route_of[*number], &self.knob_of[*number]) {
                (Some(route), _) => amount_of(route),
                (None, Some(_)) => {
                    products.push((index, *number));
                    String::new()
                }
                // An empty slot: Vital does nothing either.
                (None, None) => String::new(),
            },
        };
        Route {
            source,
            target,
            amount: self.amount(slot, slot.amount * aim.scale()),
            polarity: if slot.bipolar {
                Polarity::Bipolar
            } else {
                Polarity::Unipolar
            },
            curve: slot.power.clamp(-10.0, 10.0),
            map: self.map(slot),
            stereo: slot.stereo,
            bypass: slot.bypass,
        }
    }

    /// An amount inside its bounds.
    fn amount(&mut self, slot: &Slot, amount: f64) -> f64 {
        let inside = if amount.is_finite() {
            amount.clamp(-1.0, 1.0)
        } else {
            0.0
        };
        if (inside - amount).abs() > 1e-3 || !amount.is_finite() {
            self.warnings.add(
                feature(slot),
                format!("{} has the amount {amount}; {inside} stands in", said(slot)),
            );
        }
        inside
    }

    fn map(&mut self, slot: &Slot) -> Option<songwalker_schemas::patch::lfo::Points> {
        let shape = Shape::read(slot.map.as_ref()?, &feature(slot), self.warnings)?;
        (!shape.is_straight()).then(|| shape.points())
    }

    /// Makes a slot a target of its macro.
    fn turn(&mut self, carried: &Carried) {
        let Carried { slot, aim, .. } = carried;
        let Some(knob) = self.knob_of[slot.number].clone().or_else(|| match carried.mover {
            Mover::Macro(index) => Some(Knob::new(
                index,
                slot,
                self.patch.macros[index].value,
                self.warnings,
            )),
            Mover::Source(_) => None,
        }) else {
            return;
        };
        let path = match aim {
            Aim::Param { path, .. } => path.clone(),
            Aim::Amount(number) => match (self.route_of[*number], self.knob_of[*number].is_some()) {
                (Some(route), _) => amount_of(route),
                (None, true) => {
                    self.turn_a_macro(slot, &knob, *number);
                    return;
                }
                (None, false) => return,
            },
        };
        let scale = aim.scale();
        self.shift(slot, &path, knob.shift * slot.amount * scale);
        let amount = self.amount(slot, slot.amount * knob.share * scale);
        self.aim(knob.index, slot, path, amount, knob.curve);
    }

    fn aim(&mut self, index: usize, slot: &Slot, path: String, amount: f64, curve: f64) {
        let targets = &mut self.patch.macros[index].targets;
        if targets.len() >= MAX_MACRO_TARGETS {
            self.warnings.add(
                feature(slot),
                format!(
                    "{} is left out: a macro has at most {MAX_MACRO_TARGETS} targets",
                    said(slot)
                ),
            );
            return;
        }
        targets.push(MacroTarget { path, amount, curve });
    }

    /// One macro scales what another does: no target says that, so what it does where it stands becomes part of the
    /// other's amount.
    fn turn_a_macro(&mut self, slot: &Slot, knob: &Knob, number: usize) {
        let adds = 2.0 * slot.amount * knob.now;
        if let Some(other) = self.knob_of[number].clone() {
            let scaled = self.preset.slots.iter().find(|slot| slot.number == number);
            let aim =
                scaled.and_then(|scaled| Some((scaled, Aim::of(self.patch, &scaled.destination).ok()?)));
            if let Some((
                scaled,
                Aim::Param {
                    path,
                    range,
                    our_range,
                },
            )) = aim
            {
                let amount = ((scaled.amount + adds).clamp(-1.0, 1.0) - scaled.amount) * range / our_range;
                self.shift(scaled, &path, other.shift * amount);
                self.aim(
                    other.index,
                    scaled,
                    path,
                    (amount * other.share).clamp(-1.0, 1.0),
                    other.curve,
                );
            }
        }
        self.warnings.add(
            feature(slot),
            format!(
                "{} does not turn with its macro: it is kept as it stands",
                said(slot)
            ),
        );
    }

    /// Moves a written value by a share of its raw range.
    fn shift(&mut self, slot: &Slot, path: &str, share: f64) {
        if share.abs() < 1e-9 {
            return;
        }
        if let Some(route) = songwalker_schemas::rules::route_of_amount(path) {
            if let Some(route) = self.patch.modulation.routes.get_mut(route) {
                route.amount = (route.amount + 2.0 * share).clamp(-1.0, 1.0);
            }
            return;
        }
        let Some(id) = self.patch.param_id(path) else {
            return;
        };
        let row = id.row();
        let range_st = self
            .patch
            .get(&path.replace("detune_cents", "detune_range_st"))
            .unwrap_or(2.0);
        let raw = row
            .law
            .to_raw(self.patch.get(path).unwrap_or(row.default), range_st);
        let moved = raw.max(row.raw_min()) + share * row.raw_range();
        let inside = moved.clamp(row.raw_min(), row.raw_max());
        if (inside - moved).abs() > 1e-3 * row.raw_range() {
            self.warnings.add(
                feature(slot),
                format!(
                    "{} moves {} from outside its range; it starts at its end",
                    said(slot),
                    row.label
                ),
            );
        }
        self.patch.set(path, row.law.from_raw(inside, range_st));
    }

    /// A source that moves the amount of a macro's slot: source times macro, which is a route to the macro's own
    /// target whose amount the macro moves.
    fn multiply(&mut self, products: Vec<(usize, usize)>) {
        for (index, number) in products {
            let preset = self.preset;
            let Some(scaled) = preset.slots.iter().find(|slot| slot.number == number) else {
                continue;
            };
            let (Some(knob), Ok(aim)) = (
                self.knob_of[number].clone(),
                Aim::of(self.patch, &scaled.destination),
            ) else {
                continue;
            };
            let target = match aim {
                Aim::Param { ref path, .. } => path.clone(),
                Aim::Amount(other) => match self.route_of[other] {
                    Some(route) => amount_of(route),
                    None => continue,
                },
            };
            let amount = self.patch.modulation.routes[index].amount;
            let start = 2.0 * amount * knob.shift * aim.scale();
            let route = &mut self.patch.modulation.routes[index];
            route.target = target;
            route.amount = start.clamp(-1.0, 1.0);
            let share = (amount * knob.share * aim.scale()).clamp(-1.0, 1.0);
            self.aim(knob.index, scaled, amount_of(index), share, knob.curve);
        }
    }

    /// Takes out routes that aim at nothing or, in the end, at their own amount, and counts the others anew.
    fn drop_dangling(&mut self) {
        let count = self.patch.modulation.routes.len();
        let aims: Vec<Option<usize>> = self
            .patch
            .modulation
            .routes
            .iter()
            .map(|route| songwalker_schemas::rules::route_of_amount(&route.target))
            .collect();
        let in_a_ring = |start: usize| {
            let mut at = aims[start];
            for _ in 0..count {
                match at {
                    Some(next) if next == start => return true,
                    Some(next) => at = aims.get(next).copied().flatten(),
                    None => return false,
                }
            }
            false
        };
        let kept: Vec<bool> = (0..count)
            .map(|i| {
                let ring = in_a_ring(i);
                if ring {
                    self.warnings.add(
                        format!("modulation from {}", self.patch.modulation.routes[i].source),
                        "it moves its own amount, and is left out",
                    );
                }
                !ring && !self.patch.modulation.routes[i].target.is_empty() && i < SLOTS
            })
            .collect();
        if count > SLOTS {
            self.warnings.add(
                "modulations",
                "more than 64 routes are needed; the last ones are left out",
            );
        }
        let places: Vec<Option<usize>> = kept
            .iter()
            .scan(0, |next, kept| {
                let place = kept.then_some(*next);
                *next += usize::from(*kept);
                Some(place)
            })
            .collect();
        let renamed = |path: &str| -> Option<String> {
            match songwalker_schemas::rules::route_of_amount(path) {
                Some(route) => places.get(route).copied().flatten().map(amount_of),
                None => Some(path.to_owned()),
            }
        };
        let routes = std::mem::take(&mut self.patch.modulation.routes);
        self.patch.modulation.routes = routes
            .into_iter()
            .zip(&kept)
            .filter(|(_, kept)| **kept)
            .filter_map(|(route, _)| {
                Some(Route {
                    target: renamed(&route.target)?,
                    ..route
                })
            })
            .collect();
        for knob in &mut self.patch.macros {
            let targets = std::mem::take(&mut knob.targets);
            knob.targets = targets
                .into_iter()
                .filter_map(|target| {
                    Some(MacroTarget {
                        path: renamed(&target.path)?,
                        ..target
                    })
                })
                .collect();
        }
    }
}

/// The pointer to a route's amount.
fn amount_of(route: usize) -> String {
    format!("/modulation/routes/{route}/amount")
}

/// How a slot is called in warnings.
fn feature(slot: &Slot) -> String {
    format!("modulation_{}", slot.number)
}

fn said(slot: &Slot) -> String {
    format!("{} on {}", slot.source, slot.destination)
}
