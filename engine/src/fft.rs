//! The fast Fourier transform of oscillators, analysis and pictures.
//!
//! One scalar order of operations (Stockham, radix 4), so that every machine gives the same bits; twiddle factors
//! come from [`circle`]. Spectra are split into a slice of real and a slice of imaginary parts, bins 0..=n/2.
//! Calls do not allocate: make a plan and a [`Scratch`] once, use them often.

use std::ops::{Add, Mul, Neg, Sub};

pub mod any_length;
pub mod circle;

use circle::Circle;

/// A number type to transform: `f32` on the audio path, `f64` in the analysis.
pub trait Real:
    Copy + Default + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
}

impl Real for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }
}

impl Real for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }
}

/// Plan for real signals in single precision.
pub type RealFft32 = RealFft<f32>;
/// Plan for real signals in double precision.
pub type RealFft64 = RealFft<f64>;

/// Working memory for one plan, or for any smaller one of the same number type.
#[derive(Debug, Clone)]
pub struct Scratch<T> {
    re: Vec<T>,
    im: Vec<T>,
    other_re: Vec<T>,
    other_im: Vec<T>,
}

impl<T: Real> Scratch<T> {
    fn new(points: usize) -> Self {
        let zeros = || vec![T::default(); points];
        Self {
            re: zeros(),
            im: zeros(),
            other_re: zeros(),
            other_im: zeros(),
        }
    }
}

/// Twiddle factors of one radix-4 pass: e^(−2πi·k·p/m) for k = 1, 2, 3 and p in 0..m/4.
#[derive(Debug, Clone)]
struct Pass<T> {
    re: [Vec<T>; 3],
    im: [Vec<T>; 3],
}

impl<T: Real> Pass<T> {
    /// The factors of the pass over runs of `m` points, on a circle of `points` steps.
    fn new(circle: &Circle, points: usize, m: usize) -> Self {
        let table = |k: usize| -> (Vec<T>, Vec<T>) {
            (0..m / 4).map(|p| twiddle(circle, k * p * (points / m))).unzip()
        };
        let [(re_1, im_1), (re_2, im_2), (re_3, im_3)] = [1, 2, 3].map(table);
        Self {
            re: [re_1, re_2, re_3],
            im: [im_1, im_2, im_3],
        }
    }
}

/// Real and imaginary part of e^(−2πi·step/n), n being the steps of the circle.
fn twiddle<T: Real>(circle: &Circle, step: usize) -> (T, T) {
    let [cos, sin] = circle.at(step);
    (T::from_f64(cos), T::from_f64(-sin))
}

/// The complex transform of a power of two ≥ 1 points; the inverse is the same with real and imaginary parts
/// swapped (and a division by the number of points).
#[derive(Debug, Clone)]
pub struct ComplexFft<T> {
    points: usize,
    passes: Vec<Pass<T>>,
}

impl<T: Real> ComplexFft<T> {
    /// Plans a transform of `points`, which must be a power of two.
    ///
    /// # Panics
    /// When `points` is no power of two.
    #[must_use]
    pub fn new(points: usize) -> Self {
        assert!(points.is_power_of_two(), "transforms have a power of two points");
        let circle = Circle::new(points);
        let runs = (0..).map(|pass| points >> (2 * pass)).take_while(|&m| m >= 4);
        let passes = runs.map(|m| Pass::new(&circle, points, m)).collect();
        Self { points, passes }
    }

    /// Number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points
    }

    /// Working memory for [`Self::forward`].
    #[must_use]
    pub fn scratch(&self) -> Scratch<T> {
        Scratch::new(self.points)
    }

    /// Transforms in place, without scaling: X\[k\] = Σ x\[j\]·e^(−2πi·jk/points).
    ///
    /// # Panics
    /// When the slices are shorter than the plan or the scratch belongs to a smaller one.
    pub fn forward(&self, re: &mut [T], im: &mut [T], scratch: &mut Scratch<T>) {
        let n = self.points;
        let (re, im) = (&mut re[..n], &mut im[..n]);
        let in_other = self.run(re, im, &mut scratch.other_re[..n], &mut scratch.other_im[..n]);
        if in_other {
            re.copy_from_slice(&scratch.other_re[..n]);
            im.copy_from_slice(&scratch.other_im[..n]);
        }
    }

    /// Runs all passes to and fro between the two pairs; tells whether the result is in the second.
    fn run(&self, re: &mut [T], im: &mut [T], other_re: &mut [T], other_im: &mut [T]) -> bool {
        let mut in_other = false;
        let mut stride = 1;
        for pass in &self.passes {
            if in_other {
                radix_4(pass, stride, other_re, other_im, re, im);
            } else {
                radix_4(pass, stride, re, im, other_re, other_im);
            }
            in_other = !in_other;
            stride *= 4;
        }
        if stride < self.points {
            if in_other {
                radix_2(other_re, other_im);
            } else {
                radix_2(re, im);
            }
        }
        in_other
    }
}

