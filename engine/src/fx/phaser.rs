//! The phaser: chains of four, eight or twelve all-passes swept by a triangle, with band-limited feedback (vital-laws §9).

use super::delay_line::{CHUNK, Chunk};
use super::flanger::triangle;
use super::one_pole;
use super::ramp::{Line, Ramp};
use crate::math::{self, fast};
use crate::simd::{Kernel, Level};

/// All-passes of a group: after each group the signal can be tapped.
const GROUP: usize = 4;
/// Groups.
const GROUPS: usize = 3;
/// Both sides of all groups, filled up to whole vectors.
const LANES: usize = 8;
/// The feedback's low-pass and high-pass have the all-passes' coefficient times and over this.
const FEEDBACK_RANGE: f32 = 20.0;
/// The largest coefficient of that low-pass.
const HIGHEST_COEFFICIENT: f32 = 0.9;
/// States below this are silence: they must not decay into numbers that are slow to compute with.
const SILENCE: f32 = 1e-15;

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

/// A value for each side.
type Sides = [f32; 2];

/// The phaser effect.
#[derive(Debug)]
pub struct Phaser {
    sample_rate: f32,
    states: States,
    /// Of the sweep, in turns.
    phase: f64,
    /// The all-passes' coefficient of each side, the feedback's low-pass and its high-pass.
    coefficients: [[Ramp; 2]; 3],
    /// The frequency and the coefficient computed last, of each side.
    computed: [Option<(f64, f32)>; 2],
    feedback: Ramp,
    mix: Ramp,
    weights: [Ramp; GROUPS],
}

/// All-passes by their place in the group: in each place those of the first group left and right, of the second, of the
/// third, and two that stay at 0.
type Stages = [[f32; LANES]; GROUP];

/// What goes round.
#[derive(Debug, Clone, Copy, Default)]
struct States {
    stages: Stages,
    feedback_low: Sides,
    feedback_high: Sides,
    /// What the all-passes gave last.
    last: Sides,
}

impl Phaser {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        Self {
            sample_rate,
            states: States::default(),
            phase: 0.0,
            coefficients: [[Ramp::default(); 2]; 3],
            computed: [None; 2],
            feedback: Ramp::default(),
            mix: Ramp::default(),
            weights: [Ramp::default(); GROUPS],
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
        self.coefficients = [[Ramp::default(); 2]; 3];
    }

    /// Replaces a block by its mix with the swept signal.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], p: &PhaserParams) {
        let frames = left.len().min(right.len());
        let blend = p.blend.clamp(0.0, 2.0);
        let (few, many) = ((1.0 - blend).max(0.0), (blend - 1.0).max(0.0));
        let mut weights = [Line::default(); GROUPS];
        let targets = [few, 1.0 - few - many, many];
        for ((line, ramp), target) in weights.iter_mut().zip(&mut self.weights).zip(targets) {
            *line = ramp.towards(target, frames);
        }
        level.run(Run {
            coefficients: self.sweep(p, frames),
            weights,
            feedback: self.feedback.towards(p.feedback.clamp(0.0, 1.0), frames),
            mix: self.mix.towards(p.mix.clamp(0.0, 1.0), frames),
            states: &mut self.states,
            left: &mut left[..frames],
            right: &mut right[..frames],
        });
    }

    /// Both sides' coefficients across the block; moves the sweep on to its end.
    fn sweep(&mut self, p: &PhaserParams, frames: usize) -> [[Line; 2]; 3] {
        let fs = self.sample_rate;
        self.phase += f64::from(p.rate_hz.max(0.0)) * frames as f64 / f64::from(fs);
        self.phase -= self.phase.floor();
        let half = 0.5 * f64::from(p.phase);
        let mut lines = [[Line::default(); 2]; 3];
        for (side, ahead) in [half, -half].into_iter().enumerate() {
            // The sweep begins downwards.
            let semitones = f64::from(p.depth_st) * triangle(self.phase + 0.5 + ahead);
            let hz = f64::from(p.center_hz) * math::exp2(semitones / 12.0);
            let g = match self.computed[side] {
                Some((of, g)) if of == hz => g,
                _ => one_pole::coefficient(hz as f32, fs),
            };
            self.computed[side] = Some((hz, g));
            let targets = [
                g,
                (g * FEEDBACK_RANGE).min(HIGHEST_COEFFICIENT),
                g / FEEDBACK_RANGE,
            ];
            for ((line, ramp), target) in lines.iter_mut().zip(&mut self.coefficients).zip(targets) {
                line[side] = ramp[side].towards(target, frames);
            }
        }
        lines
    }
}

