//! The formant model: four band-passes side by side whose places, levels and sharpness are those of vowels.
//!
//! Style 0 has A, I, U, O in the corners of (x, y), style 1 A, O, I, E; between them notes, decibels and sharpness go
//! straight (and on past them, where routes push x and y), levels being held within ±15 dB. A formant at note n moves to
//! n + spread·(80 − n) + transpose; with r = resonance · sharpness, held within 0..1, it is a state-variable band-pass of
//! Q = 4 + 26·r³ and input gain 1/(2r³ + 1); the soft limiter acts before the level. Cutoff, key tracking, resonance,
//! blend and drive do nothing. Measured sample by sample, quiet and loud: equal to 10⁻⁵ of the peak.

use super::bank::Model;
use super::controls::FilterControls;
use super::lanes::{Lanes, soft_limit};
use super::state_variable_coefficient;
use crate::math;

/// Formants of a vowel.
const FORMANTS: usize = 4;
/// Number of states: two for each formant.
pub(crate) const STATES: usize = 2 * FORMANTS;
/// Coefficients of a formant: g, 1/Q, gain of what the limiter leaves. The gain into it, 1/(2r³ + 1), is 13d/(1 + 9d) with
/// d = 1/Q: it needs no place of its own.
const EACH: usize = 3;
/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = EACH * FORMANTS;

/// Where all formants meet at full spread, as a MIDI note.
const CENTRE: f32 = 80.0;

/// A formant: hertz, decibels, sharpness.
type Formant = (f32, f32, f32);

const A: [Formant; FORMANTS] = [
    (650.0, -2.0, 0.66),
    (1080.0, -8.0, 0.75),
    (2650.0, -9.0, 1.0),
    (2900.0, -10.0, 1.0),
];
const E: [Formant; FORMANTS] = [
    (400.0, 0.0, 0.66),
    (1700.0, -14.0, 0.75),
    (2600.0, -4.0, 1.0),
    (3200.0, -14.0, 1.0),
];
const I: [Formant; FORMANTS] = [
    (290.0, 0.0, 0.8),
    (1870.0, -15.0, 0.75),
    (2800.0, -17.0, 1.0),
    (3250.0, -20.0, 1.0),
];
const O: [Formant; FORMANTS] = [
    (400.0, -2.0, 0.7),
    (800.0, -6.0, 0.75),
    (2600.0, -14.0, 1.0),
    (2800.0, -14.0, 1.0),
];
const U: [Formant; FORMANTS] = [
    (350.0, 0.0, 0.7),
    (600.0, -20.0, 0.75),
    (2700.0, -17.0, 1.0),
    (2900.0, -14.0, 1.0),
];

/// The formant model in one style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vowels {
    /// The corners (0, 0), (1, 0), (0, 1), (1, 1): note, decibels, sharpness of each formant.
    corners: [[[f32; 3]; FORMANTS]; 4],
}

impl Vowels {
    /// `second`: style 1.
    pub(crate) fn new(second: bool) -> Self {
        let vowels = if second { [A, O, I, E] } else { [A, I, U, O] };
        Self {
            corners: vowels.map(|vowel| {
                vowel.map(|(hz, db, sharpness)| [math::hz_to_note(f64::from(hz)) as f32, db, sharpness])
            }),
        }
    }
}

impl Model<STATES, COEFFICIENTS> for Vowels {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let (x, y) = (controls.formant_x, controls.formant_y);
        let shares = [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y];
        let mut out = [0.0; COEFFICIENTS];
        for (formant, out) in out.chunks_exact_mut(EACH).enumerate() {
            let mixed = |what: usize| {
                let corners = self.corners.iter().zip(shares);
                corners
                    .map(|(corner, share)| corner[formant][what] * share)
                    .sum::<f32>()
            };
            let (note, db, sharpness) = (mixed(0), mixed(1), mixed(2));
            let note = note + controls.formant_spread * (CENTRE - note) + controls.formant_transpose;
            let g = state_variable_coefficient(note, sample_rate);
            let r = (controls.formant_resonance * sharpness).clamp(0.0, 1.0);
            let cubed = r * r * r;
            let damp = 1.0 / (4.0 + 26.0 * cubed);
            out.copy_from_slice(&[g, damp, math::db_to_gain(f64::from(db.clamp(-15.0, 15.0))) as f32]);
        }
        out
    }

    #[inline(always)]
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; STATES],
        input: Lanes<N>,
        c: &[Lanes<N>; COEFFICIENTS],
    ) -> Lanes<N> {
        let mut out = Lanes::splat(0.0);
        for formant in 0..FORMANTS {
            let [g, damp, gain] = [0, 1, 2].map(|which| c[EACH * formant + which]);
            let first = state[2 * formant];
            let second = state[2 * formant + 1];
            let one = Lanes::splat(1.0);
            let calm = one + damp * 9.0;
            let close = ((one + g * (g + damp)) * calm).map(f32::recip);
            let high = (damp * 13.0 * input - ((g + damp) * first + second) * calm) * close;
            let delta = g * high;
            let band = first + delta;
            state[2 * formant] = band + delta;
            let delta = g * band;
            state[2 * formant + 1] = second + delta + delta;
            out = out + gain * band.map(soft_limit);
        }
        out
    }
}
