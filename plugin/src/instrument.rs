//! What a slot plays with: built off the audio thread, played on it, dropped off it again.
//!
//! Sample presets and track runners will be further variants; the rest of the plugin knows only these methods.

mod offsets;
mod patch;

pub use patch::PatchInstrument;

use songwalker_engine::BLOCK;
use songwalker_engine::patch_player::Event;

use crate::params::SlotValues;
use crate::sound::Clock;

/// Something that sounds in control blocks.
#[derive(Debug)]
pub enum Instrument {
    /// A patch.
    Patch(PatchInstrument),
}

impl Instrument {
    /// Hands over an event that counts from the next control block on.
    pub fn handle(&mut self, event: Event) {
        match self {
            Self::Patch(patch) => patch.handle(event),
        }
    }

    /// Plays one control block, with at most `most_voices` voices.
    pub fn render(
        &mut self,
        values: &SlotValues,
        most_voices: usize,
        clock: &Clock,
        left: &mut [f32; BLOCK],
        right: &mut [f32; BLOCK],
    ) {
        match self {
            Self::Patch(patch) => patch.render(values, most_voices, clock, left, right),
        }
    }

    /// Voices that play, without those that only fade because their place was needed.
    #[must_use]
    pub fn playing(&self) -> usize {
        match self {
            Self::Patch(patch) => patch.playing(),
        }
    }

    /// Voices that sound.
    #[must_use]
    pub fn sounding(&self) -> usize {
        match self {
            Self::Patch(patch) => patch.sounding(),
        }
    }
}
