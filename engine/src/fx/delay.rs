//! The delay effect: two echoes in four arrangements (vital-laws §9).

use super::delay_line::{CHUNK, Chunk};
use super::echo::Echo;
use super::mix::EqualPowerMix;
use super::one_pole::{BandLines, BandRamps, Coloured};
use super::ramp::{Line, Ramp};
use crate::simd::{Kernel, Level};

/// The longest delay in seconds; longer ones are held here.
pub const LONGEST_S: f32 = 4.0;

/// Arrangement of the two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelayStyle {
    /// Both sides at the left time.
    Mono,
    /// Each side at its own time.
    Stereo,
    /// The sum of both sides bounces, right first.
    PingPong,
    /// Both sides cross over at every pass.
    MidPingPong,
}

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct DelayParams {
    /// Arrangement.
    pub style: DelayStyle,
    /// Wet share 0..1, equal power.
    pub mix: f32,
    /// Time of the left line in seconds, up to [`LONGEST_S`].
    pub left_s: f32,
    /// Time of the right line in seconds, up to [`LONGEST_S`].
    pub right_s: f32,
    /// Share fed back, −1..1.
    pub feedback: f32,
    /// Centre of the colouring band in Hz.
    pub filter_hz: f32,
    /// Width of the band, 0..1 (1: ±8 octaves).
    pub filter_spread: f32,
}

/// The delay effect.
#[derive(Debug)]
pub struct Delay {
    sample_rate: f32,
    echo: Echo<2>,
    feedback: Ramp,
    mix: EqualPowerMix,
    band: BandRamps,
    coefficients: Coloured,
}

impl Delay {
    /// Silent lines for up to [`LONGEST_S`] (twice that on the left, where the middle ping-pong adds both times).
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let longest = f64::from(LONGEST_S);
        Self {
            sample_rate,
            echo: Echo::new([2.0 * longest, longest], sample_rate),
            feedback: Ramp::default(),
            mix: EqualPowerMix::default(),
            band: BandRamps::default(),
            coefficients: Coloured::default(),
        }
    }

    /// Silence; the next block starts at its values.
    pub fn reset(&mut self) {
        self.echo.clear();
        self.feedback.reset();
        self.mix.reset();
        self.band = BandRamps::default();
    }

    /// Replaces a block by its mix with the echoes.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], p: &DelayParams) {
        let frames = left.len().min(right.len());
        let samples = |seconds: f32| f64::from(seconds.clamp(0.0, LONGEST_S)) * f64::from(self.sample_rate);
        let targets = match p.style {
            DelayStyle::Mono => [samples(p.left_s), samples(p.left_s)],
            DelayStyle::Stereo | DelayStyle::PingPong => [samples(p.left_s), samples(p.right_s)],
            DelayStyle::MidPingPong => [samples(p.left_s) + samples(p.right_s), samples(p.right_s)],
        };
        self.echo.aim(targets, frames);
        let band = self
            .coefficients
            .of(p.filter_hz, p.filter_spread, self.sample_rate);
        level.run(Run {
            echo: &mut self.echo,
            left: &mut left[..frames],
            right: &mut right[..frames],
            style: p.style,
            band: self.band.towards(band, frames),
            feedback: self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames),
            mix: self.mix.towards(p.mix, frames),
        });
    }
}

/// A block of the delay.
struct Run<'a> {
    echo: &'a mut Echo<2>,
    left: &'a mut [f32],
    right: &'a mut [f32],
    style: DelayStyle,
    band: BandLines,
    feedback: Line,
    mix: (Line, Line),
}

