//! The transform of real signals: a complex one of half the length, its halves told apart by symmetry.

use super::circle::Circle;
use super::complex::{ComplexFft, twiddle};
use super::{Real, Scratch};

/// The transform of a real signal of a power of two ≥ 4 samples.
#[derive(Debug, Clone)]
pub struct RealFft<T> {
    /// The transform of half the length: even samples are its real, odd ones its imaginary parts.
    half: ComplexFft<T>,
    /// e^(−2πi·k/n) for k in 0..=n/4.
    twiddle_re: Vec<T>,
    twiddle_im: Vec<T>,
}

impl<T: Real> RealFft<T> {
    /// Plans a transform of `n` samples, a power of two ≥ 4.
    ///
    /// # Panics
    /// When `n` is no power of two ≥ 4.
    #[must_use]
    pub fn new(n: usize) -> Self {
        assert!(
            n.is_power_of_two() && n >= 4,
            "transforms have a power of two samples, at least 4"
        );
        let circle = Circle::new(n);
        let (twiddle_re, twiddle_im) = (0..=n / 4).map(|k| twiddle::<T>(&circle, k)).unzip();
        Self {
            half: ComplexFft::new(n / 2),
            twiddle_re,
            twiddle_im,
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        2 * self.half.points()
    }

    /// Number of spectrum bins: n/2 + 1, from DC to Nyquist inclusive.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.half.points() + 1
    }

    /// Working memory for [`Self::forward`] and [`Self::inverse`].
    #[must_use]
    pub fn scratch(&self) -> Scratch<T> {
        self.half.scratch()
    }

    /// Spectrum of `input` without scaling, like numpy's `rfft`: X\[k\] = Σ x\[j\]·e^(−2πi·jk/n).
    ///
    /// # Panics
    /// When `input` is shorter than [`Self::samples`] or the spectrum than [`Self::bins`].
    pub fn forward(&self, input: &[T], re: &mut [T], im: &mut [T], scratch: &mut Scratch<T>) {
        let h = self.half.points();
        let (z_re, z_im) = (&mut scratch.re[..h], &mut scratch.im[..h]);
        let pairs = input[..2 * h].as_chunks::<2>().0;
        for ((z_re, z_im), pair) in z_re.iter_mut().zip(z_im.iter_mut()).zip(pairs) {
            (*z_re, *z_im) = (pair[0], pair[1]);
        }
        let (other_re, other_im) = (&mut scratch.other_re[..h], &mut scratch.other_im[..h]);
        let in_other = self.half.run(z_re, z_im, other_re, other_im);
        let (z_re, z_im): (&[T], &[T]) = if in_other {
            (other_re, other_im)
        } else {
            (z_re, z_im)
        };

        let (re, im) = (&mut re[..=h], &mut im[..=h]);
        (re[0], im[0]) = (z_re[0] + z_im[0], T::default());
        (re[h], im[h]) = (z_re[0] - z_im[0], T::default());
        let one_half = T::from_f64(0.5);
        for k in 1..=h / 2 {
            let (a_re, a_im, b_re, b_im) = (z_re[k], z_im[k], z_re[h - k], z_im[h - k]);
            let (even_re, even_im) = (one_half * (a_re + b_re), one_half * (a_im - b_im));
            let (odd_re, odd_im) = (one_half * (a_im + b_im), one_half * (b_re - a_re));
            let (w_re, w_im) = (self.twiddle_re[k], self.twiddle_im[k]);
            let (t_re, t_im) = (w_re * odd_re - w_im * odd_im, w_re * odd_im + w_im * odd_re);
            (re[h - k], im[h - k]) = (even_re - t_re, t_im - even_im);
            (re[k], im[k]) = (even_re + t_re, even_im + t_im);
        }
    }

