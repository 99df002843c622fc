//! How far a knob moves a parameter below and above the place where it rests.

use songwalker_engine::math;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::canonical::quantise;
use songwalker_schemas::patch::MacroTarget;

/// The strongest bend: beyond it, one end of the way would be a cliff.
const MOST_BEND: f64 = 6.0;

/// A straight target.
pub(super) fn straight(path: String, amount: f64) -> MacroTarget {
    MacroTarget {
        path,
        amount,
        curve: 0.0,
    }
}

/// A target that rests at `default` and adds `low` at the knob's lower end and `high` at its upper one, in shares of
/// the raw range. The two have opposite signs, or one is 0; where the bend that this takes would be too strong, the
/// shorter side is longer than asked.
pub(super) fn between(path: String, default: f64, low: f64, high: f64) -> MacroTarget {
    let amount = (high - low).clamp(-1.0, 1.0);
    if default <= 0.0 || default >= 1.0 || amount == 0.0 {
        let amount = if default <= 0.0 { high } else { -low };
        return straight(path, amount.clamp(-1.0, 1.0));
    }
    let share = -low / (high - low);
    // P(default) falls as the power grows.
    let (mut least, mut most) = (-MOST_BEND, MOST_BEND);
    for _ in 0..30 {
        let power = 0.5 * (least + most);
        if math::curve(default, power) > share {
            least = power;
        } else {
            most = power;
        }
    }
    let power = (50.0 * (least + most)).round() / 100.0;
    MacroTarget {
        path,
        amount: quantise(amount),
        curve: quantise(-power),
    }
}

/// A target whose knob rests at 0 and that has gone `half` of its way at the middle; half is 0.05..0.95.
pub(super) fn rising(path: String, amount: f64, half: f64) -> MacroTarget {
    // P(½, p) = 1 / (1 + e^(p/2))
    let power = 2.0 * math::ln(1.0 / half - 1.0);
    MacroTarget {
        path,
        amount: quantise(amount.clamp(-1.0, 1.0)),
        curve: quantise(-(100.0 * power).round() / 100.0),
    }
}

/// The change of the raw value, in shares of its range, that brings a parameter from where it is to `to`.
pub(super) fn to(patch: &PatchSpec, pointer: &str, to: f64) -> f64 {
    let (Some(id), Some(value)) = (patch.param_id(pointer), patch.get(pointer)) else {
        return 0.0;
    };
    let row = id.row();
    let raw = |x: f64| row.law.to_raw(row.clamp(x), 2.0);
    (raw(to) - raw(value)) / row.raw_range()
}

/// How far a share of the raw range can go up or down from a value without leaving the range, at most `wish`.
pub(super) fn room(patch: &PatchSpec, pointer: &str, wish: f64) -> f64 {
    let (Some(id), Some(value)) = (patch.param_id(pointer), patch.get(pointer)) else {
        return 0.0;
    };
    let row = id.row();
    let raw = row.law.to_raw(value, 2.0);
    if wish > 0.0 {
        wish.min((row.raw_max() - raw) / row.raw_range())
    } else {
        wish.max(-(raw - row.raw_min()) / row.raw_range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a target adds at a place of its knob.
    fn added(target: &MacroTarget, default: f64, place: f64) -> f64 {
        target.amount * (math::curve(place, -target.curve) - math::curve(default, -target.curve))
    }

    #[test]
    fn a_way_has_the_ends_that_were_asked_for_and_rests_at_its_default() {
        for (default, low, high) in [
            (0.5, -0.2, 0.4),
            (0.25, -0.3, 0.2),
            (0.75, -0.5, 0.1),
            (0.5, 0.1, -0.3),
        ] {
            let target = between("/x".to_owned(), default, low, high);
            for (place, want) in [(0.0, low), (default, 0.0), (1.0, high)] {
                let got = added(&target, default, place);
                assert!(
                    (got - want).abs() < 0.01,
                    "{default} {low} {high}: {got} at {place}"
                );
            }
        }
    }

    #[test]
    fn a_knob_that_rests_at_an_end_moves_to_the_other_only() {
        let up = between("/x".to_owned(), 0.0, -0.2, 0.4);
        assert!((added(&up, 0.0, 1.0) - 0.4).abs() < 1e-9);
        let down = between("/x".to_owned(), 1.0, -0.2, 0.4);
        assert!((added(&down, 1.0, 0.0) + 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_rising_way_is_where_it_was_asked_to_be_at_the_middle() {
        for half in [0.2, 0.5, 0.82] {
            let target = rising("/x".to_owned(), 0.6, half);
            assert!((added(&target, 0.0, 0.5) - 0.6 * half).abs() < 0.01, "{half}");
            assert!((added(&target, 0.0, 1.0) - 0.6).abs() < 1e-9);
        }
    }
}
