//! The flanger: one short echo per side, its time swept by a triangle (vital-laws §9).

use super::echo::{Echo, TICK};
use super::mix::EqualPowerMix;
use super::ramp::Ramp;

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

    /// Replaces a block by its mix with the moving echoes.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &FlangerParams) {
        let frames = left.len();
        let mut feedback = self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix.clamp(0.0, 0.5), frames);
        let mut done = 0;
        while done < frames {
            if self.echo.until_aim() == 0 {
                self.aim(p);
            }
            let count = self.echo.until_aim().min(frames - done);
            let (left, right) = (&mut left[done..done + count], &mut right[done..done + count]);
            self.echo.run(count, None, |n, echo| {
                let (l, r) = (left[n], right[n]);
                let (feedback, dry, wet) = (feedback.advance(), dry.advance(), wet.advance());
                left[n] = dry * l + wet * echo[0];
                right[n] = dry * r + wet * echo[1];
                [l + feedback * echo[0], r + feedback * echo[1]]
            });
            done += count;
        }
    }

    /// Gives both sides their delay for the next tick and moves the sweep on.
    fn aim(&mut self, p: &FlangerParams) {
        let fs = f64::from(self.sample_rate);
        self.phase += f64::from(p.rate_hz.max(0.0)) * TICK as f64 / fs;
        self.phase -= self.phase.floor();
        let middle = (1.0 / f64::from(p.center_hz.max(1.0))).min(LONGEST_S * 0.5);
        let phase = self.phase;
        let half = 0.5 * f64::from(p.phase);
        self.echo.aim([-half, half].map(|ahead| {
            let swing = f64::from(p.depth.clamp(0.0, 1.0)) * triangle(phase + ahead);
            ((middle - BASE_S) * (1.0 + swing) + BASE_S) * fs
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, gain_db, impulse, loudest, run};

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
            |l, r| flanger.process(l, r, &STILL),
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
            |l, r| flanger.process(l, r, &p),
            &impulse(1.0, 4_096),
            &impulse(1.0, 4_096),
            128,
        );
        // d₀ + (d − d₀)·(1 ∓ ⅔), d₀ = 44.1 and d = 176.4 samples.
        assert_eq!((loudest(&left[1..]) + 1, loudest(&right[1..]) + 1), (89, 266));
    }
}
