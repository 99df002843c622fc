//! The diode model: a ladder whose neighbouring stages load each other, with a low cut in front.
//!
//! The first stage moves towards what is left above 20 Hz of tanh(½(in·x − R·s₄)) + s₂, the second to (y₁ + s₃)/2, the
//! third to (y₂ + s₄)/2, the fourth to y₃, with s the states before the step (s₄ within ±1); R = 0.7 + 16.3ρ³, in = D(R/2 + 1). The first
//! stage saturates by the same tanh what it holds and what it gives, the fourth clips both at ±1. The low cut is a
//! second-order high-pass of Q 1 whose coefficient is the ladder's times ½, mixed in by (blend/2)² (style 0), or times
//! 2^(4·blend − 9), whole (style 1). Measured sample by sample without oversampling, over cutoffs, resonances, drives,
//! blends and both styles: equal to 10⁻⁵ of the peak.

use super::analog::held_band;
use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::Lanes;
use super::{cutoff_hz, drive_gain, one_pole_coefficient, pole};
use crate::math;

/// Number of states: the low cut, the stages, what blocks the lowest, the first stage saturated.
pub(crate) const STATES: usize = 8;
/// Number of ramped coefficients; the last is idle (see [`Model`]).
pub(crate) const COEFFICIENTS: usize = 9;

/// g, feedback, in-gain, low cut's coefficient, share of the low cut, out-gain, coefficient of what blocks the lowest,
/// 1/(1 − (c − c²)) of the low cut.
const G: usize = 0;
const R: usize = 1;
const IN: usize = 2;
const CUT: usize = 3;
const CUT_SHARE: usize = 4;
const OUT: usize = 5;
const BLOCK: usize = 6;
const CUT_CLOSE: usize = 7;

/// Below this nothing goes round.
const BLOCKED_HZ: f32 = 20.01;

/// Held within ±1.
#[inline(always)]
fn clipped<const N: usize>(v: Lanes<N>) -> Lanes<N> {
    v.map(|v| v.clamp(-1.0, 1.0))
}

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
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let rho = controls.rho();
        let resonance = 0.7 + 16.3 * rho * rho * rho;
        let (ratio, share) = if self.full_cut {
            (math::exp2_f32(4.0 * controls.blend - 9.0), 1.0)
        } else {
            (0.5, controls.blend * controls.blend * 0.25)
        };
        let cut = g * ratio;
        [
            g,
            resonance,
            drive * (resonance * 0.5 + 1.0),
            cut,
            share,
            1.0 / drive.sqrt(),
            one_pole_coefficient(BLOCKED_HZ, sample_rate),
            1.0 / (1.0 - (cut - cut * cut)),
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
        let [cut_first, cut_second, first, second, third, fourth, block, bent] = state;
        let u = (input + held_band(*cut_first, *cut_second, c[CUT])) * c[CUT_CLOSE];
        let low = pole(cut_first, u, c[CUT]);
        let cut = u - low - low + pole(cut_second, low, c[CUT]);
        let x = input + (cut - input) * c[CUT_SHARE];
        let [b, d, e] = [*second, *third, clipped(*fourth)];
        let driven = ((c[IN] * x - c[R] * e) * 0.5).soft() + b;
        let driven = driven - pole(block, driven, c[BLOCK]);
        let delta = c[G] * (driven - *bent);
        let one = *first + delta;
        *first = one + delta;
        *bent = first.soft();
        let two = pole(second, (one.soft() + d) * 0.5, c[G]);
        let three = pole(third, (two + e) * 0.5, c[G]);
        let delta = c[G] * (three - e);
        let four = *fourth + delta;
        *fourth = four + delta;
        clipped(four) * c[OUT]
    }
}
