//! The chorus: up to four pairs of slowly moving echoes, two taps per side in each (vital-laws §9).

use super::echo::{Echo, Glide};
use super::mix::EqualPowerMix;
use super::one_pole::BandCoefficients;
use super::ramp::Ramp;
use crate::math;

/// The most pairs of taps.
const PAIRS: usize = 4;
/// Modulation of a tap at full depth, in seconds (its mean; the swing is half of it to each side).
const MODULATION_S: f64 = 0.03;
/// The longest delay a tap is set to before modulation, in seconds.
const LONGEST_S: f64 = 0.08;
/// Samples between two values of the modulation.
const TICK: u32 = 32;

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

#[derive(Debug, Clone)]
struct Tap {
    echo: Echo,
    time: Glide,
    target: f64,
}

/// The chorus effect.
#[derive(Debug)]
pub struct Chorus {
    sample_rate: f32,
    /// Per pair: tap 1 left, tap 1 right, tap 2 left, tap 2 right.
    taps: Vec<[Tap; 4]>,
    phase: f64,
    until_tick: u32,
    feedback: Ramp,
    upper: Ramp,
    lower: Ramp,
    gain: Ramp,
    mix: EqualPowerMix,
}

impl Chorus {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let longest = (LONGEST_S + 1.5 * MODULATION_S) * f64::from(sample_rate);
        let tap = || Tap { echo: Echo::new(longest), time: Glide::default(), target: 0.0 };
        Self {
            sample_rate,
            taps: (0..PAIRS).map(|_| [tap(), tap(), tap(), tap()]).collect(),
            phase: 0.0,
            until_tick: 0,
            feedback: Ramp::default(),
            upper: Ramp::default(),
            lower: Ramp::default(),
            gain: Ramp::default(),
            mix: EqualPowerMix::default(),
        }
    }

    /// Silence, modulation at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        for tap in self.taps.iter_mut().flatten() {
            tap.echo.clear();
            tap.time.reset();
        }
        (self.phase, self.until_tick) = (0.0, 0);
        self.mix.reset();
        for ramp in [&mut self.feedback, &mut self.upper, &mut self.lower, &mut self.gain] {
            ramp.reset();
        }
    }

    /// Replaces a block by its mix with the moving taps.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &ChorusParams) {
        let frames = left.len();
        let pairs = (p.voices.max(1) as usize).min(PAIRS);
        let band = BandCoefficients::around(p.filter_hz, p.spread, self.sample_rate);
        let (mut upper, mut lower) = (self.upper.towards(band.upper, frames), self.lower.towards(band.lower, frames));
        let mut gain = self.gain.towards(band.gain, frames);
        let mut feedback = self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix, frames);
        let rate = Glide::rate(self.sample_rate);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            if self.until_tick == 0 {
                self.until_tick = TICK;
                self.move_taps(p, pairs);
            }
            self.until_tick -= 1;
            let c = BandCoefficients { upper: upper.advance(), lower: lower.advance(), gain: gain.advance() };
            let feedback = feedback.advance();
            let mut sum = [0.0_f32; 2];
            for pair in &mut self.taps[..pairs] {
                for (i, tap) in pair.iter_mut().enumerate() {
                    let side = i & 1;
                    let echo = tap.echo.read(tap.time.advance(tap.target, rate));
                    let input = if side == 0 { *l } else { *r };
                    tap.echo.write(input + feedback * echo, &c);
                    sum[side] += echo;
                }
            }
            let (dry, wet) = (dry.advance(), 0.5 * wet.advance());
            *l = dry * *l + wet * sum[0];
            *r = dry * *r + wet * sum[1];
        }
    }

    /// Sets every tap's target for the next [`TICK`] samples and moves the phase on.
    fn move_taps(&mut self, p: &ChorusParams, pairs: usize) {
        let fs = f64::from(self.sample_rate);
        let depth = MODULATION_S * f64::from(p.depth.clamp(0.0, 1.0));
        let delays = [p.delay_1_s, p.delay_2_s].map(|s| f64::from(s).clamp(0.0, LONGEST_S));
        let mean = 0.5 * (delays[0] + delays[1]);
        for (i, pair) in self.taps[..pairs].iter_mut().enumerate() {
            let towards_mean = if pairs > 1 { i as f64 / (pairs - 1) as f64 } else { 0.0 };
            for (k, tap) in pair.iter_mut().enumerate() {
                let offset = 0.25 * (k & 1) as f64 + 0.5 * (k >> 1) as f64 + i as f64 / (4 * pairs) as f64;
                let swing = 1.0 + 0.5 * math::sin(2.0 * math::PI * (self.phase + offset));
                let base = delays[k >> 1] + (mean - delays[k >> 1]) * towards_mean;
                tap.target = (base + depth * swing) * fs;
            }
        }
        self.phase += f64::from(p.rate_hz.max(0.0)) * f64::from(TICK) / fs;
        self.phase -= self.phase.floor();
    }
}
