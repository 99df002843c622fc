//! Numbers by chance that are always the same, and the noise slot that plays a loop of them.
//!
//! A loop lasts a second at 44,100 Hz. Its colour is a tilt of its spectrum, made in the frequency domain, so that the
//! loop has no seam. It is kept as 16-bit samples, which a `.vital` file carries too, so that both engines play the
//! same noise. Reading is Vital's way (vital-laws §9): the loop at twice its rate, octave copies for higher speeds, a
//! cubic through four samples.

mod mixed_radix;
mod sample;

use crate::math;
use mixed_radix::Dft;

pub use sample::{SampleControls, SamplePlayer, SampleSetup, SampleTable};

/// Samples of a noise loop.
pub const LOOP_SAMPLES: usize = 44_100;
/// Sample rate of a noise loop in hertz.
pub const LOOP_RATE: u32 = 44_100;
/// RMS of white noise, that of uniform numbers in −1..1: as loud as Vital's own.
const WHITE_RMS: f64 = 0.577_350_269_189_625_8;

/// A number by chance for `index` under `seed`: the same wherever and in whatever order it is asked for (the finaliser
/// of SplitMix64).
#[must_use]
pub const fn hash(seed: u64, index: u64) -> u64 {
    let mut x = seed
        .wrapping_mul(0xd134_2543_de82_ef95)
        .wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A hash as a number in 0..1 (1 excluded).
#[must_use]
pub const fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A second of noise. `color` −1..1 tilts its spectrum: −1 is −6 dB an octave (brown), −0.5 −3 dB (pink), 0 white,
/// +1 +3 dB (blue); below 20 Hz it fades out. Its RMS is that of white noise unless its peaks would leave ±1.
#[must_use]
pub fn noise_loop(color: f64) -> Vec<i16> {
    let white = |n: usize| 2.0 * unit(hash(0x6e6f_6973_6500, n as u64)) - 1.0;
    let color = color.clamp(-1.0, 1.0);
    let samples: Vec<f64> = if color == 0.0 {
        (0..LOOP_SAMPLES).map(white).collect()
    } else {
        tilted(
            (0..LOOP_SAMPLES).map(white).collect(),
            if color < 0.0 { color } else { 0.5 * color },
        )
    };
    let mean_square = samples.iter().map(|x| x * x).sum::<f64>() / LOOP_SAMPLES as f64;
    let peak = samples.iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    let gain = (WHITE_RMS / math::sqrt(mean_square)).min(1.0 / peak);
    samples
        .iter()
        .map(|x| (x * gain * 32_767.0).round_ties_even() as i16)
        .collect()
}

/// The loop with each frequency's amplitude times (f / 1 kHz)^`exponent`.
fn tilted(samples: Vec<f64>, exponent: f64) -> Vec<f64> {
    let dft = Dft::new(LOOP_SAMPLES);
    let mut spectrum = dft.transform(samples.into_iter().map(|x| [x, 0.0]).collect());
    for (k, bin) in spectrum.iter_mut().enumerate() {
        // The loop lasts a second, so bins are hertz.
        let hz = k.min(LOOP_SAMPLES - k) as f64;
        let fade = (hz / 20.0).min(1.0);
        let gain = fade * fade * math::pow(hz.max(20.0) / 1000.0, exponent);
        *bin = [bin[0] * gain, -bin[1] * gain];
    }
    // The transform of the conjugate is the conjugate of the inverse; the loop is real, so its real part is all.
    dft.transform(spectrum)
        .into_iter()
        .map(|x| x[0] / LOOP_SAMPLES as f64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        math::sqrt(sum / samples.len() as f64) / 32_768.0
    }

    fn level_db(samples: &[i16], hz: std::ops::Range<usize>) -> f64 {
        let dft = Dft::new(LOOP_SAMPLES);
        let spectrum = dft.transform(samples.iter().map(|&x| [f64::from(x), 0.0]).collect());
        let width = hz.len() as f64;
        10.0 * math::log10(
            spectrum[hz]
                .iter()
                .map(|x| x[0] * x[0] + x[1] * x[1])
                .sum::<f64>()
                / width,
        )
    }

    #[test]
    fn white_noise_is_as_loud_as_uniform_numbers_and_flat() {
        let loop_ = noise_loop(0.0);
        assert_eq!(loop_.len(), LOOP_SAMPLES);
        assert!((rms(&loop_) - WHITE_RMS).abs() < 0.005, "{}", rms(&loop_));
        let tilt = level_db(&loop_, 8000..16000) - level_db(&loop_, 250..500);
        assert!(tilt.abs() < 1.0, "{tilt}");
    }

    #[test]
    fn the_colour_tilts_the_spectrum_by_its_decibels_an_octave() {
        for (color, per_octave) in [(-1.0, -6.02), (-0.5, -3.01), (1.0, 3.01)] {
            let loop_ = noise_loop(color);
            let tilt = level_db(&loop_, 8000..16000) - level_db(&loop_, 500..1000);
            assert!((tilt - 4.0 * per_octave).abs() < 1.5, "{color}: {tilt}");
            assert!(
                rms(&loop_) > 0.1 && rms(&loop_) < 0.58,
                "{color}: {}",
                rms(&loop_)
            );
        }
    }

    #[test]
    fn a_loop_is_the_same_each_time_and_clips_nowhere() {
        for color in [-1.0, -0.3, 0.0, 0.6] {
            let one = noise_loop(color);
            assert_eq!(one, noise_loop(color));
            assert!(one.windows(4).all(|w| w.iter().any(|x| x.abs() < 32_767)));
        }
    }

    #[test]
    fn hashes_are_spread_evenly_and_keep_their_values() {
        let mean = (0..10_000).map(|i| unit(hash(1, i))).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01);
        assert_eq!(hash(1, 2), hash(1, 2));
        assert_ne!(hash(1, 2), hash(2, 1));
    }
}
