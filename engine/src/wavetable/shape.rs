//! The shape of one keyframe while it is being made: amplitudes and phases of its harmonics in double precision.

use super::{LAST_BIN, SAMPLES};
use crate::fft::RealFft64;
use crate::math;

/// One cycle as harmonics; both lists have [`LAST_BIN`] + 1 elements, bin 0 and the last are empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Amplitude of each harmonic, ≥ 0.
    pub(super) amplitude: Vec<f64>,
    /// Phase of each harmonic's cosine in cycles, −½..½.
    pub(super) phase: Vec<f64>,
}

impl Shape {
    /// A sum of sines: `partial(k)` gives amplitude and phase (in cycles, of a sine) of the harmonics 1..=`limit`.
    /// A negative amplitude is a phase of half a cycle more.
    pub fn additive(limit: usize, partial: impl Fn(usize) -> (f64, f64)) -> Self {
        let mut shape = Self {
            amplitude: vec![0.0; LAST_BIN + 1],
            phase: vec![0.0; LAST_BIN + 1],
        };
        for k in 1..=limit.min(LAST_BIN - 1) {
            let (amplitude, phase) = partial(k);
            let cosine = phase - 0.25 + if amplitude < 0.0 { 0.5 } else { 0.0 };
            shape.amplitude[k] = amplitude.abs();
            shape.phase[k] = cosine - cosine.round_ties_even();
        }
        shape
    }

    /// A waveform as a function of the cycle's time, 0..1.
    pub fn waveform(value: impl Fn(f64) -> f64) -> Self {
        let samples: Vec<f64> = (0..SAMPLES).map(|n| value(n as f64 / SAMPLES as f64)).collect();
        Self::of_cycle(&samples)
    }

    /// The shape of one cycle of [`SAMPLES`] samples, without its DC.
    #[must_use]
    pub fn of_samples(samples: &[f32; SAMPLES]) -> Self {
        let samples: Vec<f64> = samples.iter().map(|&x| f64::from(x)).collect();
        Self::of_cycle(&samples)
    }

    fn of_cycle(samples: &[f64]) -> Self {
        let fft = RealFft64::new(SAMPLES);
        let (mut re, mut im) = (vec![0.0; LAST_BIN + 1], vec![0.0; LAST_BIN + 1]);
        fft.forward(samples, &mut re, &mut im, &mut fft.scratch());
        let mut shape = Self {
            amplitude: vec![0.0; LAST_BIN + 1],
            phase: vec![0.0; LAST_BIN + 1],
        };
        for k in 1..LAST_BIN {
            shape.amplitude[k] = math::sqrt(re[k] * re[k] + im[k] * im[k]) / LAST_BIN as f64;
            shape.phase[k] = math::atan2(im[k], re[k]) / std::f64::consts::TAU;
        }
        shape
    }

    /// The same shape with each amplitude times `gain(k)`, ≥ 0.
    #[must_use]
    pub fn filtered(mut self, gain: impl Fn(usize) -> f64) -> Self {
        for k in 1..LAST_BIN {
            self.amplitude[k] *= gain(k);
        }
        self
    }

    /// One cycle of [`SAMPLES`] samples.
    #[must_use]
    pub fn samples(&self) -> Vec<f64> {
        let fft = RealFft64::new(SAMPLES);
        let part = |f: fn(f64) -> f64| -> Vec<f64> {
            self.amplitude
                .iter()
                .zip(&self.phase)
                .map(|(a, p)| {
                    if *a == 0.0 {
                        0.0
                    } else {
                        a * LAST_BIN as f64 * f(std::f64::consts::TAU * p)
                    }
                })
                .collect()
        };
        let (re, im) = (part(math::cos), part(math::sin));
        let mut samples = vec![0.0; SAMPLES];
        fft.inverse(&re, &im, &mut samples, &mut fft.scratch());
        samples
    }

    /// Brings the shape to 2 from peak to peak; silence stays silence.
    pub(super) fn normalise(&mut self) {
        let (low, high) = self
            .samples()
            .iter()
            .fold((0.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        if high - low > 1e-9 {
            let gain = 2.0 / (high - low);
            self.amplitude.iter_mut().for_each(|a| *a *= gain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_and_its_harmonics_are_the_same_shape() {
        let wave = Shape::waveform(|t| {
            math::sin(std::f64::consts::TAU * t) - 0.5 * math::sin(3.0 * std::f64::consts::TAU * t) + 0.1
        });
        let sum = Shape::additive(3, |k| [(1.0, 0.0), (0.0, 0.0), (-0.5, 0.0)][k - 1]);
        for (x, y) in wave.samples().iter().zip(sum.samples()) {
            assert!((x - y).abs() < 1e-12);
        }
    }

    #[test]
    fn a_normalised_shape_spans_two() {
        let mut shape = Shape::waveform(|t| if t < 0.1 { 7.0 } else { 0.0 });
        shape.normalise();
        let samples = shape.samples();
        let (low, high) = samples
            .iter()
            .fold((0.0_f64, 0.0_f64), |(l, h), &x| (l.min(x), h.max(x)));
        assert!((high - low - 2.0).abs() < 1e-9);
    }
}
