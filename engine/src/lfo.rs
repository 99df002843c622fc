//! A low-frequency oscillator: its running state in one voice.
//!
//! Values are 0..1 for both sides, taken once per control block (at its end) or, where Vital runs an LFO for every sample
//! frame, after each frame of it. Laws: `vital-laws.md` §8; how shapes are drawn and read: [`Shape`].

mod shape;

use crate::BLOCK;
use crate::math::{self, fast};
use songwalker_schemas::patch::lfo::{LfoMode, SmoothMode};
use songwalker_schemas::patch::rate::{RateMode, Sync};

pub use shape::Shape;

/// Smoothing times up to this count as none (measured: at 0.001 s an LFO jumps, at 0.0011 s it is smoothed).
const SMOOTH_FROM_S: f64 = 0.001_000_1;

/// What does not move while a patch plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LfoSettings {
    /// When it starts and ends.
    pub mode: LfoMode,
    /// What smooths it.
    pub smooth: SmoothMode,
}

/// The values of the moving controls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LfoControls {
    /// Cycles per second.
    pub hz: f64,
    /// Start or loop phase, 0..1.
    pub phase: f64,
    /// Seconds before it runs.
    pub delay_s: f64,
    /// Smoothing time in seconds.
    pub smooth_s: f64,
    /// Fade-in time in seconds.
    pub fade_s: f64,
    /// Phase between left and right, cycles.
    pub stereo: f64,
}

/// Cycles per second of a rate. `hz_raw` is the raw rate (2^v Hz), `note` what key tracking follows.
#[must_use]
pub fn rate_hz(mode: RateMode, hz_raw: f64, sync: Sync, bpm: f64, note: f64) -> f64 {
    let tempo = || sync.cycles_per_beat() * bpm / 60.0;
    match mode {
        RateMode::Hz => f64::from(fast::exp2(hz_raw.clamp(-20.0, 12.0) as f32)),
        RateMode::Tempo => tempo(),
        RateMode::Dotted => tempo() * 2.0 / 3.0,
        RateMode::Triplet => tempo() * 1.5,
        RateMode::Keytrack => {
            let octaves = (note.clamp(-60.0, 180.0) - 69.0) / 12.0;
            440.0 * f64::from(fast::exp2(octaves as f32))
        }
    }
}

/// A running LFO.
#[derive(Debug, Clone, Default)]
pub struct Lfo {
    /// Cycles since the start, as the mode counts them, of left and right.
    position: [f64; 2],
    /// Seconds since the start.
    seconds: f64,
    released: bool,
    smoothed: [f64; 2],
    /// Share that smoothing keeps over a block, by its length in smoothing times.
    keep: Keep,
    value: [f32; 2],
}

/// 2^{−blocks}, worked out again only when `blocks` moves.
#[derive(Debug, Clone, Copy, Default)]
struct Keep {
    blocks: f64,
    share: f64,
}

impl Keep {
    fn of(&mut self, blocks: f64) -> f64 {
        if self.share == 0.0 || self.blocks != blocks {
            *self = Self {
                blocks,
                share: math::exp2(-blocks),
            };
        }
        self.share
    }
}

impl Lfo {
    /// The present values of left and right.
    #[must_use]
    pub fn value(&self) -> [f32; 2] {
        self.value
    }

    /// Starts anew. `song_s` is the song's time in seconds.
    pub fn trigger(&mut self, shape: &Shape, settings: LfoSettings, c: &LfoControls, song_s: f64) {
        *self = Self::default();
        let step = self.step(c, 0.0);
        self.settle(shape, settings, c, song_s, &step);
    }

    /// The key was let go.
    pub fn release(&mut self) {
        self.released = true;
    }

    /// Lets `seconds` pass, ending at the song time `song_s`.
    pub fn advance(
        &mut self,
        shape: &Shape,
        settings: LfoSettings,
        c: &LfoControls,
        song_s: f64,
        seconds: f64,
    ) {
        let step = self.step(c, seconds);
        self.go(shape, settings, c, song_s, &step);
    }

    /// Lets a control block of sample frames pass, ending at the song time `song_s`, with the values after each of them.
    pub fn render(
        &mut self,
        shape: &Shape,
        settings: LfoSettings,
        c: &LfoControls,
        song_s: f64,
        frame_s: f64,
        out: &mut [[f32; BLOCK]; 2],
    ) {
        let step = self.step(c, frame_s);
        let [left, right] = out;
        for (i, (left, right)) in left.iter_mut().zip(right).enumerate() {
            let song_s = song_s - (BLOCK - 1 - i) as f64 * frame_s;
            self.go(shape, settings, c, song_s, &step);
            [*left, *right] = self.value;
        }
    }

    /// What passes with each step of that length.
    fn step(&mut self, c: &LfoControls, seconds: f64) -> Step {
        let smoothed = c.smooth_s > SMOOTH_FROM_S;
        Step {
            seconds,
            keep: if smoothed {
                self.keep.of(seconds / (0.2 * c.smooth_s))
            } else {
                0.0
            },
            fade: if c.fade_s > 0.0 { 1.0 / c.fade_s } else { 0.0 },
            sides: if c.stereo == 0.0 { 1 } else { 2 },
        }
    }

