//! Reading: how a unison voice goes through its buffers over a control block.

use super::course::{Course, Piece};
use super::taps::{Fade, LANES, Taps};
use crate::warp::Bend;
use crate::wavetable::Wave;

/// A voice's phase over a block, its increment going straight from one value to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhaseRamp {
    phase: u32,
    increment: u32,
    /// Added to the increment each frame.
    rise: u32,
}

impl PhaseRamp {
    /// `moved` steps are spread over the block on top: the phase control has moved by them.
    pub(super) fn new(phase: u32, from: f64, to: f64, moved: i32, frames: usize) -> Self {
        let length = frames.max(1) as f64;
        let rise = (to - from) / length;
        let extra = f64::from(moved) / length;
        Self {
            phase,
            increment: wrapped(from + rise + extra),
            rise: wrapped(rise),
        }
    }

    /// The phase after `n` frames: each frame adds the increment, and the rise to the increment.
    #[inline(always)]
    pub(super) fn after(&self, n: u32) -> u32 {
        let rises = (u64::from(n) * u64::from(n.saturating_sub(1)) / 2) as u32;
        self.phase
            .wrapping_add(self.increment.wrapping_mul(n))
            .wrapping_add(self.rise.wrapping_mul(rises))
    }

    /// The phases of the first [`LANES`] frames, and by how much each goes on to the next group of them. Not inlined:
    /// what compilers know about single lanes would break up the loops over all of them.
    #[inline(never)]
    fn lanes(self) -> ([u32; LANES], [u32; LANES]) {
        const N: u32 = LANES as u32;
        let (mut phases, mut ahead) = ([0; LANES], [0; LANES]);
        for i in 0..N {
            // The rises of i frames, and those of the N frames that come after them.
            let (rises, more) = (i * i.saturating_sub(1) / 2, N * (N - 1) / 2 + N * i);
            let steps = self
                .increment
                .wrapping_mul(i)
                .wrapping_add(self.rise.wrapping_mul(rises));
            phases[i as usize] = self.phase.wrapping_add(steps);
            ahead[i as usize] = self
                .increment
                .wrapping_mul(N)
                .wrapping_add(self.rise.wrapping_mul(more));
        }
        (phases, ahead)
    }
}

/// A voice's way through its buffers, [`LANES`] frames at a time.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    ramp: PhaseRamp,
    /// Where the pitch does not go straight: what is left of it, the voice's factor on it, and what the straight movement
    /// of the phase control adds to each frame.
    pieces: &'a [Piece],
    factor: f64,
    extra: f64,
    shifts: &'a [u32],
    bent: bool,
    phases: [u32; LANES],
    ahead: [u32; LANES],
}

impl<'a> Walk<'a> {
    #[inline(always)]
    pub(super) fn new(ramp: PhaseRamp, course: &'a Course, factor: f64, extra: f64) -> Self {
        let mut walk = Self {
            ramp,
            pieces: &course.pieces,
            factor,
            extra,
            shifts: &course.shifts,
            bent: !course.pieces.is_empty(),
            phases: [0; LANES],
            ahead: [0; LANES],
        };
        if !walk.next_piece() {
            (walk.phases, walk.ahead) = walk.ramp.lanes();
        }
        walk
    }

    /// Goes on to the next piece, if the pitch does not go straight.
    #[inline(always)]
    fn next_piece(&mut self) -> bool {
        let Some((piece, rest)) = self.pieces.split_first() else {
            return false;
        };
        self.pieces = rest;
        let [from, to] = [piece.from, piece.to].map(|steps| steps * self.factor);
        let rise = (to - from) / LANES as f64;
        self.ramp.increment = wrapped(from + rise + piece.extra * self.factor + self.extra);
        self.ramp.rise = wrapped(rise);
        (self.phases, self.ahead) = self.ramp.lanes();
        true
    }

    /// The phases of the next frames.
    #[inline(always)]
    fn group(&mut self) -> [u32; LANES] {
        let mut phases = self.phases;
        if let Some((shifts, rest)) = self.shifts.split_first_chunk::<LANES>() {
            self.shifts = rest;
            for (phase, shift) in phases.iter_mut().zip(shifts) {
                *phase = phase.wrapping_add(*shift);
            }
        }
        phases
    }

    /// Goes on behind them. `grow` is what [`Walk::grow`] says.
    #[inline(always)]
    fn go_on(&mut self, grow: u32) {
        if self.pieces.is_empty() {
            for i in 0..LANES {
                self.phases[i] = self.phases[i].wrapping_add(self.ahead[i]);
                self.ahead[i] = self.ahead[i].wrapping_add(grow);
            }
        } else {
            self.ramp.phase = self.ramp.after(LANES as u32);
            self.next_piece();
        }
    }

    /// By how much the way to the next group grows from group to group.
    fn grow(&self) -> u32 {
        self.ramp.rise.wrapping_mul((LANES * LANES) as u32)
    }

    /// The phase after `frames` frames, if that many have been read.
    fn end(&self, frames: usize) -> u32 {
        self.ramp.after(if self.bent { LANES } else { frames } as u32)
    }
}

