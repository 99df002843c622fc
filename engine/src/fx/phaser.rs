//! The phaser: chains of four, eight or twelve all-passes swept by a triangle, with band-limited feedback (vital-laws §9).

use super::flanger::triangle;
use super::mix::flush;
use super::one_pole::{self, OnePole};
use super::ramp::Ramp;
use crate::math::{self, fast};

/// Samples between two values of the sweep.
const TICK: u32 = 32;
/// All-passes of a channel.
const STAGES: usize = 12;
/// The feedback's low-pass and high-pass have the all-passes' coefficient times and over this.
const FEEDBACK_RANGE: f32 = 20.0;
/// The largest coefficient of that low-pass.
const HIGHEST_COEFFICIENT: f32 = 0.9;

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct PhaserParams {
    /// Wet share 0..1, linear.
    pub mix: f32,
    /// Frequency of the sweep in Hz.
    pub rate_hz: f32,
    /// Middle of the sweep in Hz.
    pub center_hz: f32,
    /// Depth of the sweep in semitones to each side.
    pub depth_st: f32,
    /// Share fed back, 0..1.
    pub feedback: f32,
    /// How far the left side's sweep is ahead, in turns 0..1.
    pub phase: f32,
    /// 0 four, 1 eight, 2 twelve all-passes, mixed between.
    pub blend: f32,
}

/// Coefficients of both sides: all-passes, feedback's low-pass, feedback's high-pass.
type Coefficients = [[f32; 2]; 3];

/// The phaser effect.
#[derive(Debug)]
pub struct Phaser {
    sample_rate: f32,
    stages: [OnePole<2>; STAGES],
    feedback_low: OnePole<2>,
    feedback_high: OnePole<2>,
    /// What the all-passes gave last.
    last: [f32; 2],
    now: Coefficients,
    step: Coefficients,
    /// Of the sweep, in turns.
    phase: f64,
    until_tick: u32,
    fresh: bool,
    feedback: Ramp,
    mix: Ramp,
    weights: [Ramp; 3],
}

