//! The reverb: sixteen modulated delay lines behind all-passes, mixed with one another (vital-laws §9; the rest was
//! fitted to Vital's impulse responses: without modulation the difference stays under −42 dB).

mod swing;

use super::delay_line::{DelayLine, between, nearest};
use super::mix::{EqualPowerMix, flush};
use super::one_pole::{self, OnePole};
use super::ramp::Ramp;
use crate::math;
use swing::{Swing, spread};

/// Lines: four rows of four lanes. Lanes 0 and 2 of a row belong to the left side, 1 and 3 to the right.
const LINES: usize = 16;
/// A value per line, row after row.
type Lines = [f32; LINES];

/// Sample rate that the lengths below are counted in.
const LENGTH_RATE: f32 = 44_100.0;
/// Lengths of the feedback lines at factor 1, in samples.
const LINE_LENGTHS: Lines = [
    6_753.2, 9_278.4, 7_704.5, 11_328.5, 9_701.12, 5_512.5, 8_480.45, 5_638.65, 3_120.73, 3_429.5, 3_626.37,
    7_713.52, 4_521.54, 6_518.97, 5_265.56, 5_630.25,
];
/// The longest of them.
const LONGEST_LINE: f32 = 11_328.5;
/// Lengths of the all-passes, in samples; the size does not change them.
const ALLPASS_LENGTHS: Lines = [
    1_001.0, 799.0, 933.0, 876.0, 895.0, 807.0, 907.0, 853.0, 957.0, 1_019.0, 711.0, 567.0, 833.0, 779.0,
    663.0, 997.0,
];
/// Gain of the all-passes.
const ALLPASS_GAIN: f32 = 0.6;
/// The size s makes the factor 2^(4·s − 3) of the lines' lengths.
const SIZE_OCTAVES: f64 = 4.0;
const SMALLEST_OCTAVE: f64 = -3.0;
/// Swing of the modulation at full amount, in samples at factor 1.
const DRIFT: f32 = 2_500.0;
/// Samples processed together; no line is ever shorter.
const CHUNK: usize = 32;
/// The shortest a line gets, in samples.
const SHORTEST: f32 = CHUNK as f32 + 4.0;
/// Share of the distance to its target that a line's length covers per sample.
const LENGTH_FOLLOW: f32 = 0.05;
/// The longest delay before the reverberation, in seconds.
const LONGEST_PREDELAY_S: f32 = 0.3;
/// Share of the second exchange in the output.
const FORWARD: f32 = 0.125;

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct ReverbParams {
    /// Wet share 0..1, equal power.
    pub mix: f32,
    /// Nominal decay in seconds, held in 0.1..100.
    pub decay_s: f32,
    /// Size 0..1: lengths times 2^(4·size − 3).
    pub size: f32,
    /// Delay before the reverberation in seconds, 0..0.3.
    pub predelay_s: f32,
    /// Corner of the input's high-pass in Hz.
    pub pre_low_hz: f32,
    /// Corner of the input's low-pass in Hz.
    pub pre_high_hz: f32,
    /// Corner of the damping below in Hz.
    pub low_shelf_hz: f32,
    /// Damping below per pass in dB, −6..0.
    pub low_shelf_db: f32,
    /// Corner of the damping above in Hz.
    pub high_shelf_hz: f32,
    /// Damping above per pass in dB, −6..0.
    pub high_shelf_db: f32,
    /// Depth of the modulation, 0..1 (already squared).
    pub mod_amount: f32,
    /// Frequency of the modulation in Hz.
    pub mod_hz: f32,
}

/// Controls that move in a line across the block.
#[derive(Debug, Clone, Default)]
struct Ramps {
    pre_low: Ramp,
    pre_high: Ramp,
    low: Ramp,
    low_loss: Ramp,
    high: Ramp,
    high_share: Ramp,
    drift: Ramp,
    scale: Ramp,
    predelay: Ramp,
}

/// The reverb effect.
#[derive(Debug)]
pub struct Reverb {
    sample_rate: f32,
    /// Samples of this rate per sample at [`LENGTH_RATE`].
    ratio: f32,
    lines: [DelayLine; LINES],
    allpasses: [DelayLine; LINES],
    allpass_delays: [usize; LINES],
    lengths: Option<Lines>,
    /// Gain per pass of each line at the end of the last block.
    gains: Option<Lines>,
    swing: Swing,
    pre_low: OnePole<2>,
    pre_high: OnePole<2>,
    low: OnePole<LINES>,
    high: OnePole<LINES>,
    predelay: [DelayLine; 2],
    ramps: Ramps,
    mix: EqualPowerMix,
}

