//! Linear two-pole state-variable filter in trapezoidal form: the equaliser, the crossovers and the distortion's filter
//! take their responses from its three outputs.

use super::mix::flush;
use crate::math;

/// Frequency coefficient tan(π·hz/fs), hz held below 0.49·fs.
pub(crate) fn coefficient(hz: f32, sample_rate: f32) -> f32 {
    let ratio = (f64::from(hz) / f64::from(sample_rate)).clamp(0.0, 0.49);
    math::tan(math::PI * ratio) as f32
}

/// Damping 1/Q with Q = 0.5 + 15.5·ρ³ of resonance ρ, held in 0..1 (vital-laws §6, digital; §9, equaliser).
pub(crate) fn damping(resonance: f32) -> f32 {
    let r = resonance.clamp(0.0, 1.0);
    1.0 / (0.5 + 15.5 * r * r * r)
}

/// Coefficients for one pair of frequency and damping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SvfCoefficients {
    g: f32,
    k: f32,
    a1: f32,
}

impl SvfCoefficients {
    /// From the frequency coefficient and the damping 1/Q.
    #[inline]
    pub(crate) fn new(g: f32, k: f32) -> Self {
        Self {
            g,
            k,
            a1: 1.0 / (1.0 + g * (g + k)),
        }
    }
}

/// The three outputs at one sample; low + k·band + high is the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SvfOutput {
    pub(crate) low: f32,
    pub(crate) band: f32,
    pub(crate) high: f32,
}

/// The state of one channel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Svf {
    s1: f32,
    s2: f32,
}

impl Svf {
    /// One sample.
    #[inline]
    pub(crate) fn tick(&mut self, input: f32, c: &SvfCoefficients) -> SvfOutput {
        let high = (input - (c.g + c.k) * self.s1 - self.s2) * c.a1;
        let v1 = c.g * high;
        let band = v1 + self.s1;
        let v2 = c.g * band;
        let low = v2 + self.s2;
        self.s1 = flush(band + v1);
        self.s2 = flush(low + v2);
        SvfOutput { low, band, high }
    }
}

#[cfg(test)]
mod tests {
    use super::{Svf, SvfCoefficients, coefficient, damping};

    #[test]
    fn the_three_outputs_sum_to_the_input() {
        let c = SvfCoefficients::new(coefficient(1_000.0, 48_000.0), damping(0.6));
        let mut svf = Svf::default();
        for i in 0..200 {
            let x = ((i * 37) % 11) as f32 / 5.5 - 1.0;
            let y = svf.tick(x, &c);
            assert!((y.low + damping(0.6) * y.band + y.high - x).abs() < 1e-5);
        }
    }
}