    fn go(&mut self, shape: &Shape, settings: LfoSettings, c: &LfoControls, song_s: f64, step: &Step) {
        let waited = (c.delay_s - self.seconds).clamp(0.0, step.seconds);
        self.seconds += step.seconds;
        let cycles = c.hz * (step.seconds - waited);
        let phases = sides(c);
        for (position, phase) in self.position.iter_mut().zip(phases).take(step.sides) {
            let next = *position + cycles;
            *position = moved(
                settings.mode,
                next,
                phase.clamp(0.0, 1.0),
                self.released,
                *position,
            );
        }
        self.settle(shape, settings, c, song_s, step);
    }

    fn settle(&mut self, shape: &Shape, settings: LfoSettings, c: &LfoControls, song_s: f64, step: &Step) {
        let waited = self.seconds.min(c.delay_s);
        let phases = sides(c);
        for (side, phase) in phases.into_iter().enumerate().take(step.sides) {
            let place = match settings.mode {
                LfoMode::Trigger => wrapped(self.position[side] + phase),
                LfoMode::Sync => wrapped((song_s - waited) * c.hz + phase),
                LfoMode::Envelope => (self.position[side] + phase).min(1.0),
                _ => self.position[side],
            };
            let raw = f64::from(shape.at(place));
            self.value[side] = match settings.smooth {
                SmoothMode::Fade if step.fade > 0.0 => raw * ((self.seconds - waited) * step.fade).min(1.0),
                SmoothMode::Fade => raw,
                SmoothMode::Time => {
                    self.smoothed[side] = raw + (self.smoothed[side] - raw) * step.keep;
                    self.smoothed[side]
                }
            } as f32;
        }
        if step.sides == 1 {
            self.position[1] = self.position[0];
            self.smoothed[1] = self.smoothed[0];
            self.value[1] = self.value[0];
        }
    }
}

/// What passes from one value to the next.
#[derive(Debug, Clone, Copy)]
struct Step {
    seconds: f64,
    /// Share that smoothing keeps.
    keep: f64,
    /// Share of the fade that a second is; 0 without a fade.
    fade: f64,
    /// 1 where both sides are the same.
    sides: usize,
}

/// The phases of left and right.
fn sides(c: &LfoControls) -> [f64; 2] {
    [c.phase + 0.5 * c.stereo, c.phase - 0.5 * c.stereo]
}

/// Where a cycle's place lies in 0..1.
fn wrapped(x: f64) -> f64 {
    if (0.0..1.0).contains(&x) { x } else { x - x.floor() }
}

/// Where a position that went from `before` to `next` stands in its mode.
fn moved(mode: LfoMode, next: f64, phase: f64, released: bool, before: f64) -> f64 {
    match mode {
        LfoMode::Trigger | LfoMode::Sync => wrapped(next),
        LfoMode::Envelope => next.min(1.0),
        LfoMode::SustainEnvelope => next.min(if released { 1.0 } else { phase.max(before) }),
        LfoMode::LoopPoint if next < 1.0 => next,
        LfoMode::LoopPoint if phase > 1.0 - 1e-6 => 1.0,
        LfoMode::LoopPoint => phase + rest(next - phase, 1.0 - phase),
        LfoMode::LoopHold if released => next.min(1.0),
        // Measured in Vital: without a loop it runs once and stays.
        LfoMode::LoopHold if phase < 1e-6 => next.min(1.0),
        LfoMode::LoopHold if next < phase => next,
        LfoMode::LoopHold => rest(next, phase),
    }
}