/// Splits a slice into its four quarters.
fn quarters<T>(x: &[T]) -> [&[T]; 4] {
    let (low, high) = x.split_at(x.len() / 2);
    let (a, b) = low.split_at(low.len() / 2);
    let (c, d) = high.split_at(high.len() / 2);
    [a, b, c, d]
}

/// The four-point transform of one element of each quarter, times the twiddle factors.
#[inline(always)]
fn butterfly<T: Real>(re: [T; 4], im: [T; 4], w_re: [T; 3], w_im: [T; 3]) -> ([T; 4], [T; 4]) {
    let (sum_ac_re, sum_ac_im) = (re[0] + re[2], im[0] + im[2]);
    let (dif_ac_re, dif_ac_im) = (re[0] - re[2], im[0] - im[2]);
    let (sum_bd_re, sum_bd_im) = (re[1] + re[3], im[1] + im[3]);
    let (dif_bd_re, dif_bd_im) = (re[1] - re[3], im[1] - im[3]);
    let one = (dif_ac_re + dif_bd_im, dif_ac_im - dif_bd_re);
    let two = (sum_ac_re - sum_bd_re, sum_ac_im - sum_bd_im);
    let three = (dif_ac_re - dif_bd_im, dif_ac_im + dif_bd_re);
    (
        [
            sum_ac_re + sum_bd_re,
            w_re[0] * one.0 - w_im[0] * one.1,
            w_re[1] * two.0 - w_im[1] * two.1,
            w_re[2] * three.0 - w_im[2] * three.1,
        ],
        [
            sum_ac_im + sum_bd_im,
            w_re[0] * one.1 + w_im[0] * one.0,
            w_re[1] * two.1 + w_im[1] * two.0,
            w_re[2] * three.1 + w_im[2] * three.0,
        ],
    )
}

/// One radix-4 Stockham pass; all strides compute alike, small ones have loops of fixed length.
fn radix_4<T: Real>(pass: &Pass<T>, stride: usize, re: &[T], im: &[T], out_re: &mut [T], out_im: &mut [T]) {
    match stride {
        1 => radix_4_first(pass, re, im, out_re, out_im),
        4 => radix_4_fixed::<T, 4>(pass, re, im, out_re, out_im),
        16 => radix_4_fixed::<T, 16>(pass, re, im, out_re, out_im),
        _ => {
            // A multiple of 64: runs of 16 share their twiddle factors.
            radix_4_runs(pass, stride, re, im, out_re, out_im);
        }
    }
}

/// The pass of stride 1: butterflies lie side by side.
fn radix_4_first<T: Real>(pass: &Pass<T>, re: &[T], im: &[T], out_re: &mut [T], out_im: &mut [T]) {
    let (re, im) = (quarters(re), quarters(im));
    let count = re[0].len();
    let re = re.map(|x| &x[..count]);
    let im = im.map(|x| &x[..count]);
    let (w_re, w_im) = (
        pass.re.each_ref().map(|w| &w[..count]),
        pass.im.each_ref().map(|w| &w[..count]),
    );
    let (out_re, out_im) = (
        &mut out_re.as_chunks_mut::<4>().0[..count],
        &mut out_im.as_chunks_mut::<4>().0[..count],
    );
    for p in 0..count {
        let (y_re, y_im) = butterfly(
            re.map(|x| x[p]),
            im.map(|x| x[p]),
            w_re.map(|w| w[p]),
            w_im.map(|w| w[p]),
        );
        out_re[p] = y_re;
        out_im[p] = y_im;
    }
}

/// `S` butterflies that share their twiddle factors.
#[inline(always)]
fn run_of<T: Real, const S: usize>(
    re: [&[T; S]; 4],
    im: [&[T; S]; 4],
    w: ([T; 3], [T; 3]),
    out_re: [&mut [T; S]; 4],
    out_im: [&mut [T; S]; 4],
) {
    let ([r0, r1, r2, r3], [i0, i1, i2, i3]) = (out_re, out_im);
    for q in 0..S {
        let (y_re, y_im) = butterfly(re.map(|x| x[q]), im.map(|x| x[q]), w.0, w.1);
        (r0[q], r1[q], r2[q], r3[q]) = (y_re[0], y_re[1], y_re[2], y_re[3]);
        (i0[q], i1[q], i2[q], i3[q]) = (y_im[0], y_im[1], y_im[2], y_im[3]);
    }
}