impl Kernel for Run<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            echo,
            left,
            right,
            style,
            band,
            feedback,
            mix: (dry, wet),
        } = self;
        let mut from = 0;
        while from < left.len() {
            let count = echo.chunk::<2>(left.len() - from);
            let mut echoes = [[0.0_f32; CHUNK]; 2];
            echo.read(count, &mut echoes);
            let mut input = [[0.0_f32; CHUNK]; 2];
            let (left, right) = (&mut left[from..from + count], &mut right[from..from + count]);
            let feedback: Chunk = feedback.values(from);
            let (dry, wet): (Chunk, Chunk) = (dry.values(from), wet.values(from));
            for n in 0..count {
                let (l, r) = (left[n], right[n]);
                let [a, b] = [echoes[0][n], echoes[1][n]];
                let feedback = feedback[n];
                [input[0][n], input[1][n]] = match style {
                    DelayStyle::Mono | DelayStyle::Stereo => [l + feedback * a, r + feedback * b],
                    // The way from right to left is one pass of the pair: only the way back is fed back.
                    DelayStyle::PingPong => [b, (l + r) * std::f32::consts::FRAC_1_SQRT_2 + feedback * a],
                    DelayStyle::MidPingPong => [r + feedback * b, l + feedback * a],
                };
                left[n] = dry[n] * l + wet[n] * a;
                right[n] = dry[n] * r + wet[n] * b;
            }
            echo.write(count, &mut input, Some((&band, from)));
            from += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{LEVEL, RATE, impulse, loudest, run};

    const OPEN: DelayParams = DelayParams {
        style: DelayStyle::Stereo,
        mix: 1.0,
        left_s: 0.01,
        right_s: 0.015,
        feedback: 0.5,
        filter_hz: 261.6,
        filter_spread: 1.0,
    };

    fn echoes(p: DelayParams, left: f32, right: f32) -> (Vec<f32>, Vec<f32>) {
        let mut delay = Delay::new(RATE);
        run(
            |l, r| delay.process(LEVEL, l, r, &p),
            &impulse(left, 8_000),
            &impulse(right, 8_000),
            128,
        )
    }

    /// Sum around a place: the filter smears an echo over a few samples but keeps its area.
    fn area(signal: &[f32], at: usize) -> f32 {
        signal[at.saturating_sub(4)..at + 24].iter().sum()
    }

    #[test]
    fn each_side_of_a_stereo_delay_repeats_at_its_own_time() {
        let (left, right) = echoes(OPEN, 1.0, 1.0);
        assert_eq!(loudest(&left), 883);
        assert_eq!(loudest(&right), 1_324);
        assert!((area(&left, 883) - 1.0).abs() < 0.02);
        assert!(
            (area(&left, 2 * 883) - 0.5).abs() < 0.02,
            "{}",
            area(&left, 2 * 883)
        );
        assert!(left[..880].iter().all(|x| x.abs() < 1e-12));
    }

    #[test]
    fn a_mono_delay_ignores_the_right_time() {
        let (_, right) = echoes(
            DelayParams {
                style: DelayStyle::Mono,
                ..OPEN
            },
            1.0,
            1.0,
        );
        assert_eq!(loudest(&right), 883);
    }

    #[test]
    fn a_ping_pong_answers_right_first_and_halves_only_on_the_way_back() {
        let (left, right) = echoes(
            DelayParams {
                style: DelayStyle::PingPong,
                ..OPEN
            },
            1.0,
            0.0,
        );
        // The quick sine of an eighth.
        let half_power = 0.708;
        assert!((area(&right, 1_324) - half_power).abs() < 0.02);
        assert!(
            (area(&left, 1_324 + 883) - half_power).abs() < 0.03,
            "{}",
            area(&left, 2_207)
        );
        assert!((area(&right, 2 * 1_324 + 883) - 0.5 * half_power).abs() < 0.03);
        assert!(area(&left, 883).abs() < 0.01);
    }

    #[test]
    fn a_mid_ping_pong_crosses_over_at_every_pass() {
        let (left, right) = echoes(
            DelayParams {
                style: DelayStyle::MidPingPong,
                ..OPEN
            },
            1.0,
            0.0,
        );
        assert!((area(&right, 1_324) - 1.0).abs() < 0.02);
        assert!(
            (area(&left, 1_324 + 2_206) - 0.5).abs() < 0.03,
            "{}",
            area(&left, 3_530)
        );
        assert!(area(&left, 2_206).abs() < 0.01);
    }

    #[test]
    fn mixing_keeps_the_power_of_dry_and_wet() {
        let (left, _) = echoes(
            DelayParams {
                mix: 0.5,
                feedback: 0.0,
                ..OPEN
            },
            1.0,
            1.0,
        );
        // The quick sine of an eighth.
        let half_power = 0.708;
        assert!((left[0] - half_power).abs() < 1e-6 && (area(&left, 883) - half_power).abs() < 0.02);
    }

    #[test]
    fn full_feedback_of_a_loud_signal_stays_within_the_limiter() {
        let loud = crate::fx::probe::noise(8.0, 176_400);
        let mut delay = Delay::new(RATE);
        let p = DelayParams {
            feedback: 1.0,
            ..OPEN
        };
        let (left, right) = run(|l, r| delay.process(LEVEL, l, r, &p), &loud, &loud, 128);
        assert!(left.iter().chain(&right).all(|x| x.is_finite() && x.abs() < 20.0));
    }
}