impl Phaser {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        Self {
            sample_rate,
            stages: [OnePole::default(); STAGES],
            feedback_low: OnePole::default(),
            feedback_high: OnePole::default(),
            last: [0.0; 2],
            now: [[0.0; 2]; 3],
            step: [[0.0; 2]; 3],
            phase: 0.0,
            until_tick: 0,
            fresh: true,
            feedback: Ramp::default(),
            mix: Ramp::default(),
            weights: [Ramp::default(); 3],
        }
    }

    /// At rest, sweep at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate);
    }

    /// Puts the sweep where it is `seconds` after its beginning.
    pub fn seek(&mut self, seconds: f64, rate_hz: f32) {
        let turns = seconds * f64::from(rate_hz);
        self.phase = turns - turns.floor();
        (self.until_tick, self.fresh) = (0, true);
    }

    /// Replaces a block by its mix with the swept signal.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &PhaserParams) {
        let frames = left.len();
        let blend = p.blend.clamp(0.0, 2.0);
        let (few, many) = ((1.0 - blend).max(0.0), (blend - 1.0).max(0.0));
        let [mut w4, mut w8, mut w12] = {
            let mut lines = self.weights.iter_mut().zip([few, 1.0 - few - many, many]);
            std::array::from_fn(|_| {
                lines
                    .next()
                    .map(|(ramp, target)| ramp.towards(target, frames))
                    .unwrap_or_default()
            })
        };
        let mut feedback = self.feedback.towards(p.feedback.clamp(0.0, 1.0), frames);
        let mut mix = self.mix.towards(p.mix.clamp(0.0, 1.0), frames);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            if self.until_tick == 0 {
                self.until_tick = TICK;
                self.sweep(p);
            }
            self.until_tick -= 1;
            let weights = [w4.advance(), w8.advance(), w12.advance()];
            let (feedback, mix) = (feedback.advance(), mix.advance());
            let wet = self.tick([*l, *r], feedback, weights);
            *l += mix * (wet[0] - *l);
            *r += mix * (wet[1] - *r);
        }
    }

    /// Sets both sides' coefficients for the next [`TICK`] samples and moves the sweep on.
    fn sweep(&mut self, p: &PhaserParams) {
        let fs = self.sample_rate;
        self.phase += f64::from(p.rate_hz.max(0.0)) * f64::from(TICK) / f64::from(fs);
        self.phase -= self.phase.floor();
        let half = 0.5 * f64::from(p.phase);
        for (side, ahead) in [half, -half].into_iter().enumerate() {
            // The sweep begins downwards.
            let semitones = f64::from(p.depth_st) * triangle(self.phase + 0.5 + ahead);
            let hz = p.center_hz * math::exp2(semitones / 12.0) as f32;
            let g = one_pole::coefficient(hz, fs);
            let target = [
                g,
                (g * FEEDBACK_RANGE).min(HIGHEST_COEFFICIENT),
                g / FEEDBACK_RANGE,
            ];
            for ((now, step), target) in self.now.iter_mut().zip(&mut self.step).zip(target) {
                if self.fresh {
                    now[side] = target;
                }
                step[side] = (target - now[side]) / TICK as f32;
            }
        }
        self.fresh = false;
    }

    #[inline]
    fn tick(&mut self, x: [f32; 2], feedback: f32, weights: [f32; 3]) -> [f32; 2] {
        for (now, step) in self.now.iter_mut().flatten().zip(self.step.as_flattened()) {
            *now += step;
        }
        let [g, upper, lower] = self.now;
        let below = self.feedback_high.low_each(self.last, upper);
        let lowest = self.feedback_low.low_each(below, lower);
        let mut signal: [f32; 2] = std::array::from_fn(|side| {
            (1.0 + 0.5 * feedback) * x[side] + fast::tanh(feedback * (below[side] - lowest[side]))
        });
        let mut shifted = [0.0_f32; 2];
        for (stages, weight) in self.stages.chunks_exact_mut(4).zip(weights) {
            for stage in stages {
                signal = stage.all_pass_each(signal, g);
            }
            shifted = [shifted[0] + weight * signal[0], shifted[1] + weight * signal[1]];
        }
        self.last = shifted.map(flush);
        [0.5 * (x[0] + shifted[0]), 0.5 * (x[1] + shifted[1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, gain_db, impulse, run};

    const STILL: PhaserParams = PhaserParams {
        mix: 1.0,
        rate_hz: 0.0,
        center_hz: 830.609,
        depth_st: 0.0,
        feedback: 0.0,
        phase: 0.0,
        blend: 0.0,
    };

    fn response(p: PhaserParams) -> Vec<f32> {
        let mut phaser = Phaser::new(RATE);
        run(
            |l, r| phaser.process(l, r, &p),
            &impulse(0.01, 32_768),
            &impulse(0.01, 32_768),
            128,
        )
        .0
        .into_iter()
        .map(|x| x * 100.0)
        .collect()
    }

    #[test]
    fn the_responses_are_those_of_vital() {
        // Measured in Vital: blends of 4, 8 and 12 all-passes without feedback, and 8 with feedback ½.
        let cases: [(PhaserParams, [(f64, f64); 5]); 4] = [
            (
                STILL,
                [
                    (100.0, -1.0),
                    (200.0, -4.6),
                    (600.0, -1.9),
                    (1_500.0, -7.2),
                    (5_000.0, -2.0),
                ],
            ),
            (
                PhaserParams { blend: 1.0, ..STILL },
                [
                    (100.0, -4.8),
                    (300.0, -0.6),
                    (1_000.0, -2.6),
                    (3_000.0, -5.2),
                    (8_000.0, -3.2),
                ],
            ),
            (
                PhaserParams { blend: 2.0, ..STILL },
                [
                    (200.0, -0.4),
                    (300.0, -5.6),
                    (1_000.0, -7.0),
                    (5_000.0, -8.5),
                    (15_000.0, -1.7),
                ],
            ),
            (
                PhaserParams {
                    blend: 1.0,
                    feedback: 0.5,
                    ..STILL
                },
                [
                    (100.0, -7.6),
                    (300.0, 0.7),
                    (800.0, 4.1),
                    (2_000.0, 4.7),
                    (15_000.0, 2.7),
                ],
            ),
        ];
        for (p, points) in cases {
            let response = response(p);
            for (hz, expected) in points {
                let gain = gain_db(&response, hz);
                assert!(
                    (gain - expected).abs() < 0.25,
                    "{p:?} at {hz} Hz: {gain} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn a_sought_time_is_a_time_played() {
        let moving = PhaserParams {
            rate_hz: 0.7,
            depth_st: 24.0,
            ..STILL
        };
        let silence = vec![0.0; 44_096];
        let mut played = Phaser::new(RATE);
        run(|l, r| played.process(l, r, &moving), &silence, &silence, 64);
        let mut sought = Phaser::new(RATE);
        sought.seek(44_096.0 / f64::from(RATE), 0.7);
        assert!((played.phase - sought.phase).abs() < 1e-6);
    }
}
