//! How a macro's slot moves: amount · (shift + share · P(macro)) of the range, P the curve law from 0 to 1.
//!
//! A straight bipolar slot is one shifted by −½; a drawn line of one bend is its own curve; of what has more to it,
//! the sound at the macro's place and the way from end to end are kept.

use songwalker_engine::math;

use super::super::Warnings;
use super::super::lines::Shape;
use super::super::preset::Slot;
use super::{feature, said};

/// How a macro's slot moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// The macro, from 0.
    pub index: usize,
    /// What it adds at 0, in amounts.
    pub shift: f64,
    /// How much more it adds at 1.
    pub share: f64,
    /// Bend of the way.
    pub curve: f64,
    /// What it adds where the macro stands.
    pub now: f64,
}

impl Knob {
    pub fn new(index: usize, slot: &Slot, value: f64, warnings: &mut Warnings) -> Self {
        let power = slot.power.clamp(-10.0, 10.0);
        let map = slot
            .map
            .as_ref()
            .and_then(|map| Shape::read(map, &feature(slot), warnings))
            .filter(|shape| !shape.is_straight());
        let shaped = |x: f64| {
            let x = map.as_ref().map_or(x, |map| map.at(x));
            if slot.bipolar {
                let y = 2.0 * x - 1.0;
                0.5 * math::curve(y.abs(), -power).copysign(y)
            } else {
                math::curve(x, -power)
            }
        };
        let (low, high, now) = (shaped(0.0), shaped(1.0), shaped(value));
        let mut knob = Self {
            index,
            shift: low,
            share: high - low,
            curve: 0.0,
            now,
        };
        let bend = match &map {
            None => power,
            Some(map) if map.points.len() == 2 && !map.smooth && power == 0.0 => -map.points[0].power,
            Some(_) => 0.0,
        };
        let is_plain = !slot.bipolar || bend == 0.0;
        if is_plain {
            knob.curve = bend.clamp(-10.0, 10.0);
        }
        let differs = (1..32).any(|i| {
            let x = f64::from(i) / 32.0;
            (knob.shift + knob.share * math::curve(x, -knob.curve) - shaped(x)).abs() > 1e-3
        });
        if differs {
            // Straight, and right where it stands.
            knob.curve = 0.0;
            knob.shift = now - knob.share * value;
            warnings.add(
                feature(slot),
                format!("{}: the bend of the macro's way is drawn straight", said(slot)),
            );
        }
        if slot.stereo {
            warnings.add(
                feature(slot),
                format!("{}: the macro moves both sides the same way", said(slot)),
            );
        }
        knob
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slot() -> Slot {
        Slot {
            amount: 1.0,
            ..Slot::default()
        }
    }

    fn of(slot: &Slot, value: f64) -> (Knob, usize) {
        let mut warnings = Warnings::default();
        let knob = Knob::new(0, slot, value, &mut warnings);
        (knob, warnings.0.len())
    }

    #[test]
    fn plain_bent_and_straight_bipolar_slots_are_exact() {
        let (knob, warned) = of(&slot(), 0.3);
        assert_eq!((knob.shift, knob.share, knob.curve, warned), (0.0, 1.0, 0.0, 0));
        let (knob, warned) = of(&Slot { power: 4.0, ..slot() }, 0.3);
        assert_eq!((knob.shift, knob.curve, warned), (0.0, 4.0, 0));
        let (knob, warned) = of(
            &Slot {
                bipolar: true,
                ..slot()
            },
            0.3,
        );
        assert_eq!((knob.shift, knob.share, warned), (-0.5, 1.0, 0));
    }

    #[test]
    fn a_drawn_line_of_one_bend_is_a_curve() {
        let map =
            json!({ "num_points": 2, "points": [0.0, 0.8, 1.0, 0.2], "powers": [3.0, 0.0], "smooth": false });
        let (knob, warned) = of(
            &Slot {
                map: Some(map),
                ..slot()
            },
            0.5,
        );
        assert_eq!((knob.curve, warned), (-3.0, 0));
        assert!((knob.shift - 0.2).abs() < 1e-12 && (knob.share - 0.6).abs() < 1e-12);
    }

    #[test]
    fn what_no_curve_says_is_right_where_the_macro_stands() {
        let map =
            json!({ "num_points": 3, "points": [0.0, 1.0, 0.5, 0.0, 1.0, 0.5], "powers": [0.0, 0.0, 0.0] });
        let (knob, warned) = of(
            &Slot {
                map: Some(map),
                ..slot()
            },
            0.5,
        );
        assert_eq!(warned, 1);
        assert!((knob.shift + knob.share * 0.5 - 1.0).abs() < 1e-9);
    }
}
