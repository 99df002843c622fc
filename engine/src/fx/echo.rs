//! The delay that feeds back into itself: shared by the delay, the chorus and the flanger.

use super::delay_line::DelayLine;
use super::mix::flush;
use super::one_pole::{Band, BandCoefficients};
use crate::math;

/// Half-life of a change of the delay time, in seconds (vital-laws §9).
const GLIDE_HALF_LIFE_S: f64 = 0.02;

/// What a line keeps stays within ±8 softly: straight to ±5.28, tanh beyond (vital-laws §6 and §9: 8·h(x/8)).
#[inline]
pub(crate) fn soft_limit(x: f32) -> f32 {
    let knee = 0.66 * 8.0;
    if x.abs() <= knee {
        return x;
    }
    let straight = x.clamp(-knee, knee);
    straight + 0.34 * 8.0 * math::tanh_f32((x - straight) * (1.0 / (0.34 * 8.0)))
}

/// A delay time in samples that follows its target with a half-life of 20 ms.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Glide {
    now: Option<f64>,
}

impl Glide {
    /// Share of the distance covered in one sample.
    pub(crate) fn rate(sample_rate: f32) -> f64 {
        1.0 - math::exp2(-1.0 / (GLIDE_HALF_LIFE_S * f64::from(sample_rate)))
    }

    /// The delay at the next sample.
    #[inline]
    pub(crate) fn advance(&mut self, target: f64, rate: f64) -> f64 {
        let now = self.now.unwrap_or(target);
        let next = now + (target - now) * rate;
        self.now = Some(next);
        next
    }

    /// The next delay starts at its target.
    pub(crate) fn reset(&mut self) {
        self.now = None;
    }
}

/// One line with limiter and colouring filter in its input, so that already the first repeat is coloured.
#[derive(Debug, Clone)]
pub(crate) struct Echo {
    line: DelayLine,
    band: Band,
}

impl Echo {
    /// A line for delays of up to `samples`.
    pub(crate) fn new(samples: f64) -> Self {
        Self { line: DelayLine::new(samples), band: Band::default() }
    }

    /// The signal `delay` + 1 samples ago (what is written can be read a sample later at the earliest; Vital counts its
    /// delays from there), the delay held within what the line can give.
    #[inline]
    pub(crate) fn read(&self, delay: f64) -> f32 {
        self.line.read((delay + 1.0).clamp(DelayLine::SHORTEST, self.line.longest()))
    }

    /// Takes in a sample (input plus feedback).
    #[inline]
    pub(crate) fn write(&mut self, sample: f32, c: &BandCoefficients) {
        let coloured = self.band.pass(soft_limit(sample), c);
        self.line.push(flush(coloured));
    }

    /// Takes in a sample without colouring it.
    #[inline]
    pub(crate) fn write_plain(&mut self, sample: f32) {
        self.line.push(flush(soft_limit(sample)));
    }

    /// Silence.
    pub(crate) fn clear(&mut self) {
        self.line.clear();
        self.band = Band::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{Glide, soft_limit};

    #[test]
    fn the_limiter_is_straight_up_to_five_and_never_passes_eight() {
        assert_eq!(soft_limit(5.2), 5.2);
        assert!(soft_limit(-6.5) > -6.5 && soft_limit(-6.5) < -6.0);
        assert!(soft_limit(1e6) <= 8.0 && soft_limit(1e6) > 7.9);
    }

    #[test]
    fn half_of_a_change_of_time_is_covered_in_twenty_milliseconds() {
        let mut glide = Glide::default();
        let rate = Glide::rate(50_000.0);
        assert_eq!(glide.advance(100.0, rate), 100.0);
        let after = (0..1_000).fold(0.0, |_, _| glide.advance(200.0, rate));
        assert!((after - 150.0).abs() < 0.01);
    }
}
