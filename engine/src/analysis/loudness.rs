//! Loudness (ITU-R BS.1770-4, gated), true peak, crest and DC offset.

use songwalker_schemas::AudioAnalysis;

use super::{Body, envelope, mean_of, power_db};
use crate::audio::Audio;
use crate::math;

/// The loudness of sound that is silent or shorter than one block of 0.4 s, LUFS.
pub const SILENCE_LUFS: f64 = -120.0;

/// Second-order section y = b₀x + b₁x₋₁ + b₂x₋₂ − a₁y₋₁ − a₂y₋₂, both channels at once.
#[derive(Debug, Clone, Copy)]
struct Section {
    b: [f64; 3],
    a: [f64; 2],
    state: [[f64; 2]; 2],
}

impl Section {
    #[inline]
    fn next(&mut self, x: [f64; 2]) -> [f64; 2] {
        let [s1, s2] = self.state;
        let y = [self.b[0] * x[0] + s1[0], self.b[0] * x[1] + s1[1]];
        for c in 0..2 {
            self.state[0][c] = s2[c] + self.b[1] * x[c] - self.a[0] * y[c];
            self.state[1][c] = self.b[2] * x[c] - self.a[1] * y[c];
        }
        y
    }
}

/// The K weighting of BS.1770 at any rate, from its analogue prototypes: a high shelf, then a high-pass.
fn k_weighting(rate: f64) -> [Section; 2] {
    let (hz, gain_db, q) = (
        1_681.974_450_955_533,
        3.999_843_853_973_347,
        0.707_175_236_955_419_6,
    );
    let k = math::tan(math::PI * hz / rate);
    let high = math::db_to_gain(gain_db);
    let band = math::pow(high, 0.499_666_774_154_541_6);
    let a0 = 1.0 + k / q + k * k;
    let shelf = Section {
        b: [
            (high + band * k / q + k * k) / a0,
            2.0 * (k * k - high) / a0,
            (high - band * k / q + k * k) / a0,
        ],
        a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
        state: [[0.0; 2]; 2],
    };
    let (hz, q) = (38.135_470_876_024_44, 0.500_327_037_323_877_3);
    let k = math::tan(math::PI * hz / rate);
    let a0 = 1.0 + k / q + k * k;
    let high_pass = Section {
        b: [1.0, -2.0, 1.0],
        a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
        state: [[0.0; 2]; 2],
    };
    [shelf, high_pass]
}

/// Integrated loudness, LUFS: blocks of 0.4 s every 0.1 s, those below −70 LUFS and those 10 LU below the mean of
/// the rest left out. [`SILENCE_LUFS`] when none is left.
#[must_use]
pub fn integrated_lufs(audio: &Audio) -> f64 {
    let rate = f64::from(audio.sample_rate);
    let (block, hop) = ((0.4 * rate) as usize, (0.1 * rate) as usize);
    if hop == 0 || audio.frames() < block {
        return SILENCE_LUFS;
    }
    let [mut shelf, mut high_pass] = k_weighting(rate);
    let power: Vec<f64> = audio
        .left
        .iter()
        .zip(&audio.right)
        .map(|(&l, &r)| {
            let [l, r] = high_pass.next(shelf.next([f64::from(l), f64::from(r)]));
            l * l + r * r
        })
        .collect();
    let hops: Vec<f64> = power.chunks_exact(hop).map(|hop| hop.iter().sum()).collect();
    let hops_in_block = block / hop;
    let blocks: Vec<f64> = (0..=(audio.frames() - block) / hop)
        .map(|first| {
            let whole: f64 = hops[first..first + hops_in_block].iter().sum();
            let rest: f64 = power[(first + hops_in_block) * hop..first * hop + block]
                .iter()
                .sum();
            (whole + rest) / block as f64
        })
        .collect();

    let lufs = |power: f64| -0.691 + 10.0 * math::log10(power);
    let mean_above = |gate: f64| {
        let loud = || {
            blocks
                .iter()
                .copied()
                .filter(|z| lufs(z + 1e-14) > -70.0 && lufs(z + 1e-14) > gate)
        };
        let count = loud().count();
        (count > 0).then(|| lufs(mean_of(loud(), count)))
    };
    let gated = mean_above(-70.0).and_then(|ungated| mean_above(ungated - 10.0));
    gated.unwrap_or(SILENCE_LUFS)
}

/// Taps of the interpolation filter on each side of a sample, in samples.
const REACH: usize = 10;
/// Samples whose true peak is bounded together.
const BLOCK: usize = 256;
/// Outputs of the oversampling filter that are summed side by side.
const LANES: usize = 8;
/// A block with what the filter reads on both sides.
const PADDED: usize = BLOCK + 2 * REACH + LANES;