/// A block of the phaser.
struct Run<'a> {
    states: &'a mut States,
    left: &'a mut [f32],
    right: &'a mut [f32],
    coefficients: [[Line; 2]; 3],
    weights: [Line; GROUPS],
    feedback: Line,
    mix: Line,
}

impl Kernel for Run<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let mut states = *self.states;
        let frames = self.left.len();
        let mut from = 0;
        while from < frames {
            let count = CHUNK.min(frames - from);
            let coefficients = self
                .coefficients
                .map(|sides| sides.map(|line| line.values::<CHUNK>(from)));
            let weights = self.weights.map(|weight| weight.values::<CHUNK>(from));
            let (feedback, mix): (Chunk, Chunk) = (self.feedback.values(from), self.mix.values(from));
            let samples = self.left[from..from + count]
                .iter_mut()
                .zip(&mut self.right[from..from + count]);
            for (n, (l, r)) in samples.enumerate() {
                let coefficients = [0, 1, 2].map(|i: usize| [coefficients[i][0][n], coefficients[i][1][n]]);
                let weights = [weights[0][n], weights[1][n], weights[2][n]];
                let wet = states.tick([*l, *r], feedback[n], coefficients, weights);
                *l += mix[n] * (wet[0] - *l);
                *r += mix[n] * (wet[1] - *r);
            }
            from += count;
        }
        states.silence();
        *self.states = states;
    }
}

impl States {
    /// One sample. What the loop waits for is short: each group of four all-passes gives a⁴·x plus what its states say,
    /// which is known before x is.
    ///
    /// An all-pass with g: a = 2g − 1, gives a·x + (1 − a)·s, s ← (1 + a)·x − a·s.
    #[inline(always)]
    fn tick(
        &mut self,
        x: Sides,
        feedback: f32,
        [g, upper, lower]: [Sides; 3],
        weights: [f32; GROUPS],
    ) -> Sides {
        let a: [f32; LANES] = std::array::from_fn(|i| 2.0 * g[i & 1] - 1.0);
        // What each all-pass would take in (and the last one would give) if nothing came in.
        let mut known: Stages = [[0.0; LANES]; GROUP];
        let mut out = [0.0_f32; LANES];
        for (known, stage) in known.iter_mut().zip(&self.stages) {
            *known = out;
            for i in 0..LANES {
                out[i] = a[i] * out[i] + (1.0 - a[i]) * stage[i];
            }
        }
        let mut signal = [0.0_f32; 2];
        for side in 0..2 {
            let (c, d, last) = (upper[side], lower[side], self.last[side]);
            let below = (1.0 - c) * self.feedback_high[side] + c * last;
            self.feedback_high[side] = (1.0 - 2.0 * c) * self.feedback_high[side] + 2.0 * c * last;
            let lowest = (1.0 - d) * self.feedback_low[side] + d * below;
            self.feedback_low[side] = (1.0 - 2.0 * d) * self.feedback_low[side] + 2.0 * d * below;
            signal[side] = (1.0 + 0.5 * feedback) * x[side] + fast::quick_tanh(feedback * (below - lowest));
        }
        let mut into = [0.0_f32; LANES];
        let mut shifted = [0.0_f32; 2];
        for (group, weight) in weights.into_iter().enumerate() {
            for side in 0..2 {
                let squared = a[side] * a[side];
                into[2 * group + side] = signal[side];
                signal[side] = squared * squared * signal[side] + out[2 * group + side];
                shifted[side] += weight * signal[side];
            }
        }
        let mut power = [1.0_f32; LANES];
        for (known, stage) in known.iter().zip(&mut self.stages) {
            for i in 0..LANES {
                let takes = power[i] * into[i] + known[i];
                stage[i] = (1.0 + a[i]) * takes - a[i] * stage[i];
                power[i] *= a[i];
            }
        }
        self.last = shifted;
        [0.5 * (x[0] + shifted[0]), 0.5 * (x[1] + shifted[1])]
    }

    fn silence(&mut self) {
        let stages = self.stages.as_flattened_mut();
        let others = [&mut self.feedback_low, &mut self.feedback_high, &mut self.last];
        for state in stages.iter_mut().chain(others.into_iter().flatten()) {
            if state.abs() < SILENCE {
                *state = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{LEVEL, RATE, gain_db, impulse, run};

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
            |l, r| phaser.process(LEVEL, l, r, &p),
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
        run(
            |l, r| played.process(LEVEL, l, r, &moving),
            &silence,
            &silence,
            64,
        );
        let mut sought = Phaser::new(RATE);
        sought.seek(44_096.0 / f64::from(RATE), 0.7);
        assert!((played.phase - sought.phase).abs() < 1e-6);
    }
}
