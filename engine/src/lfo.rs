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
        self.go(shape, settings, c, song_s, &step);
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
        let started = self.seconds;
        let [left, right] = out;
        for (side, out) in [&mut *left, &mut *right].into_iter().enumerate().take(step.sides) {
            let mut places = [0.0; BLOCK];
            self.seconds = started;
            for (i, place) in places.iter_mut().enumerate() {
                let song_s = song_s - (BLOCK - 1 - i) as f64 * frame_s;
                let cycles = self.cycles(c, &step);
                self.seconds += frame_s;
                *place = self.place(side, settings.mode, c, song_s, cycles);
            }
            for (value, place) in out.iter_mut().zip(places) {
                *value = shape.at(place);
            }
            self.seconds = started;
            for value in &mut *out {
                self.seconds += frame_s;
                *value = self.soft(side, settings.smooth, c, &step, *value);
            }
            self.value[side] = out[BLOCK - 1];
        }
        if step.sides == 1 {
            *right = *left;
            self.copy_left();
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
        let cycles = self.cycles(c, step);
        self.seconds += step.seconds;
        for side in 0..step.sides {
            let place = self.place(side, settings.mode, c, song_s, cycles);
            self.value[side] = self.soft(side, settings.smooth, c, step, shape.at(place));
        }
        if step.sides == 1 {
            self.copy_left();
        }
    }

    /// The cycles of the next step, which may fall into the delay.
    #[inline(always)]
    fn cycles(&self, c: &LfoControls, step: &Step) -> f64 {
        let left = c.delay_s - self.seconds;
        if left > 0.0 {
            c.hz * (step.seconds - left.min(step.seconds))
        } else {
            c.hz * step.seconds
        }
    }

    /// Goes on by `cycles`; the phase to read the shape at.
    #[inline(always)]
    fn place(&mut self, side: usize, mode: LfoMode, c: &LfoControls, song_s: f64, cycles: f64) -> f64 {
        let phase = sides(c)[side];
        let before = self.position[side];
        let position = moved(
            mode,
            before + cycles,
            phase.clamp(0.0, 1.0),
            self.released,
            before,
        );
        self.position[side] = position;
        match mode {
            LfoMode::Trigger => wrapped(position + phase),
            LfoMode::Sync => wrapped((song_s - self.seconds.min(c.delay_s)) * c.hz + phase),
            LfoMode::Envelope => (position + phase).min(1.0),
            _ => position,
        }
    }

    /// What fading or smoothing leaves of the shape's value.
    #[inline(always)]
    fn soft(&mut self, side: usize, smooth: SmoothMode, c: &LfoControls, step: &Step, raw: f32) -> f32 {
        match smooth {
            SmoothMode::Fade if step.fade > 0.0 => {
                let ran = self.seconds - self.seconds.min(c.delay_s);
                (f64::from(raw) * (ran * step.fade).min(1.0)) as f32
            }
            SmoothMode::Fade => raw,
            SmoothMode::Time => {
                let raw = f64::from(raw);
                self.smoothed[side] = raw + (self.smoothed[side] - raw) * step.keep;
                self.smoothed[side] as f32
            }
        }
    }

    fn copy_left(&mut self) {
        self.position[1] = self.position[0];
        self.smoothed[1] = self.smoothed[0];
        self.value[1] = self.value[0];
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
    if (0.0..1.0).contains(&x) {
        return x;
    }
    let rest = x - x as i64 as f64;
    if rest < 0.0 { rest + 1.0 } else { rest }
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

    /// A square's jump at 0.125 s, per frame: when it has come half, three quarters and seven eighths of its way.
    fn crossings(smooth_s: f64) -> [f64; 3] {
        let corners = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (1.0, 1.0)];
        let shape = Shape::new(&Points::straight(&corners), false);
        let c = LfoControls {
            smooth_s,
            ..controls(4.0)
        };
        let mut lfo = Lfo::default();
        lfo.trigger(&shape, settings(LfoMode::Trigger), &c, 0.0);
        let mut values = Vec::new();
        for _ in 0..200 {
            let mut out = [[0.0; BLOCK]; 2];
            lfo.render(
                &shape,
                settings(LfoMode::Trigger),
                &c,
                0.0,
                1.0 / 44_100.0,
                &mut out,
            );
            values.extend(out[0]);
        }
        [0.5, 0.75, 0.875].map(|wanted| {
            let after = values.iter().position(|x| *x > wanted).unwrap();
            let (a, b) = (values[after - 1], values[after]);
            after as f64 - f64::from((b - wanted) / (b - a))
        })
    }

    #[test]
    fn a_jump_is_smoothed_per_frame_as_measured_in_vital() {
        // One frame later there, the first being silent.
        for (smooth_s, half, more) in [
            (0.0011, 5_524.23, 9.68),
            (0.003, 5_540.97, 26.39),
            (0.01, 5_602.55, 88.16),
        ] {
            let [a, b, c] = crossings(smooth_s);
            assert!((a - half + 1.0).abs() < 1.0, "{smooth_s}: half way at {a}");
            assert!((b - a - more).abs() < 0.1, "{smooth_s}: a half-life of {}", b - a);
            assert!(
                (c - b - more).abs() < 0.02 * more,
                "{smooth_s}: then of {}",
                c - b
            );
        }
        assert!(
            crossings(0.001)[1] - crossings(0.001)[0] < 1.5,
            "a thousandth of a second counts as none"
        );
    }

    #[test]
    fn blocks_of_frames_and_whole_blocks_reach_the_same_values() {
        let shape = Shape::new(&Points::of(LfoShape::Triangle), false);
        for mode in [
            LfoMode::Trigger,
            LfoMode::Sync,
            LfoMode::LoopPoint,
            LfoMode::LoopHold,
        ] {
            let c = LfoControls {
                phase: 0.3,
                stereo: 0.2,
                delay_s: 0.01,
                ..controls(7.0)
            };
            let (mut whole, mut fine) = (Lfo::default(), Lfo::default());
            whole.trigger(&shape, settings(mode), &c, 0.0);
            fine.trigger(&shape, settings(mode), &c, 0.0);
            for i in 0..300 {
                let song_s = (i + 1) as f64 * BLOCK_S;
                let mut out = [[0.0; BLOCK]; 2];
                whole.advance(&shape, settings(mode), &c, song_s, BLOCK_S);
                fine.render(&shape, settings(mode), &c, song_s, 1.0 / 44_100.0, &mut out);
                for (a, out) in whole.value().into_iter().zip(&out) {
                    let b = out[BLOCK - 1];
                    assert!((a - b).abs() < 1e-4, "{mode}: {a} and {b} after block {i}");
                }
            }
        }
    }
}
