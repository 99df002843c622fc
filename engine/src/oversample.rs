//! From the oversampled rate down to the base rate: half-band filters in a row, each dropping every second sample.
//!
//! Each is a pair of all-pass chains (elliptic, polyphase): what would alias into the audible band is more than 90 dB
//! down, the band to 20 kHz (at 44.1 kHz) is flat, the delay a few samples at low frequencies. The samples do not
//! depend on the sizes of the blocks.

use crate::math;
use crate::simd::{Kernel, Level};

/// Both channels of one sample frame.
type Frame = [f32; 2];
/// One section of either path: left and right of the path of newer samples, left and right of the other.
type Section = [f32; 4];

/// One half-band filter: `N` all-pass sections in either path, run as lanes.
#[derive(Debug, Clone)]
struct HalfBand<const N: usize> {
    coefficients: [Section; N],
    input: [Section; N],
    output: [Section; N],
}

/// The section coefficients of an elliptic half-band filter whose transition reaches `transition` (a share of its input
/// rate) to each side of a quarter of that rate: theta-function series of the elliptic filter with poles on the
/// imaginary axis (Valenzuela and Constantinides, 1983).
fn elliptic<const N: usize>(transition: f64) -> [Section; N] {
    let selectivity = math::tan((1.0 - 2.0 * transition) * math::PI / 4.0);
    let k = selectivity * selectivity;
    let root = math::sqrt(math::sqrt(1.0 - k * k));
    let e = 0.5 * (1.0 - root) / (1.0 + root);
    let e4 = e * e * e * e;
    let q = e * (1.0 + e4 * (2.0 + e4 * (15.0 + e4 * 150.0)));
    let order = (4 * N + 1) as f64;
    let coefficient = |i: usize| {
        let angle = (i + 1) as f64 * math::PI / order;
        let (mut above, mut below) = (0.0, 0.5);
        for m in 0..8_i32 {
            let (n, sign) = (f64::from(m), if m & 1 == 0 { 1.0 } else { -1.0 });
            above += sign * math::pow(q, n * (n + 1.0)) * math::sin((2.0 * n + 1.0) * angle);
            if m > 0 {
                below += sign * math::pow(q, n * n) * math::cos(2.0 * n * angle);
            }
        }
        let w = above * math::sqrt(math::sqrt(q)) / below;
        let w2 = w * w;
        let x = math::sqrt((1.0 - w2 * k) * (1.0 - w2 / k)) / (1.0 + w2);
        ((1.0 - x) / (1.0 + x)) as f32
    };
    // Sections go to the paths in turn.
    std::array::from_fn(|i| {
        let (newer, older) = (coefficient(2 * i), coefficient(2 * i + 1));
        [newer, newer, older, older]
    })
}

impl<const N: usize> HalfBand<N> {
    fn new(transition: f64) -> Self {
        Self {
            coefficients: elliptic(transition),
            input: [[0.0; 4]; N],
            output: [[0.0; 4]; N],
        }
    }

    /// One frame out of two, the older one first.
    #[inline(always)]
    fn halve(&mut self, older: Frame, newer: Frame) -> Frame {
        let mut x = [newer[0], newer[1], older[0], older[1]];
        for i in 0..N {
            let (c, input, output) = (self.coefficients[i], self.input[i], self.output[i]);
            let mut y = [0.0; 4];
            for k in 0..4 {
                // The output comes last: it is what the next frame waits for.
                y[k] = (c[k] * x[k] + input[k]) - c[k] * output[k];
            }
            self.input[i] = x;
            self.output[i] = y;
            x = y;
        }
        [0.5 * (x[0] + x[2]), 0.5 * (x[1] + x[3])]
    }

    /// Drops what is too small to hear: what decays must not end in denormals.
    fn flush(&mut self) {
        for value in self.input.iter_mut().chain(&mut self.output).flatten() {
            if value.abs() < 1e-20 {
                *value = 0.0;
            }
        }
    }

    fn reset(&mut self) {
        (self.input, self.output) = ([[0.0; 4]; N], [[0.0; 4]; N]);
    }
}

/// Brings a stereo signal from 1, 2, 4 or 8 times the base rate to the base rate.
#[derive(Debug, Clone)]
pub struct Decimator {
    factor: usize,
    eight: HalfBand<2>,
    four: HalfBand<3>,
    two: HalfBand<5>,
}

impl Decimator {
    /// For a rate of `factor` times the base rate: 1, 2, 4 or 8; anything between counts as the power of two below.
    #[must_use]
    pub fn new(factor: usize) -> Self {
        let factor = match factor {
            0 | 1 => 1,
            2 | 3 => 2,
            4..=7 => 4,
            _ => 8,
        };
        Self {
            factor,
            eight: HalfBand::new(0.19),
            four: HalfBand::new(0.11),
            two: HalfBand::new(0.015),
        }
    }

    /// How many frames go in for one that comes out.
    #[must_use]
    pub fn factor(&self) -> usize {
        self.factor
    }

