//! The dirty model: a plain pair of one-poles, then a saturated resonance in a loop of its own.
//!
//! The pair gives the slope, the loop (whose own transmission is flat but for its peak) the resonance and the dirt: a
//! high-pass and a low-pass fed back, both one-poles that saturate what they hold and what they give. With S the
//! saturation, h and l the states, one sample is u = tanh(in·x + R/(1 − R(G−G²))·(x + (S(l) − G·S(h))/(1 + G)));
//! d = G(u − S(h)), m = h + d, h ← m + d; l ← l + 2G(u − S(m) − S(l)); the output is u. Measured sample by sample
//! without oversampling, over cutoffs, resonances, drives, blends and all styles: equal to 2·10⁻⁵ of the peak. The
//! other formulas: `vital-laws.md` §6.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::Lanes;
use super::slope::Slope;
use super::{cutoff_hz, drive_gain, one_pole_coefficient, pole};

/// Number of states: the pair in front, the pair, the loop's high-pass and low-pass, the same saturated.
pub(crate) const STATES: usize = 8;
/// Number of ramped coefficients; the last is idle (see [`Model`]).
pub(crate) const COEFFICIENTS: usize = 9;

/// G; what the states feed back, R/((1 − R(G−G²))(1 + G)); gain in front; gain into the loop, (2D − 1)/(R²/2 + 1) and
/// what the loop closes at once, R/(1 − R(G−G²)); weights of low, band, high; gain of the pair in front.
const G: usize = 0;
const LOOP: usize = 1;
const FRONT: usize = 2;
const IN: usize = 3;
const LOW: usize = 4;
const BAND: usize = 5;
const HIGH: usize = 6;
const PRE: usize = 7;

/// v/(1 + v²/(3 + 0.2·v²)): how the loop's resonance saturates.
#[inline(always)]
fn saturate<const N: usize>(v: Lanes<N>) -> Lanes<N> {
    v.map(|v| {
        let square = v * v;
        v * (3.0 + 0.2 * square) / (3.0 + 1.2 * square)
    })
}

/// A pair's response: no feedback.
#[inline(always)]
fn mixed<const N: usize>(
    first: &mut Lanes<N>,
    second: &mut Lanes<N>,
    x: Lanes<N>,
    g: Lanes<N>,
    [low, band, high]: [Lanes<N>; 3],
) -> Lanes<N> {
    let one = pole(first, x, g);
    let two = pole(second, one, g);
    low * two + band * (one - two) + high * (x - one - one + two)
}

/// The dirty model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dirty {
    slope: Slope,
}

impl Dirty {
    pub(crate) fn new(slope: Slope) -> Self {
        Self { slope }
    }
}

impl Model<STATES, COEFFICIENTS> for Dirty {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let bent = controls.rho().sqrt() / (0.5 * g + 0.97).max(1.0);
        let resonance = 0.1 + 2.05 * bent + 0.05 * controls.drive_db / 36.0;
        let square = resonance * resonance;
        let close = 1.0 / (1.0 - resonance * (g - g * g));
        let push = 2.0 * drive - 1.0;
        let weights = self.slope.weights(controls.blend);
        [
            g,
            resonance * close / (1.0 + g),
            1.4 / (square + 1.0),
            push * self.slope.calmed(1.0 / (square * 0.5 + 1.0), controls.blend) + resonance * close,
            weights.low,
            weights.band,
            weights.high,
            1.0 / (1.0 - (g - g * g)),
            0.0,
        ]
    }

    #[inline(always)]
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; STATES],
        input: Lanes<N>,
        c: &[Lanes<N>; COEFFICIENTS],
    ) -> Lanes<N> {
        let [
            pre_first,
            pre_second,
            pair_first,
            pair_second,
            high,
            low,
            high_bent,
            low_bent,
        ] = state;
        let mut x = input * c[FRONT];
        if self.slope.is_steep() {
            let weights = if self.slope.is_crossed() {
                [c[HIGH], c[BAND], c[LOW]]
            } else {
                [c[LOW], c[BAND], c[HIGH]]
            };
            x = mixed(pre_first, pre_second, x * c[PRE], c[G], weights);
        }
        x = mixed(pair_first, pair_second, x, c[G], [c[LOW], c[BAND], c[HIGH]]);
        let held = *low_bent - c[G] * *high_bent;
        let u = (c[IN] * x + c[LOOP] * held).soft();
        let delta = c[G] * (u - *high_bent);
        let middle = *high + delta;
        *high = middle + delta;
        *high_bent = saturate(*high);
        let delta = c[G] * (u - saturate(middle) - *low_bent);
        *low = *low + delta + delta;
        *low_bent = saturate(*low);
        u * (1.0 / 1.4)
    }
}
