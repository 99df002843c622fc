//! The flanger: one short echo per side, its time swept by a triangle (vital-laws §9).

use super::delay_line::{CHUNK, Chunk};
use super::echo::Echo;
use super::mix::EqualPowerMix;
use super::ramp::{Line, Ramp};
use crate::simd::{Kernel, Level};

/// The longest delay in seconds.
const LONGEST_S: f64 = 0.3;
/// The delay the sweep is measured from, in seconds.
const BASE_S: f64 = 0.0005;

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct FlangerParams {
    /// Wet share 0..0.5, equal power.
    pub mix: f32,
    /// Frequency of the sweep in Hz.
    pub rate_hz: f32,
    /// Frequency whose period is the middle delay, in Hz.
    pub center_hz: f32,
    /// Depth of the sweep, 0..1.
    pub depth: f32,
    /// Share fed back, −1..1.
    pub feedback: f32,
    /// How far the right side's sweep is ahead, in turns 0..1.
    pub phase: f32,
}

/// The flanger effect.
#[derive(Debug)]
pub struct Flanger {
    sample_rate: f32,
    echo: Echo<2>,
    /// Of the sweep, in turns.
    phase: f64,
    feedback: Ramp,
    mix: EqualPowerMix,
}

/// Triangle −1..1 of a phase in turns: 0 at 0, rising.
pub(crate) fn triangle(phase: f64) -> f64 {
    let t = phase + 0.25;
    1.0 - 4.0 * (t - t.floor() - 0.5).abs()
}

impl Flanger {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        Self {
            sample_rate,
            echo: Echo::new([LONGEST_S; 2], sample_rate),
            phase: 0.0,
            feedback: Ramp::default(),
            mix: EqualPowerMix::default(),
        }
    }

    /// Silence, sweep at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        self.echo.clear();
        self.phase = 0.0;
        self.feedback.reset();
        self.mix.reset();
    }

    /// Puts the sweep where it is `seconds` after its beginning.
    pub fn seek(&mut self, seconds: f64, rate_hz: f32) {
        let turns = seconds * f64::from(rate_hz.max(0.0));
        self.phase = turns - turns.floor();
    }

    /// Replaces a block by its mix with the moving echoes.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], p: &FlangerParams) {
        let frames = left.len().min(right.len());
        self.aim(p, frames);
        level.run(Run {
            echo: &mut self.echo,
            left: &mut left[..frames],
            right: &mut right[..frames],
            feedback: self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames),
            mix: self.mix.towards(p.mix.clamp(0.0, 0.5), frames),
        });
    }

    /// Gives both sides their delay for the end of the block and moves the sweep on.
    fn aim(&mut self, p: &FlangerParams, frames: usize) {
        let fs = f64::from(self.sample_rate);
        // A block goes to where the sweep was at its beginning (measured).
        let phase = self.phase;
        self.phase += f64::from(p.rate_hz.max(0.0)) * frames as f64 / fs;
        self.phase -= self.phase.floor();
        let middle = (1.0 / f64::from(p.center_hz.max(1.0))).min(LONGEST_S * 0.5);
        let half = 0.5 * f64::from(p.phase);
        let targets = [-half, half].map(|ahead| {
            let swing = f64::from(p.depth.clamp(0.0, 1.0)) * triangle(phase + ahead);
            ((middle - BASE_S) * (1.0 + swing) + BASE_S) * fs
        });
        self.echo.aim(targets, frames);
    }
}

/// A block of the flanger.
struct Run<'a> {
    echo: &'a mut Echo<2>,
    left: &'a mut [f32],
    right: &'a mut [f32],
    feedback: Line,
    mix: (Line, Line),
}

impl Kernel for Run<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let (echo, feedback, (dry, wet)) = (self.echo, self.feedback, self.mix);
        let frames = self.left.len();
        let mut from = 0;
        while from < frames {
            let count = echo.chunk::<2>(frames - from);
            let mut echoes = [[0.0_f32; CHUNK]; 2];
            echo.read(count, &mut echoes);
            let feedback: Chunk = feedback.values(from);
            let (dry, wet): (Chunk, Chunk) = (dry.values(from), wet.values(from));
            for (side, samples) in [&mut *self.left, &mut *self.right].into_iter().enumerate() {
                for (n, (x, echo)) in samples[from..from + count]
                    .iter_mut()
                    .zip(&mut echoes[side])
                    .enumerate()
                {
                    let input = *x;
                    *x = dry[n] * input + wet[n] * *echo;
                    *echo = input + feedback[n] * *echo;
                }
            }
            echo.write(count, &mut echoes, None);
            from += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{LEVEL, RATE, gain_db, impulse, loudest, run};

    const STILL: FlangerParams = FlangerParams {
        mix: 0.5,
        rate_hz: 0.0,
        center_hz: 500.0,
        depth: 0.0,
        feedback: 0.0,
        phase: 0.0,
    };

    #[test]
    fn the_triangle_starts_at_zero_and_rises() {
        assert_eq!(
            [0.0, 0.25, 0.5, 0.75, 1.125].map(triangle),
            [0.0, 1.0, 0.0, -1.0, 0.5]
        );
    }

    #[test]
    fn the_middle_delay_is_the_centres_period_and_combs_the_spectrum() {
        let mut flanger = Flanger::new(RATE);
        let (left, _) = run(
            |l, r| flanger.process(LEVEL, l, r, &STILL),
            &impulse(1.0, 4_096),
            &impulse(1.0, 4_096),
            128,
        );
        assert_eq!(
            loudest(&left[1..]) + 1,
            177,
            "2 ms and the sample that a loop takes"
        );
        assert!(gain_db(&left, 249.0) < -30.0, "{}", gain_db(&left, 249.0));
        assert!((gain_db(&left, 498.0) - 3.0).abs() < 0.1);
    }

    #[test]
    fn the_sweep_moves_both_sides_apart_by_the_phase() {
        let mut flanger = Flanger::new(RATE);
        let p = FlangerParams {
            depth: 1.0,
            phase: 1.0 / 3.0,
            ..STILL
        };
        let (left, right) = run(
            |l, r| flanger.process(LEVEL, l, r, &p),
            &impulse(1.0, 4_096),
            &impulse(1.0, 4_096),
            128,
        );
        // d₀ + (d − d₀)·(1 ∓ ⅔), d₀ = 44.1 and d = 176.4 samples.
        assert_eq!((loudest(&left[1..]) + 1, loudest(&right[1..]) + 1), (89, 266));
    }

    #[test]
    fn a_sought_time_is_a_time_played() {
        let p = FlangerParams {
            rate_hz: 0.7,
            ..STILL
        };
        let silence = vec![0.0; 44_096];
        let (mut played, mut sought) = (Flanger::new(RATE), Flanger::new(RATE));
        run(|l, r| played.process(LEVEL, l, r, &p), &silence, &silence, 64);
        sought.seek(44_096.0 / f64::from(RATE), 0.7);
        assert!((played.phase - sought.phase).abs() < 1e-6);
    }
}
