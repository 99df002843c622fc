//! The analog model: two one-poles with their band fed back through a saturating input (a Sallen–Key filter).
//!
//! u = tanh(in·x + R·f)/(1 − R(G − G²)) closed without delay, low = second pole, band = first − second, high =
//! u − 2·first + second. 24 dB is the same pair, linear and with R = 1, in front. Formulas: `vital-laws.md` §6.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::Lanes;
use super::slope::Slope;
use super::{cutoff_hz, drive_gain, one_pole_coefficient, pole};

/// Number of states: the pair in front, then the pair in the loop.
pub(crate) const STATES: usize = 4;
/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 9;

/// G, R, 1/(1 − R(G−G²)), 1/(1 − (G−G²)), in-gain, weights of low, band and high, out-gain.
const G: usize = 0;
const R: usize = 1;
const CLOSE: usize = 2;
const CLOSE_PRE: usize = 3;
const IN: usize = 4;
const LOW: usize = 5;
const BAND: usize = 6;
const HIGH: usize = 7;
const OUT: usize = 8;

/// The most that closing the loop may multiply: resonance pushed past its knob, together with drive, gets to where the
/// loop has no solution, and beyond.
const FIRM: f32 = 1e6;

/// (first − second) of a pair of one-poles as it would be for a zero input: the part of the feedback that the states
/// hold.
#[inline(always)]
pub(super) fn held_band<const N: usize>(first: Lanes<N>, second: Lanes<N>, g: Lanes<N>) -> Lanes<N> {
    let rest = Lanes::splat(1.0) - g;
    rest * (rest * first - second)
}

/// The analog model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Analog {
    slope: Slope,
}

impl Analog {
    pub(crate) fn new(slope: Slope) -> Self {
        Self { slope }
    }
}

impl Model<STATES, COEFFICIENTS> for Analog {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let rho = controls.rho();
        let resonance = (2.15 * rho.sqrt() + 1.1 * controls.drive_db / 36.0 * controls.resonance)
            / (0.18 * g + 0.97).max(1.0);
        let spread = g - g * g;
        let weights = self.slope.weights(controls.blend);
        let rise = 2.0 * rho + 1.0;
        let input = drive * self.slope.calmed(1.0 / rise, controls.blend);
        [
            g,
            resonance,
            (1.0 / (1.0 - resonance * spread)).clamp(-FIRM, FIRM),
            1.0 / (1.0 - spread),
            input,
            weights.low,
            weights.band,
            weights.high,
            1.0 / (rise * input).sqrt(),
        ]
    }

    #[inline(always)]
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; STATES],
        input: Lanes<N>,
        c: &[Lanes<N>; COEFFICIENTS],
    ) -> Lanes<N> {
        let [pre_first, pre_second, first, second] = state;
        let g = c[G];
        let mut x = input;
        if self.slope.is_steep() {
            let u = (x + held_band(*pre_first, *pre_second, g)) * c[CLOSE_PRE];
            let one = pole(pre_first, u, g);
            let two = pole(pre_second, one, g);
            let (low, high) = if self.slope.is_crossed() {
                (c[HIGH], c[LOW])
            } else {
                (c[LOW], c[HIGH])
            };
            x = low * two + c[BAND] * (one - two) + high * (u - one - one + two);
        }
        let u = ((c[IN] * x + c[R] * held_band(*first, *second, g)) * c[CLOSE]).soft();
        let one = pole(first, u, g);
        let two = pole(second, one, g);
        (c[LOW] * two + c[BAND] * (one - two) + c[HIGH] * (u - one - one + two)) * c[OUT]
    }
}
