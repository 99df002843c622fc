//! Delay lines side by side that feed back into themselves: shared by the delay, the chorus and the flanger.
//!
//! Delays move in a straight line across each block; whole chunks are read before they are written, so that either
//! their samples or the lines are the lanes of every loop.

use super::delay_line::{CHUNK, Chunk, DelayLine, Split, Way};
use super::one_pole::BandLines;
use crate::math::{self, fast};

/// Half-life of a change of a delay time, in seconds (vital-laws §9).
const GLIDE_HALF_LIFE_S: f64 = 0.02;
/// The limiter's knee and what it adds beyond: 8·h(x/8) with h straight to ±0.66 (vital-laws §6 and §9).
const KNEE: f32 = 0.66 * 8.0;
const BEYOND: f32 = 0.34 * 8.0;
/// Filter states below this are silence: they must not decay into numbers that are slow to compute with.
const SILENCE: f32 = 1e-15;

/// What a line keeps stays within ±8 softly: straight to ±5.28, tanh beyond.
#[inline(always)]
fn soft_limit(samples: &mut [f32]) {
    let mut over = false;
    for x in samples.iter() {
        over |= x.abs() > KNEE;
    }
    if over {
        for x in samples {
            let straight = x.clamp(-KNEE, KNEE);
            *x = straight + BEYOND * fast::quick_tanh((*x - straight) / BEYOND);
        }
    }
}

/// What a line without a colouring filter keeps stays within ±1 (measured on the flanger with much feedback).
#[inline(always)]
fn hard_limit(samples: &mut [f32]) {
    for x in samples {
        *x = x.clamp(-1.0, 1.0);
    }
}

/// What is really added where a step is added in single precision.
fn single_step(from: f64, step: f64) -> f64 {
    let from = from as f32;
    f64::from((from + step as f32) - from)
}

/// `N` lines, each with a limiter and a colouring filter in its input, so that already the first repeat is coloured.
#[derive(Debug, Clone)]
pub(crate) struct Echo<const N: usize> {
    sample_rate: f64,
    /// `N`.
    count: usize,
    lines: [DelayLine; N],
    /// States of the band's low-passes: the upper corner's and the lower's.
    upper: [f32; N],
    lower: [f32; N],
    /// One over the delay of each line at the block's end, less one sample.
    rate: [f64; N],
    /// Delay of each line in samples, how it moves, and where the next block begins.
    delay: [f64; N],
    step: [f64; N],
    end: [f64; N],
    fresh: bool,
    /// Share of the distance to its target that a delay covers in a block of so many frames.
    glide: (usize, f64),
}

impl<const N: usize> Echo<N> {
    /// Silent lines for delays of up to `longest_s`, line by line.
    pub(crate) fn new(longest_s: [f64; N], sample_rate: f32) -> Self {
        let sample_rate = f64::from(sample_rate);
        Self {
            sample_rate,
            count: N,
            lines: longest_s.map(|s| DelayLine::new(s * sample_rate + 4.0)),
            upper: [0.0; N],
            lower: [0.0; N],
            rate: [1.0; N],
            delay: [DelayLine::SHORTEST; N],
            step: [0.0; N],
            end: [DelayLine::SHORTEST; N],
            fresh: true,
            glide: (0, 0.0),
        }
    }

    /// Starts a block of `frames` towards `targets`, delays in samples. Not the delay but its reciprocal glides, so that
    /// moving delays are shorter in the mean (measured on the flanger: 107 to 320 samples where gliding delays would
    /// reach 115 and 326). What is written can be read one sample later at the earliest; Vital counts its delays from
    /// there, so each is one sample longer than its target.
    ///
    /// Vital adds up its step sample by sample in single precision, so that each is a whole number of the delay's last
    /// places, and begins the next block at its target: at each block's end a delay jumps by up to a few thousandths of a
    /// sample. One hears that where a compressor lifts what a chorus leaves of a dark sound.
    pub(crate) fn aim(&mut self, targets: [f64; N], frames: usize) {
        if self.glide.0 != frames {
            let share = 1.0 - math::exp2(-(frames as f64) / (GLIDE_HALF_LIFE_S * self.sample_rate));
            self.glide = (frames, share);
        }
        for (i, target) in targets.into_iter().enumerate() {
            let longest = self.lines[i].longest();
            let rate = 1.0 / target.clamp(DelayLine::SHORTEST - 1.0, longest - 1.0);
            if self.fresh {
                (self.rate[i], self.end[i]) = (rate, 1.0 / rate + 1.0);
            }
            self.rate[i] += (rate - self.rate[i]) * self.glide.1;
            let end = (1.0 / self.rate[i] + 1.0).clamp(DelayLine::SHORTEST, longest);
            self.delay[i] = self.end[i];
            self.step[i] = single_step(self.end[i] - 1.0, (end - self.end[i]) / frames.max(1) as f64);
            self.end[i] = end;
        }
        self.fresh = false;
    }

    /// How many of the next `left` samples can be read before the first of them must be written, looking at the first
    /// `M` lines: at least 1, at most [`CHUNK`].
    #[inline(always)]
    pub(crate) fn chunk<const M: usize>(&self, left: usize) -> usize {
        let most = left.min(CHUNK);
        let mut shortest = f64::MAX;
        for i in 0..M {
            let end = self.delay[i] + self.step[i] * most as f64;
            shortest = shortest.min(self.delay[i].min(end));
        }
        ((shortest - 3.0).max(1.0) as usize).min(most)
    }

