//! The complex transform: radix-4 Stockham passes between two pairs of buffers, which sort by themselves, and a
//! radix-2 pass at the end where the number of points asks for it.

use super::circle::Circle;
use super::{Real, Scratch};

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
            (0..m / 4)
                .map(|p| twiddle::<T>(circle, k * p * (points / m)))
                .unzip()
        };
        let [(re_1, im_1), (re_2, im_2), (re_3, im_3)] = [1, 2, 3].map(table);
        Self {
            re: [re_1, re_2, re_3],
            im: [im_1, im_2, im_3],
        }
    }
}

/// Real and imaginary part of e^(−2πi·step/n), n being the steps of the circle.
pub(super) fn twiddle<T: Real>(circle: &Circle, step: usize) -> (T, T) {
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
    #[inline(always)]
    pub(super) fn run(&self, re: &mut [T], im: &mut [T], other_re: &mut [T], other_im: &mut [T]) -> bool {
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
#[inline(always)]
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
#[inline(always)]
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
#[inline(always)]
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
#[inline(always)]
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
#[inline(always)]
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
#[inline(always)]
fn radix_2<T: Real>(re: &mut [T], im: &mut [T]) {
    for x in [re, im] {
        let half = x.len() / 2;
        let (low, high) = x.split_at_mut(half);
        for (a, b) in low.iter_mut().zip(high) {
            (*a, *b) = (*a + *b, *a - *b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_complex_transform_is_undone_by_itself_with_swapped_parts() {
        for n in [1usize, 2, 4, 32, 64, 512] {
            let fft = ComplexFft::new(n);
            let x: Vec<f64> = (0..2 * n)
                .map(|j| ((j * j * 31 + 7 * j) % 101) as f64 / 50.0 - 1.0)
                .collect();
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