    /// Fills `out_left` and `out_right` from `factor` times as many frames of `left` and `right`.
    pub fn process(
        &mut self,
        level: Level,
        left: &[f32],
        right: &[f32],
        out_left: &mut [f32],
        out_right: &mut [f32],
    ) {
        let output = [out_left, out_right];
        match self.factor {
            1 => level.run(Decimation::<1>(self, [left, right], output)),
            2 => level.run(Decimation::<2>(self, [left, right], output)),
            4 => level.run(Decimation::<4>(self, [left, right], output)),
            _ => level.run(Decimation::<8>(self, [left, right], output)),
        }
        self.eight.flush();
        self.four.flush();
        self.two.flush();
    }

    /// Silence.
    pub fn reset(&mut self) {
        self.eight.reset();
        self.four.reset();
        self.two.reset();
    }
}

/// A block on its way from `FACTOR` times the rate.
struct Decimation<'a, const FACTOR: usize>(&'a mut Decimator, [&'a [f32]; 2], [&'a mut [f32]; 2]);

impl<const FACTOR: usize> Kernel for Decimation<'_, FACTOR> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(Decimator { eight, four, two, .. }, [left, right], [out_left, out_right]) = self;
        let input = left
            .as_chunks::<FACTOR>()
            .0
            .iter()
            .zip(right.as_chunks::<FACTOR>().0);
        for ((l, r), (to_left, to_right)) in input.zip(out_left.iter_mut().zip(out_right)) {
            let mut frames: [Frame; FACTOR] = std::array::from_fn(|i| [l[i], r[i]]);
            if FACTOR == 8 {
                for i in 0..FACTOR / 2 {
                    frames[i] = eight.halve(frames[2 * i], frames[2 * i + 1]);
                }
            }
            if FACTOR >= 4 {
                for i in 0..FACTOR.min(4) / 2 {
                    frames[i] = four.halve(frames[2 * i], frames[2 * i + 1]);
                }
            }
            if FACTOR >= 2 {
                frames[0] = two.halve(frames[0], frames[FACTOR.min(2) - 1]);
            }
            [*to_left, *to_right] = frames[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decimator;
    use crate::math;
    use crate::simd::Level;

    /// Level in dB of a unit sine of `hz` at `factor`·44.1 kHz after decimation.
    fn level(factor: usize, hz: f64) -> f64 {
        let rate = 44_100.0 * factor as f64;
        let sine = |n: usize| math::sin(2.0 * math::PI * hz * n as f64 / rate) as f32;
        let input: Vec<f32> = (0..44_100 * factor).map(sine).collect();
        let (mut left, mut right) = (vec![0.0; 44_100], vec![0.0; 44_100]);
        Decimator::new(factor).process(Level::best(), &input, &input, &mut left, &mut right);
        assert_eq!(left, right);
        let power: f64 = left[22_050..].iter().map(|x| f64::from(x * x)).sum::<f64>() / 22_050.0;
        10.0 * math::log10(2.0 * power + 1e-30)
    }

    #[test]
    fn the_audible_band_passes_flat() {
        for factor in [1, 2, 4, 8] {
            for hz in [30.0, 440.0, 5_000.0, 15_000.0, 20_000.0] {
                assert!(
                    level(factor, hz).abs() < 0.01,
                    "{factor}×, {hz} Hz: {} dB",
                    level(factor, hz)
                );
            }
        }
    }

    #[test]
    fn what_would_alias_is_ninety_decibels_down() {
        for factor in [2, 4, 8] {
            let nyquist = 22_050.0 * factor as f64;
            let mut hz = 23_800.0;
            while hz < nyquist {
                // Only what lands below 20 kHz is heard.
                let image = hz % 44_100.0;
                if image.min(44_100.0 - image) <= 20_300.0 {
                    assert!(
                        level(factor, hz) < -90.0,
                        "{factor}×, {hz} Hz: {} dB",
                        level(factor, hz)
                    );
                }
                hz += 1_474.0;
            }
        }
    }

    #[test]
    fn blocks_of_any_size_give_the_same_samples() {
        let input: Vec<f32> = (0..4_000)
            .map(|n| ((n * 7_919) % 1_000) as f32 / 500.0 - 1.0)
            .collect();
        let whole = {
            let (mut left, mut right) = (vec![0.0; 1_000], vec![0.0; 1_000]);
            Decimator::new(4).process(Level::best(), &input, &input, &mut left, &mut right);
            left
        };
        let mut decimator = Decimator::new(4);
        let (mut left, mut right) = (vec![0.0; 1_000], vec![0.0; 1_000]);
        for from in (0..1_000).step_by(7) {
            let to = (from + 7).min(1_000);
            let block = &input[from * 4..to * 4];
            decimator.process(
                Level::best(),
                block,
                block,
                &mut left[from..to],
                &mut right[from..to],
            );
        }
        assert_eq!(whole, left);
    }

    #[test]
    fn an_impulse_comes_out_within_half_a_millisecond() {
        let mut input = vec![0.0_f32; 2 * 256];
        input[0] = 1.0;
        let (mut left, mut right) = (vec![0.0; 256], vec![0.0; 256]);
        Decimator::new(2).process(Level::best(), &input, &input, &mut left, &mut right);
        let loudest = (0..256)
            .max_by(|a, b| left[*a].abs().total_cmp(&left[*b].abs()))
            .expect("it is not empty");
        assert!(loudest < 22, "{loudest}");
    }
}
