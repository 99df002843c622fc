//! The delay effect: two echoes in four arrangements (vital-laws §9).

use super::echo::{Echo, Glide};
use super::mix::EqualPowerMix;
use super::one_pole::BandCoefficients;
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
    left: Echo,
    right: Echo,
    left_time: Glide,
    right_time: Glide,
    feedback: Ramp,
    mix: EqualPowerMix,
    upper: Ramp,
    lower: Ramp,
    gain: Ramp,
}

impl Delay {
    /// Silent lines for up to [`LONGEST_S`] (twice that on the left, where the middle ping-pong adds both times).
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        let longest = f64::from(LONGEST_S * sample_rate);
        Self {
            sample_rate,
            left: Echo::new(2.0 * longest),
            right: Echo::new(longest),
            left_time: Glide::default(),
            right_time: Glide::default(),
            feedback: Ramp::default(),
            mix: EqualPowerMix::default(),
            upper: Ramp::default(),
            lower: Ramp::default(),
            gain: Ramp::default(),
        }
    }

    /// Silence; the next block starts at its values.
    pub fn reset(&mut self) {
        self.left.clear();
        self.right.clear();
        self.left_time.reset();
        self.right_time.reset();
        self.mix.reset();
        for ramp in [&mut self.feedback, &mut self.upper, &mut self.lower, &mut self.gain] {
            ramp.reset();
        }
    }

    /// Replaces a block by its mix with the echoes.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &DelayParams) {
        let frames = left.len();
        let band = BandCoefficients::around(p.filter_hz, p.filter_spread, self.sample_rate);
        let (mut upper, mut lower) = (self.upper.towards(band.upper, frames), self.lower.towards(band.lower, frames));
        let mut gain = self.gain.towards(band.gain, frames);
        let mut feedback = self.feedback.towards(p.feedback.clamp(-1.0, 1.0), frames);
        let (mut dry, mut wet) = self.mix.towards(p.mix, frames);
        let samples = |seconds: f32| f64::from(seconds.clamp(0.0, LONGEST_S)) * f64::from(self.sample_rate);
        let (target_left, target_right) = match p.style {
            DelayStyle::Mono => (samples(p.left_s), samples(p.left_s)),
            DelayStyle::Stereo | DelayStyle::PingPong => (samples(p.left_s), samples(p.right_s)),
            DelayStyle::MidPingPong => (samples(p.left_s) + samples(p.right_s), samples(p.right_s)),
        };
        let rate = Glide::rate(self.sample_rate);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            let c = BandCoefficients { upper: upper.advance(), lower: lower.advance(), gain: gain.advance() };
            let (feedback, dry, wet) = (feedback.advance(), dry.advance(), wet.advance());
            let echo_left = self.left.read(self.left_time.advance(target_left, rate));
            let echo_right = self.right.read(self.right_time.advance(target_right, rate));
            let (into_left, into_right) = match p.style {
                DelayStyle::Mono | DelayStyle::Stereo => (*l + feedback * echo_left, *r + feedback * echo_right),
                DelayStyle::PingPong => {
                    let sum = (*l + *r) * std::f32::consts::FRAC_1_SQRT_2;
                    (echo_right, sum + feedback * echo_left)
                }
                DelayStyle::MidPingPong => (*r + feedback * echo_right, *l + feedback * echo_left),
            };
            self.left.write(into_left, &c);
            self.right.write(into_right, &c);
            *l = dry * *l + wet * echo_left;
            *r = dry * *r + wet * echo_right;
        }
    }
}