/// The pass of stride `S`.
fn radix_4_fixed<T: Real, const S: usize>(
    pass: &Pass<T>,
    re: &[T],
    im: &[T],
    out_re: &mut [T],
    out_im: &mut [T],
) {
    let re = quarters(re).map(|x| x.as_chunks::<S>().0);
    let im = quarters(im).map(|x| x.as_chunks::<S>().0);
    let out = out_re.as_chunks_mut::<S>().0.as_chunks_mut::<4>().0;
    let outs = out
        .iter_mut()
        .zip(out_im.as_chunks_mut::<S>().0.as_chunks_mut::<4>().0);
    for (p, (out_re, out_im)) in outs.enumerate() {
        let w = (pass.re.each_ref().map(|w| w[p]), pass.im.each_ref().map(|w| w[p]));
        run_of(
            re.map(|x| &x[p]),
            im.map(|x| &x[p]),
            w,
            out_re.each_mut(),
            out_im.each_mut(),
        );
    }
}

/// The pass of a stride that is a multiple of 16.
fn radix_4_runs<T: Real>(
    pass: &Pass<T>,
    stride: usize,
    re: &[T],
    im: &[T],
    out_re: &mut [T],
    out_im: &mut [T],
) {
    let (re, im) = (quarters(re), quarters(im));
    let outs = out_re
        .chunks_exact_mut(4 * stride)
        .zip(out_im.chunks_exact_mut(4 * stride));
    for (p, (out_re, out_im)) in outs.enumerate() {
        let w = (pass.re.each_ref().map(|w| w[p]), pass.im.each_ref().map(|w| w[p]));
        let block = p * stride..(p + 1) * stride;
        let re = re.map(|x| x[block.clone()].as_chunks::<16>().0);
        let im = im.map(|x| x[block.clone()].as_chunks::<16>().0);
        let [r0, r1, r2, r3] = quarters_mut(out_re).map(|x| x.as_chunks_mut::<16>().0);
        let [i0, i1, i2, i3] = quarters_mut(out_im).map(|x| x.as_chunks_mut::<16>().0);
        for run in 0..stride / 16 {
            run_of(
                re.map(|x| &x[run]),
                im.map(|x| &x[run]),
                w,
                [&mut r0[run], &mut r1[run], &mut r2[run], &mut r3[run]],
                [&mut i0[run], &mut i1[run], &mut i2[run], &mut i3[run]],
            );
        }
    }
}

/// Splits a slice into its four quarters.
fn quarters_mut<T>(x: &mut [T]) -> [&mut [T]; 4] {
    let half = x.len() / 2;
    let (low, high) = x.split_at_mut(half);
    let (a, b) = low.split_at_mut(half / 2);
    let (c, d) = high.split_at_mut(half / 2);
    [a, b, c, d]
}

/// The last pass when the number of points is an odd power of two: its twiddle factors are all 1.
fn radix_2<T: Real>(re: &mut [T], im: &mut [T]) {
    for x in [re, im] {
        let half = x.len() / 2;
        let (low, high) = x.split_at_mut(half);
        for (a, b) in low.iter_mut().zip(high) {
            (*a, *b) = (*a + *b, *a - *b);
        }
    }
}

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
        let (twiddle_re, twiddle_im) = (0..=n / 4).map(|k| twiddle(&circle, k)).unzip();
        Self {
            half: ComplexFft::new(n / 2),
            twiddle_re,
            twiddle_im,
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        2 * self.half.points
    }

    /// Number of spectrum bins: n/2 + 1, from DC to Nyquist inclusive.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.half.points + 1
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
        let h = self.half.points;
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
    pub fn inverse(&self, re: &[T], im: &[T], output: &mut [T], scratch: &mut Scratch<T>) {
        let h = self.half.points;
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
    use super::*;
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

    #[test]
    fn the_complex_transform_is_undone_by_itself_with_swapped_parts() {
        for n in [1usize, 2, 4, 32, 64, 512] {
            let fft = ComplexFft::new(n);
            let x = noise(2 * n);
            let (mut re, mut im) = (x[..n].to_vec(), x[n..].to_vec());
            let mut scratch = fft.scratch();
            fft.forward(&mut re, &mut im, &mut scratch);
            fft.forward(&mut im, &mut re, &mut scratch);
            for j in 0..n {
                assert!((re[j] / n as f64 - x[j]).abs() < 1e-14);
                assert!((im[j] / n as f64 - x[n + j]).abs() < 1e-14);
            }
        }
    }
}
