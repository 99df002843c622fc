//! Delay lines side by side that feed back into themselves: shared by the delay, the chorus and the flanger.

use super::delay_line::{DelayLine, nearest};
use super::mix::flush;
use super::one_pole::{Band, BandCoefficients};
use crate::math;

/// Samples between two targets of the delay times. The grid is the echo's own, so that nothing depends on the sizes
/// of the blocks.
pub(crate) const TICK: u32 = 32;
/// Half-life of a change of a delay time, in seconds (vital-laws §9).
const GLIDE_HALF_LIFE_S: f64 = 0.02;
/// The limiter's knee and what it adds beyond: 8·h(x/8) with h straight to ±0.66 (vital-laws §6 and §9).
const KNEE: f32 = 0.66 * 8.0;
const BEYOND: f32 = 0.34 * 8.0;

/// What a line keeps stays within ±8 softly: straight to ±5.28, tanh beyond.
#[inline]
fn soft_limit(x: f32) -> f32 {
    let straight = x.clamp(-KNEE, KNEE);
    if x == straight {
        x
    } else {
        straight + BEYOND * math::tanh_f32((x - straight) / BEYOND)
    }
}

/// `N` lines, each with a limiter and a colouring filter in its input, so that already the first repeat is coloured.
#[derive(Debug, Clone)]
pub(crate) struct Echo<const N: usize> {
    lines: [DelayLine; N],
    band: Band<N>,
    /// Delay of each line in samples, and how it moves.
    delay: [f64; N],
    step: [f64; N],
    /// Share of the distance to its target that a delay covers in one tick.
    glide: f64,
    until_tick: u32,
    fresh: bool,
}

impl<const N: usize> Echo<N> {
    /// Silent lines for delays of up to `longest_s`, line by line.
    pub(crate) fn new(longest_s: [f64; N], sample_rate: f32) -> Self {
        let fs = f64::from(sample_rate);
        Self {
            lines: longest_s.map(|s| DelayLine::new(s * fs + 4.0)),
            band: Band::default(),
            delay: [DelayLine::SHORTEST; N],
            step: [0.0; N],
            glide: 1.0 - math::exp2(-f64::from(TICK) / (GLIDE_HALF_LIFE_S * fs)),
            until_tick: 0,
            fresh: true,
        }
    }

    /// Whether [`Echo::aim`] is due before the next read.
    #[inline]
    pub(crate) fn wants_aim(&self) -> bool {
        self.until_tick == 0
    }

    /// Starts a tick towards `targets`, delays in samples. What is written can be read one sample later at the
    /// earliest; Vital counts its delays from there, so each is one sample longer than its target.
    pub(crate) fn aim(&mut self, targets: [f64; N]) {
        self.until_tick = TICK;
        let lines = self.lines.iter();
        for (((delay, step), target), line) in
            self.delay.iter_mut().zip(&mut self.step).zip(targets).zip(lines)
        {
            let target = (target + 1.0).clamp(DelayLine::SHORTEST, line.longest());
            if self.fresh {
                *delay = target;
            }
            *step = (target - *delay) * self.glide / f64::from(TICK);
        }
        self.fresh = false;
    }

    /// The echoes at the next sample.
    #[inline]
    pub(crate) fn read(&mut self) -> [f32; N] {
        self.until_tick = self.until_tick.saturating_sub(1);
        let mut echo = [0.0; N];
        for i in 0..N {
            self.delay[i] += self.step[i];
            let (whole, fraction) = nearest(self.delay[i]);
            echo[i] = self.lines[i].read(whole, fraction);
        }
        echo
    }

    /// Takes in a sample per line (input plus feedback), limited and coloured.
    #[inline]
    pub(crate) fn write(&mut self, input: [f32; N], c: &BandCoefficients) {
        let coloured = self.band.pass(input.map(soft_limit), c);
        for (line, sample) in self.lines.iter_mut().zip(coloured) {
            line.push(flush(sample));
        }
    }

    /// Takes in a sample per line without colouring it.
    #[inline]
    pub(crate) fn write_plain(&mut self, input: [f32; N]) {
        for (line, sample) in self.lines.iter_mut().zip(input) {
            line.push(flush(soft_limit(sample)));
        }
    }

    /// Silence; the next delays start at their targets.
    pub(crate) fn clear(&mut self) {
        self.lines.iter_mut().for_each(DelayLine::clear);
        self.band = Band::default();
        (self.until_tick, self.fresh) = (0, true);
    }
}

#[cfg(test)]
mod tests {
    use super::{Echo, TICK, soft_limit};

    #[test]
    fn the_limiter_is_straight_up_to_five_and_never_passes_eight() {
        assert_eq!(soft_limit(5.2), 5.2);
        assert!(soft_limit(-6.5) > -6.5 && soft_limit(-6.5) < -6.0);
        assert!(soft_limit(1e6) <= 8.0 && soft_limit(1e6) > 7.9);
    }

    #[test]
    fn half_of_a_change_of_time_is_covered_in_twenty_milliseconds() {
        let mut echo = Echo::<1>::new([0.1], 48_000.0);
        echo.aim([100.0]);
        for _ in 0..TICK {
            echo.read();
        }
        assert!((echo.delay[0] - 101.0).abs() < 1e-9);
        for _ in 0..960 {
            if echo.wants_aim() {
                echo.aim([200.0]);
            }
            echo.read();
        }
        assert!((echo.delay[0] - 151.0).abs() < 0.1, "{}", echo.delay[0]);
    }
}
