//! Tables after acoustic instruments: winds, brass, strings, struck bars. The position is mostly the force of playing.

use super::Shape;
use super::basic::{Keyframes, sin, spread};
use super::series::scattered;
use crate::math;

/// 1/k^`slope` up to a soft limit at harmonic `limit`.
fn rolled_off(k: usize, slope: f64, limit: f64) -> f64 {
    let x = k as f64 / limit;
    1.0 / (math::pow(k as f64, slope) * (1.0 + x * x * x * x))
}

/// A bump of `gain` around harmonic `centre`, `octaves` wide.
fn bump(k: usize, centre: f64, octaves: f64, gain: f64) -> f64 {
    let off = math::log2(k as f64 / centre) / octaves;
    1.0 + gain * math::exp(-off * off)
}

/// Oboe and harmonica: strong middle harmonics over a weaker first.
pub(super) fn reed() -> Keyframes {
    spread([3.0, 5.0, 8.0, 13.0, 20.0].map(|limit: f64| {
        Shape::additive(120, move |k| {
            let weak_first = if k == 1 { 0.6 } else { 1.0 };
            (
                weak_first * rolled_off(k, 0.7, limit) * bump(k, 4.0, 0.7, 1.2),
                0.4 * scattered(k),
            )
        })
    }))
}

/// Brass from soft to blaring: the louder, the higher its harmonics reach.
pub(super) fn brass() -> Keyframes {
    spread([1.5, 2.5, 4.0, 6.5, 10.0, 16.0, 26.0].map(|limit: f64| {
        Shape::additive(160, move |k| {
            (
                rolled_off(k, 0.55, limit) * bump(k, 5.0, 0.9, 0.5),
                0.6 * scattered(k),
            )
        })
    }))
}

/// A bowed string, the bow moving towards the bridge; the body rings at a few places.
pub(super) fn string_bow() -> Keyframes {
    spread([0.23, 0.19, 0.15, 0.12, 0.09, 0.06].map(|place: f64| {
        Shape::additive(240, move |k| {
            let notch = 0.15 + math::sin(std::f64::consts::PI * k as f64 * place).abs();
            let body = bump(k, 2.2, 0.25, 0.8) * bump(k, 5.5, 0.3, 0.7) * bump(k, 12.0, 0.4, 0.8);
            (notch * body * rolled_off(k, 1.0, 60.0), 0.15 * scattered(k))
        })
    }))
}

/// A clarinet: odd harmonics below, all of them above.
pub(super) fn clarinet() -> Keyframes {
    spread([2.5, 5.0, 8.0, 12.0, 18.0].map(|limit: f64| {
        Shape::additive(80, move |k| {
            let even = if k % 2 == 0 {
                (k as f64 / 24.0).min(0.7)
            } else {
                1.0
            };
            (even * rolled_off(k, 0.9, limit), 0.3 * scattered(k))
        })
    }))
}

/// A flute: nearly a sine, its octave growing with the breath.
pub(super) fn flute() -> Keyframes {
    spread([0.1, 0.25, 0.5, 0.9].map(|breath: f64| {
        Shape::additive(16, move |k| {
            let amplitude = match k {
                1 => 1.0,
                2 => breath,
                3 => 0.45 * breath,
                _ => 0.35 * breath * breath / (k * k) as f64 * 4.0,
            };
            (amplitude, 0.3 * scattered(k))
        })
    }))
}

/// A plucked string, the place of the finger moving from the middle to the bridge.
pub(super) fn pluck_string() -> Keyframes {
    spread([0.5, 0.37, 0.27, 0.19, 0.13, 0.08].map(|place: f64| {
        Shape::additive(240, move |k| {
            let excited = math::sin(std::f64::consts::PI * k as f64 * place).abs() + 0.02;
            (excited / (math::pow(k as f64, 1.45) * place), 0.2 * scattered(k))
        })
    }))
}

/// A piano string: struck at an eighth of its length, harder along the table.
pub(super) fn piano() -> Keyframes {
    spread([3.0, 5.0, 8.0, 13.0, 21.0, 34.0].map(|limit: f64| {
        Shape::additive(160, move |k| {
            let struck = math::sin(std::f64::consts::PI * k as f64 / 8.0).abs() + 0.08;
            (struck * rolled_off(k, 0.95, limit), scattered(k))
        })
    }))
}

/// Tuned bars: partials 1, 4 and 10, the upper ones coming in with the hardness of the mallet.
pub(super) fn mallet_bars() -> Keyframes {
    spread([0.0, 0.25, 0.5, 0.75, 1.0].map(|hard: f64| {
        Shape::waveform(move |t| {
            let second = 0.12 + 0.4 * hard;
            let third = 0.02 + 0.4 * hard * hard;
            sin(t) + second * sin(4.0 * t) + third * sin(10.0 * t) + 0.15 * hard * hard * sin(20.0 * t)
        })
    }))
}

/// A whole string section in one cycle: saw-like with scattered phases, brighter along the table.
pub(super) fn string_section() -> Keyframes {
    spread([6.0, 12.0, 24.0, 48.0, 96.0].map(|limit: f64| {
        Shape::additive(320, move |k| {
            (rolled_off(k, 1.0, limit) * bump(k, 3.0, 0.5, 0.5), scattered(k))
        })
    }))
}
