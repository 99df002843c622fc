//! The diode model: a ladder whose neighbouring stages load each other, with a low cut in front.
//!
//! Formulas: `vital-laws.md` §6.

use super::lanes::Lanes;
use super::{FilterControls, Model, Stereo, cutoff_hz, drive_gain, one_pole_coefficient};
use crate::math;

/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 7;

/// g, R, in-gain, low cut's coefficient, share of the low cut, loop high-pass coefficient, out-gain.
const G: usize = 0;
const R: usize = 1;
const IN: usize = 2;
const CUT: usize = 3;
const CUT_SHARE: usize = 4;
const LOOP_CUT: usize = 5;
const OUT: usize = 6;

/// State of the diode model.
#[derive(Debug, Clone)]
pub(crate) struct Diode {
    full_cut: bool,
    cut: [Stereo; 2],
    loop_cut: Stereo,
    state: [Stereo; 4],
}

impl Diode {
    /// `full_cut`: style 1, the low cut is always whole and moves with the blend.
    pub(crate) fn new(full_cut: bool) -> Self {
        let zero = Lanes::splat(0.0);
        Self {
            full_cut,
            cut: [zero; 2],
            loop_cut: zero,
            state: [zero; 4],
        }
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
            resonance,
            drive * (resonance * 0.5 + 1.0),
            one_pole_coefficient((hz * ratio).min(20_000.0), sample_rate),
            share,
            one_pole_coefficient(20.0, sample_rate),
            2.0 / drive.sqrt(),
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
        let delta = c[LOOP_CUT] * (self.state[3] - self.loop_cut);
        let low = self.loop_cut + delta;
        self.loop_cut = low + delta;
        let feedback = self.state[3] - low;
        let u = ((c[IN] * x - c[R] * feedback) * 0.5).tanh();
        let [a, b, d, e] = self.state;
        let half = 0.5;
        self.state[0] = (a + c[G] * (u + (b - u) * half - a) * 2.0).tanh();
        self.state[1] = b + c[G] * ((self.state[0] + d) * half - b) * 2.0;
        self.state[2] = d + c[G] * ((self.state[1] + e) * half - d) * 2.0;
        self.state[3] = (e + c[G] * (self.state[2] - e) * 2.0).map(|v| v.clamp(-1.0, 1.0));
        self.state[3] * c[OUT]
    }

    fn flush(&mut self) {
        self.cut = self.cut.map(Lanes::flushed);
        self.state = self.state.map(Lanes::flushed);
        self.loop_cut = self.loop_cut.flushed();
    }

    fn reset(&mut self) {
        *self = Self::new(self.full_cut);
    }
}
