//! Tables with formants: vowels, choir, growl. A cycle has no hertz, so formants stand as if it were played at a
//! reference pitch; away from it they move with the note (the vocode mode holds them still).

use super::Shape;
use super::basic::{Keyframes, spread};
use super::series::scattered;
use crate::math;

/// Formants of a vowel: (hertz, width in hertz, gain).
type Vowel = [(f64, f64, f64); 4];

const A: Vowel = [
    (730.0, 90.0, 1.0),
    (1150.0, 110.0, 0.6),
    (2600.0, 170.0, 0.2),
    (3500.0, 250.0, 0.1),
];
const E: Vowel = [
    (480.0, 80.0, 1.0),
    (1900.0, 110.0, 0.4),
    (2500.0, 160.0, 0.25),
    (3500.0, 250.0, 0.1),
];
const I: Vowel = [
    (290.0, 60.0, 1.0),
    (2250.0, 110.0, 0.3),
    (3000.0, 170.0, 0.25),
    (3700.0, 250.0, 0.1),
];
const O: Vowel = [
    (450.0, 80.0, 1.0),
    (800.0, 90.0, 0.5),
    (2600.0, 170.0, 0.08),
    (3400.0, 250.0, 0.04),
];
const U: Vowel = [
    (310.0, 60.0, 1.0),
    (650.0, 80.0, 0.25),
    (2400.0, 170.0, 0.04),
    (3300.0, 250.0, 0.02),
];
const M: Vowel = [
    (250.0, 70.0, 1.0),
    (1100.0, 200.0, 0.06),
    (2200.0, 250.0, 0.03),
    (3300.0, 300.0, 0.01),
];

/// How much a vowel lets through at a frequency; `breadth` widens its formants.
fn passes(vowel: &Vowel, hz: f64, breadth: f64) -> f64 {
    vowel
        .iter()
        .map(|(centre, width, gain)| {
            let off = (hz - centre) / (breadth * width);
            gain / math::sqrt(1.0 + off * off)
        })
        .sum()
}

fn sung(vowel: Vowel, pitch_hz: f64, breadth: f64, slope: f64, scatter: f64) -> Shape {
    Shape::additive(160, move |k| {
        let amplitude = passes(&vowel, pitch_hz * k as f64, breadth) / math::pow(k as f64, slope);
        (amplitude, scatter * scattered(k))
    })
}

/// The vowels from closed to open to bright, sung at 110 Hz.
pub(super) fn formant_vowels() -> Keyframes {
    spread([U, O, A, E, I].map(|vowel| sung(vowel, 110.0, 1.0, 0.6, 0.3)))
}

/// Soft voices at 220 Hz, from hummed to open.
pub(super) fn choir() -> Keyframes {
    spread([M, U, O, A].map(|vowel| sung(vowel, 220.0, 2.2, 0.9, 1.0)))
}

/// A hard, talking bass: vowels at 55 Hz under a strong fundamental.
pub(super) fn growl() -> Keyframes {
    spread([U, O, A, E, A, I].map(|vowel| {
        Shape::additive(200, move |k| {
            let formant = passes(&vowel, 55.0 * k as f64, 1.3);
            (
                formant / math::pow(k as f64, 0.25) + if k == 1 { 1.2 } else { 0.0 },
                0.5 * scattered(k),
            )
        })
    }))
}
