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

    /// Weights of the input and the four stages, from the numerator in s that the style wants over (1 + s)⁴ (each
    /// stage being 1/(1 + s)): 12 dB and B/P/N a quadratic over the first two stages, 24 dB low − band·s² + high·s⁴,
    /// notch blend (low + high·s²)², notch spread side·(1 + s⁴) + middle·s².
    fn taps(&self, blend: f32) -> [f32; 5] {
        let x = blend - 1.0;
        let weights = self.slope.weights(blend);
        let (low, band, high) = (weights.low, weights.band, weights.high);
        let (one, square, fourth) = match self.slope {
            Slope::Twelve | Slope::BandPeakNotch => {
                return [high, band - 2.0 * high, low - band + high, 0.0, 0.0];
            }
            Slope::TwentyFour => (low, x.abs() - 1.0, high),
            Slope::NotchBlend => (low * low, 2.0 * low * high, high * high),
            Slope::NotchSpread => {
                let side = blend.min(1.0);
                (side, (4.0 + 2.0 * blend).min(10.0 - 4.0 * blend), side)
            }
        };
        // s = (1 + s) − 1: s² and s⁴ by powers of the stages.
        [
            fourth,
            -4.0 * fourth,
            6.0 * fourth + square,
            -4.0 * fourth - 2.0 * square,
            fourth + square + one,
        ]
    }
}

impl Model<STATES, COEFFICIENTS> for Ladder {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note).clamp(5.0, 20_009.8), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let steep = self.slope.is_steep();
        let rho = controls.rho();
        let (bent, gain_bend) = if steep {
            let bent = math::sin_f32(rho * std::f32::consts::FRAC_PI_2);
            (bent, math::sin_f32(rho))
        } else {
            (rho, rho)
        };
        let out_share = if self.slope == Slope::TwentyFour {
            0.25
        } else {
            0.5
        };
        let resonance = 0.001 + 4.099 * bent + 5.0 * controls.drive_db / 36.0 * controls.resonance;
        let x = controls.blend - 1.0;
        let toward_low = 1.0 - x.max(0.0);
        let rise = match self.slope {
            Slope::NotchSpread => 0.0,
            Slope::BandPeakNotch => gain_bend * toward_low * toward_low,
            _ => gain_bend * toward_low,
        };
        let input = drive * (1.0 + rise);
        let out = 1.0 / (1.0 + (drive - 1.0) * out_share).sqrt();
        let taps = self.taps(controls.blend);
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
        let mut x = (c[IN] * input - c[R] * feedback).soft();
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
