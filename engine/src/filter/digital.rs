//! The digital model: a zero-delay state-variable filter with bounded resonance and a soft limiter.
//!
//! Q = 0.5 + 15.5·ρ³; 24 dB puts the same filter with Q 1 in front. Formulas: `vital-laws.md` §6; equal to 10⁻⁵ of the
//! peak sample by sample, quiet and loud.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::{Lanes, soft_limit};
use super::slope::Slope;
use super::{drive_gain, state_variable_coefficient};

/// Number of states: the stage in front, then the main one.
pub(crate) const STATES: usize = 4;
/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 7;

/// g, 1/Q, in-gain, out-gain, low, band, high. What closes the loop, 1/(1 + g(g + 1/Q)), is not among them: it must
/// belong to the g of the very sample, or a cutoff that jumps makes the stage grow without bounds.
const G: usize = 0;
const DAMP: usize = 1;
const IN: usize = 2;
const OUT: usize = 3;
const LOW: usize = 4;
const BAND: usize = 5;
const HIGH: usize = 6;

/// The soft limiter of every lane.
#[inline(always)]
fn limit<const N: usize>(v: Lanes<N>) -> Lanes<N> {
    v.map(soft_limit)
}

/// One trapezoidal state-variable stage: (low, band, high) for one input; band is not scaled by 1/Q.
#[inline(always)]
fn svf<const N: usize>(
    first: &mut Lanes<N>,
    second: &mut Lanes<N>,
    input: Lanes<N>,
    g: Lanes<N>,
    damp: Lanes<N>,
) -> (Lanes<N>, Lanes<N>, Lanes<N>) {
    let close = (Lanes::splat(1.0) + g * (g + damp)).map(f32::recip);
    let high = (input - (g + damp) * *first - *second) * close;
    let delta = g * high;
    let band = *first + delta;
    *first = band + delta;
    let delta = g * band;
    let low = *second + delta;
    *second = low + delta;
    (low, band, high)
}

/// The digital model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digital {
    slope: Slope,
}

impl Digital {
    pub(crate) fn new(slope: Slope) -> Self {
        Self { slope }
    }
}

impl Model<STATES, COEFFICIENTS> for Digital {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = state_variable_coefficient(controls.cutoff_note, sample_rate);
        let drive = drive_gain(controls.drive_db);
        let rho = controls.rho();
        let cubed = rho * rho * rho;
        let damp = 1.0 / (0.5 + 15.5 * cubed);
        let weights = self.slope.weights(controls.blend);
        [
            g,
            damp,
            drive * self.slope.calmed(1.0 / (2.0 * cubed + 1.0), controls.blend),
            1.0 / drive.sqrt(),
            weights.low,
            weights.band,
            weights.high,
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
        let one = Lanes::splat(1.0);
        let mut x = c[IN] * input;
        if self.slope.is_steep() {
            let (low, band, high) = svf(pre_first, pre_second, x, c[G], one);
            // Vital takes the high-pass of the stage in front with the damping of the main one.
            let high = high + (one - c[DAMP]) * band;
            x = if self.slope.is_crossed() {
                limit(c[HIGH] * low + c[BAND] * band + c[LOW] * high)
            } else {
                limit(c[LOW] * low + c[BAND] * band + c[HIGH] * high)
            };
        }
        let (low, band, high) = svf(first, second, x, c[G], c[DAMP]);
        limit(c[LOW] * low + c[BAND] * band + c[HIGH] * high) * c[OUT]
    }
}
