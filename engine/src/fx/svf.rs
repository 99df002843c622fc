//! Linear two-pole state-variable filter in trapezoidal form: the equaliser, the crossovers and the distortion's filter
//! take their responses from its three outputs.
//!
//! The lanes are filters of their own, computed side by side; what they are is their owner's business.

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

/// Coefficients of each lane's frequency and damping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SvfCoefficients<const N: usize> {
    g: [f32; N],
    k: [f32; N],
    /// g/(1 + g·(g + k)), and that times (g + k).
    a: [f32; N],
    b: [f32; N],
}

impl<const N: usize> SvfCoefficients<N> {
    /// From the frequency coefficients and the dampings 1/Q.
    #[inline(always)]
    pub(crate) fn new(g: [f32; N], k: [f32; N]) -> Self {
        let (mut a, mut b) = ([0.0; N], [0.0; N]);
        for i in 0..N {
            let sum = g[i] + k[i];
            a[i] = g[i] / (1.0 + g[i] * sum);
            b[i] = a[i] * sum;
        }
        Self { g, k, a, b }
    }
}

/// The three outputs of each lane at one sample; low + k·band + high is the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SvfOutput<const N: usize> {
    pub(crate) low: [f32; N],
    pub(crate) band: [f32; N],
    pub(crate) high: [f32; N],
}

impl<const N: usize> SvfOutput<N> {
    /// The sum of the three outputs by each lane's weights of low, band and high.
    #[inline(always)]
    pub(crate) fn mixed(&self, weights: &[[f32; N]; 3]) -> [f32; N] {
        let mut sum = [0.0; N];
        for i in 0..N {
            sum[i] =
                weights[0][i] * self.low[i] + weights[1][i] * self.band[i] + weights[2][i] * self.high[i];
        }
        sum
    }
}

/// The states of `N` filters side by side.
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
    /// One sample of every lane. The state's way round has as few steps as it can: it is what a sample waits for.
    #[inline(always)]
    pub(crate) fn tick(&mut self, input: [f32; N], c: &SvfCoefficients<N>) -> SvfOutput<N> {
        let (mut low, mut band, mut high) = ([0.0; N], [0.0; N], [0.0; N]);
        for i in 0..N {
            let v1 = (c.a[i] * input[i] - c.b[i] * self.s1[i]) - c.a[i] * self.s2[i];
            band[i] = self.s1[i] + v1;
            let v2 = c.g[i] * band[i];
            low[i] = self.s2[i] + v2;
            high[i] = input[i] - c.k[i] * band[i] - low[i];
            self.s1[i] = band[i] + v1;
            self.s2[i] = low[i] + v2;
        }
        SvfOutput { low, band, high }
    }

    /// One sample of the lanes that are `awake`; the others keep their states.
    #[inline(always)]
    pub(crate) fn tick_some(
        &mut self,
        input: [f32; N],
        c: &SvfCoefficients<N>,
        awake: [bool; N],
    ) -> SvfOutput<N> {
        let before = *self;
        let output = self.tick(input, c);
        for (i, awake) in awake.into_iter().enumerate() {
            if !awake {
                self.s1[i] = before.s1[i];
                self.s2[i] = before.s2[i];
            }
        }
        output
    }

    /// Nothing in place of states far below hearing: at the end of a block, before they become slow to compute with.
    pub(crate) fn flush(&mut self) {
        self.s1 = self.s1.map(flush);
        self.s2 = self.s2.map(flush);
    }
}

#[cfg(test)]
mod tests {
    use super::{Svf, SvfCoefficients, coefficient, damping};

    #[test]
    fn the_three_outputs_sum_to_the_input() {
        let c = SvfCoefficients::new([coefficient(1_000.0, 48_000.0)], [damping(0.6)]);
        let mut svf = Svf::<1>::default();
        for i in 0..200 {
            let x = ((i * 37) % 11) as f32 / 5.5 - 1.0;
            let y = svf.tick([x], &c);
            assert!((y.low[0] + damping(0.6) * y.band[0] + y.high[0] - x).abs() < 1e-5);
        }
    }

    #[test]
    fn a_corner_far_below_the_sample_rate_keeps_its_place() {
        // A step into a low-pass of 5 Hz without resonance (k = 2) at 705.6 kHz: 1 − (1 + wt)·e^{−wt}.
        let c = SvfCoefficients::new([coefficient(5.0, 705_600.0)], [2.0]);
        let mut svf = Svf::<1>::default();
        let mut low = 0.0;
        for _ in 0..22_460 {
            low = svf.tick([1.0], &c).low[0];
        }
        assert!((low - 0.264_2).abs() < 5e-4, "{low}");
    }

    #[test]
    fn a_lane_that_sleeps_keeps_its_state() {
        let c = SvfCoefficients::new([0.3; 2], [1.0; 2]);
        let mut svf = Svf::<2>::default();
        svf.tick([1.0, 1.0], &c);
        svf.tick_some([1.0, 1.0], &c, [true, false]);
        let mut other = Svf::<2>::default();
        other.tick([1.0, 1.0], &c);
        assert_eq!(svf.s1[1].to_bits(), other.s1[1].to_bits());
        assert_ne!(svf.s1[0].to_bits(), other.s1[0].to_bits());
    }
}
