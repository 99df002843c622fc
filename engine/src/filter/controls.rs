//! The controls of a filter, in Vital's raw scales, and how a block goes from the old ones to the new ones.

use crate::BLOCK;

/// A control change smaller than this (in any control's own unit) leaves the coefficients as they are.
const STILL: f32 = 1e-6;

/// The notes that a cutoff is kept between: far under hearing, over twice 44.1 kHz (each model has its own limit).
const LOWEST_NOTE: f32 = -40.0;
const HIGHEST_NOTE: f32 = 165.0;

/// Number of controls.
const COUNT: usize = 11;

/// What a filter does with one value of its controls, in Vital's raw scales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilterControls {
    /// Cutoff as a MIDI note number, key tracking already added.
    pub cutoff_note: f32,
    /// Resonance 0..1; routes may push it further, where only what the drive adds to it follows (see
    /// [`FilterControls::rho`]).
    pub resonance: f32,
    /// Drive in decibels, 0..20; routes may push it to 36.
    pub drive_db: f32,
    /// 0 low-pass, 1 band-pass, 2 high-pass.
    pub blend: f32,
    /// Share of the filtered sound, 0..1.
    pub mix: f32,
    /// Comb and phaser: distance of the colour's corner from the cutoff in semitones, 0..84.
    pub blend_transpose: f32,
    /// Formant: the vowel, left to right, 0..1.
    pub formant_x: f32,
    /// Formant: the vowel, bottom to top, 0..1.
    pub formant_y: f32,
    /// Formant: semitones by which all formants move, −12..12.
    pub formant_transpose: f32,
    /// Formant: sharpness, 0.3..1.
    pub formant_resonance: f32,
    /// Formant: how far the formants stand apart, −1..1.
    pub formant_spread: f32,
}

impl Default for FilterControls {
    fn default() -> Self {
        Self::UNREAD
    }
}

impl FilterControls {
    /// What stands where no controls were read yet: those of a new patch.
    pub(crate) const UNREAD: Self = Self {
        cutoff_note: 60.0,
        resonance: 0.5,
        drive_db: 0.0,
        blend: 0.0,
        mix: 1.0,
        blend_transpose: 42.0,
        formant_x: 0.5,
        formant_y: 0.5,
        formant_transpose: 0.0,
        formant_resonance: 0.85,
        formant_spread: 0.0,
    };

    fn to_array(self) -> [f32; COUNT] {
        [
            self.cutoff_note,
            self.resonance,
            self.drive_db,
            self.blend,
            self.mix,
            self.blend_transpose,
            self.formant_x,
            self.formant_y,
            self.formant_transpose,
            self.formant_resonance,
            self.formant_spread,
        ]
    }

    fn from_array(values: [f32; COUNT]) -> Self {
        let [
            cutoff_note,
            resonance,
            drive_db,
            blend,
            mix,
            blend_transpose,
            formant_x,
            formant_y,
            formant_transpose,
            formant_resonance,
            formant_spread,
        ] = values;
        Self {
            cutoff_note,
            resonance,
            drive_db,
            blend,
            mix,
            blend_transpose,
            formant_x,
            formant_y,
            formant_transpose,
            formant_resonance,
            formant_spread,
        }
    }

    /// `t` of the way to `to`.
    pub(crate) fn lerp(&self, to: &Self, t: f32) -> Self {
        let (from, to) = (self.to_array(), to.to_array());
        Self::from_array(std::array::from_fn(|i| from[i] + (to[i] - from[i]) * t))
    }

    /// The same after `t` of a block, the cutoff as far from the straight line as `detour` says for that frame.
    pub(crate) fn beside(&self, detour: &[f32; BLOCK], t: f32) -> Self {
        let frame = ((t * BLOCK as f32) as usize).clamp(1, BLOCK) - 1;
        Self {
            cutoff_note: (self.cutoff_note + detour[frame]).clamp(LOWEST_NOTE, HIGHEST_NOTE),
            ..*self
        }
    }

    /// Whether nothing moves on the way to `to`.
    pub(crate) fn is_still(&self, to: &Self) -> bool {
        let (from, to) = (self.to_array(), to.to_array());
        from.iter().zip(&to).all(|(from, to)| (from - to).abs() < STILL)
    }

    /// The resonance inside 0..1.
    pub(crate) fn rho(&self) -> f32 {
        self.resonance.clamp(0.0, 1.0)
    }

    /// Every value inside what the models are stable for: routes may push raw values anywhere. Drive, blend and mix stop
    /// where Vital's do; resonance and the formants' controls go on past their knobs, as measured there.
    pub(crate) fn clamped(&self) -> Self {
        Self {
            cutoff_note: self.cutoff_note.clamp(LOWEST_NOTE, HIGHEST_NOTE),
            resonance: self.resonance.clamp(-2.0, 3.0),
            drive_db: self.drive_db.clamp(0.0, 36.0),
            blend: self.blend.clamp(0.0, 2.0),
            mix: self.mix.clamp(0.0, 1.0),
            blend_transpose: self.blend_transpose.clamp(-84.0, 168.0),
            formant_x: self.formant_x.clamp(-2.0, 3.0),
            formant_y: self.formant_y.clamp(-2.0, 3.0),
            formant_transpose: self.formant_transpose.clamp(-60.0, 60.0),
            formant_resonance: self.formant_resonance.clamp(0.0, 4.0),
            formant_spread: self.formant_spread.clamp(-3.0, 3.0),
        }
    }
}
