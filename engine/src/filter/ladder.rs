//! The ladder model: four saturating one-poles in a row, their states fed back through a tanh.
//!
//! The feedback takes the states of the sample before (it is not closed without delay), weighted with powers of
//! 1.66·g to make up for that. Formulas: `vital-laws.md` §6.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::Lanes;
use super::slope::Slope;
use super::{cutoff_hz, drive_gain, one_pole_coefficient};
use crate::math;

/// Number of states: the stages, then the same saturated.
pub(crate) const STATES: usize = 8;
/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 9;

/// g, the feedback's look-ahead 1.66·g, R, in-gain, then the weights of the input and the four stages.
const G: usize = 0;
const AHEAD: usize = 1;
const R: usize = 2;
const IN: usize = 3;
const TAP: usize = 4;

/// v(1 − 0.9·v²/(v² + 3)): how a stage's state saturates.
#[inline(always)]
fn saturate<const N: usize>(v: Lanes<N>) -> Lanes<N> {
    v.map(|v| {
        let square = v * v;
        v - v * square * 0.9 / (square + 3.0)
    })
}

/// The ladder model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ladder {
    slope: Slope,
}

impl Ladder {
    pub(crate) fn new(slope: Slope) -> Self {
        Self { slope }
    }
}

impl Model<STATES, COEFFICIENTS> for Ladder {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note).clamp(5.0, 20_000.0), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let steep = self.slope == Slope::TwentyFour;
        let bent = if steep {
            math::sin_f32(controls.resonance * std::f32::consts::FRAC_PI_2)
        } else {
            controls.resonance
        };
        let resonance = 0.001 + 4.099 * bent + 5.0 * controls.drive_db / 36.0 * controls.resonance;
        let x = controls.blend - 1.0;
        let toward_high = x.max(0.0);
        let (gain_bend, out_share) = if steep {
            (math::sin_f32(controls.resonance), 0.25)
        } else {
            (bent, 0.5)
        };
        let input = drive * (1.0 + gain_bend * (1.0 - toward_high));
        let out = 1.0 / (1.0 + (drive - 1.0) * out_share).sqrt();
        let taps = if steep {
            let (low, band, high) = ((-x).max(0.0), 1.0 - x.abs(), x.max(0.0));
            [
                high,
                -4.0 * high,
                6.0 * high - band,
                -4.0 * high + 2.0 * band,
                high - band + low,
            ]
        } else {
            let weights = self.slope.weights(controls.blend);
            let (low, band, high) = (weights.low, weights.band, weights.high);
            [high, band - 2.0 * high, low - band + high, 0.0, 0.0]
        };
        [
            g,
            1.66 * g,
            resonance,
            input,
            taps[0] * out,
            taps[1] * out,
            taps[2] * out,
            taps[3] * out,
            taps[4] * out,
        ]
    }

    #[inline(always)]
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; STATES],
        input: Lanes<N>,
        c: &[Lanes<N>; COEFFICIENTS],
    ) -> Lanes<N> {
        let (held, saturated) = state.split_at_mut(4);
        let feedback =
            ((saturated[0] * c[AHEAD] + saturated[1]) * c[AHEAD] + saturated[2]) * c[AHEAD] + saturated[3];
        let mut x = (c[IN] * input - c[R] * feedback).tanh();
        let mut out = c[TAP] * x;
        for stage in 0..4 {
            let delta = c[G] * (x - saturated[stage]);
            let middle = held[stage] + delta;
            x = saturate(middle);
            held[stage] = middle + delta;
            saturated[stage] = saturate(middle + delta);
            out = out + c[TAP + 1 + stage] * x;
        }
        out
    }
}
