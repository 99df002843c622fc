//! The ladder model: four saturating one-poles in a row, their states fed back through a tanh.
//!
//! The feedback takes the states of the sample before (it is not closed without delay), weighted with powers of
//! 1.66·g to make up for that. Formulas: `vital-laws.md` §6.

use super::lanes::Lanes;
use super::{FilterControls, Model, Slope, Stereo, cutoff_hz, drive_gain, one_pole_coefficient};
use crate::math;

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
fn saturate(v: Stereo) -> Stereo {
    v.map(|v| {
        let square = v * v;
        v - v * square * 0.9 / (square + 3.0)
    })
}

/// State of the ladder model.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    slope: Slope,
    state: [Stereo; 4],
    saturated: [Stereo; 4],
}

impl Ladder {
    pub(crate) fn new(slope: Slope) -> Self {
        Self {
            slope,
            state: [Lanes::splat(0.0); 4],
            saturated: [Lanes::splat(0.0); 4],
        }
    }
}

impl Model<COEFFICIENTS> for Ladder {
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
    fn tick(&mut self, input: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
        let s = &self.saturated;
        let feedback = ((s[0] * c[AHEAD] + s[1]) * c[AHEAD] + s[2]) * c[AHEAD] + s[3];
        let mut x = (c[IN] * input - c[R] * feedback).tanh();
        let mut out = c[TAP] * x;
        for stage in 0..4 {
            let delta = c[G] * (x - self.saturated[stage]);
            let middle = self.state[stage] + delta;
            x = saturate(middle);
            self.state[stage] = middle + delta;
            self.saturated[stage] = saturate(middle + delta);
            out = out + c[TAP + 1 + stage] * x;
        }
        out
    }

    fn flush(&mut self) {
        self.state = self.state.map(Lanes::flushed);
        self.saturated = self.saturated.map(Lanes::flushed);
    }

    fn reset(&mut self) {
        self.state = [Lanes::splat(0.0); 4];
        self.saturated = [Lanes::splat(0.0); 4];
    }
}