/// The three phases between two samples of a fourfold oversampling filter (Kaiser window, β = 5, 81 taps) and its
/// gain on the samples themselves. `taps[phase][i]` weighs the sample i − 9 after the left one.
struct Oversampling {
    taps: [[f64; 2 * REACH]; 3],
    gain: f64,
}

impl Oversampling {
    fn new() -> Self {
        let half = 4 * REACH;
        let window_scale = bessel_i0(5.0);
        let tap = |i: usize| {
            let m = i as f64 - half as f64;
            let x = math::PI * 0.25 * m;
            let sinc = if i == half { 1.0 } else { math::sin(x) / x };
            let t = m / half as f64;
            0.25 * sinc * bessel_i0(5.0 * (1.0 - t * t).max(0.0).sqrt()) / window_scale
        };
        let filter: Vec<f64> = (0..=2 * half).map(tap).collect();
        let scale = 4.0 / filter.iter().sum::<f64>();
        let mut taps = [[0.0; 2 * REACH]; 3];
        for (phase, taps) in taps.iter_mut().enumerate() {
            for (i, tap) in taps.iter_mut().enumerate() {
                // Sample i − 9 lies 4·(i − 9) oversampled steps after the left one, the output phase + 1 after it.
                *tap = scale * filter[half + phase + 1 + 4 * (REACH - 1) - 4 * i];
            }
        }
        Self {
            taps,
            gain: scale * filter[half],
        }
    }

    /// Largest magnitude in the gaps after the `count` samples of `padded` that follow its first [`REACH`].
    fn peak_of(&self, padded: &[f64; PADDED], count: usize) -> f64 {
        let mut peak = 0.0f64;
        for taps in &self.taps {
            for start in (0..count).step_by(LANES) {
                let mut sums = [0.0f64; LANES];
                for (tap, lanes) in taps.iter().zip(padded[start + 1..].windows(LANES)) {
                    for (sum, x) in sums.iter_mut().zip(lanes) {
                        *sum += tap * x;
                    }
                }
                peak = sums[..LANES.min(count - start)]
                    .iter()
                    .fold(peak, |peak, y| peak.max(y.abs()));
            }
        }
        peak
    }
}

/// Modified Bessel function of the first kind and order 0, by its series; |x| ≤ 10.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        let factor = x / 2.0 / f64::from(k);
        term *= factor * factor;
        sum += term;
    }
    sum
}

/// Largest magnitude of any sample.
fn sample_peak(audio: &Audio) -> f64 {
    audio
        .left
        .iter()
        .chain(&audio.right)
        .map(|&x| f64::from(x.abs()))
        .fold(0.0, f64::max)
}

/// Peak of the fourfold oversampled sound, dB re full scale, not below −180.
#[must_use]
pub fn true_peak_db(audio: &Audio) -> f64 {
    let oversampling = Oversampling::new();
    // No output exceeds the largest sample near it by more than this factor.
    let most = oversampling
        .taps
        .map(|taps| taps.iter().map(|tap| tap.abs()).sum::<f64>());
    let most = most.into_iter().fold(oversampling.gain, f64::max);
    let mut peak = oversampling.gain * sample_peak(audio);
    let mut padded = [0.0; PADDED];
    for channel in [&audio.left, &audio.right] {
        for start in (0..channel.len()).step_by(BLOCK) {
            let end = (start + BLOCK).min(channel.len());
            let from = start.saturating_sub(REACH);
            let to = (end + REACH).min(channel.len());
            let bound = channel[from..to]
                .iter()
                .fold(0.0f32, |bound, x| bound.max(x.abs()));
            if f64::from(bound) * most <= peak {
                continue;
            }
            padded.fill(0.0);
            for (y, &x) in padded[from + REACH - start..].iter_mut().zip(&channel[from..to]) {
                *y = f64::from(x);
            }
            peak = peak.max(oversampling.peak_of(&padded, end - start));
        }
    }
    math::gain_to_db(peak.max(1e-9))
}

/// Fills in loudness, true peak, crest and DC offset.
pub(super) fn measure(audio: &Audio, body: Body, out: &mut AudioAnalysis) {
    out.lufs = integrated_lufs(audio);
    out.true_peak_db = true_peak_db(audio);
    out.crest_db = math::gain_to_db(sample_peak(audio).max(1e-9)) - envelope::mean_power_db(audio, body.end);
    let offset = |channel: &[f32]| {
        let body = &channel[body.start..body.end];
        mean_of(body.iter().map(|&x| f64::from(x)), body.len()).abs()
    };
    out.dc = offset(&audio.left).max(offset(&audio.right));
}

/// Decibels of the mean power of a whole buffer, both channels.
#[must_use]
pub fn rms_db(audio: &Audio) -> f64 {
    if audio.frames() == 0 {
        power_db(0.0)
    } else {
        envelope::mean_power_db(audio, audio.frames())
    }
}
