//! The diode model: a ladder whose neighbouring stages load each other, with a low cut in front.
//!
//! Each stage moves towards the mean of its neighbours. Formulas: `vital-laws.md` §6; against Vital the stop band is
//! exact, the band around the cutoff within 3.5 dB.

use super::lanes::Lanes;
use super::{FilterControls, Model, Stereo, cutoff_hz, drive_gain, one_pole_coefficient};
use crate::math;

/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 6;

/// g, feedback, in-gain, low cut's coefficient, share of the low cut, out-gain.
const G: usize = 0;
const R: usize = 1;
const IN: usize = 2;
const CUT: usize = 3;
const CUT_SHARE: usize = 4;
const OUT: usize = 5;

/// State of the diode model.
#[derive(Debug, Clone)]
pub(crate) struct Diode {
    full_cut: bool,
    cut: [Stereo; 2],
    state: [Stereo; 4],
}

impl Diode {
    /// `full_cut`: style 1, the low cut is always whole and moves with the blend.
    pub(crate) fn new(full_cut: bool) -> Self {
        let zero = Lanes::splat(0.0);
        Self {
            full_cut,
            cut: [zero; 2],
            state: [zero; 4],
        }
    }
}

impl Diode {
    /// One trapezoidal pole that moves towards `goal`.
    #[inline(always)]
    fn stage(&mut self, index: usize, goal: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
        let delta = c[G] * (goal - self.state[index]);
        let middle = self.state[index] + delta;
        self.state[index] = middle + delta;
        middle
    }
}

impl Model<COEFFICIENTS> for Diode {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let hz = cutoff_hz(controls.cutoff_note).min(20_000.0);
        let g = one_pole_coefficient(hz, sample_rate);
        let drive = drive_gain(controls.drive_db);
        let resonance = 0.7 + 16.3 * controls.resonance * controls.resonance * controls.resonance;
        let (ratio, share) = if self.full_cut {
            (math::exp2_f32(4.0 * controls.blend - 9.0), 1.0)
        } else {
            (0.5, controls.blend * controls.blend * 0.25)
        };
        [
            g,
            resonance - 0.7,
            drive * (resonance * 0.5 + 1.0),
            one_pole_coefficient((hz * ratio).min(20_000.0), sample_rate),
            share,
            1.0 / drive.sqrt(),
        ]
    }

    #[inline(always)]
    fn tick(&mut self, input: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
        let mut cut = input;
        for state in &mut self.cut {
            let delta = c[CUT] * (cut - *state);
            let low = *state + delta;
            *state = low + delta;
            cut = cut - low;
        }
        let x = input + (cut - input) * c[CUT_SHARE];
        let last = self.state[3].map(|v| v.clamp(-1.0, 1.0));
        let drive = c[IN] * x - c[R] * last;
        let [_, b, d, e] = self.state;
        let first = self.stage(0, ((drive + b) * 0.5).tanh(), c);
        let second = self.stage(1, (first + d) * 0.5, c);
        let third = self.stage(2, (second + e) * 0.5, c);
        self.stage(3, third, c).map(|v| v.clamp(-1.0, 1.0)) * c[OUT]
    }

    fn flush(&mut self) {
        self.cut = self.cut.map(Lanes::flushed);
        self.state = self.state.map(Lanes::flushed);
    }

    fn reset(&mut self) {
        *self = Self::new(self.full_cut);
    }
}
