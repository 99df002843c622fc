//! The reverb: sixteen modulated delay lines behind all-passes, mixed with one another (vital-laws §9).

use super::delay_line::{DelayLine, cubic_weights};
use super::mix::{EqualPowerMix, flush};
use super::one_pole::{self, OnePole};
use super::ramp::Ramp;
use crate::math;

/// Four rows of four lines; lanes 0 and 2 of a row are the left side's, 1 and 3 the right one's.
const ROWS: usize = 4;
/// A value per line of a row.
type Lanes = [f32; 4];
/// A value per line.
type Lines = [Lanes; ROWS];

/// Sample rate that the lengths below are counted in.
const LENGTH_RATE: f32 = 44_100.0;
/// Lengths of the feedback lines at factor 1, in samples.
const LINE_LENGTHS: Lines = [
    [6_753.2, 9_278.4, 7_704.5, 11_328.5],
    [9_701.12, 5_512.5, 8_480.45, 5_638.65],
    [3_120.73, 3_429.5, 3_626.37, 7_713.52],
    [4_521.54, 6_518.97, 5_265.56, 5_630.25],
];
/// Lengths of the all-passes, in samples; the size does not change them.
const ALLPASS_LENGTHS: [[usize; 4]; ROWS] =
    [[1_001, 799, 933, 876], [895, 807, 907, 853], [957, 1_019, 711, 567], [833, 779, 663, 997]];
/// Feedback of the all-passes.
const ALLPASS_GAIN: f32 = 0.6;
/// The size control's powers of two: 2^(4·size − 3).
const SIZE_POWERS: (f64, f64) = (4.0, -3.0);
/// Swing of the modulation at full amount, in samples at factor 1.
const DRIFT: f32 = 2_500.0;
/// A line's length follows its target by this share per sample at [`LENGTH_RATE`]·2.
const LENGTH_FOLLOW: f32 = 0.05;
/// The longest delay before the reverberation, in seconds.
const LONGEST_PREDELAY_S: f32 = 0.3;

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
    low_share: Ramp,
    high: Ramp,
    high_share: Ramp,
    drift: Ramp,
    predelay: Ramp,
    decay: [[Ramp; 4]; ROWS],
}

/// The reverb effect.
#[derive(Debug)]
pub struct Reverb {
    sample_rate: f32,
    /// Samples of this rate per sample at [`LENGTH_RATE`].
    ratio: f32,
    lines: Vec<f32>,
    line_mask: usize,
    allpasses: Vec<f32>,
    allpass_mask: usize,
    allpass_delays: [[usize; 4]; ROWS],
    now: usize,
    lengths: Option<Lines>,
    phase: f64,
    pre_low: [OnePole; 4],
    pre_high: [OnePole; 4],
    low: [[OnePole; 4]; ROWS],
    high: [[OnePole; 4]; ROWS],
    predelay: [DelayLine; 2],
    ramps: Ramps,
    mix: EqualPowerMix,
}

/// One line read `delay` samples ago.
#[inline]
fn read_line(ring: &[f32], mask: usize, now: usize, delay: f32) -> f32 {
    let whole = delay as usize;
    let w = cubic_weights(delay - whole as f32);
    let at = now.wrapping_sub(whole);
    w[0] * ring[at.wrapping_add(1) & mask]
        + w[1] * ring[at & mask]
        + w[2] * ring[at.wrapping_sub(1) & mask]
        + w[3] * ring[at.wrapping_sub(2) & mask]
}

/// Adds to every line a quarter of all, minus half its lane's sum, minus half its row's sum.
#[inline]
fn exchange(x: &Lines) -> Lines {
    let mut lanes = [0.0_f32; 4];
    for row in x {
        for (sum, v) in lanes.iter_mut().zip(row) {
            *sum += v;
        }
    }
    let all = 0.25 * ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
    let mut y = *x;
    for (row, x) in y.iter_mut().zip(x) {
        let row_sum = (x[0] + x[1]) + (x[2] + x[3]);
        for (v, lane) in row.iter_mut().zip(lanes) {
            *v += all - 0.5 * lane - 0.5 * row_sum;
        }
    }
    y
}

