//! Tables of frequency modulation: one sine moving the phase of another, the index rising along the table.

use super::Shape;
use super::basic::{Keyframes, sin, spread};

/// One carrier at the fundamental, one modulator at `ratio` times it, phase deviation in cycles.
fn pair(ratio: f64, deviation: f64) -> Shape {
    Shape::waveform(move |t| sin(t + deviation * sin(ratio * t)))
}

/// The body of an electric piano: modulator and carrier at the same pitch.
pub(super) fn fm_electric() -> Keyframes {
    spread([0.02, 0.05, 0.09, 0.14, 0.2, 0.27, 0.36].map(|deviation: f64| {
        // A quarter turned, or the fundamental would vanish at high indices.
        Shape::waveform(move |t| sin(t + deviation * sin(t + 0.25)))
    }))
}

/// A modulator at five times the pitch: sidebands 1, 4, 6, 9, 11, … ring like a bell.
pub(super) fn fm_bell() -> Keyframes {
    spread([0.02, 0.06, 0.11, 0.16, 0.22, 0.29].map(|deviation| pair(5.0, deviation)))
}

/// A modulator an octave up: only odd harmonics.
pub(super) fn fm_hollow() -> Keyframes {
    spread([0.02, 0.08, 0.16, 0.26, 0.4, 0.6].map(|deviation| pair(2.0, deviation)))
}

/// Three sines in a row, deep: a growling bass.
pub(super) fn fm_growl() -> Keyframes {
    spread([0.05, 0.14, 0.24, 0.36, 0.5, 0.68, 0.9].map(|deviation: f64| {
        Shape::waveform(move |t| {
            let inner = sin(2.0 * t + 0.6 * deviation * sin(t + 0.1));
            sin(t + deviation * inner) + 0.25 * sin(t)
        })
    }))
}

/// The tine of an electric piano: a plain body and a high, thin ring that comes in.
pub(super) fn tine() -> Keyframes {
    spread([0.0, 0.03, 0.08, 0.15, 0.25].map(|ring: f64| {
        Shape::waveform(move |t| {
            let body = sin(t + (0.03 + 0.3 * ring) * sin(t));
            body + ring * sin(t + 0.3 * sin(14.0 * t))
        })
    }))
}
