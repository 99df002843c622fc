//! The phaser model: four, eight or twelve equal all-passes whose output is mixed half and half with the input.
//!
//! y = ½(x ± A·limit(x·D·(1 + ρ/2) + ρ·band(±A's last output))), A = ∏(1 − s)/(1 + s) with s relative to the cutoff, tapped
//! after 4, 8 and 12 stages by blend; the feedback's band is 1/20 to 20 times the cutoff. Style 1 subtracts. Measured
//! sample by sample, quiet and loud, at cutoffs up to the rate: equal to 10⁻⁴ of the peak.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::{Lanes, soft_limit};
use super::{cutoff_hz, drive_gain, one_pole_coefficient, pole};

/// All-passes between two taps.
const GROUP: usize = 4;
/// Number of states: the all-passes, the feedback's low-pass and high-pass, the last output of the chain.
pub(crate) const STATES: usize = 15;
/// Number of ramped coefficients; the last is idle (see [`Model`]).
pub(crate) const COEFFICIENTS: usize = 9;

/// The all-passes' a = 2G − 1; G of the feedback's low-pass and high-pass; the feedback; gain of the input; weights of
/// the three taps.
const A: usize = 0;
const UPPER: usize = 1;
const LOWER: usize = 2;
const FEEDBACK: usize = 3;
const IN: usize = 4;
const TAP: usize = 5;

/// The phaser model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phaser {
    sign: f32,
}

impl Phaser {
    /// `inverted`: style 1, the all-passes are subtracted.
    pub(crate) fn new(inverted: bool) -> Self {
        Self {
            sign: if inverted { -1.0 } else { 1.0 },
        }
    }
}

impl Model<STATES, COEFFICIENTS> for Phaser {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note), sample_rate);
        let rho = controls.rho();
        let few = (1.0 - controls.blend).max(0.0);
        let many = (controls.blend - 1.0).max(0.0);
        [
            2.0 * g - 1.0,
            (20.0 * g).min(0.9),
            g / 20.0,
            rho,
            drive_gain(controls.drive_db) * (1.0 + 0.5 * rho),
            self.sign * few,
            self.sign * (1.0 - few - many),
            self.sign * many,
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
        let [stages @ .., upper, lower, last] = state;
        let below = pole(upper, *last, c[UPPER]);
        let band = below - pole(lower, below, c[LOWER]);
        let mut signal = (c[IN] * input + c[FEEDBACK] * band).map(soft_limit);
        let rest = Lanes::splat(1.0) - c[A];
        let mut shifted = Lanes::splat(0.0);
        for (tap, group) in stages.chunks_exact_mut(GROUP).enumerate() {
            for stage in group {
                let out = c[A] * signal + rest * *stage;
                *stage = signal + c[A] * (signal - *stage);
                signal = out;
            }
            shifted = shifted + c[TAP + tap] * signal;
        }
        *last = shifted;
        (input + shifted) * 0.5
    }
}
