//! The dirty model: a plain pair of one-poles, then a saturated resonance in a loop of its own.
//!
//! The pair gives the slope, the loop (whose own transmission is flat but for its peak) the resonance and the dirt.
//! Formulas: `vital-laws.md` §6.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::Lanes;
use super::slope::Slope;
use super::{cutoff_hz, drive_gain, one_pole_coefficient, pole};

/// Number of states: the pair in front, the pair, the loop.
pub(crate) const STATES: usize = 6;
/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 8;

/// G, loop feedback R/(1 − R(G−G²)), gain in front, gain into the loop, weights of low, band, high, gain of the
/// pair in front of the 24 dB slope.
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
    c: &[Lanes<N>; COEFFICIENTS],
) -> Lanes<N> {
    let one = pole(first, x, c[G]);
    let two = pole(second, one, c[G]);
    c[LOW] * two + c[BAND] * (one - two) + c[HIGH] * (x - one - one + two)
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
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note).min(20_000.0), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let bent = controls.resonance.sqrt() / (0.5 * g + 0.97).max(1.0);
        let resonance = 0.1 + 2.05 * bent + 0.05 * controls.drive_db / 36.0;
        let square = resonance * resonance;
        let close = 1.0 / (1.0 - resonance * (g - g * g));
        let weights = self.slope.weights(controls.blend);
        [
            g,
            resonance * close,
            1.4 / (square + 1.0),
            (2.0 * drive - 1.0) / (square * 0.5 + 1.0),
            weights.low,
            weights.band,
            weights.high,
            1.0 / (1.0 - (g - g * g)),
        ]
    }

    #[inline(always)]
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; STATES],
        input: Lanes<N>,
        c: &[Lanes<N>; COEFFICIENTS],
    ) -> Lanes<N> {
        let [pre_first, pre_second, pair_first, pair_second, first, second] = state;
        let mut x = input * c[FRONT];
        if self.slope.is_steep() {
            x = mixed(pre_first, pre_second, x * c[PRE], c);
        }
        x = mixed(pair_first, pair_second, x, c);
        let rest = Lanes::splat(1.0) - c[G];
        let held = saturate(rest * (rest * *first - *second));
        let u = (c[IN] * x + c[LOOP] * (x + held)).tanh();
        let one = pole(first, u, c[G]);
        pole(second, one, c[G]);
        u * (1.0 / 1.4)
    }
}
