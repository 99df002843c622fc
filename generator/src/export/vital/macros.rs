//! Eight knobs into four: M1 brightness with character, M2 punch with drive, M3 movement, M4 space with width and
//! effects. An imported patch's free knobs keep their places.
//!
//! Where Vital's knob stands, the sound is the patch as its knobs stand. A knob that moves as Vital's own would becomes
//! a plain modulation; one with other bounds, another resting place or a shared target becomes a drawn line. Vital adds
//! to a control's base value, so the base is moved by what the knob adds at rest, and stays inside its range.

use super::controls::Settings;
use super::file::Line;
use super::slots::{Slot, Slots, Target};
use songwalker_engine::math;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::{MacroSlot, MacroTarget, RoleId};

/// The roles of Vital's four knobs, the leading one first.
const FOLDS: [&[RoleId]; 4] = [
    &[RoleId::ToneBrightness, RoleId::Character],
    &[RoleId::AmpPunch, RoleId::Drive],
    &[RoleId::Movement],
    &[RoleId::Space, RoleId::Width, RoleId::Fx],
];

/// Steps into which a drawn line is divided on each side of the resting place, before straight stretches are joined:
/// Vital's lines have at most 100 points.
const STEPS: usize = 48;

/// Differences below this are none.
const TINY: f64 = 1e-9;

/// The four knobs.
pub struct Macros {
    /// What is written on them.
    pub names: [String; 4],
}

/// Folds the patch's knobs into Vital's, changing base values and taking slots.
pub fn fold(patch: &PatchSpec, settings: &mut Settings, slots: &mut Slots, lost: &mut Vec<String>) -> Macros {
    let mut names: [String; 4] = std::array::from_fn(|index| format!("MACRO {}", index + 1));
    for (index, name) in names.iter_mut().enumerate() {
        let knobs = knobs_of(patch, index);
        let moving: Vec<&MacroSlot> = knobs
            .iter()
            .copied()
            .filter(|knob| !knob.targets.is_empty())
            .collect();
        let shown = if moving.is_empty() { &knobs } else { &moving };
        if let Some(first) = shown.first() {
            *name = joined_labels(shown);
            let control = format!("macro_control_{}", index + 1);
            settings.set(&control, first.value);
            Fold {
                patch,
                control,
                position: first.value,
            }
            .carry(&moving, settings, slots, lost);
        }
    }
    let others = free_knobs(patch).enumerate().skip(FOLDS.len());
    for (index, knob) in others.filter(|(_, knob)| !knob.targets.is_empty()) {
        lost.push(format!("knob {} ({}): Vital has four", index + 1, knob.label));
    }
    Macros { names }
}

/// The patch's knobs that Vital's knob `index` stands for, the leading one first.
fn knobs_of(patch: &PatchSpec, index: usize) -> Vec<&MacroSlot> {
    let by_role = FOLDS[index]
        .iter()
        .filter_map(|role| patch.macros.iter().find(|knob| knob.role_id == *role));
    by_role.chain(free_knobs(patch).nth(index)).collect()
}

fn free_knobs(patch: &PatchSpec) -> impl Iterator<Item = &MacroSlot> {
    patch.macros.iter().filter(|knob| knob.role_id == RoleId::Free)
}

fn joined_labels(knobs: &[&MacroSlot]) -> String {
    knobs
        .iter()
        .map(|knob| knob.label.as_str())
        .collect::<Vec<_>>()
        .join(" + ")
}

/// One of Vital's knobs and where it stands.
struct Fold<'a> {
    patch: &'a PatchSpec,
    control: String,
    position: f64,
}

/// All that one of Vital's knobs adds to one control.
struct Sum<'a> {
    target: Target,
    parts: Vec<(&'a MacroSlot, &'a MacroTarget)>,
}

