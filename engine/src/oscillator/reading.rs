//! Reading: how a unison voice goes through its buffers over a control block.

use super::LANES;
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

    /// The phases of the next frames.
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> [u32; N] {
        let mut phases = [0; N];
        for phase in &mut phases {
            *phase = self.phase;
            self.phase = self.phase.wrapping_add(self.increment);
            self.increment = self.increment.wrapping_add(self.rise);
        }
        phases
    }

    /// The phase `frames` frames ago.
    fn back(mut self, frames: usize) -> u32 {
        for _ in 0..frames {
            self.increment = self.increment.wrapping_sub(self.rise);
            self.phase = self.phase.wrapping_sub(self.increment);
        }
        self.phase
    }
}

/// A number of steps, negative or beyond a cycle as it may be, modulo a cycle.
fn wrapped(steps: f64) -> u32 {
    steps.round_ties_even() as i64 as u32
}

/// How one pair reads its buffers over a block; values in pairs are those at its start and end.
pub(super) struct Reader<'a> {
    pub(super) now: &'a Wave,
    pub(super) before: Option<&'a Wave>,
    pub(super) faded: [f32; 2],
    pub(super) coefficient: [f32; 2],
    pub(super) shift: [f32; 2],
    pub(super) gain: f32,
}

impl Reader<'_> {
    /// Adds the voice to `out`; gives the phase after the block.
    #[inline(never)]
    pub(super) fn add<B: Bend, const FADING: bool, const MODULATED: bool>(
        &self,
        bend: B,
        mut ramp: PhaseRamp,
        source: &[f32],
        out: &mut [f32],
    ) -> u32 {
        let step = |pair: [f32; 2]| (pair[1] - pair[0]) / out.len().max(1) as f32;
        let (rise, slide, fade) = (step(self.coefficient), step(self.shift), step(self.faded));
        let before = self.before.unwrap_or(self.now);
        let mut done = 0;
        for chunk in out.chunks_mut(LANES) {
            let phases: [u32; LANES] = ramp.next();
            let mut sources = [0.0; LANES];
            if MODULATED {
                let part = source.get(done..done + chunk.len()).unwrap_or_default();
                sources[..part.len()].copy_from_slice(part);
            }
            let mut places = [0_u32; LANES];
            let mut gains = [0.0_f32; LANES];
            for i in 0..LANES {
                let at = (done + i + 1) as f32;
                let coefficient = self.coefficient[0] + rise * at;
                let shift = self.shift[0] + slide * at;
                (places[i], gains[i]) = bend.bend(phases[i], coefficient, shift, sources[i]);
            }
            let mut values = [0.0_f32; LANES];
            for i in 0..LANES {
                let new = self.now.at(places[i]);
                values[i] = if FADING {
                    let old = before.at(places[i]);
                    old + (self.faded[0] + fade * (done + i + 1) as f32) * (new - old)
                } else {
                    new
                };
            }
            for (i, out) in chunk.iter_mut().enumerate() {
                *out += values[i] * gains[i] * self.gain;
            }
            done += chunk.len();
        }
        // A last, incomplete chunk has taken phases beyond the block; blocks are whole chunks as a rule.
        let beyond = done.div_ceil(LANES) * LANES - done;
        ramp.back(beyond)
    }
}
