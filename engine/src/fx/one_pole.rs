//! The coefficients of one-pole low-passes in trapezoidal form, and of the band of two of them that colours delays.

use super::ramp::{Line, Ramp};
use crate::math;

/// Corners above this share of the sample rate are held here (measured against Vital: 39,550 Hz at 88.2 kHz).
const HIGHEST_CORNER: f64 = 0.4483;

/// Coefficient of a one-pole with corner `hz` at `sample_rate`: tan(x/(x+1)), x = π·hz/fs (vital-laws, head of the
/// page). 0 passes nothing; it stays below 0.67.
pub(crate) fn coefficient(hz: f32, sample_rate: f32) -> f32 {
    let x = math::PI * (f64::from(hz) / f64::from(sample_rate)).clamp(0.0, HIGHEST_CORNER);
    math::tan(x / (x + 1.0)) as f32
}

/// Low-pass at an upper corner, then minus its own low-pass at a lower one, with the loss in the middle made up: the
/// coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct BandCoefficients {
    /// Of the one-pole at the upper corner.
    pub(crate) upper: f32,
    /// Of the one-pole at the lower corner.
    pub(crate) lower: f32,
    /// Make-up gain 1 + f_low/f_high (linear).
    pub(crate) gain: f32,
}

impl BandCoefficients {
    /// The band around `center_hz`; `spread` 0..1 opens it to ±96 semitones (vital-laws §9, delay).
    pub(crate) fn around(center_hz: f32, spread: f32, sample_rate: f32) -> Self {
        let ratio = math::exp2_f32(8.0 * spread.clamp(0.0, 1.0));
        let (high, low) = (center_hz * ratio, center_hz / ratio);
        Self {
            upper: coefficient(high, sample_rate),
            lower: coefficient(low, sample_rate),
            gain: 1.0 + low / high,
        }
    }
}

/// The coefficients of the band asked for last: they are computed again only where it is another one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coloured {
    asked: Option<(f32, f32)>,
    coefficients: BandCoefficients,
}

impl Coloured {
    /// [`BandCoefficients::around`], of one rate.
    pub(crate) fn of(&mut self, center_hz: f32, spread: f32, sample_rate: f32) -> BandCoefficients {
        if self.asked != Some((center_hz, spread)) {
            self.asked = Some((center_hz, spread));
            self.coefficients = BandCoefficients::around(center_hz, spread, sample_rate);
        }
        self.coefficients
    }
}

/// Coefficients of a band that move in a line across each block.
#[derive(Debug, Clone, Default)]
pub(crate) struct BandRamps {
    upper: Ramp,
    lower: Ramp,
    gain: Ramp,
}

/// The lines of one block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BandLines {
    upper: Line,
    lower: Line,
    gain: Line,
}

impl BandRamps {
    /// The lines towards `target` over `frames` samples.
    pub(crate) fn towards(&mut self, target: BandCoefficients, frames: usize) -> BandLines {
        BandLines {
            upper: self.upper.towards(target.upper, frames),
            lower: self.lower.towards(target.lower, frames),
            gain: self.gain.towards(target.gain, frames),
        }
    }
}

impl BandLines {
    /// The coefficients of the samples from `from` on: the upper corner's, the lower corner's, the gain.
    #[inline(always)]
    pub(crate) fn values<const N: usize>(&self, from: usize) -> [[f32; N]; 3] {
        [
            self.upper.values(from),
            self.lower.values(from),
            self.gain.values(from),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{BandCoefficients, coefficient};

    #[test]
    fn a_band_makes_up_for_what_its_edges_take_from_its_middle() {
        let narrow = BandCoefficients::around(1_000.0, 0.125, 88_200.0);
        assert!((narrow.gain - 1.25).abs() < 1e-6);
        assert_eq!(narrow.upper, coefficient(2_000.0, 88_200.0));
        assert_eq!(narrow.lower, coefficient(500.0, 88_200.0));
    }

    #[test]
    fn a_corner_is_held_below_the_rate() {
        assert_eq!(coefficient(80_000.0, 88_200.0), coefficient(39_550.0, 88_200.0));
        assert!(coefficient(f32::MAX, 88_200.0) < 0.67);
    }
}
