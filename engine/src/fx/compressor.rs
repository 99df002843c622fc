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
        let split = SPLITS_HZ
            .map(|hz| SvfCoefficients::new(svf::coefficient(hz, sample_rate), std::f32::consts::SQRT_2));
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
            upper_threshold: ramps
                .upper_threshold
                .towards(square(db(v.upper_threshold_db)), frames),
            lower_threshold: ramps
                .lower_threshold
                .towards(square(db(v.lower_threshold_db)), frames),
            upper_ratio: ramps
                .upper_ratio
                .towards(0.5 * v.upper_ratio.clamp(0.0, 1.0), frames),
            lower_ratio: ramps
                .lower_ratio
                .towards(0.5 * v.lower_ratio.clamp(-1.0, 1.0), frames),
            gain: ramps.gain.towards(db(v.gain_db) as f32, frames),
        }
    }
}

impl Followers {
    /// One sample: follow its power, give back the sample with the band's gain.
    #[inline]
    fn tick(&mut self, x: f32, b: &mut BandBlock) -> f32 {
        let (upper_threshold, lower_threshold) = (b.upper_threshold.advance(), b.lower_threshold.advance());
        let (upper_ratio, lower_ratio, gain) =
            (b.upper_ratio.advance(), b.lower_ratio.advance(), b.gain.advance());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, gain_db, impulse, level_db, run, sine};

    fn default_params(bands: CompressorBands) -> CompressorParams {
        let band = |upper_threshold_db, lower_threshold_db, upper_ratio, gain_db| CompressorBand {
            upper_threshold_db,
            lower_threshold_db,
            upper_ratio,
            lower_ratio: 0.8,
            gain_db,
        };
        CompressorParams {
            bands,
            attack: 0.5,
            release: 0.5,
            mix: 1.0,
            band: [
                band(-28.0, -35.0, 0.9, 16.3),
                band(-25.0, -36.0, 0.857, 11.7),
                band(-30.0, -35.0, 1.0, 16.3),
            ],
        }
    }

    /// Gain in dB that a steady signal ends up with.
    fn gain_of(p: CompressorParams, input: &[f32]) -> f64 {
        let mut compressor = Compressor::new(RATE);
        let (left, _) = run(|l, r| compressor.process(l, r, &p), input, input, 128);
        level_db(&left[60_000..]) - level_db(&input[60_000..])
    }

    /// Gain in dB of a constant of this level in dB.
    fn steady_gain(p: CompressorParams, level: f64) -> f64 {
        gain_of(p, &vec![math::db_to_gain(level) as f32; 88_200])
    }

    #[test]
    fn the_static_curve_lifts_the_quiet_and_presses_the_loud() {
        // T_low −36 dB, ratio 0.8: lifted by 0.8·(−36 − level); T_high −25 dB, ratio 0.857; +11.7 dB after.
        let p = default_params(CompressorBands::Single);
        for (level, expected) in [
            (-53.0, 0.8 * 17.0 + 11.7),
            (-30.0, 11.7),
            (-10.0, -0.857 * 15.0 + 11.7),
        ] {
            let gain = steady_gain(p, level);
            assert!(
                (gain - expected).abs() < 0.02,
                "{level} dB: {gain} instead of {expected}"
            );
        }
    }

    #[test]
    fn a_quiet_sine_gains_some_24_decibels_by_default() {
        let tone = sine(2_000.0, math::db_to_gain(-50.0), 88_200);
        let gain = gain_of(default_params(CompressorBands::Single), &tone);
        assert!((gain - 23.6).abs() < 0.5, "{gain}");
    }

    #[test]
    fn a_lift_ends_at_thirty_decibels() {
        let gain = steady_gain(default_params(CompressorBands::Single), -90.0);
        assert!((gain - 30.1 - 11.7).abs() < 0.3, "{gain}");
    }

    #[test]
    fn bands_that_change_nothing_sum_to_a_flat_response() {
        let mut p = default_params(CompressorBands::Multi);
        for band in &mut p.band {
            (band.upper_ratio, band.lower_ratio, band.gain_db) = (0.0, 0.0, 0.0);
        }
        for bands in [
            CompressorBands::Low,
            CompressorBands::High,
            CompressorBands::Single,
        ] {
            p.bands = bands;
            let mut compressor = Compressor::new(RATE);
            let impulse = impulse(1.0, 32_768);
            let (left, _) = run(|l, r| compressor.process(l, r, &p), &impulse, &impulse, 128);
            for hz in [40.0, 120.0, 600.0, 2_500.0, 12_000.0] {
                assert!(
                    gain_db(&left, hz).abs() < 0.05,
                    "{bands:?} {hz} Hz: {}",
                    gain_db(&left, hz)
                );
            }
        }
    }

    #[test]
    fn without_mix_only_the_crossovers_remain() {
        let p = CompressorParams {
            mix: 0.0,
            ..default_params(CompressorBands::Multi)
        };
        assert!(gain_of(p, &sine(600.0, 0.004, 88_200)).abs() < 0.1);
    }
}