impl Fold<'_> {
    fn carry(
        &self,
        knobs: &[&MacroSlot],
        settings: &mut Settings,
        slots: &mut Slots,
        lost: &mut Vec<String>,
    ) {
        for sum in self.sums(knobs, lost) {
            let what = || format!("{} on {}", sum.parts[0].0.label, sum.parts[0].1.path);
            if !slots.has_room() {
                lost.push(format!("{}: all 64 slots are taken", what()));
                continue;
            }
            let base = match slots.amount_mut(&sum.target.control) {
                Some(amount) => *amount,
                None if sum.target.control.starts_with("modulation_") => {
                    lost.push(format!("{}: its route is not carried", what()));
                    continue;
                }
                None => settings.get(&sum.target.control).unwrap_or(0.0),
            };
            let Some(carried) = self.plain(&sum, base).or_else(|| self.drawn(&sum, base)) else {
                continue;
            };
            if carried.shortened {
                lost.push(format!(
                    "{}: its way is shortened to what Vital's control allows",
                    what()
                ));
            }
            match slots.amount_mut(&sum.target.control) {
                Some(amount) => *amount = carried.base,
                None => {
                    settings.set(&sum.target.control, carried.base);
                }
            }
            slots.push(Slot {
                source: self.control.clone(),
                destination: sum.target.control,
                amount: carried.amount,
                power: carried.power,
                bipolar: false,
                stereo: false,
                bypass: false,
                map: carried.map,
            });
        }
    }

    /// What the knobs move, each control once, in order of first mention.
    fn sums<'a>(&self, knobs: &[&'a MacroSlot], lost: &mut Vec<String>) -> Vec<Sum<'a>> {
        let mut sums: Vec<Sum<'a>> = Vec::new();
        for knob in knobs {
            for part in &knob.targets {
                match Target::of(self.patch, &part.path) {
                    None => lost.push(format!(
                        "{} on {}: Vital lets nothing move it",
                        knob.label, part.path
                    )),
                    Some(target) => match sums.iter_mut().find(|sum| sum.target.control == target.control) {
                        Some(sum) => sum.parts.push((knob, part)),
                        None => sums.push(Sum {
                            target,
                            parts: vec![(knob, part)],
                        }),
                    },
                }
            }
        }
        sums
    }

    /// The sum as one plain modulation, where all parts move with the knob and bend alike.
    fn plain(&self, sum: &Sum, base: f64) -> Option<Carried> {
        let (first, part) = sum.parts[0];
        let alike = sum.parts.iter().all(|(knob, other)| {
            let whole = knob.min.abs() < TINY && (knob.max - 1.0).abs() < TINY;
            whole
                && (knob.value - self.position).abs() < TINY
                && (knob.default - first.default).abs() < TINY
                && (other.curve - part.curve).abs() < TINY
        });
        let way: f64 = sum
            .parts
            .iter()
            .map(|(_, part)| part.amount * sum.target.our_range)
            .sum();
        let base = base - way * bent(first.default, part.curve);
        let fits = base >= sum.target.min
            && base <= sum.target.min + sum.target.range
            && way.abs() <= sum.target.range;
        let whole = !sum.target.discrete || base == base.round_ties_even();
        (alike && fits && whole).then(|| Carried {
            base,
            amount: way / sum.target.range,
            power: part.curve,
            map: None,
            shortened: false,
        })
    }

    /// The sum as a drawn line over the knob's way; nothing where it moves nothing.
    fn drawn(&self, sum: &Sum, base: f64) -> Option<Carried> {
        let step = |from: f64, to: f64, index: usize| from + (to - from) * index as f64 / STEPS as f64;
        let below = (0..STEPS).map(|index| step(0.0, self.position, index));
        let above = (0..=STEPS).map(|index| step(self.position, 1.0, index));
        let mut places: Vec<f64> = below.chain(above).collect();
        places.dedup_by(|a, b| (*a - *b).abs() < TINY);
        let way: Vec<f64> = places.iter().map(|place| self.added(sum, *place)).collect();
        let (least, most) = way
            .iter()
            .fold((0.0_f64, 0.0_f64), |(l, m), x| (l.min(*x), m.max(*x)));
        if most - least < TINY {
            return None;
        }
        // Upwards from a lowered base or downwards from a raised one, whichever shortens the way less.
        let (low, high) = (sum.target.min, sum.target.min + sum.target.range);
        let short_below = (low - (base + least)).max(0.0);
        let short_above = (base + most - high).max(0.0);
        let upwards = short_below <= short_above;
        let wanted = if upwards { base + least } else { base + most };
        let mut start = wanted.clamp(low, high);
        if sum.target.discrete {
            start = if upwards { start.floor() } else { start.ceil() };
        }
        let far = if upwards {
            (most - (start - base)).min(sum.target.range)
        } else {
            (start - base - least).min(sum.target.range)
        };
        if far < TINY {
            return None;
        }
        let sign = if upwards { 1.0 } else { -1.0 };
        let shares: Vec<f64> = way
            .iter()
            .map(|x| (sign * (base + x - start) / far).clamp(0.0, 1.0))
            .collect();
        let shortened = short_below.min(short_above) > 1e-6 * sum.target.range
            || most - least > sum.target.range * 1.000_001;
        let points = joined(&places, &shares);
        Some(Carried {
            base: start,
            amount: sign * far / sum.target.range,
            power: 0.0,
            map: Some(Line::new(
                "Custom",
                points.into_iter().map(|(x, y)| (x, y, 0.0)),
                false,
            )),
            shortened,
        })
    }

    /// What the sum adds when Vital's knob stands at `place`.
    fn added(&self, sum: &Sum, place: f64) -> f64 {
        sum.parts
            .iter()
            .map(|(knob, part)| {
                let way = bent(self.knob_at(knob, place), part.curve) - bent(knob.default, part.curve);
                part.amount * sum.target.our_range * way
            })
            .sum()
    }

    /// Where a knob of the patch stands when Vital's stands at `place`: at its own place when Vital's rests, at its
    /// bounds when Vital's is at its ends, straight in between.
    fn knob_at(&self, knob: &MacroSlot, place: f64) -> f64 {
        if place < self.position {
            knob.min + (knob.value - knob.min) * place / self.position
        } else if place > self.position {
            knob.value + (knob.max - knob.value) * (place - self.position) / (1.0 - self.position)
        } else {
            knob.value
        }
    }
}

