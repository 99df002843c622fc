//! Playing as a host does at its worst: blocks of any size, notes beyond the voices, every control moving, patches
//! swapped under held keys.

use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_schemas::params;
use songwalker_schemas::table::Kind;

use crate::random_patch::Dice;

/// Plays `blocks` blocks of 1..=4096 frames into `left` and `right` (4,096 frames each) on `player`, and swaps it with
/// `next` half way. Gives the greatest level.
pub fn play(
    player: &mut PatchPlayer,
    next: &mut PatchPlayer,
    dice: &mut Dice,
    blocks: usize,
    left: &mut [f32],
    right: &mut [f32],
) -> f32 {
    let mut loudest = 0.0_f32;
    for block in 0..blocks {
        if block == blocks / 2 {
            std::mem::swap(player, next);
        }
        let frames = 1 + dice.below(left.len());
        for _ in 0..1 + dice.below(12) {
            let offset = dice.below(frames);
            let key = 36 + dice.below(48) as u8;
            let event = match dice.below(13) {
                0..4 => Event::NoteOn {
                    key,
                    velocity: dice.unit() as f32,
                },
                4..6 => Event::NoteOff {
                    key,
                    lift: dice.unit() as f32,
                },
                6 => Event::Sustain(dice.one_in(2)),
                7 => Event::PitchBend((2.0 * dice.unit() - 1.0) as f32),
                8 => Event::ModWheel(dice.unit() as f32),
                9 => Event::KeyPressure {
                    key,
                    value: dice.unit() as f32,
                },
                10 => Event::Slide {
                    key,
                    value: dice.unit() as f32,
                },
                11 => Event::KeyBend {
                    key,
                    semitones: (12.0 * dice.unit()) as f32,
                },
                _ if dice.one_in(8) => Event::AllSoundOff,
                _ => Event::Aftertouch(dice.unit() as f32),
            };
            player.handle(offset, event);
        }
        player.set_macro(dice.below(8), dice.unit());
        player.set_polyphony(1 + dice.below(6));
        player.seek(60.0 * dice.unit());
        player.set_tempo(60.0 + 120.0 * dice.unit());
        let place = dice.below(params::table().len());
        let row = &params::table()[place];
        if matches!(row.kind, Kind::Continuous | Kind::Integer) {
            let raw = row.raw_min() + dice.unit() * row.raw_range();
            player.set_parameter(params::ParamId(place as u16), raw as f32);
        }
        player.process(&mut left[..frames], &mut right[..frames]);
        let peak = left[..frames].iter().chain(&right[..frames]).map(|x| x.abs());
        loudest = peak.fold(loudest, f32::max);
    }
    loudest
}