    /// `lines`, in a way that the compiler does not know: it would write the loop over them out line by line.
    #[inline(always)]
    fn active(&self, lines: usize) -> usize {
        lines.min(self.count)
    }

    /// Reads the next `count` samples of the first `M` lines.
    #[inline(always)]
    pub(crate) fn read<const M: usize>(&mut self, count: usize, echoes: &mut [Chunk; M]) {
        for (i, echo) in echoes[..self.active(M)].iter_mut().enumerate() {
            let way = Way::new(self.delay[i], self.step[i]);
            self.lines[i].read(way, Split::Nearest, &mut echo[..count]);
        }
        for (delay, step) in self.delay.iter_mut().zip(self.step) {
            *delay += step * count as f64;
        }
    }

    /// Limits `count` samples of the first `M` lines, colours them and writes them; `from` is their place in the block.
    #[inline(always)]
    pub(crate) fn write<const M: usize>(
        &mut self,
        count: usize,
        input: &mut [Chunk; M],
        band: Option<(&BandLines, usize)>,
    ) {
        let active = self.active(M);
        for samples in &mut input[..active] {
            match band {
                Some(_) => soft_limit(&mut samples[..count]),
                None => hard_limit(&mut samples[..count]),
            }
        }
        if let Some((band, from)) = band {
            self.colour(count, input, band, from);
        }
        for (line, samples) in self.lines.iter_mut().zip(&mut input[..active]) {
            for x in samples.iter_mut() {
                *x = if x.abs() < 1e-20 { 0.0 } else { *x };
            }
            line.extend(&samples[..count]);
        }
    }

    /// Low-pass at the band's upper corner, minus its own low-pass at the lower one, times the gain. Both are one-poles
    /// s ← (1 − 2c)·s + 2c·x that give (1 − c)·s + c·x (trapezoidal).
    #[inline(always)]
    fn colour<const M: usize>(
        &mut self,
        count: usize,
        input: &mut [Chunk; M],
        band: &BandLines,
        from: usize,
    ) {
        let mut upper: [f32; M] = std::array::from_fn(|i| self.upper[i]);
        let mut lower: [f32; M] = std::array::from_fn(|i| self.lower[i]);
        // Lines as lanes: the filters must go from sample to sample.
        let mut turned = [[0.0_f32; M]; CHUNK];
        for (n, lanes) in turned[..count].iter_mut().enumerate() {
            for (i, lane) in lanes.iter_mut().enumerate() {
                *lane = input[i][n];
            }
        }
        let [uppers, lowers, gains] = band.values::<CHUNK>(from);
        for (n, lanes) in turned[..count].iter_mut().enumerate() {
            let (u, l, gain) = (uppers[n], lowers[n], gains[n]);
            for i in 0..M {
                let x = lanes[i];
                let below = (1.0 - u) * upper[i] + u * x;
                upper[i] = (1.0 - 2.0 * u) * upper[i] + 2.0 * u * x;
                let lowest = (1.0 - l) * lower[i] + l * below;
                lower[i] = (1.0 - 2.0 * l) * lower[i] + 2.0 * l * below;
                lanes[i] = (below - lowest) * gain;
            }
        }
        for (i, samples) in input.iter_mut().enumerate() {
            for (sample, lanes) in samples[..count].iter_mut().zip(&turned) {
                *sample = lanes[i];
            }
        }
        for i in 0..M {
            self.upper[i] = if upper[i].abs() < SILENCE { 0.0 } else { upper[i] };
            self.lower[i] = if lower[i].abs() < SILENCE { 0.0 } else { lower[i] };
        }
    }

    /// Line `to` goes on from what line `from` holds.
    pub(crate) fn copy_line(&mut self, from: usize, to: usize) {
        if from < to {
            let (before, after) = self.lines.split_at_mut(to);
            after[0].copy_from(&before[from]);
            self.upper[to] = self.upper[from];
            self.lower[to] = self.lower[from];
            self.rate[to] = self.rate[from];
            self.delay[to] = self.delay[from];
            self.end[to] = self.end[from];
        }
    }

    /// Silence; the next delays start at their targets.
    pub(crate) fn clear(&mut self) {
        self.lines.iter_mut().for_each(DelayLine::clear);
        (self.upper, self.lower) = ([0.0; N], [0.0; N]);
        self.fresh = true;
    }
}

#[cfg(test)]
mod tests {
    use super::{Echo, soft_limit};

    #[test]
    fn the_limiter_is_straight_up_to_five_and_hardly_passes_eight() {
        let limited = |x: f32| {
            let mut samples = [x];
            soft_limit(&mut samples);
            samples[0]
        };
        assert_eq!(limited(5.2), 5.2);
        assert!(limited(-6.5) > -6.5 && limited(-6.5) < -6.0);
        assert!(limited(1e6) < 8.03 && limited(1e6) > 7.9);
    }

    #[test]
    fn half_of_a_change_of_the_reciprocal_time_is_covered_in_twenty_milliseconds() {
        let mut echo = Echo::<1>::new([0.1], 48_000.0);
        echo.aim([100.0], 32);
        echo.read::<1>(32, &mut [[0.0; 64]]);
        assert!((echo.delay[0] - 101.0).abs() < 1e-9);
        for _ in 0..30 {
            echo.aim([200.0], 32);
            echo.read::<1>(32, &mut [[0.0; 64]]);
        }
        // Halfway from 1/100 to 1/200 is 1/133⅓.
        assert!((echo.delay[0] - 134.333).abs() < 0.01, "{}", echo.delay[0]);
    }
}
