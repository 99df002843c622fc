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

/// The three outputs at one sample of `N` channels; low + k·band + high is the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SvfOutput<const N: usize> {
    pub(crate) low: [f32; N],
    pub(crate) band: [f32; N],
    pub(crate) high: [f32; N],
}

impl<const N: usize> SvfOutput<N> {
    /// The sum of the three outputs by their weights.
    #[inline]
    pub(crate) fn mixed(&self, [low, band, high]: [f32; 3]) -> [f32; N] {
        std::array::from_fn(|i| low * self.low[i] + band * self.band[i] + high * self.high[i])
    }
}

/// The states of `N` channels side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Svf<const N: usize> {
    s1: [f32; N],
    s2: [f32; N],
}

impl<const N: usize> Default for Svf<N> {
    fn default() -> Self {
        Self {
            s1: [0.0; N],
            s2: [0.0; N],
        }
    }
}

impl<const N: usize> Svf<N> {
    /// One sample of every channel.
    #[inline]
    pub(crate) fn tick(&mut self, input: [f32; N], c: &SvfCoefficients) -> SvfOutput<N> {
        let (mut low, mut band, mut high) = ([0.0; N], [0.0; N], [0.0; N]);
        for i in 0..N {
            high[i] = (input[i] - (c.g + c.k) * self.s1[i] - self.s2[i]) * c.a1;
            let v1 = c.g * high[i];
            band[i] = v1 + self.s1[i];
            let v2 = c.g * band[i];
            low[i] = v2 + self.s2[i];
            self.s1[i] = flush(band[i] + v1);
            self.s2[i] = flush(low[i] + v2);
        }
        SvfOutput { low, band, high }
    }
}

#[cfg(test)]
mod tests {
    use super::{Svf, SvfCoefficients, coefficient, damping};

    #[test]
    fn the_three_outputs_sum_to_the_input() {
        let c = SvfCoefficients::new(coefficient(1_000.0, 48_000.0), damping(0.6));
        let mut svf = Svf::<1>::default();
        for i in 0..200 {
            let x = ((i * 37) % 11) as f32 / 5.5 - 1.0;
            let y = svf.tick([x], &c);
            assert!((y.low[0] + damping(0.6) * y.band[0] + y.high[0] - x).abs() < 1e-5);
        }
    }
}
