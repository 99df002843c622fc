//! Delay lines side by side that feed back into themselves: shared by the delay, the chorus and the flanger.

use super::delay_line::{DelayLine, between, nearest};
use super::mix::flush;
use super::one_pole::{Band, BandCoefficients};
use crate::math;

/// Samples between two targets of the delay times. The grid is the echo's own, so that nothing depends on the sizes
/// of the blocks.
pub(crate) const TICK: usize = 32;
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
    until_tick: usize,
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
            glide: 1.0 - math::exp2(-(TICK as f64) / (GLIDE_HALF_LIFE_S * fs)),
            until_tick: 0,
            fresh: true,
        }
    }

    /// Samples until [`Echo::aim`] is due; 0: now.
    #[inline]
    pub(crate) fn until_aim(&self) -> usize {
        self.until_tick
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
            *step = (target - *delay) * self.glide / TICK as f64;
        }
        self.fresh = false;
    }

    /// Runs `count` samples, at most [`Echo::until_aim`]. `feed` is told each sample's place and echoes and gives what
    /// goes into the lines (input plus feedback); it is limited, and coloured by the band of the sample's place if there
    /// are `bands`.
    pub(crate) fn run(
        &mut self,
        count: usize,
        bands: Option<&[BandCoefficients]>,
        mut feed: impl FnMut(usize, [f32; N]) -> [f32; N],
    ) {
        let mut done = 0;
        while done < count {
            // As many samples as can be read before the first of them must be written.
            let chunk = self.readable().min(count - done);
            let mut samples = [[0.0_f32; N]; TICK];
            for (n, sample) in samples[..chunk].iter_mut().enumerate() {
                let mut fraction = [0.0; N];
                let mut windows = [[0.0; 4]; N];
                for i in 0..N {
                    self.delay[i] += self.step[i];
                    let whole;
                    (whole, fraction[i]) = nearest(self.delay[i]);
                    windows[i] = self.lines[i].window(whole - n);
                }
                *sample = between(&windows, fraction);
            }
            for (n, sample) in samples[..chunk].iter_mut().enumerate() {
                let input = feed(done + n, *sample).map(soft_limit);
                *sample = match bands {
                    Some(bands) => self.band.pass(input, &bands[done + n]).map(flush),
                    None => input.map(flush),
                };
            }
            for (i, line) in self.lines.iter_mut().enumerate() {
                line.extend(samples[..chunk].iter().map(|sample| sample[i]));
            }
            done += chunk;
        }
        self.until_tick -= count.min(self.until_tick);
    }

    /// Lets `count` samples pass without reading or writing.
    pub(crate) fn skip(&mut self, count: usize) {
        self.until_tick -= count.min(self.until_tick);
    }

    /// Samples that are in the lines already, from the next one on, at least 1 and at most [`TICK`].
    #[inline]
    fn readable(&self) -> usize {
        let mut shortest = f64::MAX;
        for i in 0..N {
            let end = self.delay[i] + self.step[i] * TICK as f64;
            shortest = shortest.min(self.delay[i].min(end));
        }
        ((shortest - 3.0).max(1.0) as usize).min(TICK)
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
        echo.run(TICK, None, |_, echo| echo);
        assert!((echo.delay[0] - 101.0).abs() < 1e-9);
        for _ in 0..30 {
            echo.aim([200.0]);
            echo.run(TICK, None, |_, echo| echo);
        }
        assert!((echo.delay[0] - 151.0).abs() < 0.1, "{}", echo.delay[0]);
    }
}
