//! The compressor: up to three bands, each pressed down above one threshold and lifted up below another (vital-laws §9).

use super::log2::log2;
use super::ramp::{Line, Ramp};
use super::svf::{self, Svf, SvfCoefficients};
use crate::math::{self, fast};

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

/// Linkwitz-Riley crossover of fourth order for both sides: two Butterworth sections in a row on each way.
#[derive(Debug, Clone, Copy, Default)]
struct Split {
    first: Svf<2>,
    low: Svf<2>,
    high: Svf<2>,
}

impl Split {
    /// (below, above).
    #[inline]
    fn tick(&mut self, x: [f32; 2], c: &SvfCoefficients) -> ([f32; 2], [f32; 2]) {
        let y = self.first.tick(x, c);
        (self.low.tick(y.low, c).low, self.high.tick(y.high, c).high)
    }
}

/// Low left, low right, middle left, … high right, and two that are always silent, so that they fill whole vectors.
const LANES: usize = 8;
/// A value per lane.
type Lanes = [f32; LANES];

/// What a block's values mean to each lane.
#[derive(Debug, Clone, Copy)]
struct Law {
    /// Samples of attack and release, and one over one more.
    attack: Lanes,
    attack_share: Lanes,
    release: Lanes,
    release_share: Lanes,
    /// Thresholds as powers.
    upper: Lanes,
    lower: Lanes,
    /// Half the ratios: the powers are squares.
    upper_ratio: Lanes,
    lower_ratio: Lanes,
}

/// The compressor effect.
#[derive(Debug)]
pub struct Compressor {
    sample_rate: f32,
    split: [SvfCoefficients; 2],
    low_split: Split,
    high_split: Split,
    /// Powers, held at the thresholds that they matter beyond.
    above: Lanes,
    below: Lanes,
    gains: [Ramp; 3],
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
            low_split: Split::default(),
            high_split: Split::default(),
            above: [0.0; LANES],
            below: [0.0; LANES],
            gains: [Ramp::default(); 3],
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
        let mut mix = self.mix.towards(p.mix.clamp(0.0, 1.0), frames);
        let mut gains = [Line::default(); 3];
        for ((line, ramp), band) in gains.iter_mut().zip(&mut self.gains).zip(&p.band) {
            *line = ramp.towards(math::db_to_gain(f64::from(band.gain_db)) as f32, frames);
        }
        let law = Law::new(p, self.sample_rate);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            let x = self.bands([*l, *r], p.bands);
            let gains = gains.each_mut().map(Line::advance);
            let mix = mix.advance();
            let change = self.follow(&x, &law);
            // The dry share too is the sum of the bands, so that both shares have the crossovers' phase.
            let y: Lanes =
                std::array::from_fn(|i| x[i] + mix * (x[i] * change[i] * gains[(i / 2).min(2)] - x[i]));
            *l = y[0] + y[2] + y[4];
            *r = y[1] + y[3] + y[5];
        }
    }

    /// Both sides as low, middle and high; bands that there are not are silent.
    #[inline]
    fn bands(&mut self, x: [f32; 2], bands: CompressorBands) -> Lanes {
        let silent = [0.0; 2];
        let (low, middle, high) = match bands {
            CompressorBands::Single => (silent, x, silent),
            CompressorBands::Low => {
                let (low, rest) = self.low_split.tick(x, &self.split[0]);
                (low, rest, silent)
            }
            CompressorBands::High => {
                let (rest, high) = self.high_split.tick(x, &self.split[1]);
                (silent, rest, high)
            }
            CompressorBands::Multi => {
                let (rest, high) = self.high_split.tick(x, &self.split[1]);
                let (low, middle) = self.low_split.tick(rest, &self.split[0]);
                (low, middle, high)
            }
        };
        [low[0], low[1], middle[0], middle[1], high[0], high[1], 0.0, 0.0]
    }

    /// Follows each lane's power and gives the gain that it asks for.
    #[inline]
    fn follow(&mut self, x: &Lanes, law: &Law) -> Lanes {
        let mut change = [0.0; LANES];
        for i in 0..LANES {
            let power = x[i] * x[i];
            let step = |state: f32| {
                let rises = power > state;
                let samples = if rises { law.attack[i] } else { law.release[i] };
                let share = if rises {
                    law.attack_share[i]
                } else {
                    law.release_share[i]
                };
                (power + state * samples) * share
            };
            let above = step(self.above[i]).max(law.upper[i]);
            let below = step(self.below[i]).min(law.lower[i]).max(FLOOR);
            (self.above[i], self.below[i]) = (above, below);
            let octaves = law.upper_ratio[i] * log2(law.upper[i] / above)
                + law.lower_ratio[i] * log2(law.lower[i] / below);
            change[i] = fast::exp2(octaves).min(HIGHEST_LIFT);
        }
        change
    }
}

impl Law {
    fn new(p: &CompressorParams, sample_rate: f32) -> Self {
        let samples_per_ms = f64::from(sample_rate) / 1_000.0;
        let time = |control: f32, base: &[f64; 3]| {
            let factor = math::exp(8.0 * f64::from(control.clamp(0.0, 1.0)) - 4.0);
            spread(base.map(|ms| (factor * ms * samples_per_ms) as f32))
        };
        let threshold = |db: fn(&CompressorBand) -> f32| {
            spread(std::array::from_fn(|band| {
                let gain = math::db_to_gain(f64::from(db(&p.band[band])));
                ((gain * gain) as f32).max(FLOOR)
            }))
        };
        let ratio =
            |of: fn(&CompressorBand) -> f32| spread(std::array::from_fn(|band| 0.5 * of(&p.band[band])));
        let (attack, release) = (time(p.attack, &ATTACK_MS), time(p.release, &RELEASE_MS));
        Self {
            attack,
            attack_share: attack.map(|n| 1.0 / (n + 1.0)),
            release,
            release_share: release.map(|n| 1.0 / (n + 1.0)),
            upper: threshold(|band| band.upper_threshold_db),
            lower: threshold(|band| band.lower_threshold_db),
            upper_ratio: ratio(|band| band.upper_ratio.clamp(0.0, 1.0)),
            lower_ratio: ratio(|band| band.lower_ratio.clamp(-1.0, 1.0)),
        }
    }
}

/// A value per band as a value per lane.
fn spread([low, middle, high]: [f32; 3]) -> Lanes {
    [low, low, middle, middle, high, high, high, high]
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