/// A number of steps, negative or beyond a cycle as it may be, rounded (ties to even), modulo a cycle: added to 1.5 · 2⁵²
/// it stands in the lowest bits, as long as it is below 2⁵¹.
fn wrapped(steps: f64) -> u32 {
    (steps + 6_755_399_441_055_744.0).to_bits() as u32
}

/// How one pair reads its buffers over a block; values in pairs are those at its start and end.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) now: &'a Wave,
    pub(super) before: Option<&'a Wave>,
    pub(super) faded: [f32; 2],
    pub(super) coefficient: [f32; 2],
    pub(super) shift: [f32; 2],
    pub(super) gain: f32,
}

impl Reader<'_> {
    /// Adds the voice as it is to `out`; gives the phase after the block.
    #[inline(always)]
    pub(super) fn add_straight<T: Taps>(&self, taps: T, mut walk: Walk<'_>, out: &mut [f32]) -> u32 {
        let grow = walk.grow();
        let mut fade = self.before.map(|before| Fade {
            before,
            now: self.now,
            share: self.faded[0],
            step: (self.faded[1] - self.faded[0]) / out.len().max(1) as f32,
            passed: 0.0,
        });
        let frames = out.len();
        let (groups, rest) = out.as_chunks_mut::<LANES>();
        let mut add = |phases: &[u32; LANES], group: &mut [f32; LANES]| {
            if let Some(fade) = &mut fade {
                taps.add_faded(fade, phases, self.gain, group);
                fade.passed += LANES as f32;
            } else {
                taps.add(self.now, phases, self.gain, group);
            }
        };
        for group in groups {
            add(&walk.group(), group);
            walk.go_on(grow);
        }
        if !rest.is_empty() {
            let mut group = [0.0; LANES];
            group[..rest.len()].copy_from_slice(rest);
            add(&walk.group(), &mut group);
            rest.copy_from_slice(&group[..rest.len()]);
        }
        walk.end(frames)
    }

    /// Adds the voice with its phase bent; `source` is the modulator's block.
    #[inline(always)]
    pub(super) fn add<B: Bend, T: Taps, const MODULATED: bool>(
        &self,
        taps: T,
        bend: B,
        walk: Walk<'_>,
        source: &[f32],
        out: &mut [f32],
    ) -> u32 {
        match self.before {
            None => self.run::<B, T, false, MODULATED>(taps, bend, walk, self.now, source, out),
            Some(before) => self.run::<B, T, true, MODULATED>(taps, bend, walk, before, source, out),
        }
    }

    #[inline(always)]
    fn run<B: Bend, T: Taps, const FADING: bool, const MODULATED: bool>(
        &self,
        taps: T,
        bend: B,
        mut walk: Walk<'_>,
        before: &Wave,
        source: &[f32],
        out: &mut [f32],
    ) -> u32 {
        let step = |pair: [f32; 2]| (pair[1] - pair[0]) / out.len().max(1) as f32;
        let (rise, slide, fade) = (step(self.coefficient), step(self.shift), step(self.faded));
        let grow = walk.grow();
        let mut done = 0;
        while done < out.len() {
            let sources = if MODULATED {
                group(source, done)
            } else {
                [0.0; LANES]
            };
            let mut places = [0_u32; LANES];
            let mut gains = [0.0_f32; LANES];
            let passed = done as f32;
            let phases = walk.group();
            for i in 0..LANES {
                let at = passed + (i + 1) as f32;
                let coefficient = self.coefficient[0] + rise * at;
                let shift = self.shift[0] + slide * at;
                (places[i], gains[i]) = bend.bend(phases[i], coefficient, shift, sources[i]);
            }
            let mut values = taps.read(self.now, &places);
            if FADING {
                let old = taps.read(before, &places);
                let fade = Fade {
                    before,
                    now: self.now,
                    share: self.faded[0],
                    step: fade,
                    passed,
                };
                for i in 0..LANES {
                    values[i] = fade.at(i, old[i], values[i]);
                }
            }
            for i in 0..LANES {
                values[i] = values[i] * gains[i] * self.gain;
            }
            if let Some(out) = out[done..].first_chunk_mut::<LANES>() {
                for (out, value) in out.iter_mut().zip(values) {
                    *out += value;
                }
            } else {
                for (out, value) in out[done..].iter_mut().zip(values) {
                    *out += value;
                }
            }
            done += LANES;
            walk.go_on(grow);
        }
        walk.end(out.len())
    }
}

/// The samples `from..from + LANES` of a block, 0 beyond its end.
#[inline(always)]
fn group(block: &[f32], from: usize) -> [f32; LANES] {
    let rest = block.get(from..).unwrap_or_default();
    match rest.first_chunk() {
        Some(group) => *group,
        None => {
            let mut group = [0.0; LANES];
            group[..rest.len()].copy_from_slice(rest);
            group
        }
    }
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn steps_are_rounded_to_even_whatever_their_sign_and_size() {
        for steps in [
            0.0,
            0.5,
            1.5,
            2.5,
            -0.5,
            -1.5,
            4e9,
            -4e9,
            1e13 + 0.5,
            -1e13,
            5.1e7 + 0.499,
        ] {
            assert_eq!(wrapped(steps), steps.round_ties_even() as i64 as u32, "{steps}");
        }
    }
}