    /// Signal of a spectrum, scaled by 1/n, so that it undoes [`Self::forward`]; like numpy's `irfft` the imaginary
    /// parts of DC and Nyquist are ignored.
    ///
    /// # Panics
    /// When the spectrum is shorter than [`Self::bins`] or `output` than [`Self::samples`].
    #[inline(always)]
    pub fn inverse(&self, re: &[T], im: &[T], output: &mut [T], scratch: &mut Scratch<T>) {
        let h = self.half.points();
        let (re, im) = (&re[..=h], &im[..=h]);
        let (z_re, z_im) = (&mut scratch.re[..h], &mut scratch.im[..h]);
        let scale = T::from_f64(0.5 / h as f64);
        (z_re[0], z_im[0]) = (scale * (re[0] + re[h]), scale * (re[0] - re[h]));
        for k in 1..=h / 2 {
            let (a_re, a_im, b_re, b_im) = (re[k], im[k], re[h - k], im[h - k]);
            let (even_re, even_im) = (scale * (a_re + b_re), scale * (a_im - b_im));
            let (dif_re, dif_im) = (scale * (a_re - b_re), scale * (a_im + b_im));
            let (w_re, w_im) = (self.twiddle_re[k], self.twiddle_im[k]);
            let (odd_re, odd_im) = (w_re * dif_re + w_im * dif_im, w_re * dif_im - w_im * dif_re);
            (z_re[h - k], z_im[h - k]) = (even_re + odd_im, odd_re - even_im);
            (z_re[k], z_im[k]) = (even_re - odd_im, even_im + odd_re);
        }
        // Swapped parts turn the forward transform into the inverse one.
        let (other_re, other_im) = (&mut scratch.other_re[..h], &mut scratch.other_im[..h]);
        let in_other = self.half.run(z_im, z_re, other_im, other_re);
        let (z_re, z_im): (&[T], &[T]) = if in_other {
            (other_re, other_im)
        } else {
            (z_re, z_im)
        };
        for ((pair, z_re), z_im) in output[..2 * h]
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .zip(z_re)
            .zip(z_im)
        {
            *pair = [*z_re, *z_im];
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fft::{RealFft32, RealFft64};
    use crate::math;

    /// A repeatable signal without structure, in −1..1.
    fn noise(n: usize) -> Vec<f64> {
        let mut state = 1u32;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f64::from(state) / 2_147_483_648.0 - 1.0
            })
            .collect()
    }

    #[test]
    fn every_length_agrees_with_the_sum_that_defines_it() {
        for n in [4usize, 8, 16, 32, 64, 128, 256, 512, 1024] {
            let fft = RealFft64::new(n);
            let x = noise(n);
            let (mut re, mut im) = (vec![0.0; n / 2 + 1], vec![0.0; n / 2 + 1]);
            fft.forward(&x, &mut re, &mut im, &mut fft.scratch());
            for k in 0..=n / 2 {
                let angle = |j: usize| -2.0 * math::PI * ((j * k) % n) as f64 / n as f64;
                let want_re: f64 = x.iter().enumerate().map(|(j, x)| x * math::cos(angle(j))).sum();
                let want_im: f64 = x.iter().enumerate().map(|(j, x)| x * math::sin(angle(j))).sum();
                assert!(
                    (re[k] - want_re).abs() < 1e-11 * n as f64,
                    "n {n} bin {k}: {} {want_re}",
                    re[k]
                );
                assert!(
                    (im[k] - want_im).abs() < 1e-11 * n as f64,
                    "n {n} bin {k}: {} {want_im}",
                    im[k]
                );
            }
        }
    }

    #[test]
    fn the_inverse_undoes_the_forward_transform() {
        for n in [4usize, 8, 2048, 8192, 131_072] {
            let x = noise(n);
            let fft = RealFft64::new(n);
            let (mut re, mut im, mut y) = (vec![0.0; n / 2 + 1], vec![0.0; n / 2 + 1], vec![0.0; n]);
            let mut scratch = fft.scratch();
            fft.forward(&x, &mut re, &mut im, &mut scratch);
            fft.inverse(&re, &im, &mut y, &mut scratch);
            let worst = x.iter().zip(&y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-14, "n {n}: {worst}");

            let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            let fft = RealFft32::new(n);
            let (mut re, mut im, mut y) = (vec![0.0; n / 2 + 1], vec![0.0; n / 2 + 1], vec![0.0; n]);
            let mut scratch = fft.scratch();
            fft.forward(&x, &mut re, &mut im, &mut scratch);
            fft.inverse(&re, &im, &mut y, &mut scratch);
            let worst = x.iter().zip(&y).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-6, "n {n}: {worst}");
        }
    }

    #[test]
    fn one_bin_is_one_cosine_with_the_phase_of_the_bin() {
        let n = 2048;
        let fft = RealFft32::new(n);
        let (mut re, mut im, mut y) = (vec![0.0; n / 2 + 1], vec![0.0; n / 2 + 1], vec![0.0; n]);
        im[3] = -(n as f32) / 2.0;
        fft.inverse(&re, &im, &mut y, &mut fft.scratch());
        for (j, y) in y.iter().enumerate() {
            let want = math::sin(2.0 * math::PI * 3.0 * j as f64 / n as f64);
            assert!((f64::from(*y) - want).abs() < 1e-6);
        }
        re[0] = n as f32;
        im.fill(0.0);
        fft.inverse(&re, &im, &mut y, &mut fft.scratch());
        assert!(y.iter().all(|y| (y - 1.0).abs() < 1e-6));
    }

    #[test]
    fn a_scratch_serves_smaller_plans() {
        let (large, small) = (RealFft64::new(64), RealFft64::new(16));
        let x = noise(16);
        let (mut re, mut im) = ([0.0; 9], [0.0; 9]);
        small.forward(&x, &mut re, &mut im, &mut large.scratch());
        let (mut re_own, mut im_own) = ([0.0; 9], [0.0; 9]);
        small.forward(&x, &mut re_own, &mut im_own, &mut small.scratch());
        assert_eq!((re, im), (re_own, im_own));
    }
}