impl Reverb {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let ratio = sample_rate / LENGTH_RATE;
        let longest = (11_328.5 + DRIFT) * 2.0 * ratio;
        let line_length = (longest as usize + 8).next_power_of_two();
        let allpass_delays = ALLPASS_LENGTHS.map(|row| row.map(|n| (n as f32 * ratio + 0.5) as usize + 1));
        let allpass_length = ((1_019.0 * ratio) as usize + 4).next_power_of_two();
        let predelay = || DelayLine::new(f64::from(LONGEST_PREDELAY_S * sample_rate) + 4.0);
        Self {
            sample_rate,
            ratio,
            lines: vec![0.0; line_length * 16],
            line_mask: line_length - 1,
            allpasses: vec![0.0; allpass_length * 16],
            allpass_mask: allpass_length - 1,
            allpass_delays,
            now: 0,
            lengths: None,
            phase: 0.0,
            pre_low: [OnePole::default(); 4],
            pre_high: [OnePole::default(); 4],
            low: [[OnePole::default(); 4]; ROWS],
            high: [[OnePole::default(); 4]; ROWS],
            predelay: [predelay(), predelay()],
            ramps: Ramps::default(),
            mix: EqualPowerMix::default(),
        }
    }

    /// Silence, modulation at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        self.lines.fill(0.0);
        self.allpasses.fill(0.0);
        self.predelay.iter_mut().for_each(DelayLine::clear);
        (self.now, self.lengths, self.phase) = (0, None, 0.0);
        (self.pre_low, self.pre_high) = ([OnePole::default(); 4], [OnePole::default(); 4]);
        (self.low, self.high) = ([[OnePole::default(); 4]; ROWS], [[OnePole::default(); 4]; ROWS]);
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
        let mut low_share = ramps.low_share.towards(1.0 - share(p.low_shelf_db), frames);
        let mut high = ramps.high.towards(corner(p.high_shelf_hz), frames);
        let mut high_share = ramps.high_share.towards(share(p.high_shelf_db), frames);
        let predelay_samples = (p.predelay_s.clamp(0.0, LONGEST_PREDELAY_S) * fs).max(3.0);
        let mut predelay = ramps.predelay.towards(predelay_samples, frames);

        let factor = math::exp2(SIZE_POWERS.0 * f64::from(p.size.clamp(0.0, 1.0)) + SIZE_POWERS.1);
        let decay_samples = f64::from(p.decay_s.clamp(0.1, 100.0)) * f64::from(LENGTH_RATE);
        let mut decay = [[super::ramp::Line::default(); 4]; ROWS];
        for (i, line) in decay.iter_mut().flatten().enumerate() {
            let length = f64::from(LINE_LENGTHS[i / 4][i % 4]) * factor;
            let gain = math::exp2(math::log2(0.001) * length / decay_samples) as f32;
            *line = ramps.decay[i / 4][i % 4].towards(gain, frames);
        }
        let scale = factor as f32 * self.ratio;
        let mut drift = ramps.drift.towards(p.mod_amount.clamp(0.0, 1.0) * DRIFT * scale, frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix, frames);
        let turn = f64::from(p.mod_hz.clamp(0.0, 16.0)) / f64::from(fs);
        let longest = (self.line_mask - 8) as f32;
        let mut lengths = self.lengths.unwrap_or_else(|| LINE_LENGTHS.map(|row| row.map(|n| n * scale)));

        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            // Where each line is read.
            self.phase += turn;
            let drift = drift.advance();
            let swing: [Lanes; 2] = {
                let mut both = [[0.0; 4]; 2];
                for lane in 0..4 {
                    let angle = 2.0 * math::PI * (self.phase + 0.25 * lane as f64);
                    both[0][lane] = math::cos(angle) as f32 * drift;
                    both[1][lane] = math::sin(angle) as f32 * drift;
                }
                both
            };
            let mut x = [[0.0_f32; 4]; ROWS];
            for row in 0..ROWS {
                let sign = if row & 1 == 0 { 1.0 } else { -1.0 };
                for lane in 0..4 {
                    let target = (LINE_LENGTHS[row][lane] * scale + sign * swing[row / 2][lane]).clamp(3.0, longest);
                    lengths[row][lane] += LENGTH_FOLLOW * (target - lengths[row][lane]);
                    let i = row * 4 + lane;
                    let ring = &self.lines[i * (self.line_mask + 1)..][..self.line_mask + 1];
                    x[row][lane] = read_line(ring, self.line_mask, self.now, lengths[row][lane] - 1.0);
                }
            }
            // Input within its band, inverted, and the all-passes.
            let (pre_low, pre_high) = (pre_low.advance(), pre_high.advance());
            let mut input = [*l, *r, *l, *r];
            for (lane, v) in input.iter_mut().enumerate() {
                let below = self.pre_high[lane].low(*v, pre_high);
                *v = 0.25 * (self.pre_low[lane].low(*v, pre_low) - below);
            }
            for row in 0..ROWS {
                let mut past = [0.0_f32; 4];
                for lane in 0..4 {
                    let i = row * 4 + lane;
                    let ring = &self.allpasses[i * (self.allpass_mask + 1)..][..self.allpass_mask + 1];
                    past[lane ^ 1] = ring[self.now.wrapping_sub(self.allpass_delays[row][lane]) & self.allpass_mask];
                }
                for lane in 0..4 {
                    let into = x[row][lane] - ALLPASS_GAIN * past[lane];
                    let i = row * 4 + lane;
                    self.allpasses[i * (self.allpass_mask + 1) + (self.now & self.allpass_mask)] = flush(into + input[lane]);
                    x[row][lane] = past[lane] + ALLPASS_GAIN * into;
                }
            }
            // Exchange, damp, and write back.
            let mut x = exchange(&x);
            let (low, low_share) = (low.advance(), low_share.advance());
            let (high, high_share) = (high.advance(), high_share.advance());
            let (mut kept, mut gains) = (x, x);
            for row in 0..ROWS {
                for lane in 0..4 {
                    let below = self.high[row][lane].low(x[row][lane], high);
                    let damped = below + high_share * (x[row][lane] - below);
                    x[row][lane] = damped - low_share * self.low[row][lane].low(damped, low);
                    gains[row][lane] = decay[row][lane].advance();
                    kept[row][lane] = flush(x[row][lane] * gains[row][lane]);
                    let i = row * 4 + lane;
                    self.lines[i * (self.line_mask + 1) + (self.now & self.line_mask)] = kept[row][lane];
                }
            }
            // Both sides' sum and a second exchange.
            let forward = exchange(&kept);
            let mut out = [0.0_f32; 4];
            for lane in 0..4 {
                for row in 0..ROWS {
                    out[lane] += x[row][lane] + 0.125 * gains[row][lane] * forward[row][lane];
                }
            }
            self.now = self.now.wrapping_add(1);
            let wet_now = wet.advance();
            let dry_now = dry.advance();
            let back = f64::from(predelay.advance());
            for (side, v) in [l, r].into_iter().enumerate() {
                let sum = out[side] + out[side + 2];
                self.predelay[side].push(sum);
                let late = self.predelay[side].read(back + 1.0);
                *v = dry_now * *v + wet_now * late;
            }
        }
        self.phase -= self.phase.floor();
        self.lengths = Some(lengths);
    }
}
