//! Signals and measures for the tests of the effects.

use crate::math;
use crate::simd::Level;

/// The rate the tests run effects at: twice 44.1 kHz.
pub(crate) const RATE: f32 = 88_200.0;

/// The level the effects' tests run at; that the others give the same bits is a test of its own.
pub(crate) const LEVEL: Level = Level::Baseline;

/// Runs `process` over copies of the input in blocks of `block` frames.
pub(crate) fn run(
    mut process: impl FnMut(&mut [f32], &mut [f32]),
    left: &[f32],
    right: &[f32],
    block: usize,
) -> (Vec<f32>, Vec<f32>) {
    let (mut left, mut right) = (left.to_vec(), right.to_vec());
    for (l, r) in left.chunks_mut(block).zip(right.chunks_mut(block)) {
        process(l, r);
    }
    (left, right)
}

/// One sample of `level`, then silence.
pub(crate) fn impulse(level: f32, frames: usize) -> Vec<f32> {
    let mut signal = vec![0.0; frames];
    signal[0] = level;
    signal
}

/// A sine.
pub(crate) fn sine(hz: f64, level: f64, frames: usize) -> Vec<f32> {
    (0..frames)
        .map(|n| (level * math::sin(2.0 * math::PI * hz * n as f64 / f64::from(RATE))) as f32)
        .collect()
}

/// White noise within ±`level`.
pub(crate) fn noise(level: f32, frames: usize) -> Vec<f32> {
    let mut state = 0x1234_5678_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state as f32 / u32::MAX as f32) * 2.0 - 1.0
    };
    (0..frames).map(|_| level * next()).collect()
}

/// Power as the mean square.
pub(crate) fn power(signal: &[f32]) -> f64 {
    signal.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / signal.len().max(1) as f64
}

/// Power in dB.
pub(crate) fn level_db(signal: &[f32]) -> f64 {
    10.0 * math::log10(power(signal) + 1e-30)
}

/// Gain in dB of one frequency of an impulse response.
pub(crate) fn gain_db(response: &[f32], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in response.iter().enumerate() {
        let angle = 2.0 * math::PI * hz * n as f64 / f64::from(RATE);
        re += f64::from(*x) * math::cos(angle);
        im += f64::from(*x) * math::sin(angle);
    }
    10.0 * math::log10(re * re + im * im + 1e-30)
}

/// The loudest sample's place.
pub(crate) fn loudest(signal: &[f32]) -> usize {
    (0..signal.len())
        .max_by(|a, b| signal[*a].abs().total_cmp(&signal[*b].abs()))
        .expect("it is not empty")
}
