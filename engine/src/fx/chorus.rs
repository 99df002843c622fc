//! The chorus: up to four pairs of slowly moving echoes, two taps per side in each (vital-laws §9).

use super::delay_line::{CHUNK, Chunk};
use super::echo::Echo;
use super::mix::EqualPowerMix;
use super::one_pole::{BandLines, BandRamps, Coloured};
use super::ramp::{Line, Ramp};
use crate::math;
use crate::simd::{Kernel, Level};

/// The most pairs of taps.
const PAIRS: usize = 4;
/// Modulation of a tap at full depth, in seconds (its mean; the swing is half of it to each side).
const MODULATION_S: f64 = 0.03;
/// Echoes: of each pair tap 1 left, tap 1 right, tap 2 left, tap 2 right.
const LANES: usize = 4 * PAIRS;
/// The longest delay a tap is set to before modulation, in seconds.
const LONGEST_S: f64 = 0.04;

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
    echo: Echo<LANES>,
    /// Pairs that run, 0 before the first block; those that are switched off go on unheard.
    running: usize,
    /// Of the modulation, in turns.
    phase: f64,
    /// Cosine and sine of 48ths of a turn.
    ahead: [[f64; 2]; 12 * PAIRS],
    feedback: Ramp,
    band: BandRamps,
    coefficients: Coloured,
    mix: EqualPowerMix,
    /// Gain of each pair.
    gains: [Ramp; PAIRS],
}

impl Chorus {
    /// Silent lines.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let longest = LONGEST_S + 1.5 * MODULATION_S;
        Self {
            sample_rate,
            echo: Echo::new([longest; LANES], sample_rate),
            running: 0,
            phase: 0.0,
            ahead: std::array::from_fn(|i| {
                let angle = 2.0 * math::PI * i as f64 / 48.0;
                [math::cos(angle), math::sin(angle)]
            }),
            feedback: Ramp::default(),
            band: BandRamps::default(),
            coefficients: Coloured::default(),
            mix: EqualPowerMix::default(),
            gains: [Ramp::default(); PAIRS],
        }
    }

    /// Silence, modulation at its beginning; the next block starts at its values.
    pub fn reset(&mut self) {
        self.echo.clear();
        (self.running, self.phase) = (0, 0.0);
        self.feedback.reset();
        self.band = BandRamps::default();
        self.mix.reset();
        self.gains = [Ramp::default(); PAIRS];
    }

    /// Puts the modulation where it is `seconds` after its beginning.
    pub fn seek(&mut self, seconds: f64, rate_hz: f32) {
        let turns = seconds * f64::from(rate_hz.max(0.0));
        self.phase = turns - turns.floor();
    }

    /// Replaces a block by its mix with the moving taps.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], p: &ChorusParams) {
        let frames = left.len().min(right.len());
        let voices = (p.voices.max(1) as usize).min(PAIRS);
        // Pairs run by one, two or four, so that their taps fill whole vectors. One that joins goes on from what the
        // first holds: it does not repeat what was played when it last ran.
        let wanted = voices.next_power_of_two();
        if self.running == 0 {
            self.running = wanted;
        }
        while self.running < wanted {
            for lane in 0..4 {
                self.echo.copy_line(lane, 4 * self.running + lane);
            }
            self.running += 1;
        }
        let targets = self.targets(p, voices, frames);
        self.echo.aim(targets, frames);
        let band = self.coefficients.of(p.filter_hz, p.spread, self.sample_rate);
        let (dry, wet) = self.mix.towards(p.mix, frames);
        let mut gains = [Line::default(); PAIRS];
        for (pair, (line, gain)) in gains.iter_mut().zip(&mut self.gains).enumerate() {
            *line = gain.towards(if pair < voices { 0.5 } else { 0.0 }, frames);
        }
        let run = Run {
            echo: &mut self.echo,
            left: &mut left[..frames],
            right: &mut right[..frames],
            band: self.band.towards(band, frames),
            feedback: self.feedback.towards(p.feedback.clamp(-0.95, 0.95), frames),
            dry,
            wet,
            gains,
        };
        match self.running {
            1 => level.run(Lanes::<4>(run)),
            2 => level.run(Lanes::<8>(run)),
            _ => level.run(Lanes::<LANES>(run)),
        }
    }

    /// Where the taps are to be at the end of the block, in samples; moves the modulation on.
    fn targets(&mut self, p: &ChorusParams, count: usize, frames: usize) -> [f64; LANES] {
        let fs = f64::from(self.sample_rate);
        let depth = MODULATION_S * f64::from(p.depth.clamp(0.0, 1.0));
        let delays = [p.delay_1_s, p.delay_2_s].map(|s| f64::from(s).clamp(0.0, LONGEST_S));
        let mean = 0.5 * (delays[0] + delays[1]);
        // A block goes to where the modulation was at its beginning (measured).
        let phase = self.phase;
        self.phase += f64::from(p.rate_hz.max(0.0)) * frames as f64 / fs;
        self.phase -= self.phase.floor();
        let (sin, cos) = (
            math::sin(2.0 * math::PI * phase),
            math::cos(2.0 * math::PI * phase),
        );
        let mut targets = [0.0; LANES];
        for (i, pair) in targets.chunks_exact_mut(4).take(self.running).enumerate() {
            let towards_mean = if count > 1 {
                i.min(count - 1) as f64 / (count - 1) as f64
            } else {
                0.0
            };
            // The four taps are quarter turns apart: tap 1 left 0, right ¼, tap 2 left ½, right ¾.
            // Pair i of n is i/(4n) turns ahead: of up to four pairs, a multiple of 1/48.
            let [ahead_cos, ahead_sin] = self.ahead[12 * i / count];
            let (sin, cos) = (
                sin * ahead_cos + cos * ahead_sin,
                cos * ahead_cos - sin * ahead_sin,
            );
            for (lane, (target, swing)) in pair.iter_mut().zip([sin, cos, -sin, -cos]).enumerate() {
                let base = delays[lane >> 1] + (mean - delays[lane >> 1]) * towards_mean;
                *target = (base + depth * (1.0 + 0.5 * swing)) * fs;
            }
        }
        targets
    }
}

