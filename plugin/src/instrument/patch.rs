//! A patch under the parameters of its slot: the engine's player, with macros, offsets, bend range, voices, tempo and
//! song position brought to it at each control block.

use songwalker_engine::BLOCK;
use songwalker_engine::assets::Assets;
use songwalker_engine::patch_player::{Event, PatchPlayer, PlayerError};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::params::{self, ParamId};

use super::offsets::Offsets;
use crate::params::SlotValues;
use crate::sound::Clock;

/// The seed of random phases and sources: that of `songwalker render`, whose bits these are.
const SEED: u64 = 0;
/// A macro nearer to where the patch has it than this stands there: what a host rounds must not change the sound.
const SAME_PLACE: f32 = 1e-6;
/// A song that is further off than this was moved, seconds.
const MOVED_S: f64 = 1e-4;

/// A patch that plays.
#[derive(Debug)]
pub struct PatchInstrument {
    player: PatchPlayer,
    /// Where the patch has its macros, and where they were last put.
    macros: Vec<(f64, f32)>,
    offsets: Offsets,
    bend_id: Option<ParamId>,
    /// The patch's own bend range, and the one that holds.
    bend_range: (f32, f32),
    polyphony: usize,
}

impl PatchInstrument {
    /// Builds the player: milliseconds and megabytes, so never on the audio thread.
    ///
    /// # Errors
    /// As [`PatchPlayer::with_assets`].
    pub fn new(
        patch: &PatchSpec,
        assets: &Assets,
        sample_rate: u32,
        values: &SlotValues,
    ) -> Result<Self, PlayerError> {
        let player = PatchPlayer::with_assets(patch, assets, sample_rate, SEED, usize::MAX)?;
        let bend = patch.modules.voicing.bend_range_st as f32;
        let mut built = Self {
            player,
            macros: patch
                .macros
                .iter()
                .map(|slot| (slot.value, slot.value as f32))
                .collect(),
            offsets: Offsets::new(patch, sample_rate),
            bend_id: params::id("/modules/voicing/bend_range_st"),
            bend_range: (bend, bend),
            polyphony: usize::MAX,
        };
        built.turn(values);
        built.player.snap_macros();
        built.offsets.snap(&mut built.player, values);
        Ok(built)
    }

    /// Brings macros and bend range to the player.
    fn turn(&mut self, values: &SlotValues) {
        for (i, ((patch, stands), wanted)) in self.macros.iter_mut().zip(values.macros).enumerate() {
            if *stands == wanted {
                continue;
            }
            *stands = wanted;
            let is_patchs = (wanted - *patch as f32).abs() < SAME_PLACE;
            let value = if is_patchs { *patch } else { f64::from(wanted) };
            self.player.set_macro(i, value);
        }
        let (patch, stands) = &mut self.bend_range;
        let wanted = values.bend_range_st.map_or(*patch, f32::from);
        if let Some(id) = self.bend_id.filter(|_| *stands != wanted) {
            *stands = wanted;
            self.player.set_parameter(id, wanted);
        }
    }

    /// Hands over an event for the next control block.
    pub fn handle(&mut self, event: Event) {
        // The queue holds only what came since the last control block; where even so it is full, the hands are too many.
        let _taken = self.player.handle(0, event);
    }

    /// Plays one control block.
    pub fn render(
        &mut self,
        values: &SlotValues,
        most_voices: usize,
        clock: &Clock,
        left: &mut [f32; BLOCK],
        right: &mut [f32; BLOCK],
    ) {
        self.turn(values);
        self.offsets.advance(&mut self.player, values);
        let polyphony = values.polyphony.min(most_voices).max(1);
        if polyphony != self.polyphony {
            self.polyphony = polyphony;
            self.player.set_polyphony(polyphony);
        }
        if let Some(bpm) = clock.bpm {
            self.player.set_tempo(bpm);
        }
        if let Some(song_s) = clock.song_s
            && (self.player.song_s() - song_s).abs() > MOVED_S
        {
            self.player.seek(song_s);
        }
        self.player.process(left, right);
    }

    /// Voices that play.
    #[must_use]
    pub fn playing(&self) -> usize {
        self.player.playing()
    }

    /// Voices that sound, those that fade included.
    #[must_use]
    pub fn sounding(&self) -> usize {
        self.player.sounding()
    }
}
