//! The flanger: one short echo per side, its time swept by a triangle (vital-laws §9).

use super::echo::{Echo, Glide};
use super::mix::EqualPowerMix;
use super::ramp::Ramp;

/// Samples between two values of the sweep.
const TICK: u32 = 32;
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
    echo: [Echo; 2],
    time: [Glide; 2],
    target: [f64; 2],
    phase: f64,
    until_tick: u32,
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
        let longest = LONGEST_S * f64::from(sample_rate);
        Self {
            sample_rate,
            echo: [Echo::new(longest), Echo::new(longest)],
            time: [Glide::default(); 2],
            target: [0.0; 2],
            phase: 0.0,
            until_tick: 0,
            feedback: Ramp::default(),
            mix: EqualPowerMix::default(),
        }
    }

    /// Silence, sweep at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        for (echo, time) in self.echo.iter_mut().zip(&mut self.time) {
            echo.clear();
            time.reset();
        }
        (self.phase, self.until_tick) = (0.0, 0);
        self.feedback.reset();
        self.mix.reset();
    }

    /// Replaces a block by its mix with the moving echoes.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &FlangerParams) {
        let frames = left.len();
        let mut feedback = self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix.clamp(0.0, 0.5), frames);
        let rate = Glide::rate(self.sample_rate);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            if self.until_tick == 0 {
                self.until_tick = TICK;
                self.sweep(p);
            }
            self.until_tick -= 1;
            let (feedback, dry, wet) = (feedback.advance(), dry.advance(), wet.advance());
            for (side, x) in [l, r].into_iter().enumerate() {
                let echo = self.echo[side].read(self.time[side].advance(self.target[side], rate));
                self.echo[side].write_plain(*x + feedback * echo);
                *x = dry * *x + wet * echo;
            }
        }
    }

    /// Sets both sides' delay for the next [`TICK`] samples and moves the sweep on.
    fn sweep(&mut self, p: &FlangerParams) {
        let fs = f64::from(self.sample_rate);
        let middle = (1.0 / f64::from(p.center_hz.max(1.0))).min(LONGEST_S * 0.5);
        for (target, ahead) in self.target.iter_mut().zip([0.0, f64::from(p.phase)]) {
            let swing = f64::from(p.depth.clamp(0.0, 1.0)) * triangle(self.phase + ahead);
            *target = ((middle - BASE_S) * (1.0 + swing) + BASE_S) * fs;
        }
        self.phase += f64::from(p.rate_hz.max(0.0)) * f64::from(TICK) / fs;
        self.phase -= self.phase.floor();
    }
}
