//! Controls of an oscillator that do not go straight over a block: Vital computes them for every sample frame where an
//! LFO or an envelope moves them.
//!
//! Level and phase follow each frame. The pitch goes straight over [`LANES`] frames at a time, with the phase that has
//! gone by exact at each end.

use super::steps;
use super::taps::LANES;
use crate::BLOCK;
use crate::math::fast;
use crate::modulation::Detour;

/// Detours of the controls that are computed per frame, by their places or by their values at the base rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OscDetours<T> {
    /// Of the level.
    pub level: Option<T>,
    /// Of transposition and tuning.
    pub notes: [Option<T>; 2],
    /// Of the phase.
    pub phase: Option<T>,
}

impl<T> Default for OscDetours<T> {
    fn default() -> Self {
        Self {
            level: None,
            notes: [None, None],
            phase: None,
        }
    }
}

impl OscDetours<usize> {
    /// One side's detours.
    #[must_use]
    pub fn of<'a>(&self, detours: &'a [Detour], side: usize) -> OscDetours<&'a [f32; BLOCK]> {
        let at = |place: Option<usize>| place.and_then(|place| detours[place].side(side));
        OscDetours {
            level: at(self.level),
            notes: self.notes.map(at),
            phase: at(self.phase),
        }
    }
}

/// The pitch over [`LANES`] frames, in phase steps per frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) from: f64,
    pub(super) to: f64,
    /// What is added to each frame so that all steps of the piece are there.
    pub(super) extra: f64,
}

/// What a block's controls do where they do not go straight.
#[derive(Debug, Clone)]
pub(super) struct Course {
    oversampling: usize,
    /// The levels of all frames; empty where they go straight.
    pub(super) levels: Vec<f32>,
    /// Phase steps beside the straight line; empty where there are none.
    pub(super) shifts: Vec<u32>,
    /// The pitch; empty where it goes straight.
    pub(super) pieces: Vec<Piece>,
}

impl Course {
    pub(super) fn new(oversampling: usize) -> Self {
        let frames = BLOCK * oversampling;
        Self {
            oversampling,
            levels: Vec::with_capacity(frames),
            shifts: Vec::with_capacity(frames),
            pieces: Vec::with_capacity(frames / LANES),
        }
    }

    /// Takes up a block's level, `from` and `to` being those before and at the end.
    pub(super) fn set_level(&mut self, detour: Option<&[f32; BLOCK]>, from: f32, to: f32) {
        self.levels.clear();
        let Some(detour) = detour else { return };
        let step = (to - from) / BLOCK as f32;
        let part = 1.0 / self.oversampling as f32;
        let mut before = from.max(0.0);
        for (i, detour) in detour.iter().enumerate() {
            let level = (from + step * (i + 1) as f32 + detour).max(0.0);
            let rise = (level - before) * part;
            let frames = (1..=self.oversampling).map(|frame| before + rise * frame as f32);
            self.levels.extend(frames);
            before = level;
        }
    }

    /// Takes up a block's phase.
    pub(super) fn set_phase(&mut self, detour: Option<&[f32; BLOCK]>) {
        self.shifts.clear();
        let Some(detour) = detour else { return };
        let part = 1.0 / self.oversampling as f32;
        let mut before = 0.0;
        for shift in detour {
            let rise = (shift - before) * part;
            let frames = (1..=self.oversampling).map(|frame| steps(f64::from(before + rise * frame as f32)));
            self.shifts.extend(frames);
            before = *shift;
        }
    }

    /// Takes up a block's pitch: the note goes straight to `note` but for the detours, its frequency is that of
    /// `increments` phase steps per frame before and at the end.
    pub(super) fn set_pitch(
        &mut self,
        detours: [Option<&[f32; BLOCK]>; 2],
        notes: [f32; 2],
        increments: [f64; 2],
    ) {
        self.pieces.clear();
        if detours == [None, None] {
            return;
        }
        let rise = notes[1] - notes[0];
        // Semitones from the note at the end, then the frequency over that note's.
        let mut speeds = [0.0_f32; BLOCK];
        for (i, speed) in speeds.iter_mut().enumerate() {
            *speed = rise * ((i + 1) as f32 / BLOCK as f32 - 1.0);
        }
        for detour in detours.into_iter().flatten() {
            for (speed, detour) in speeds.iter_mut().zip(detour) {
                *speed += detour;
            }
        }
        for speed in &mut speeds {
            *speed = fast::exp2((*speed / 12.0).clamp(-20.0, 20.0));
        }
        // The frames go straight between those of the base rate.
        let times = self.oversampling as f64;
        let mut before = increments[0];
        for group in speeds.chunks(LANES / self.oversampling) {
            let from = before;
            let mut sum = 0.0;
            for speed in group {
                let speed = f64::from(*speed) * increments[1];
                sum += before * times + (speed - before) * (times + 1.0) * 0.5;
                before = speed;
            }
            let straight = from * LANES as f64 + (before - from) * (LANES + 1) as f64 * 0.5;
            self.pieces.push(Piece {
                from,
                to: before,
                extra: (sum - straight) / LANES as f64,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jump() -> [f32; BLOCK] {
        std::array::from_fn(|i| if i < 41 { 0.0 } else { 1.0 - (i + 1) as f32 / 64.0 })
    }

    #[test]
    fn pieces_add_up_to_all_steps_of_the_block() {
        for oversampling in [1, 2, 4, 8] {
            let mut course = Course::new(oversampling);
            // An octave up from frame 41 on, told as a straight line and the way beside it.
            let detour: [f32; BLOCK] = std::array::from_fn(|i| {
                let there = if i < 41 { 0.0 } else { 12.0 };
                there - 12.0 * (i + 1) as f32 / 64.0
            });
            course.set_pitch([Some(&detour), None], [60.0, 72.0], [1000.0, 2000.0]);
            let all: f64 = course
                .pieces
                .iter()
                .map(|piece| LANES as f64 * (piece.from + piece.extra) + (piece.to - piece.from) * 8.5)
                .sum();
            let times = oversampling as f64;
            let expected = 64_000.0 * times + 1000.0 * (22.0 * times + (times + 1.0) / 2.0);
            assert!(
                (all - expected).abs() < 0.5,
                "{oversampling}×: {all}, not {expected}"
            );
            assert_eq!(course.pieces.len(), BLOCK * oversampling / LANES);
        }
    }

    #[test]
    fn levels_jump_where_the_detour_does_and_never_fall_below_nothing() {
        let mut course = Course::new(2);
        course.set_level(Some(&jump()), 0.0, 0.0);
        assert_eq!(course.levels.len(), 128);
        assert_eq!(course.levels[81], 0.0);
        assert!((course.levels[83] - (1.0 - 42.0 / 64.0)).abs() < 1e-6);
        course.set_level(Some(&[-1.0; BLOCK]), 0.5, 0.5);
        assert!(course.levels[1..].iter().all(|level| *level <= 0.25));
        assert_eq!(course.levels[127], 0.0);
        course.set_level(None, 0.5, 0.5);
        assert!(course.levels.is_empty());
    }
}
