//! Where the power lies: centroid, rolloff, flatness, shares of lows and highs, of the body and of the attack.

use songwalker_schemas::AudioAnalysis;

use super::window::hann_periodic;
use super::{Body, power_db, ratio_or};
use crate::fft::{RealFft64, any_length};
use crate::math;

/// Frame of the body's spectra, sample frames.
const BODY_FRAME: usize = 8192;
/// Frame of the attack's spectra, sample frames.
const ATTACK_FRAME: usize = 2048;
/// Length of the attack, seconds.
const ATTACK_S: f64 = 0.08;

/// What is read from the spectra of frames that overlap by three quarters.
struct FramedSpectrum {
    /// Mean of the frames' centroids, each with the weight of its power, Hz.
    centroid_hz: f64,
    /// Mean power of each bin.
    power: Vec<f64>,
    /// Distance of two bins, Hz.
    bin_hz: f64,
}

impl FramedSpectrum {
    /// Spectra of `signal` in frames of at most `frame`, the last one filled up with zeros; amplitudes are such
    /// that a steady sine of amplitude 1 reads ½.
    fn of(signal: &[f64], rate: f64, frame: usize) -> Self {
        let frame = frame.min(signal.len());
        let hop = (frame - frame * 3 / 4).max(1);
        let window = hann_periodic(frame);
        let scale = 1.0 / window.iter().sum::<f64>();
        let bin_hz = 1.0 / (frame as f64 / rate);
        let bins = frame / 2 + 1;
        let count = (signal.len() - frame).div_ceil(hop) + 1;

        let plan = (frame >= 4 && frame.is_power_of_two()).then(|| RealFft64::new(frame));
        let mut scratch = plan.as_ref().map(RealFft64::scratch);
        let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
        let mut windowed = vec![0.0; frame];
        let mut power = vec![0.0; bins];
        let (mut centroids, mut weights) = (0.0, 0.0);
        for start in (0..count).map(|i| i * hop) {
            windowed.fill(0.0);
            for ((y, x), w) in windowed.iter_mut().zip(&signal[start..]).zip(&window) {
                *y = x * w;
            }
            if let (Some(plan), Some(scratch)) = (&plan, &mut scratch) {
                plan.forward(&windowed, &mut re, &mut im, scratch);
            } else {
                (re, im) = any_length::spectrum(&windowed);
            }
            let (mut of_frequency, mut of_amplitude, mut of_power) = (0.0, 0.0, 0.0);
            for (k, ((re, im), mean)) in re.iter().zip(&im).zip(&mut power).enumerate() {
                let p = (re * re + im * im) * (scale * scale);
                let amplitude = p.sqrt();
                of_frequency += k as f64 * bin_hz * amplitude;
                of_amplitude += amplitude;
                of_power += p;
                *mean += p;
            }
            let weight = of_power + 1e-20;
            centroids += of_frequency / (of_amplitude + 1e-14) * weight;
            weights += weight;
        }
        for mean in &mut power {
            *mean /= count as f64;
        }
        Self {
            centroid_hz: centroids / weights,
            power,
            bin_hz,
        }
    }

    /// Mean powers with their frequencies in Hz.
    fn bins(&self) -> impl Iterator<Item = (f64, f64)> {
        self.power
            .iter()
            .enumerate()
            .map(|(k, &power)| (k as f64 * self.bin_hz, power))
    }

    /// The frequency below which `share` of the power lies, Hz.
    fn rolloff_hz(&self, share: f64, total: f64) -> f64 {
        let mut sum = 0.0;
        let reached = self.bins().find(|(_, power)| {
            sum += power;
            ratio_or(sum, total, 1.0) >= share
        });
        reached.map_or(0.0, |(hz, _)| hz)
    }

    /// Geometric over arithmetic mean of the powers of 100 Hz to 16 kHz, dB.
    fn flatness_db(&self) -> f64 {
        let (mut logs, mut sum, mut count) = (0.0, 0.0, 0.0);
        for (_, power) in self.bins().filter(|(hz, _)| *hz > 100.0 && *hz < 16_000.0) {
            logs += math::ln(power + 1e-20);
            sum += power;
            count += 1.0;
        }
        if count == 0.0 {
            return 0.0;
        }
        10.0 * math::log10(math::exp(logs / count) / (sum / count + 1e-20))
    }
}

/// Fills in the measures of the spectrum.
pub(super) fn measure(mid: &[f64], rate: f64, f0_hz: f64, body: Body, out: &mut AudioAnalysis) {
    let spectrum = FramedSpectrum::of(&mid[body.start..body.end], rate, BODY_FRAME);
    out.centroid_hz = spectrum.centroid_hz;
    out.spectral_centroid = spectrum.centroid_hz;
    out.brightness_oct = math::log2(spectrum.centroid_hz.max(1.0) / f0_hz);
    let total: f64 = spectrum.power.iter().sum();
    out.rolloff85_hz = spectrum.rolloff_hz(0.85, total);
    out.rolloff95_hz = spectrum.rolloff_hz(0.95, total);
    out.flatness_db = spectrum.flatness_db();
    let sum_where = |wanted: fn(f64) -> bool| -> f64 {
        spectrum
            .bins()
            .filter(|(hz, _)| wanted(*hz))
            .map(|(_, power)| power)
            .sum()
    };
    out.low_ratio = ratio_or(sum_where(|hz| hz < 150.0), total, 0.0);
    out.hf_ratio_db = power_db(ratio_or(sum_where(|hz| hz > 5000.0), total, 0.0));

    let attack = &mid[..((ATTACK_S * rate) as usize).clamp(1, mid.len())];
    out.attack_centroid_hz = FramedSpectrum::of(attack, rate, ATTACK_FRAME).centroid_hz;
    out.attack_bright_ratio = out.attack_centroid_hz / out.centroid_hz.max(1.0);
}