/// Adds to every line a quarter of all, minus half its lane's sum, minus half its row's sum.
#[inline]
fn exchange(x: &Lines) -> Lines {
    let mut lanes = [0.0_f32; 4];
    for row in x.chunks_exact(4) {
        for (sum, v) in lanes.iter_mut().zip(row) {
            *sum += v;
        }
    }
    let all = 0.25 * ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
    let mut y = *x;
    for row in y.chunks_exact_mut(4) {
        let row_share = all - 0.5 * ((row[0] + row[1]) + (row[2] + row[3]));
        for (v, lane) in row.iter_mut().zip(lanes) {
            *v += row_share - 0.5 * lane;
        }
    }
    y
}

/// Left and right: the sums of the even and of the odd lanes.
#[inline]
fn sides(x: &Lines) -> [f32; 2] {
    let mut sums = [0.0_f32; 4];
    for row in x.chunks_exact(4) {
        for (sum, v) in sums.iter_mut().zip(row) {
            *sum += v;
        }
    }
    [sums[0] + sums[2], sums[1] + sums[3]]
}

impl Reverb {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let ratio = sample_rate / LENGTH_RATE;
        let longest = f64::from((LONGEST_LINE + DRIFT) * 2.0 * ratio);
        // One sample more than the length: an all-pass reads before it writes.
        let allpass_delays = ALLPASS_LENGTHS.map(|n| (n * ratio + 0.5) as usize + 1);
        let predelay = f64::from(LONGEST_PREDELAY_S * sample_rate) + 4.0;
        Self {
            sample_rate,
            ratio,
            lines: std::array::from_fn(|_| DelayLine::new(longest)),
            allpasses: allpass_delays.map(|n| DelayLine::new(n as f64)),
            allpass_delays,
            lengths: None,
            gains: None,
            swing: Swing::default(),
            pre_low: OnePole::default(),
            pre_high: OnePole::default(),
            low: OnePole::default(),
            high: OnePole::default(),
            predelay: [DelayLine::new(predelay), DelayLine::new(predelay)],
            ramps: Ramps::default(),
            mix: EqualPowerMix::default(),
        }
    }

    /// Silence, modulation at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        for line in self
            .lines
            .iter_mut()
            .chain(&mut self.allpasses)
            .chain(&mut self.predelay)
        {
            line.clear();
        }
        (self.lengths, self.gains, self.swing) = (None, None, Swing::default());
        (self.pre_low, self.pre_high) = (OnePole::default(), OnePole::default());
        (self.low, self.high) = (OnePole::default(), OnePole::default());
        self.ramps = Ramps::default();
        self.mix.reset();
    }

    /// Replaces a block by its mix with the reverberation.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &ReverbParams) {
        let frames = left.len();
        let fs = self.sample_rate;
        let ramps = &mut self.ramps;
        let corner = |hz: f32| one_pole::coefficient(hz, fs);
        let share = |db: f32| math::db_to_gain(f64::from(db.clamp(-24.0, 0.0))) as f32;
        let mut pre_low = ramps.pre_low.towards(corner(p.pre_low_hz), frames);
        let mut pre_high = ramps.pre_high.towards(corner(p.pre_high_hz), frames);
        let mut low = ramps.low.towards(corner(p.low_shelf_hz), frames);
        let mut low_loss = ramps.low_loss.towards(1.0 - share(p.low_shelf_db), frames);
        let mut high = ramps.high.towards(corner(p.high_shelf_hz), frames);
        let mut high_share = ramps.high_share.towards(share(p.high_shelf_db), frames);
        let predelay = (p.predelay_s.clamp(0.0, LONGEST_PREDELAY_S) * fs).max(3.0);
        let mut predelay = ramps.predelay.towards(predelay, frames);
        let factor = math::exp2(SIZE_OCTAVES * f64::from(p.size.clamp(0.0, 1.0)) + SMALLEST_OCTAVE);
        let target_gains = decay_gains(factor, p.decay_s);
        let mut gains = self.gains.unwrap_or(target_gains);
        let gain_steps: Lines = std::array::from_fn(|i| (target_gains[i] - gains[i]) / frames.max(1) as f32);
        let mut scale = ramps.scale.towards(factor as f32 * self.ratio, frames);
        let drift = p.mod_amount.clamp(0.0, 1.0) * DRIFT * factor as f32 * self.ratio;
        let mut drift = ramps.drift.towards(drift, frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix, frames);
        let turn = f64::from(p.mod_hz.clamp(0.0, 16.0)) / f64::from(fs);
        let longest = self.lines[3].longest() as f32;
        let mut lengths = self.lengths.unwrap_or_else(|| {
            let scale = factor as f32 * self.ratio;
            LINE_LENGTHS.map(|n| n * scale)
        });

        let mut done = 0;
        while done < frames {
            let count = CHUNK.min(frames - done);
            // Where the lines end, sample by sample.
            let mut ends = [[0.0_f32; LINES]; CHUNK];
            for ends in &mut ends[..count] {
                let (drift, scale) = (drift.advance(), scale.advance());
                let swing = spread(self.swing.advance(turn));
                for i in 0..LINES {
                    let target = (LINE_LENGTHS[i] * scale + drift * swing[i]).clamp(SHORTEST, longest);
                    lengths[i] += LENGTH_FOLLOW * (target - lengths[i]);
                    // The way through the mixing counts for one sample.
                    ends[i] = lengths[i] - 1.0;
                }
            }
            // All is read before anything is written: every line and all-pass is longer than a chunk.
            let mut returned = [[0.0_f32; LINES]; CHUNK];
            let mut past = [[0.0_f32; LINES]; CHUNK];
            for (row, lines) in self.lines.chunks_exact(4).enumerate() {
                let row = 4 * row..4 * row + 4;
                for (n, (returned, ends)) in returned[..count].iter_mut().zip(&ends).enumerate() {
                    let ends: [f32; 4] = std::array::from_fn(|lane| ends[row.start + lane]);
                    let whole = ends.map(|end| end as i32);
                    let fraction = std::array::from_fn(|lane| ends[lane] - whole[lane] as f32);
                    let windows = std::array::from_fn(|lane| lines[lane].window(whole[lane] as usize - n));
                    returned[row.clone()].copy_from_slice(&between::<4>(&windows, fraction));
                }
            }
            // The all-passes' memories cross the sides.
            for (i, allpass) in self.allpasses.iter().enumerate() {
                for (n, past) in past[..count].iter_mut().enumerate() {
                    past[i ^ 1] = allpass.sample(self.allpass_delays[i] - n);
                }
            }
            for n in 0..count {
                let (l, r) = (&mut left[done + n], &mut right[done + n]);
                let input = self.input([*l, *r], pre_low.advance(), pre_high.advance());
                let x = diffuse(&returned[n], &mut past[n], input);
                let low = [low.advance(), low_loss.advance()];
                let x = self.damp(exchange(&x), low, [high.advance(), high_share.advance()]);
                let kept = &mut returned[n];
                for i in 0..LINES {
                    gains[i] += gain_steps[i];
                    kept[i] = flush(x[i] * gains[i]);
                }
                // Both sides' sums, with some of a second exchange.
                let forward = exchange(kept);
                let mut sum = x;
                for i in 0..LINES {
                    sum[i] += FORWARD * gains[i] * forward[i];
                }
                let (dry, wet, back) = (dry.advance(), wet.advance(), predelay.advance());
                let (whole, fraction) = nearest(f64::from(back));
                for ((sample, line), sum) in [l, r].into_iter().zip(&mut self.predelay).zip(sides(&sum)) {
                    line.push(sum);
                    *sample = dry * *sample + wet * line.read(whole + 1, fraction);
                }
            }
            for (i, (line, allpass)) in self.lines.iter_mut().zip(&mut self.allpasses).enumerate() {
                line.extend(returned[..count].iter().map(|kept| kept[i]));
                allpass.extend(past[..count].iter().map(|into| into[i]));
            }
            done += count;
        }
        self.gains = Some(target_gains);
        self.lengths = Some(lengths);
    }

    /// A quarter of the low-passed input minus its high-passed self: a band with its sign turned.
    #[inline]
    fn input(&mut self, sample: [f32; 2], low: f32, high: f32) -> [f32; 2] {
        let above = self.pre_high.low(sample, high);
        let below = self.pre_low.low(sample, low);
        [0.25 * (below[0] - above[0]), 0.25 * (below[1] - above[1])]
    }

    /// High shelf (coefficient, share kept above), then low shelf (coefficient, share lost below).
    #[inline]
    fn damp(&mut self, mut x: Lines, [low, low_loss]: [f32; 2], [high, high_share]: [f32; 2]) -> Lines {
        let below = self.high.low(x, high);
        for (x, below) in x.iter_mut().zip(below) {
            *x = below + high_share * (*x - below);
        }
        let below = self.low.low(x, low);
        for (x, below) in x.iter_mut().zip(below) {
            *x -= low_loss * below;
        }
        x
    }
}

/// What comes out of the all-passes; `past` is what their memories give and becomes what they take in.
#[inline]
fn diffuse(returned: &Lines, past: &mut Lines, [left, right]: [f32; 2]) -> Lines {
    let input: Lines = std::array::from_fn(|i| if i & 1 == 0 { left } else { right });
    let memory = *past;
    let mut x = [0.0; LINES];
    for i in 0..LINES {
        let into = returned[i] - ALLPASS_GAIN * memory[i];
        x[i] = memory[i] + ALLPASS_GAIN * into;
        past[i] = flush(into + input[i]);
    }
    x
}

/// Each line's gain per pass: 0.001 to the share of the nominal decay (in seconds, held in 0.1..100) that it lasts.
fn decay_gains(factor: f64, decay_s: f32) -> Lines {
    let decay_samples = f64::from(decay_s.clamp(0.1, 100.0)) * f64::from(LENGTH_RATE);
    LINE_LENGTHS
        .map(|length| math::exp2(math::log2(0.001) * f64::from(length) * factor / decay_samples) as f32)
}

#[cfg(test)]
mod tests;