/// A sum as Vital carries it.
struct Carried {
    /// The control's new base value.
    base: f64,
    amount: f64,
    power: f64,
    map: Option<Line>,
    /// Whether part of the way was cut off.
    shortened: bool,
}

/// Where a knob at `x` stands after bending.
fn bent(x: f64, curve: f64) -> f64 {
    math::curve(x, -curve)
}

/// The line through these points without those that lie on the way between their neighbours.
fn joined(xs: &[f64], ys: &[f64]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (index, point) in xs.iter().copied().zip(ys.iter().copied()).enumerate() {
        let next = xs.get(index + 1).copied().zip(ys.get(index + 1).copied());
        if let (Some(last), Some(next)) = (kept.last(), next) {
            let straight = last.1 + (next.1 - last.1) * (point.0 - last.0) / (next.0 - last.0);
            if (straight - point.1).abs() < 1e-7 {
                continue;
            }
        }
        kept.push(point);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_stretches_are_joined() {
        let xs = [0.0, 0.25, 0.5, 0.75, 1.0];
        assert_eq!(
            joined(&xs, &[0.0, 0.0, 0.0, 0.5, 1.0]),
            [(0.0, 0.0), (0.5, 0.0), (1.0, 1.0)]
        );
        assert_eq!(
            joined(&xs, &[0.0, 0.25, 0.5, 0.75, 1.0]),
            [(0.0, 0.0), (1.0, 1.0)]
        );
    }
}
