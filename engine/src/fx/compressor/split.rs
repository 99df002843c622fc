//! The compressor's crossovers: Linkwitz-Riley of fourth order, two Butterworth sections in a row on each way.
//!
//! The three sections of a crossover and both sides are lanes, the later sections a sample behind the first, and the
//! lower crossover two samples behind the upper one whose lower way it takes: a sample costs one step of a filter.

use super::LANES;
use crate::fx::svf::{self, Svf, SvfCoefficients, SvfOutput};

/// Crossovers between the bands in Hz.
const SPLITS_HZ: [f32; 2] = [120.0, 2_500.0];

/// Which lanes a crossover computes: both of the first section, all four of the second ones.
const FIRST: [bool; LANES] = [true, true, false, false, false, false, false, false];
const SECOND: [bool; LANES] = [false, false, true, true, true, true, false, false];

/// One crossover. Lanes: first section left and right, below left and right, above left and right, two silent.
#[derive(Debug, Clone, Copy)]
struct Crossover {
    c: SvfCoefficients<LANES>,
    svf: Svf<LANES>,
    /// What the first section gave at the last step: below left and right, above left and right.
    first: [f32; 4],
}

/// What of a crossover is computed in a step.
#[derive(Debug, Clone, Copy)]
struct Awake {
    first: bool,
    second: bool,
}

impl Awake {
    /// In step `at` of a loop over `frames` samples, of which the first one comes in step `start`.
    #[inline(always)]
    fn at(at: usize, start: usize, frames: usize) -> Self {
        Self {
            first: (start..start + frames).contains(&at),
            second: (start + 1..start + 1 + frames).contains(&at),
        }
    }
}

impl Crossover {
    fn new(hz: f32, sample_rate: f32) -> Self {
        Self {
            c: SvfCoefficients::new(
                [svf::coefficient(hz, sample_rate); LANES],
                [std::f32::consts::SQRT_2; LANES],
            ),
            svf: Svf::default(),
            first: [0.0; 4],
        }
    }

    /// One step: takes a sample, gives (below, above) of the one before.
    #[inline(always)]
    fn step(&mut self, [l, r]: [f32; 2], awake: Awake) -> ([f32; 2], [f32; 2]) {
        let [low_l, low_r, high_l, high_r] = self.first;
        let input = [l, r, low_l, low_r, high_l, high_r, 0.0, 0.0];
        let SvfOutput { low, high, .. } = if awake.first && awake.second {
            self.svf.tick(input, &self.c)
        } else {
            let lanes = std::array::from_fn(|i| (FIRST[i] && awake.first) || (SECOND[i] && awake.second));
            self.svf.tick_some(input, &self.c, lanes)
        };
        self.first = [low[0], low[1], high[0], high[1]];
        ([low[2], low[3]], [high[4], high[5]])
    }

    /// All samples as what is below and above.
    #[inline(always)]
    fn split(&mut self, left: &[f32], right: &[f32], out: &mut [[f32; 4]]) {
        let frames = left.len();
        let mut running = *self;
        for at in 0..=frames {
            let ([a, b], [c, d]) = running.step(sample(left, right, at), Awake::at(at, 0, frames));
            if at >= 1 {
                out[at - 1] = [a, b, c, d];
            }
        }
        *self = running;
    }
}

/// The crossovers of the compressor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossovers {
    lower: Crossover,
    upper: Crossover,
}

impl Crossovers {
    /// At rest.
    pub(super) fn new(sample_rate: f32) -> Self {
        Self {
            lower: Crossover::new(SPLITS_HZ[0], sample_rate),
            upper: Crossover::new(SPLITS_HZ[1], sample_rate),
        }
    }

    /// Nothing in place of states far below hearing.
    pub(super) fn flush(&mut self) {
        self.lower.svf.flush();
        self.upper.svf.flush();
    }

    /// Both sides as low and the rest: low left, low right, rest left, rest right.
    #[inline(always)]
    pub(super) fn low(&mut self, left: &[f32], right: &[f32], out: &mut [[f32; 4]]) {
        self.lower.split(left, right, out);
    }

    /// Both sides as the rest and high.
    #[inline(always)]
    pub(super) fn high(&mut self, left: &[f32], right: &[f32], out: &mut [[f32; 4]]) {
        self.upper.split(left, right, out);
    }

    /// Both sides as low, middle and high.
    #[inline(always)]
    pub(super) fn multi(&mut self, left: &[f32], right: &[f32], out: &mut [[f32; LANES]]) {
        let frames = left.len();
        let (mut lower, mut upper) = (self.lower, self.upper);
        let mut rest = [0.0; 2];
        for at in 0..frames + 3 {
            // The lower crossover takes what the upper one gave in the step before.
            let (low, middle) = lower.step(rest, Awake::at(at, 2, frames));
            let (below, high) = upper.step(sample(left, right, at), Awake::at(at, 0, frames));
            rest = below;
            if (1..=frames).contains(&at) {
                (out[at - 1][4], out[at - 1][5]) = (high[0], high[1]);
            }
            if at >= 3 {
                [out[at - 3][0], out[at - 3][1]] = low;
                [out[at - 3][2], out[at - 3][3]] = middle;
            }
        }
        (self.lower, self.upper) = (lower, upper);
    }
}

/// Both sides of a sample, nothing beyond the last one.
#[inline(always)]
fn sample(left: &[f32], right: &[f32], at: usize) -> [f32; 2] {
    if at < left.len() {
        [left[at], right[at]]
    } else {
        [0.0; 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_of_pieces_are_bands_of_the_whole() {
        let tone: Vec<f32> = (0..200).map(|i| ((i * 37) % 23) as f32 / 11.0 - 1.0).collect();
        let mut whole = vec![[0.0; LANES]; 200];
        Crossovers::new(88_200.0).multi(&tone, &tone, &mut whole);
        let mut below = vec![[0.0; 4]; 200];
        Crossovers::new(88_200.0).low(&tone, &tone, &mut below);
        for size in [1, 2, 3, 7, 64] {
            let mut pieces = vec![[0.0; LANES]; 200];
            let mut crossovers = Crossovers::new(88_200.0);
            for (input, out) in tone.chunks(size).zip(pieces.chunks_mut(size)) {
                crossovers.multi(input, input, out);
            }
            assert_eq!(pieces, whole, "pieces of {size}");
            let mut pieces = vec![[0.0; 4]; 200];
            let mut crossovers = Crossovers::new(88_200.0);
            for (input, out) in tone.chunks(size).zip(pieces.chunks_mut(size)) {
                crossovers.low(input, input, out);
            }
            assert_eq!(pieces, below, "pieces of {size}");
        }
    }
}
