//! One-pole low-pass in trapezoidal form, and the band of two of them that colours delays.

use super::mix::flush;
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

/// The states of `N` channels side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnePole<const N: usize> {
    state: [f32; N],
}

impl<const N: usize> Default for OnePole<N> {
    fn default() -> Self {
        Self { state: [0.0; N] }
    }
}

impl<const N: usize> OnePole<N> {
    /// The low-passed samples.
    #[inline]
    pub(crate) fn low(&mut self, input: [f32; N], coefficient: f32) -> [f32; N] {
        self.low_each(input, [coefficient; N])
    }

    /// The low-passed samples, each channel by its own coefficient.
    #[inline]
    pub(crate) fn low_each(&mut self, input: [f32; N], coefficients: [f32; N]) -> [f32; N] {
        let mut output = [0.0; N];
        for i in 0..N {
            let delta = coefficients[i] * (input[i] - self.state[i]);
            output[i] = self.state[i] + delta;
            self.state[i] = flush(output[i] + delta);
        }
        output
    }
}

impl<const N: usize> OnePole<N> {
    /// Twice the low-passed samples minus the samples: an all-pass of first order.
    #[inline]
    pub(crate) fn all_pass_each(&mut self, input: [f32; N], coefficients: [f32; N]) -> [f32; N] {
        let mut output = [0.0; N];
        for i in 0..N {
            let twice = 2.0 * coefficients[i];
            output[i] = (twice - 1.0) * input[i] + (2.0 - twice) * self.state[i];
            self.state[i] = flush(self.state[i] + twice * (input[i] - self.state[i]));
        }
        output
    }
}

/// Low-pass at an upper corner, then minus its own low-pass at a lower one, with the loss in the middle made up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Band<const N: usize> {
    upper: OnePole<N>,
    lower: OnePole<N>,
}

/// Coefficients of a [`Band`].
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

/// Coefficients of a [`Band`] that move in a line across each block.
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
    /// The coefficients of the next sample.
    #[inline]
    pub(crate) fn advance(&mut self) -> BandCoefficients {
        BandCoefficients {
            upper: self.upper.advance(),
            lower: self.lower.advance(),
            gain: self.gain.advance(),
        }
    }
}

impl<const N: usize> Band<N> {
    /// The samples within the band.
    #[inline]
    pub(crate) fn pass(&mut self, input: [f32; N], c: &BandCoefficients) -> [f32; N] {
        let mut output = self.upper.low(input, c.upper);
        let low = self.lower.low(output, c.lower);
        for (sample, low) in output.iter_mut().zip(low) {
            *sample = (*sample - low) * c.gain;
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::{Band, BandCoefficients};
    use crate::math;

    #[test]
    fn the_middle_of_a_band_passes_at_unity_and_its_edges_fall() {
        let fs = 88_200.0_f32;
        let level = |hz: f64| {
            let c = BandCoefficients::around(1_000.0, 0.125, fs);
            let mut band = Band::<1>::default();
            let mut power = 0.0;
            for n in 0..44_100 {
                let [y] = band.pass(
                    [math::sin(2.0 * math::PI * hz * f64::from(n) / f64::from(fs)) as f32],
                    &c,
                );
                if n >= 22_050 {
                    power += f64::from(y * y);
                }
            }
            10.0 * math::log10(power / 22_050.0 * 2.0)
        };
        assert!(level(1_000.0).abs() < 0.1, "{}", level(1_000.0));
        assert!((-14.6..-12.0).contains(&level(100.0)), "{}", level(100.0));
        assert!((-14.6..-12.0).contains(&level(10_000.0)), "{}", level(10_000.0));
    }
}
