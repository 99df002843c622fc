//! The reverb: sixteen modulated delay lines behind all-passes, mixed with one another (vital-laws §9; the rest was
//! fitted to Vital's impulse responses: without modulation the difference stays under −42 dB).

mod swing;

mod tank;

use super::delay_line::{CHUNK, DelayLine};
use super::mix::EqualPowerMix;
use super::one_pole;
use super::ramp::Ramp;
use crate::math;
use crate::simd::Level;
use swing::{LEAD_S, Swing};
use tank::Block;

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
/// The shortest a line gets, in samples: a chunk is read before it is written.
const SHORTEST: f64 = CHUNK as f64 + 4.0;
/// The longest delay before the reverberation, in seconds.
const LONGEST_PREDELAY_S: f32 = 0.3;
/// Share of the second exchange in the output.
const FORWARD: f32 = 0.125;

/// Values at the end of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// What the parameters come to, so that it is computed only when they move.
#[derive(Debug, Clone, Copy)]
struct Targets {
    of: ReverbParams,
    pre_low: f32,
    pre_high: f32,
    low: f32,
    low_loss: f32,
    high: f32,
    high_share: f32,
    predelay: f32,
    /// Samples of the running rate per sample of the lines' lengths.
    scale: f64,
    /// Depth of the modulation in samples.
    drift: f64,
    /// Gain per pass of each line.
    gains: Lines,
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
    predelay: Ramp,
    gains: [Ramp; LINES],
}

/// States of the one-poles.
#[derive(Debug, Clone, Default)]
struct States {
    pre_low: [f32; 2],
    pre_high: [f32; 2],
    low: Lines,
    high: Lines,
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
    /// Length of each line at the end of the last block, in samples.
    lengths: Option<[f64; LINES]>,
    swing: Swing,
    states: States,
    predelay: [DelayLine; 2],
    targets: Option<Targets>,
    ramps: Ramps,
    mix: EqualPowerMix,
}

impl Reverb {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let ratio = sample_rate / LENGTH_RATE;
        // One sample more than the length: an all-pass reads before it writes.
        let allpass_delays = ALLPASS_LENGTHS.map(|n| (n * ratio + 0.5) as usize + 1);
        let predelay = f64::from(LONGEST_PREDELAY_S * sample_rate) + 4.0;
        let longest = |length: f32| DelayLine::with_room_for(f64::from((length + DRIFT) * 2.0 * ratio));
        Self {
            sample_rate,
            ratio,
            lines: LINE_LENGTHS.map(longest),
            allpasses: allpass_delays.map(|n| DelayLine::new(n as f64)),
            allpass_delays,
            lengths: None,
            swing: Swing::default(),
            states: States::default(),
            predelay: [DelayLine::new(predelay), DelayLine::new(predelay)],
            targets: None,
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
        (self.lengths, self.swing, self.states) = (None, Swing::default(), States::default());
        self.ramps = Ramps::default();
        self.mix.reset();
    }

    /// Replaces a block by its mix with the reverberation.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], p: &ReverbParams) {
        let frames = left.len().min(right.len());
        let to = match self.targets {
            Some(targets) if targets.of == *p => targets,
            _ => self.targets(p),
        };
        self.targets = Some(to);
        let hz = f64::from(p.mod_hz.clamp(0.0, 16.0));
        let swing = self
            .swing
            .advance(hz * frames as f64 / f64::from(self.sample_rate), hz * LEAD_S);
        // The way through the mixing counts for one sample.
        let ends: [f64; LINES] = std::array::from_fn(|i| {
            let length = f64::from(LINE_LENGTHS[i]) * to.scale + to.drift * f64::from(swing[i]) - 1.0;
            length.clamp(SHORTEST, self.lines[i].longest())
        });
        let starts = self.lengths.unwrap_or(ends);
        for i in 0..LINES {
            self.lines[i].stretch(starts[i].max(ends[i]));
        }
        let ramps = &mut self.ramps;
        let mut gains = ramps
            .gains
            .iter_mut()
            .zip(to.gains)
            .map(|(ramp, gain)| ramp.towards(gain, frames));
        level.run(Block {
            lines: &mut self.lines,
            allpasses: &mut self.allpasses,
            allpass_delays: &self.allpass_delays,
            predelay: &mut self.predelay,
            states: &mut self.states,
            lengths: starts,
            length_steps: std::array::from_fn(|i| (ends[i] - starts[i]) / frames.max(1) as f64),
            gains: std::array::from_fn(|_| gains.next().unwrap_or_default()),
            pre_low: ramps.pre_low.towards(to.pre_low, frames),
            pre_high: ramps.pre_high.towards(to.pre_high, frames),
            low: ramps.low.towards(to.low, frames),
            low_loss: ramps.low_loss.towards(to.low_loss, frames),
            high: ramps.high.towards(to.high, frames),
            high_share: ramps.high_share.towards(to.high_share, frames),
            back: ramps.predelay.towards(to.predelay, frames),
            mix: self.mix.towards(p.mix, frames),
            left: &mut left[..frames],
            right: &mut right[..frames],
        });
        self.lengths = Some(ends);
    }

    fn targets(&self, p: &ReverbParams) -> Targets {
        let corner = |hz: f32| one_pole::coefficient(hz, self.sample_rate);
        let share = |db: f32| math::db_to_gain(f64::from(db.clamp(-24.0, 0.0))) as f32;
        let factor = math::exp2(SIZE_OCTAVES * f64::from(p.size.clamp(0.0, 1.0)) + SMALLEST_OCTAVE);
        let scale = factor * f64::from(self.ratio);
        Targets {
            of: *p,
            pre_low: corner(p.pre_low_hz),
            pre_high: corner(p.pre_high_hz),
            low: corner(p.low_shelf_hz),
            low_loss: 1.0 - share(p.low_shelf_db),
            high: corner(p.high_shelf_hz),
            high_share: share(p.high_shelf_db),
            predelay: (p.predelay_s.clamp(0.0, LONGEST_PREDELAY_S) * self.sample_rate).max(3.0),
            scale,
            drift: f64::from(p.mod_amount.clamp(0.0, 1.0) * DRIFT) * scale,
            gains: decay_gains(factor, p.decay_s),
        }
    }
}

/// Each line's gain per pass: 0.001 to the share of the nominal decay (in seconds, held in 0.1..100) that it lasts.
fn decay_gains(factor: f64, decay_s: f32) -> Lines {
    let decay_samples = f64::from(decay_s.clamp(0.1, 100.0)) * f64::from(LENGTH_RATE);
    LINE_LENGTHS
        .map(|length| math::exp2(math::log2(0.001) * f64::from(length) * factor / decay_samples) as f32)
}

#[cfg(test)]
mod tests;
