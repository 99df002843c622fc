//! The compressor: up to three bands, each pressed down above one threshold and lifted up below another (vital-laws §9).

use super::power::power;
use super::ramp::{Line, Ramp};
use super::svf::{self, Svf, SvfCoefficients};
use crate::math;

/// Crossovers between the bands in Hz.
const SPLITS_HZ: [f32; 2] = [120.0, 2_500.0];
/// Attack of the low, middle and high band at the middle of the control, in ms.
const ATTACK_MS: [f64; 3] = [2.8, 1.4, 0.7];
/// Release, in ms.
const RELEASE_MS: [f64; 3] = [40.0, 28.0, 15.0];
/// The most a band is lifted (linear gain).
const HIGHEST_LIFT: f32 = 32.0;
/// Smallest power a follower works with: −160 dB.
const FLOOR: f32 = 1e-16;

/// Which bands there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressorBands {
    /// Low, middle, high.
    Multi,
    /// Low and everything above.
    Low,
    /// High and everything below.
    High,
    /// One, by the middle band's values.
    Single,
}

/// One band at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct CompressorBand {
    /// Above this level in dB the band is pressed down.
    pub upper_threshold_db: f32,
    /// Below this level in dB it is lifted.
    pub lower_threshold_db: f32,
    /// Strength of the pressing, 0..1 (1: a limiter).
    pub upper_ratio: f32,
    /// Strength of the lifting, −1..1 (negative: pushed further down).
    pub lower_ratio: f32,
    /// Gain afterwards in dB.
    pub gain_db: f32,
}

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct CompressorParams {
    /// Which bands there are.
    pub bands: CompressorBands,
    /// Attack 0..1: e^{8a−4} times each band's own.
    pub attack: f32,
    /// Release 0..1: e^{8r−4} times each band's own.
    pub release: f32,
    /// Wet share 0..1, linear.
    pub mix: f32,
    /// Low, middle, high.
    pub band: [CompressorBand; 3],
}

/// Linkwitz-Riley crossover of fourth order: two Butterworth sections in a row on each side.
#[derive(Debug, Clone, Copy, Default)]
struct Split {
    first: Svf,
    low: Svf,
    high: Svf,
}

impl Split {
    /// (below, above).
    #[inline]
    fn tick(&mut self, x: f32, c: &SvfCoefficients) -> (f32, f32) {
        let y = self.first.tick(x, c);
        (self.low.tick(y.low, c).low, self.high.tick(y.high, c).high)
    }
}

/// Followers of one channel of one band: powers, held at the thresholds they matter beyond.
#[derive(Debug, Clone, Copy, Default)]
struct Followers {
    upper: f32,
    lower: f32,
}

#[derive(Debug, Clone, Copy, Default)]
struct BandRamps {
    upper_threshold: Ramp,
    lower_threshold: Ramp,
    upper_ratio: Ramp,
    lower_ratio: Ramp,
    gain: Ramp,
}

/// Lines and constants of one band across a block.
#[derive(Debug, Clone, Copy)]
struct BandBlock {
    attack: f32,
    release: f32,
    upper_threshold: Line,
    lower_threshold: Line,
    upper_ratio: Line,
    lower_ratio: Line,
    gain: Line,
}

/// The compressor effect.
#[derive(Debug)]
pub struct Compressor {
    sample_rate: f32,
    split: [SvfCoefficients; 2],
    low_split: [Split; 2],
    high_split: [Split; 2],
    followers: [[Followers; 2]; 3],
    ramps: [BandRamps; 3],
    mix: Ramp,
}

