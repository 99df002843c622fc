//! The spectrum of a real signal whose length is no power of two: Bluestein's algorithm, which turns the transform
//! into a convolution with a chirp.

use super::circle::Circle;
use super::{ComplexFft, RealFft64};

/// Spectrum of `signal` like numpy's `rfft`, real and imaginary parts of bins 0..=n/2, for any length ≥ 1.
#[must_use]
pub fn spectrum(signal: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = signal.len();
    let bins = n / 2 + 1;
    if n >= 4 && n.is_power_of_two() {
        let fft = RealFft64::new(n);
        let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
        fft.forward(signal, &mut re, &mut im, &mut fft.scratch());
        return (re, im);
    }

    // jk = (j² + k² − (k−j)²)/2, so X[k] = c[k]·Σ (x[j]·c[j])·conj(c[k−j]) with the chirp c[j] = e^(−πi·j²/n).
    let circle = Circle::new(2 * n);
    let chirp: Vec<[f64; 2]> = (0..n)
        .map(|j| {
            let [cos, sin] = circle.at((j as u64 * j as u64 % (2 * n as u64)) as usize);
            [cos, -sin]
        })
        .collect();
    let fft = ComplexFft::new((2 * n).next_power_of_two());
    let points = fft.points();
    let mut scratch = fft.scratch();
    let (mut a_re, mut a_im) = (vec![0.0; points], vec![0.0; points]);
    let (mut b_re, mut b_im) = (vec![0.0; points], vec![0.0; points]);
    for (j, (x, c)) in signal.iter().zip(&chirp).enumerate() {
        (a_re[j], a_im[j]) = (x * c[0], x * c[1]);
        let mirrored = (points - j) % points;
        (b_re[j], b_im[j]) = (c[0], -c[1]);
        (b_re[mirrored], b_im[mirrored]) = (c[0], -c[1]);
    }
    fft.forward(&mut a_re, &mut a_im, &mut scratch);
    fft.forward(&mut b_re, &mut b_im, &mut scratch);
    for k in 0..points {
        (a_re[k], a_im[k]) = (
            a_re[k] * b_re[k] - a_im[k] * b_im[k],
            a_re[k] * b_im[k] + a_im[k] * b_re[k],
        );
    }
    fft.forward(&mut a_im, &mut a_re, &mut scratch);
    let scale = 1.0 / points as f64;
    let turned = |k: usize| {
        let ([c, s], re, im) = (chirp[k], a_re[k] * scale, a_im[k] * scale);
        (re * c - im * s, re * s + im * c)
    };
    (0..bins).map(turned).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;

    #[test]
    fn any_length_agrees_with_the_sum_that_defines_it() {
        for n in [1usize, 2, 3, 4, 5, 7, 12, 16, 97, 100, 441, 1001] {
            let x: Vec<f64> = (0..n)
                .map(|j| ((j * j * 31 + 7 * j) % 101) as f64 / 50.0 - 1.0)
                .collect();
            let (re, im) = spectrum(&x);
            assert_eq!(re.len(), n / 2 + 1);
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
}
