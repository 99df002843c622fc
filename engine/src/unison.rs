//! Where the voices of a unison stand in pitch and level (vital-laws §2).
//!
//! Voices come in pairs, one left and one right, detuned against each other; with an odd number pair 0 is one voice in
//! the centre.

use songwalker_schemas::patch::osc::Stack;

use crate::math;

/// The greatest number of unison voices.
pub const MAX_VOICES: usize = 16;
/// The greatest number of pairs.
pub const MAX_PAIRS: usize = MAX_VOICES / 2;

/// An equal-tempered fifth as a frequency ratio.
const FIFTH: f64 = 1.498_307_076_876_681_5;
const MAJOR_THIRD: f64 = 1.259_921_049_894_873_2;
const MINOR_THIRD: f64 = 1.189_207_115_002_721;

/// What decides a layout, in raw units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnisonControls {
    /// Number of voices, rounded and kept in 1..=16.
    pub voices: f32,
    /// Square root of the detuning in per cent of `range_st`.
    pub detune: f32,
    /// Semitones that full detuning means.
    pub range_st: f32,
    /// How the inner pairs share the detuning, −5..5 (power of Vital's curve).
    pub power: f32,
    /// Level of the outer voices, 0..1.
    pub blend: f32,
}

/// Frequency ratios and gains of all voices.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Number of pairs in use, 1..=8.
    pub pairs: usize,
    /// Whether pair 0 is a single voice in the centre.
    pub centred: bool,
    /// Frequency over that of the note: per pair left, right.
    pub ratio: [[f64; 2]; MAX_PAIRS],
    /// Gain of each pair.
    pub gain: [f32; MAX_PAIRS],
}

impl Layout {
    /// The layout of some voices in a stack.
    #[must_use]
    pub fn new(controls: &UnisonControls, stack: Stack) -> Self {
        let voices = ((controls.voices + 0.5) as usize).clamp(1, MAX_VOICES);
        let pairs = voices.div_ceil(2);
        let centred = voices % 2 == 1;
        let bump = usize::from(!centred);
        let widest =
            100.0 * f64::from(controls.range_st) * f64::from(controls.detune) * f64::from(controls.detune)
                / 100.0;
        let mut ratio = [[1.0; 2]; MAX_PAIRS];
        for (i, ratio) in ratio.iter_mut().enumerate().take(pairs) {
            let place = (2 * i + bump) as f64 / (voices - 1).max(1) as f64;
            let cents = widest * math::curve(place, f64::from(controls.power));
            let (sharp, flat) = (math::exp2(cents / 1200.0), math::exp2(-cents / 1200.0));
            let interval = interval(stack, i);
            *ratio = if i % 2 == 0 {
                [interval * flat, interval * sharp]
            } else {
                [interval * sharp, interval * flat]
            };
        }
        Self {
            pairs,
            centred,
            ratio,
            gain: gains(voices, pairs, f64::from(controls.blend.clamp(0.0, 1.0))),
        }
    }

    /// Where pair `i` stands between the first and the last, 0..1.
    #[must_use]
    pub fn place(&self, i: usize) -> f32 {
        if self.pairs > 1 {
            i as f32 / (self.pairs - 1) as f32
        } else {
            0.0
        }
    }

    /// The highest frequency ratio of a pair.
    #[must_use]
    pub fn highest(&self, pair: usize) -> f64 {
        self.ratio[pair][0].max(self.ratio[pair][1])
    }
}

/// Centre 1−0.6b and sides 0.6·(1−(1−b)²), brought to a sum of squares of 1; 1 for one or two voices.
fn gains(voices: usize, pairs: usize, blend: f64) -> [f32; MAX_PAIRS] {
    if voices <= 2 {
        return [1.0; MAX_PAIRS];
    }
    let centre = 1.0 - 0.6 * blend;
    let side = 0.6 * (1.0 - (1.0 - blend) * (1.0 - blend));
    let norm = 1.0 / math::sqrt(centre * centre + side * side * (pairs - 1) as f64);
    let mut gain = [(side * norm) as f32; MAX_PAIRS];
    gain[0] = (centre * norm) as f32;
    gain
}

/// Interval of pair `i` in a stack, as a frequency ratio.
fn interval(stack: Stack, i: usize) -> f64 {
    let cycle: &[f64] = match stack {
        Stack::Unison => &[1.0],
        Stack::CenterDrop12 => return if i == 0 { 0.5 } else { 1.0 },
        Stack::CenterDrop24 => return if i == 0 { 0.25 } else { 1.0 },
        Stack::Octave => &[1.0, 2.0],
        Stack::Octave2 => &[1.0, 2.0, 3.0],
        Stack::PowerChord => &[1.0, FIFTH, 2.0],
        Stack::PowerChord2 => &[1.0, FIFTH, 2.0, 2.0 * FIFTH, 4.0],
        Stack::MajorChord => &[1.0, MAJOR_THIRD, FIFTH, 2.0],
        Stack::MinorChord => &[1.0, MINOR_THIRD, FIFTH, 2.0],
        Stack::Harmonics => return (i + 1) as f64,
        Stack::OddHarmonics => return (2 * i + 1) as f64,
    };
    cycle[i % cycle.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(voices: f32) -> UnisonControls {
        UnisonControls {
            voices,
            detune: 4.472_136,
            range_st: 2.0,
            power: 1.5,
            blend: 0.8,
        }
    }

    #[test]
    fn one_voice_stands_at_its_pitch_with_gain_one() {
        let layout = Layout::new(&controls(1.0), Stack::Unison);
        assert_eq!((layout.pairs, layout.centred), (1, true));
        assert_eq!(layout.ratio[0], [1.0, 1.0]);
        assert_eq!(layout.gain[0], 1.0);
    }

    #[test]
    fn the_outermost_of_seven_voices_is_forty_cents_off_at_the_default() {
        let layout = Layout::new(&controls(7.0), Stack::Unison);
        assert_eq!((layout.pairs, layout.centred), (4, true));
        let cents = 1200.0 * math::log2(layout.ratio[3][0]);
        assert!((cents - 40.0).abs() < 1e-4, "{cents}");
        assert!((layout.ratio[3][0] * layout.ratio[3][1] - 1.0).abs() < 1e-12);
        assert!(
            layout.ratio[2][1] > 1.0 && layout.ratio[1][0] > 1.0,
            "sides alternate"
        );
    }

    #[test]
    fn two_voices_are_wholly_detuned_with_the_right_one_sharp() {
        let layout = Layout::new(&controls(2.0), Stack::Unison);
        assert!(layout.ratio[0][1] > 1.023 && layout.ratio[0][0] < 1.0);
        assert_eq!(layout.gain[0], 1.0);
    }

    #[test]
    fn gains_of_many_voices_have_a_sum_of_squares_of_one() {
        for voices in 3..=16 {
            let layout = Layout::new(&controls(voices as f32), Stack::Unison);
            let sum: f32 = layout.gain[..layout.pairs].iter().map(|g| g * g).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{voices}: {sum}");
        }
    }

    #[test]
    fn stacks_give_their_intervals() {
        let flat = UnisonControls {
            detune: 0.0,
            ..controls(16.0)
        };
        let ratios = |stack| Layout::new(&flat, stack).ratio.map(|r| r[0]);
        assert_eq!(ratios(Stack::Octave)[..4], [1.0, 2.0, 1.0, 2.0]);
        assert_eq!(ratios(Stack::CenterDrop24)[..3], [0.25, 1.0, 1.0]);
        assert_eq!(
            ratios(Stack::OddHarmonics),
            [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0]
        );
    }
}
