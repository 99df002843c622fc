//! The chorus: up to four pairs of slowly moving echoes, two taps per side in each (vital-laws §9).

use super::echo::{Echo, TICK};
use super::mix::EqualPowerMix;
use super::one_pole::{BandCoefficients, BandRamps};
use super::ramp::Ramp;
use crate::math;

/// The most pairs of taps.
const PAIRS: usize = 4;
/// Modulation of a tap at full depth, in seconds (its mean; the swing is half of it to each side).
const MODULATION_S: f64 = 0.03;
/// The longest delay a tap is set to before modulation, in seconds.
const LONGEST_S: f64 = 0.08;

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct ChorusParams {
    /// Wet share 0..1, equal power.
    pub mix: f32,
    /// Pairs of taps, 1..4.
    pub voices: u32,
    /// Frequency of the modulation in Hz.
    pub rate_hz: f32,
    /// Depth of the modulation, 0..1.
    pub depth: f32,
    /// Delay of the first tap in seconds.
    pub delay_1_s: f32,
    /// Delay of the second tap in seconds.
    pub delay_2_s: f32,
    /// Share fed back, −0.95..0.95.
    pub feedback: f32,
    /// Centre of the colouring band in Hz.
    pub filter_hz: f32,
    /// Width of the band, 0..1.
    pub spread: f32,
}

/// The chorus effect.
#[derive(Debug)]
pub struct Chorus {
    sample_rate: f32,
    /// Each pair's lines: tap 1 left, tap 1 right, tap 2 left, tap 2 right.
    pairs: [Echo<4>; PAIRS],
    /// Of the modulation, in turns.
    phase: f64,
    feedback: Ramp,
    band: BandRamps,
    mix: EqualPowerMix,
}

impl Chorus {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let longest = LONGEST_S + 1.5 * MODULATION_S;
        Self {
            sample_rate,
            pairs: std::array::from_fn(|_| Echo::new([longest; 4], sample_rate)),
            phase: 0.0,
            feedback: Ramp::default(),
            band: BandRamps::default(),
            mix: EqualPowerMix::default(),
        }
    }

    /// Silence, modulation at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        self.pairs.iter_mut().for_each(Echo::clear);
        self.phase = 0.0;
        self.feedback.reset();
        self.band = BandRamps::default();
        self.mix.reset();
    }

    /// Replaces a block by its mix with the moving taps.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &ChorusParams) {
        let frames = left.len();
        let voices = (p.voices.max(1) as usize).min(PAIRS);
        let band = BandCoefficients::around(p.filter_hz, p.spread, self.sample_rate);
        let mut band = self.band.towards(band, frames);
        let mut feedback = self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix, frames);
        let mut bands = [BandCoefficients::default(); TICK];
        let mut feedbacks = [0.0_f32; TICK];
        let mut done = 0;
        while done < frames {
            if self.pairs[0].until_aim() == 0 {
                self.aim(p, voices);
            }
            let count = self.pairs[0].until_aim().min(frames - done);
            bands[..count].fill_with(|| band.advance());
            feedbacks[..count].fill_with(|| feedback.advance());
            let (left, right) = (&mut left[done..done + count], &mut right[done..done + count]);
            let mut sums = [[0.0_f32; 4]; TICK];
            for pair in &mut self.pairs[..voices] {
                pair.run(count, Some(&bands), |n, echo| {
                    let input = [left[n], right[n], left[n], right[n]];
                    std::array::from_fn(|i| {
                        sums[n][i] += echo[i];
                        input[i] + feedbacks[n] * echo[i]
                    })
                });
            }
            // Those that do not sound keep the same grid.
            for pair in &mut self.pairs[voices..] {
                pair.skip(count);
            }
            for ((l, r), sum) in left.iter_mut().zip(right.iter_mut()).zip(sums) {
                let (dry, wet) = (dry.advance(), 0.5 * wet.advance());
                *l = dry * *l + wet * (sum[0] + sum[2]);
                *r = dry * *r + wet * (sum[1] + sum[3]);
            }
            done += count;
        }
    }

    /// Gives every pair its delays for the next tick and moves the modulation on.
    fn aim(&mut self, p: &ChorusParams, count: usize) {
        let fs = f64::from(self.sample_rate);
        let depth = MODULATION_S * f64::from(p.depth.clamp(0.0, 1.0));
        let delays = [p.delay_1_s, p.delay_2_s].map(|s| f64::from(s).clamp(0.0, LONGEST_S));
        let mean = 0.5 * (delays[0] + delays[1]);
        self.phase += f64::from(p.rate_hz.max(0.0)) * TICK as f64 / fs;
        self.phase -= self.phase.floor();
        let phase = self.phase;
        for (i, pair) in self.pairs.iter_mut().enumerate() {
            let towards_mean = if count > 1 {
                i.min(count - 1) as f64 / (count - 1) as f64
            } else {
                0.0
            };
            pair.aim(std::array::from_fn(|lane| {
                let (side, tap) = ((lane & 1) as f64, lane >> 1);
                let turns = phase + 0.25 * side + 0.5 * tap as f64 + i as f64 / (4 * count) as f64;
                let swing = 1.0 + 0.5 * math::sin(2.0 * math::PI * turns);
                let base = delays[tap] + (mean - delays[tap]) * towards_mean;
                (base + depth * swing) * fs
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, impulse, level_db, noise, run};

    const STILL: ChorusParams = ChorusParams {
        mix: 1.0,
        voices: 1,
        rate_hz: 0.0,
        depth: 0.0,
        delay_1_s: 0.001_953_125,
        delay_2_s: 0.007_812_5,
        feedback: 0.0,
        filter_hz: 261.6,
        spread: 1.0,
    };

    #[test]
    fn the_first_pair_answers_at_both_delays_with_half_a_gain() {
        let mut chorus = Chorus::new(RATE);
        let (left, _) = run(
            |l, r| chorus.process(l, r, &STILL),
            &impulse(1.0, 2_000),
            &impulse(1.0, 2_000),
            128,
        );
        let area = |from: usize, to: usize| left[from..to].iter().sum::<f32>();
        assert!(area(0, 170).abs() < 1e-3);
        assert!((area(170, 200) - 0.5).abs() < 0.02, "{}", area(170, 200));
        assert!((area(685, 715) - 0.5).abs() < 0.02, "{}", area(685, 715));
    }

    #[test]
    fn a_mono_source_becomes_wide() {
        // Side over mid in dB, measured in Vital with noise: −8.2, −2.9 and −0.1 at mix ¼, ½ and 1.
        let source: Vec<f32> = noise(0.3, 3 * 88_200)
            .windows(4)
            .map(|x| x.iter().sum())
            .collect();
        for (mix, expected) in [(0.25, -8.2), (0.5, -2.9), (1.0, -0.1)] {
            let p = ChorusParams {
                mix,
                voices: 4,
                rate_hz: 0.125,
                depth: 0.5,
                feedback: 0.4,
                ..STILL
            };
            let mut chorus = Chorus::new(RATE);
            let (left, right) = run(|l, r| chorus.process(l, r, &p), &source, &source, 128);
            let mid: Vec<f32> = left.iter().zip(&right).map(|(l, r)| l + r).skip(20_000).collect();
            let side: Vec<f32> = left.iter().zip(&right).map(|(l, r)| l - r).skip(20_000).collect();
            let width = level_db(&side) - level_db(&mid);
            assert!((width - expected).abs() < 0.8, "mix {mix}: {width} dB");
        }
    }
}
