//! Vibrato: the strongest 3–9 Hz line in the instantaneous frequency of the fundamental.
//!
//! The fundamental is cut out by a Butterworth band-pass run forwards and backwards; the phase of its analytic
//! signal, unwrapped, gives the frequency.

use songwalker_schemas::AudioAnalysis;

use super::modulation::{FEWEST_POINTS, strongest_line, track_points};
use crate::fft::RealFft64;
use crate::fft::circle::Circle;
use crate::math;

/// Points at each end of the track that still feel the ends of the sound.
const TRIM: usize = 5;

/// Fills in rate and depth; both stay 0 when `body` is too short or `f0_hz` too high.
pub(super) fn measure(body: &[f64], rate: f64, f0_hz: f64, out: &mut AudioAnalysis) {
    let (hop, points) = track_points(body.len(), rate);
    if points <= FEWEST_POINTS || f0_hz * 1.33 >= rate / 2.0 {
        return;
    }
    let fundamental = BandPass::new(f0_hz * 0.75, f0_hz * 1.33, rate).both_ways(body);
    let quadrature = hilbert(&fundamental);
    let track = frequency_track(&fundamental, &quadrature, hop, rate);
    let cents: Vec<f64> = track
        .iter()
        .map(|hz| 1200.0 * math::log2(hz.clamp(f0_hz * 0.7, f0_hz * 1.4) / f0_hz))
        .collect();
    if cents.len() > FEWEST_POINTS {
        let line = strongest_line(&cents, 3.0, 9.0);
        (out.vibrato_rate_hz, out.vibrato_cents) = (line.rate_hz, line.depth);
    }
}

/// Mean frequency in Hz of the `hop` frames around each multiple of `hop`, without the ends.
fn frequency_track(re: &[f64], im: &[f64], hop: usize, rate: f64) -> Vec<f64> {
    // The mean of the frequency is the phase that passed: whole turns are counted, angles taken at the ends only.
    let steps = (re.len() - 1).div_ceil(hop);
    // The window around frame i opens `before` frames earlier and closes where the next one opens.
    let before = hop - 1 - (hop - 1) / 2;
    let mut edges = Vec::with_capacity(steps);
    let mut turns = 0.0;
    for j in 1..re.len() {
        if (im[j - 1] < 0.0) != (im[j] < 0.0) {
            let turned_left = re[j - 1] * im[j] - im[j - 1] * re[j] > 0.0;
            if im[j] < 0.0 && turned_left {
                turns += 1.0;
            } else if im[j] >= 0.0 && !turned_left {
                turns -= 1.0;
            }
        }
        if (j + before).is_multiple_of(hop) {
            edges.push(math::atan2(im[j], re[j]) + 2.0 * math::PI * turns);
        }
    }
    // Edge 0 opens the window around frame `hop`, step 1.
    let last = steps.saturating_sub(TRIM);
    (TRIM..last)
        .filter_map(|step| {
            let (opens, closes) = (edges.get(step - 1)?, edges.get(step)?);
            Some((closes - opens) / hop as f64 * rate / (2.0 * math::PI))
        })
        .collect()
}

/// Imaginary part of the analytic signal, the signal taken as periodic: convolution with the discrete kernel
/// 2/N·cot(πn/N) of odd n (N even), or (cot(πn/N) − (−1)^n/sin(πn/N))/N (N odd).
fn hilbert(signal: &[f64]) -> Vec<f64> {
    let n = signal.len();
    let circle = Circle::new(2 * n);
    let fft = RealFft64::new((2 * n).next_power_of_two().max(4));
    let mut scratch = fft.scratch();
    let bins = fft.bins();
    let mut kernel = vec![0.0; fft.samples()];
    for (i, tap) in kernel[..n].iter_mut().enumerate().skip(1) {
        let [cos, sin] = circle.at(i);
        *tap = match (n % 2, i % 2) {
            (0, 0) => 0.0,
            (0, _) => 2.0 / n as f64 * cos / sin,
            (_, 0) => (cos - 1.0) / sin / n as f64,
            _ => (cos + 1.0) / sin / n as f64,
        };
    }
    let (mut k_re, mut k_im) = (vec![0.0; bins], vec![0.0; bins]);
    fft.forward(&kernel, &mut k_re, &mut k_im, &mut scratch);
    let mut padded = kernel;
    padded[..n].copy_from_slice(signal);
    padded[n..].fill(0.0);
    let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
    fft.forward(&padded, &mut re, &mut im, &mut scratch);
    for k in 0..bins {
        (re[k], im[k]) = (
            re[k] * k_re[k] - im[k] * k_im[k],
            re[k] * k_im[k] + im[k] * k_re[k],
        );
    }
    fft.inverse(&re, &im, &mut padded, &mut scratch);
    (0..n).map(|i| padded[i] + padded[n + i]).collect()
}