impl Compressor {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let split = SPLITS_HZ.map(|hz| SvfCoefficients::new(svf::coefficient(hz, sample_rate), std::f32::consts::SQRT_2));
        Self {
            sample_rate,
            split,
            low_split: [Split::default(); 2],
            high_split: [Split::default(); 2],
            followers: [[Followers::default(); 2]; 3],
            ramps: [BandRamps::default(); 3],
            mix: Ramp::default(),
        }
    }

    /// At rest; the next block starts at its values.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate);
    }

    /// Replaces a block by its mix with the compressed signal.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &CompressorParams) {
        let frames = left.len();
        let mix = self.mix.towards(p.mix.clamp(0.0, 1.0), frames);
        let blocks: [BandBlock; 3] = std::array::from_fn(|band| self.block(band, p, frames));
        for (side, channel) in [left, right].into_iter().enumerate() {
            let (mut mix, mut blocks) = (mix, blocks);
            for x in channel.iter_mut() {
                let bands = self.bands(side, *x, p.bands);
                let mix = mix.advance();
                *x = 0.0;
                for (i, (block, sample)) in blocks.iter_mut().zip(bands).enumerate() {
                    // The dry share too is the sum of the bands, so that both shares have the crossovers' phase.
                    if let Some(sample) = sample {
                        *x += sample + mix * (self.followers[i][side].tick(sample, block) - sample);
                    }
                }
            }
        }
    }

    /// The sample as low, middle and high.
    #[inline]
    fn bands(&mut self, side: usize, x: f32, bands: CompressorBands) -> [Option<f32>; 3] {
        match bands {
            CompressorBands::Single => [None, Some(x), None],
            CompressorBands::Low => {
                let (low, rest) = self.low_split[side].tick(x, &self.split[0]);
                [Some(low), Some(rest), None]
            }
            CompressorBands::High => {
                let (rest, high) = self.high_split[side].tick(x, &self.split[1]);
                [None, Some(rest), Some(high)]
            }
            CompressorBands::Multi => {
                let (rest, high) = self.high_split[side].tick(x, &self.split[1]);
                let (low, middle) = self.low_split[side].tick(rest, &self.split[0]);
                [Some(low), Some(middle), Some(high)]
            }
        }
    }

    fn block(&mut self, band: usize, p: &CompressorParams, frames: usize) -> BandBlock {
        let samples_per_ms = f64::from(self.sample_rate) / 1_000.0;
        let time = |control: f32, base: f64| {
            (math::exp(8.0 * f64::from(control.clamp(0.0, 1.0)) - 4.0) * base * samples_per_ms) as f32
        };
        let db = |db: f32| math::db_to_gain(f64::from(db));
        let (ramps, v) = (&mut self.ramps[band], &p.band[band]);
        let square = |gain: f64| ((gain * gain) as f32).max(FLOOR);
        BandBlock {
            attack: time(p.attack, ATTACK_MS[band]),
            release: time(p.release, RELEASE_MS[band]),
            upper_threshold: ramps.upper_threshold.towards(square(db(v.upper_threshold_db)), frames),
            lower_threshold: ramps.lower_threshold.towards(square(db(v.lower_threshold_db)), frames),
            upper_ratio: ramps.upper_ratio.towards(0.5 * v.upper_ratio.clamp(0.0, 1.0), frames),
            lower_ratio: ramps.lower_ratio.towards(0.5 * v.lower_ratio.clamp(-1.0, 1.0), frames),
            gain: ramps.gain.towards(db(v.gain_db) as f32, frames),
        }
    }
}

impl Followers {
    /// One sample: follow its power, give back the sample with the band's gain.
    #[inline]
    fn tick(&mut self, x: f32, b: &mut BandBlock) -> f32 {
        let (upper_threshold, lower_threshold) = (b.upper_threshold.advance(), b.lower_threshold.advance());
        let (upper_ratio, lower_ratio, gain) = (b.upper_ratio.advance(), b.lower_ratio.advance(), b.gain.advance());
        let power_now = x * x;
        let follow = |state: f32| {
            let n = if power_now > state { b.attack } else { b.release };
            (power_now + state * n) / (n + 1.0)
        };
        self.upper = follow(self.upper).max(upper_threshold);
        self.lower = follow(self.lower).min(lower_threshold).max(FLOOR);
        let mut change = 1.0;
        if self.upper > upper_threshold {
            change *= power(upper_threshold / self.upper, upper_ratio);
        }
        if self.lower < lower_threshold {
            change *= power(lower_threshold / self.lower, lower_ratio);
        }
        x * change.clamp(0.0, HIGHEST_LIFT) * gain
    }
}