/// What is left of `x` after whole multiples of `width`.
fn rest(x: f64, width: f64) -> f64 {
    x - width * (x / width).floor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::patch::lfo::{LfoShape, Points};

    const BLOCK_S: f64 = 64.0 / 44_100.0;

    fn settings(mode: LfoMode) -> LfoSettings {
        LfoSettings {
            mode,
            smooth: SmoothMode::Time,
        }
    }

    fn controls(hz: f64) -> LfoControls {
        LfoControls {
            hz,
            phase: 0.0,
            delay_s: 0.0,
            smooth_s: 0.0,
            fade_s: 0.0,
            stereo: 0.0,
        }
    }

    fn run(lfo: &mut Lfo, shape: &Shape, mode: LfoMode, c: &LfoControls, seconds: f64) -> f32 {
        let blocks = (seconds / BLOCK_S).round() as usize;
        for i in 0..blocks {
            lfo.advance(shape, settings(mode), c, (i + 1) as f64 * BLOCK_S, BLOCK_S);
        }
        lfo.value()[0]
    }

    #[test]
    fn a_saw_of_two_hertz_rises_once_in_half_a_second() {
        let shape = Shape::new(&Points::of(LfoShape::SawUp), false);
        let mut lfo = Lfo::default();
        let c = controls(2.0);
        lfo.trigger(&shape, settings(LfoMode::Trigger), &c, 0.0);
        assert!(lfo.value()[0].abs() < 1e-3);
        assert!((run(&mut lfo, &shape, LfoMode::Trigger, &c, 0.25) - 0.5).abs() < 0.003);
        assert!((run(&mut lfo, &shape, LfoMode::Trigger, &c, 0.125) - 0.75).abs() < 0.003);
        assert!((run(&mut lfo, &shape, LfoMode::Trigger, &c, 0.25) - 0.25).abs() < 0.003);
    }

    #[test]
    fn note_values_follow_the_tempo() {
        assert!((rate_hz(RateMode::Tempo, 0.0, Sync::Quarter, 120.0, 0.0) - 2.0).abs() < 1e-12);
        assert!((rate_hz(RateMode::Tempo, 0.0, Sync::Whole, 120.0, 0.0) - 0.5).abs() < 1e-12);
        assert!((rate_hz(RateMode::Dotted, 0.0, Sync::Quarter, 120.0, 0.0) - 4.0 / 3.0).abs() < 1e-12);
        assert!((rate_hz(RateMode::Triplet, 0.0, Sync::Quarter, 120.0, 0.0) - 3.0).abs() < 1e-12);
        assert!((rate_hz(RateMode::Hz, 3.0, Sync::Quarter, 120.0, 0.0) - 8.0).abs() < 1e-12);
        assert_eq!(rate_hz(RateMode::Tempo, 0.0, Sync::Freeze, 120.0, 0.0), 0.0);
    }

    #[test]
    fn each_mode_ends_or_loops_where_it_should() {
        let shape = Shape::new(&Points::of(LfoShape::SawUp), false);
        let c = LfoControls {
            phase: 0.4,
            ..controls(1.0)
        };
        let after = |mode, seconds: f64, released_s: Option<f64>| {
            let mut lfo = Lfo::default();
            lfo.trigger(&shape, settings(mode), &c, 0.0);
            let value = run(&mut lfo, &shape, mode, &c, seconds);
            released_s.map_or(value, |more| {
                lfo.release();
                run(&mut lfo, &shape, mode, &c, more)
            })
        };
        let near = |a: f32, b: f32| assert!((a - b).abs() < 0.005, "{a} is not {b}");
        near(after(LfoMode::Trigger, 0.3, None), 0.7);
        near(after(LfoMode::SustainEnvelope, 3.0, None), 0.4);
        near(after(LfoMode::SustainEnvelope, 3.0, Some(0.3)), 0.7);
        near(after(LfoMode::LoopPoint, 0.5, None), 0.5);
        near(after(LfoMode::LoopPoint, 1.3, None), 0.7);
        near(after(LfoMode::LoopHold, 0.9, None), 0.1);
        near(after(LfoMode::LoopHold, 0.9, Some(0.6)), 0.7);
        near(after(LfoMode::Sync, 0.5, None), 0.9);
        let c = controls(1.0);
        let mut lfo = Lfo::default();
        lfo.trigger(&shape, settings(LfoMode::LoopHold), &c, 0.0);
        near(run(&mut lfo, &shape, LfoMode::LoopHold, &c, 0.4), 0.4);
    }

    #[test]
    fn the_delay_holds_the_start() {
        let shape = Shape::new(&Points::of(LfoShape::SawUp), false);
        let c = LfoControls {
            delay_s: 0.5,
            phase: 0.25,
            ..controls(1.0)
        };
        let mut lfo = Lfo::default();
        lfo.trigger(&shape, settings(LfoMode::Trigger), &c, 0.0);
        assert!((run(&mut lfo, &shape, LfoMode::Trigger, &c, 0.45) - 0.25).abs() < 1e-3);
        assert!((run(&mut lfo, &shape, LfoMode::Trigger, &c, 0.25) - 0.45).abs() < 5e-3);
    }

    #[test]
    fn stereo_shifts_the_sides_apart() {
        let shape = Shape::new(&Points::of(LfoShape::SawUp), false);
        let c = LfoControls {
            stereo: 0.2,
            phase: 0.5,
            ..controls(1.0)
        };
        let mut lfo = Lfo::default();
        lfo.trigger(&shape, settings(LfoMode::Trigger), &c, 0.0);
        let [left, right] = lfo.value();
        assert!((left - 0.6).abs() < 1e-3 && (right - 0.4).abs() < 1e-3);
    }

    #[test]
    fn smoothing_has_its_half_life() {
        let shape = Shape::new(&Points::straight(&[(0.0, 1.0), (1.0, 1.0)]), false);
        let c = LfoControls {
            smooth_s: 1.0,
            ..controls(1.0)
        };
        let mut lfo = Lfo::default();
        lfo.trigger(&shape, settings(LfoMode::Trigger), &c, 0.0);
        assert!((run(&mut lfo, &shape, LfoMode::Trigger, &c, 0.2) - 0.5).abs() < 0.005);
    }
}
