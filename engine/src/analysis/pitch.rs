//! The long spectrum of the body: pitch, energy off the harmonics, strongest peaks.

use songwalker_schemas::AudioAnalysis;

use super::window::blackman_harris;
use super::{peaks, power_db, ratio_or, roughness};
use crate::fft::RealFft64;
use crate::math;

/// Length of the spectrum, sample frames; a shorter body is filled up with zeros.
const LENGTH: usize = 1 << 17;
/// The pitch is sought this far around the note, cents.
const REACH_CENTS: i32 = 60;
/// Partials that roughness is read from.
const PARTIALS: usize = 30;

/// Fills in pitch, energy off the harmonics, roughness and the strongest frequency of `body`.
pub(super) fn measure(body: &[f64], rate: f64, f0_hz: f64, out: &mut AudioAnalysis) {
    let amplitude = amplitudes(body);
    let bin_hz = 1.0 / (LENGTH as f64 / rate);
    let cents = best_cents(&amplitude, rate, f0_hz);
    out.pitch_cents = f64::from(cents);
    out.nonharm_db = off_harmonics_db(&amplitude, bin_hz, f0_hz / 2.0 * cents_ratio(f64::from(cents)));

    let highest = amplitude.iter().copied().fold(0.0, f64::max);
    let mut found = peaks::find(&amplitude, highest * 0.01, 8);
    found.sort_by(|&a, &b| amplitude[b].total_cmp(&amplitude[a]).then(a.cmp(&b)));
    found.truncate(PARTIALS);
    out.dominant_freq_hz = found.first().map_or(0.0, |&k| summit(&amplitude, k) * bin_hz);
    let partials: Vec<[f64; 2]> = found
        .iter()
        .map(|&k| [k as f64 * bin_hz, amplitude[k] / highest])
        .collect();
    out.roughness = roughness::of(&partials);
}

/// Amplitudes of the bins of `body` under a Blackman–Harris window.
fn amplitudes(body: &[f64]) -> Vec<f64> {
    let body = &body[..body.len().min(LENGTH)];
    let mut signal = blackman_harris(body.len());
    for (w, x) in signal.iter_mut().zip(body) {
        *w *= x;
    }
    signal.resize(LENGTH, 0.0);
    let fft = RealFft64::new(LENGTH);
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    fft.forward(&signal, &mut re, &mut im, &mut fft.scratch());
    for (re, im) in re.iter_mut().zip(&im) {
        *re = (*re * *re + im * im).sqrt();
    }
    re
}

/// Frequency ratio of an interval in cents.
fn cents_ratio(cents: f64) -> f64 {
    math::exp2(cents / 1200.0)
}

/// The deviation from `f0_hz`, whole cents, at which the first eight harmonics are strongest.
fn best_cents(amplitude: &[f64], rate: f64, f0_hz: f64) -> i32 {
    let (mut best, mut best_cents) = (0.0, 0);
    for cents in -REACH_CENTS..=REACH_CENTS {
        let hz = f0_hz * cents_ratio(f64::from(cents));
        let harmonics = (1..=8)
            .map(|h| f64::from(h) * hz)
            .filter(|hz| *hz < rate / 2.0 - 50.0);
        let sum: f64 = harmonics
            .map(|hz| amplitude[(hz * LENGTH as f64 / rate).round_ties_even() as usize])
            .sum();
        if sum > best {
            (best, best_cents) = (sum, cents);
        }
    }
    best_cents
}

/// Power of 30 Hz to 20 kHz that is farther than 30 cents (at least 12 Hz) from every multiple of `base_hz`, dB re
/// all power there.
fn off_harmonics_db(amplitude: &[f64], bin_hz: f64, base_hz: f64) -> f64 {
    let width = cents_ratio(30.0) - 1.0;
    let (mut off, mut all) = (0.0, 0.0);
    for (k, amplitude) in amplitude.iter().enumerate() {
        let hz = k as f64 * bin_hz;
        if !(hz > 30.0 && hz < 20_000.0) {
            continue;
        }
        let power = amplitude * amplitude;
        all += power;
        let nearest = rounded(hz / base_hz) * base_hz;
        if (hz - nearest).abs() > (hz * width).max(12.0) {
            off += power;
        }
    }
    power_db(ratio_or(off, all, 0.0))
}

/// The nearest whole number, ties to even, of 0 ≤ x < 2^51: adding 1.5·2^52 leaves no bits for a fraction. (std's
/// function is a call per value on the oldest machines we run on.)
fn rounded(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    (x + SHIFT) - SHIFT
}

/// Place of the summit around the peak at bin `k`: the top of the parabola through three logarithms.
fn summit(amplitude: &[f64], k: usize) -> f64 {
    let level = |k: usize| math::ln(amplitude[k].max(1e-300));
    let (before, at, after) = (level(k - 1), level(k), level(k + 1));
    k as f64 + ratio_or(0.5 * (before - after), before - 2.0 * at + after, 0.0).clamp(-0.5, 0.5)
}
