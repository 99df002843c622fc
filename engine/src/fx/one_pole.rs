//! One-pole low-pass in trapezoidal form, and the band of two of them that colours delays.

use super::mix::flush;
use crate::math;

/// Corners above this share of the sample rate are held here (measured against Vital: 39,550 Hz at 88.2 kHz).
const HIGHEST_CORNER: f64 = 0.4483;

/// Coefficient of a one-pole with corner `hz` at `sample_rate`: tan(x/(x+1)), x = π·hz/fs (vital-laws, head of the
/// page). 0 passes nothing; it stays below 0.67.
pub(crate) fn coefficient(hz: f32, sample_rate: f32) -> f32 {
    let x = math::PI * (f64::from(hz) / f64::from(sample_rate)).clamp(0.0, HIGHEST_CORNER);
    math::tan(x / (x + 1.0)) as f32
}

/// The state of one channel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OnePole {
    state: f32,
}

impl OnePole {
    /// The low-passed sample.
    #[inline]
    pub(crate) fn low(&mut self, input: f32, coefficient: f32) -> f32 {
        let delta = coefficient * (input - self.state);
        let output = self.state + delta;
        self.state = flush(output + delta);
        output
    }
}

/// Low-pass at an upper corner minus low-pass at a lower one, with its loss in the middle made up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Band {
    upper: OnePole,
    lower: OnePole,
}

/// Coefficients of a [`Band`].
#[derive(Debug, Clone, Copy, PartialEq)]
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
        let octaves = 8.0 * spread.clamp(0.0, 1.0);
        let ratio = math::exp2_f32(octaves);
        let (high, low) = (center_hz * ratio, center_hz / ratio);
        Self { upper: coefficient(high, sample_rate), lower: coefficient(low, sample_rate), gain: 1.0 + low / high }
    }
}

impl Band {
    /// The sample within the band.
    #[inline]
    pub(crate) fn pass(&mut self, input: f32, c: &BandCoefficients) -> f32 {
        let low = self.upper.low(input, c.upper);
        (low - self.lower.low(low, c.lower)) * c.gain
    }
}