/// A block of the chorus.
struct Run<'a> {
    echo: &'a mut Echo<LANES>,
    left: &'a mut [f32],
    right: &'a mut [f32],
    band: BandLines,
    feedback: Line,
    dry: Line,
    wet: Line,
    gains: [Line; PAIRS],
}

/// The block with as many echoes as run.
struct Lanes<'a, const M: usize>(Run<'a>);

impl<const M: usize> Kernel for Lanes<'_, M> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Run {
            echo,
            left,
            right,
            band,
            feedback,
            dry,
            wet,
            gains,
        } = self.0;
        let frames = left.len();
        let mut from = 0;
        while from < frames {
            let count = echo.chunk::<M>(frames - from);
            let mut echoes = [[0.0_f32; CHUNK]; M];
            echo.read(count, &mut echoes);
            let feedback: Chunk = feedback.values(from);
            let (dry, wet): (Chunk, Chunk) = (dry.values(from), wet.values(from));
            let gains: [Chunk; PAIRS] = gains.map(|gain| gain.values(from));
            for (side, samples) in [&mut *left, &mut *right].into_iter().enumerate() {
                let samples = &mut samples[from..from + count];
                let mut sum = [0.0_f32; CHUNK];
                for (pair, gain) in gains[..M / 4].iter().enumerate() {
                    let (first, second) = (&echoes[4 * pair + side], &echoes[4 * pair + 2 + side]);
                    for n in 0..CHUNK {
                        sum[n] += gain[n] * (first[n] + second[n]);
                    }
                }
                for lane in (side..M).step_by(2) {
                    let echo = &mut echoes[lane][..count];
                    for (n, (echo, x)) in echo.iter_mut().zip(samples.iter()).enumerate() {
                        *echo = x + feedback[n] * *echo;
                    }
                }
                for (n, x) in samples.iter_mut().enumerate() {
                    *x = dry[n] * *x + wet[n] * sum[n];
                }
            }
            echo.write(count, &mut echoes, Some((&band, from)));
            from += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{LEVEL, RATE, impulse, level_db, noise, run};

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
            |l, r| chorus.process(LEVEL, l, r, &STILL),
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
            let (left, right) = run(|l, r| chorus.process(LEVEL, l, r, &p), &source, &source, 128);
            let mid: Vec<f32> = left.iter().zip(&right).map(|(l, r)| l + r).skip(20_000).collect();
            let side: Vec<f32> = left.iter().zip(&right).map(|(l, r)| l - r).skip(20_000).collect();
            let width = level_db(&side) - level_db(&mid);
            assert!((width - expected).abs() < 0.8, "mix {mix}: {width} dB");
        }
    }

    #[test]
    fn a_pair_that_joins_does_not_repeat_what_was_played_when_it_last_ran() {
        let (mut chorus, still) = (Chorus::new(RATE), ChorusParams { voices: 1, ..STILL });
        let all = ChorusParams { voices: 4, ..STILL };
        let mut process = |p: &ChorusParams, signal: &[f32]| {
            run(|l, r| chorus.process(LEVEL, l, r, p), signal, signal, 128).0
        };
        process(&all, &noise(0.5, 30_000));
        process(&still, &vec![0.0; 88_200]);
        let after = process(&all, &vec![0.0; 30_000]);
        assert!(after.iter().all(|x| x.abs() < 1e-3));
    }

    #[test]
    fn a_pair_that_joins_has_heard_what_the_others_heard() {
        let mut chorus = Chorus::new(RATE);
        let mut process = |voices: u32, frames: usize| {
            let (signal, p) = (vec![0.25; frames], ChorusParams { voices, ..STILL });
            run(|l, r| chorus.process(LEVEL, l, r, &p), &signal, &signal, 128).0
        };
        // The colouring filter lets so steady a level through for a while.
        let one = process(1, 2_560)[2_559];
        let four = process(4, 256)[255];
        assert!((four / one - 4.0).abs() < 0.2, "{one} {four}");
    }

    #[test]
    fn a_sought_time_is_a_time_played() {
        let p = ChorusParams {
            rate_hz: 0.7,
            ..STILL
        };
        let silence = vec![0.0; 44_096];
        let (mut played, mut sought) = (Chorus::new(RATE), Chorus::new(RATE));
        run(|l, r| played.process(LEVEL, l, r, &p), &silence, &silence, 64);
        sought.seek(44_096.0 / f64::from(RATE), 0.7);
        assert!((played.phase - sought.phase).abs() < 1e-6);
    }
}
