//! The discrete Fourier transform of a length whose prime factors are small, in double precision: what a second of
//! noise (44,100 = 2²·3²·5²·7²) is coloured with.

use crate::math;

/// A discrete Fourier transform of any length with small prime factors, in double precision.
pub(super) struct Dft {
    factors: Vec<usize>,
    /// e^(−2πi·k/n).
    circle: Vec<[f64; 2]>,
}

impl Dft {
    /// Plans a transform of `n` points, whose prime factors are at most 16.
    pub(super) fn new(n: usize) -> Self {
        let (mut factors, mut rest, mut factor) = (Vec::new(), n, 2);
        while rest > 1 {
            if rest.is_multiple_of(factor) {
                factors.push(factor);
                rest /= factor;
            } else {
                factor += 1;
            }
        }
        let angle = |k: usize| -2.0 * math::PI * k as f64 / n as f64;
        Self {
            factors,
            circle: (0..n)
                .map(|k| [math::cos(angle(k)), math::sin(angle(k))])
                .collect(),
        }
    }

    /// X\[k\] = Σ x\[j\]·e^(−2πi·jk/n), complex numbers as pairs.
    pub(super) fn transform(&self, input: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
        let mut output = vec![[0.0; 2]; input.len()];
        self.step(&input, 1, &self.factors, &mut output);
        output
    }

    /// The transform of every `stride`-th input, as many as `output` holds, by decimation in time.
    fn step(&self, input: &[[f64; 2]], stride: usize, factors: &[usize], output: &mut [[f64; 2]]) {
        let Some((&p, rest)) = factors.split_first() else {
            output[0] = input[0];
            return;
        };
        let m = output.len() / p;
        for (r, part) in output.chunks_exact_mut(m).enumerate() {
            self.step(&input[r * stride..], stride * p, rest, part);
        }
        let n = self.circle.len();
        let mut column = [[0.0; 2]; 16];
        for k in 0..m {
            for (r, part) in column[..p].iter_mut().enumerate() {
                *part = output[k + r * m];
            }
            for q in 0..p {
                let turn = (k + q * m) * stride;
                let mut sum = column[0];
                let mut at = 0;
                for part in &column[1..p] {
                    at = (at + turn) % n;
                    let w = self.circle[at];
                    sum[0] += part[0] * w[0] - part[1] * w[1];
                    sum[1] += part[0] * w[1] + part[1] * w[0];
                }
                output[k + q * m] = sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixed_radix_transform_undoes_itself_and_finds_a_sine() {
        let n = 420;
        let dft = Dft::new(n);
        let wave: Vec<[f64; 2]> = (0..n)
            .map(|i| [math::sin(2.0 * math::PI * 7.0 * i as f64 / n as f64), 0.0])
            .collect();
        let spectrum = dft.transform(wave.clone());
        assert!((spectrum[7][1] + n as f64 / 2.0).abs() < 1e-9);
        assert!((spectrum[8][0].abs() + spectrum[8][1].abs()) < 1e-9);
        let back = dft.transform(spectrum.into_iter().map(|x| [x[0], -x[1]]).collect());
        assert!(
            wave.iter()
                .zip(back)
                .all(|(x, y)| (x[0] - y[0] / n as f64).abs() < 1e-12)
        );
    }
}