/// A Butterworth band-pass of order 4 (eight poles) as four sections of two poles and zeros at DC and Nyquist:
/// y = gain·(x − x₋₂) − a₁·y₋₁ − a₂·y₋₂.
#[derive(Debug, Clone)]
struct BandPass {
    gain: [f64; 4],
    a1: [f64; 4],
    a2: [f64; 4],
}

/// Frames that the signal is extended by at each end, mirrored through its end points.
const EXTENSION: usize = 27;

impl BandPass {
    /// Corners (−3 dB) at `low_hz` and `high_hz`: analogue prototype, bilinear transform with warped corners.
    fn new(low_hz: f64, high_hz: f64, rate: f64) -> Self {
        let warp = |hz: f64| math::tan(math::PI * hz / rate);
        let (low, high) = (warp(low_hz), warp(high_hz));
        let (width, centre_squared) = (high - low, low * high);
        let mut this = Self {
            gain: [0.0; 4],
            a1: [0.0; 4],
            a2: [0.0; 4],
        };
        for (pair, m) in [1.0, 3.0].into_iter().enumerate() {
            // Pole of the low-pass prototype, scaled to half the width, and what it becomes: p ± √(p² − ω²).
            let angle = math::PI * m / 8.0;
            let (re, im) = (-math::cos(angle) * width / 2.0, -math::sin(angle) * width / 2.0);
            let (root_re, root_im) = complex_sqrt(re * re - im * im - centre_squared, 2.0 * re * im);
            for (sign, side) in [(1.0, 0), (-1.0, 1)] {
                let (s_re, s_im) = (re + sign * root_re, im + sign * root_im);
                // z = (1 + s)/(1 − s); the section's denominator is (1 − z·z⁻¹)(1 − z̄·z⁻¹).
                let norm = (1.0 - s_re) * (1.0 - s_re) + s_im * s_im;
                let z_re = (1.0 - s_re * s_re - s_im * s_im) / norm;
                let section = 2 * pair + side;
                this.a1[section] = -2.0 * z_re;
                this.a2[section] = ((1.0 + s_re) * (1.0 + s_re) + s_im * s_im) / norm;
                this.gain[section] = width / norm;
            }
        }
        this
    }

    /// Runs forwards, then backwards: no phase shift, twice the slope.
    fn both_ways(&self, signal: &[f64]) -> Vec<f64> {
        let n = signal.len();
        let reach = EXTENSION.min(n - 1);
        let (first, last) = (signal[0], signal[n - 1]);
        let before = (1..=reach).rev().map(|i| 2.0 * first - signal[i]);
        let after = (1..=reach).map(|i| 2.0 * last - signal[n - 1 - i]);
        let mut y: Vec<f64> = before.chain(signal.iter().copied()).chain(after).collect();
        self.run(y.iter_mut());
        self.run(y.iter_mut().rev());
        y[reach..reach + n].to_vec()
    }

    /// Filters in place, from the state that a signal which has always been at its first value leaves.
    fn run<'a>(&self, mut samples: impl Iterator<Item = &'a mut f64> + 'a) {
        let (mut state_1, mut state_2) = ([0.0; 4], [0.0; 4]);
        let mut started = false;
        for sample in &mut samples {
            let mut x = *sample;
            if !started {
                // No section passes DC: only the first one has a state.
                (state_1[0], state_2[0]) = (-self.gain[0] * x, -self.gain[0] * x);
                started = true;
            }
            for section in 0..4 {
                let fed = self.gain[section] * x;
                let y = fed + state_1[section];
                state_1[section] = state_2[section] - self.a1[section] * y;
                state_2[section] = -fed - self.a2[section] * y;
                x = y;
            }
            *sample = x;
        }
    }
}

/// Principal square root of a complex number.
fn complex_sqrt(re: f64, im: f64) -> (f64, f64) {
    let size = (re * re + im * im).sqrt();
    let root_re = ((size + re) / 2.0).max(0.0).sqrt();
    let root_im = ((size - re) / 2.0).max(0.0).sqrt();
    (root_re, if im < 0.0 { -root_im } else { root_im })
}
