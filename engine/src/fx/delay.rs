//! The delay effect: two echoes in four arrangements (vital-laws §9).

use super::echo::Echo;
use super::mix::EqualPowerMix;
use super::one_pole::{BandCoefficients, BandRamps};
use super::ramp::Ramp;

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
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &DelayParams) {
        let frames = left.len();
        let band = BandCoefficients::around(p.filter_hz, p.filter_spread, self.sample_rate);
        let mut band = self.band.towards(band, frames);
        let mut feedback = self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix, frames);
        let samples = |seconds: f32| f64::from(seconds.clamp(0.0, LONGEST_S)) * f64::from(self.sample_rate);
        let targets = match p.style {
            DelayStyle::Mono => [samples(p.left_s), samples(p.left_s)],
            DelayStyle::Stereo | DelayStyle::PingPong => [samples(p.left_s), samples(p.right_s)],
            DelayStyle::MidPingPong => [samples(p.left_s) + samples(p.right_s), samples(p.right_s)],
        };
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            if self.echo.wants_aim() {
                self.echo.aim(targets);
            }
            let feedback = feedback.advance();
            let echo = self.echo.read();
            let input = match p.style {
                DelayStyle::Mono | DelayStyle::Stereo => [*l + feedback * echo[0], *r + feedback * echo[1]],
                // The way from right to left is one pass of the pair: only the way back is fed back.
                DelayStyle::PingPong => {
                    [echo[1], (*l + *r) * std::f32::consts::FRAC_1_SQRT_2 + feedback * echo[0]]
                }
                DelayStyle::MidPingPong => [*r + feedback * echo[1], *l + feedback * echo[0]],
            };
            self.echo.write(input, &band.advance());
            let (dry, wet) = (dry.advance(), wet.advance());
            *l = dry * *l + wet * echo[0];
            *r = dry * *r + wet * echo[1];
        }
    }
}
