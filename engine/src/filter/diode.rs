//! The diode model: a ladder whose neighbouring stages load each other, with a low cut in front.
//!
//! Each stage moves towards the mean of its neighbours. Formulas: `vital-laws.md` §6; against Vital the stop band is
//! exact, the band around the cutoff within 3.5 dB.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::Lanes;
use super::{cutoff_hz, drive_gain, one_pole_coefficient, pole};
use crate::math;

/// Number of states: the low cut, then the stages.
pub(crate) const STATES: usize = 6;
/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 6;

/// g, feedback, in-gain, low cut's coefficient, share of the low cut, out-gain.
const G: usize = 0;
const R: usize = 1;
const IN: usize = 2;
const CUT: usize = 3;
const CUT_SHARE: usize = 4;
const OUT: usize = 5;

/// The diode model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Diode {
    full_cut: bool,
}

impl Diode {
    /// `full_cut`: style 1, the low cut is always whole and moves with the blend.
    pub(crate) fn new(full_cut: bool) -> Self {
        Self { full_cut }
    }
}

impl Model<STATES, COEFFICIENTS> for Diode {
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
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; STATES],
        input: Lanes<N>,
        c: &[Lanes<N>; COEFFICIENTS],
    ) -> Lanes<N> {
        let [cut_first, cut_second, first, second, third, fourth] = state;
        let mut cut = input - pole(cut_first, input, c[CUT]);
        cut = cut - pole(cut_second, cut, c[CUT]);
        let x = input + (cut - input) * c[CUT_SHARE];
        let drive = c[IN] * x - c[R] * fourth.map(|v| v.clamp(-1.0, 1.0));
        let [b, d, e] = [*second, *third, *fourth];
        let one = pole(first, ((drive + b) * 0.5).soft(), c[G]);
        let two = pole(second, (one + d) * 0.5, c[G]);
        let three = pole(third, (two + e) * 0.5, c[G]);
        pole(fourth, three, c[G]).map(|v| v.clamp(-1.0, 1.0)) * c[OUT]
    }
}
