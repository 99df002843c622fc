//! Tables of plain waveforms: shapes, pulse widths, sync, folding, steps.

use super::Shape;
use crate::math;

/// A recipe's answer: keyframes by position.
pub(super) type Keyframes = Vec<(u16, Shape)>;

/// Spreads shapes evenly over the positions 0..=256.
pub(super) fn spread(shapes: impl IntoIterator<Item = Shape>) -> Keyframes {
    let shapes: Vec<Shape> = shapes.into_iter().collect();
    let last = shapes.len().saturating_sub(1).max(1);
    shapes
        .into_iter()
        .enumerate()
        .map(|(i, shape)| ((256 * i / last) as u16, shape))
        .collect()
}

pub(super) fn sin(cycles: f64) -> f64 {
    math::sin(std::f64::consts::TAU * cycles)
}

pub(super) fn sine_shape() -> Shape {
    Shape::additive(1, |_| (1.0, 0.0))
}

/// `early` cycles before a sine of the same phase.
fn triangle_shape(early: f64) -> Shape {
    Shape::waveform(move |t| 1.0 - 4.0 * ((t + early + 0.25).fract() - 0.5).abs())
}

pub(super) fn saw_shape() -> Shape {
    Shape::waveform(|t| 2.0 * (t + 0.5).fract() - 1.0)
}

/// A pulse that is high for the first `width` of the cycle.
fn pulse_shape(width: f64) -> Shape {
    Shape::waveform(|t| if t < width { 1.0 } else { -1.0 })
}

pub(super) fn basic_shapes() -> Keyframes {
    // Every other harmonic of a triangle stands half a cycle from the saw's, and which arc is the shorter one would be
    // up to rounding: a fraction of a sample decides it.
    spread([
        sine_shape(),
        triangle_shape(0.001),
        saw_shape(),
        pulse_shape(0.5),
        pulse_shape(0.125),
    ])
}

pub(super) fn sine() -> Keyframes {
    vec![(0, sine_shape())]
}

pub(super) fn triangle() -> Keyframes {
    vec![(0, triangle_shape(0.0))]
}

pub(super) fn saw() -> Keyframes {
    vec![(0, saw_shape())]
}

pub(super) fn square() -> Keyframes {
    vec![(0, pulse_shape(0.5))]
}

pub(super) fn pwm() -> Keyframes {
    spread([0.5, 0.42, 0.34, 0.27, 0.21, 0.16, 0.11, 0.07, 0.04].map(pulse_shape))
}

/// Saw, fifth and octave saws coming in: a synthesiser's stacked oscillators in one cycle.
pub(super) fn saw_octaves() -> Keyframes {
    let stack = |second: f64, fourth: f64| {
        Shape::waveform(move |t| {
            let saw = |x: f64| 2.0 * (x + 0.5).fract() - 1.0;
            saw(t) + second * saw(2.0 * t) + fourth * saw(4.0 * t)
        })
    };
    spread([stack(0.0, 0.0), stack(0.5, 0.0), stack(0.8, 0.3), stack(1.0, 0.8)])
}

/// A saw restarted by a slower one, ratio 1 to 7, over a little of the fundamental that holds the pitch.
pub(super) fn sync_sweep() -> Keyframes {
    spread([1.0, 1.4, 1.9, 2.5, 3.2, 4.0, 4.9, 5.9, 7.0].map(|ratio: f64| {
        Shape::waveform(move |t| {
            // A window closes the cycle softly, so that only the slave's edges stay hard.
            let close = ((1.0 - t) * 16.0).min(1.0);
            (2.0 * (t * ratio).fract() - 1.0) * close + 0.3 * sin(t)
        })
    }))
}

/// A sine folded back on itself; the drives keep clear of those at which the fundamental vanishes.
pub(super) fn wave_fold() -> Keyframes {
    spread(
        [0.25, 0.37, 0.48, 0.78, 0.92, 1.3, 1.4]
            .map(|drive: f64| Shape::waveform(move |t| sin(drive * sin(t)))),
    )
}

/// A sine in ever fewer steps.
pub(super) fn digital_steps() -> Keyframes {
    spread([64.0, 24.0, 12.0, 8.0, 6.0, 4.0, 3.0].map(|steps: f64| {
        Shape::waveform(move |t| {
            let held = (t * 2.0 * steps).floor() / (2.0 * steps);
            (sin(held + 0.25 / steps) * steps / 2.0).round_ties_even() / steps
        })
    }))
}

/// A saw through a resonant low-pass whose corner rises: the acid sweep in one table.
pub(super) fn resonant_sweep() -> Keyframes {
    spread([2.0, 3.5, 6.0, 10.0, 16.0, 26.0, 42.0, 70.0].map(|corner: f64| {
        saw_shape().filtered(move |k| {
            let x = k as f64 / corner;
            let damping = 0.18;
            let lower = 1.0 - x * x;
            1.0 / math::sqrt(lower * lower + damping * damping * x * x)
        })
    }))
}
