//! How far apart two renders of the same note sound, in dB: their power in 64 mel bands, frame by frame.
//!
//! The definition is that of `distance` in `tests/conformance/logmel.py`; a test holds its figures against these. Sums
//! are f64 in a fixed order, so that every machine gives the same bits (R1, R2).

use songwalker_engine::analysis::window::hann_symmetric;
use songwalker_engine::audio::Audio;
use songwalker_engine::fft::RealFft64;
use songwalker_engine::math;

/// Mel bands of mid, and of side.
const BANDS: usize = 64;
/// Lowest and highest frequency of the bands, Hz.
const RANGE_HZ: (f64, f64) = (30.0, 16_000.0);
/// Sample frames of a spectrum: 23 ms at 44.1 kHz.
const FRAME: usize = 1024;
/// Sample frames from one spectrum to the next.
const HOP: usize = 512;
/// Spectra over which the power is smoothed: about 100 ms.
const SMOOTH: usize = 9;
/// How far below the loudest band of both nothing counts, dB.
const FLOOR_DB: f64 = 60.0;

/// The bands of a sound, to be held against those of others.
#[derive(Debug, Clone, PartialEq)]
pub struct LogMel {
    /// Decibels of power: mid and then side, each frame by frame, each frame band by band.
    sides: [Vec<f64>; 2],
}

impl LogMel {
    /// Listens to a sound. One that is shorter than a frame is filled up with silence.
    #[must_use]
    pub fn of(audio: &Audio) -> Self {
        let bank = Bank::new(f64::from(audio.sample_rate));
        let pairs = || audio.left.iter().zip(&audio.right);
        let half = |sum: f64| 0.5 * sum;
        let mid = pairs().map(|(l, r)| half(f64::from(*l) + f64::from(*r)));
        let side = pairs().map(|(l, r)| half(f64::from(*l) - f64::from(*r)));
        Self {
            sides: [bank.listen(mid.collect()), bank.listen(side.collect())],
        }
    }

    /// Mean absolute difference in dB over what is no more than 60 dB below the loudest band in either; `other` counts
    /// as `louder_db` louder than it is. Where one is shorter, its length is compared.
    #[must_use]
    pub fn distance(&self, other: &Self, louder_db: f64) -> f64 {
        let loudest = |of: &Self| of.sides.iter().flatten().copied().fold(f64::MIN, f64::max);
        let floor = loudest(self).max(loudest(other) + louder_db) - FLOOR_DB;
        let (mut sum, mut count) = (0.0, 0.0);
        for (mine, theirs) in self.sides.iter().zip(&other.sides) {
            for (a, b) in mine.iter().zip(theirs) {
                let (a, b) = (a.max(floor), (b + louder_db).max(floor));
                if a > floor || b > floor {
                    sum += (a - b).abs();
                    count += 1.0;
                }
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

/// The bands' shares of each bin of a spectrum.
struct Bank {
    /// Of each band: its first bin, and the shares from there on.
    bands: Vec<(usize, Vec<f64>)>,
}

impl Bank {
    fn new(rate: f64) -> Self {
        let mel = |hz: f64| 2595.0 * math::log10(1.0 + hz / 700.0);
        let hz = |mel: f64| 700.0 * (math::pow(10.0, mel / 2595.0) - 1.0);
        let (low, high) = (mel(RANGE_HZ.0), mel(RANGE_HZ.1.min(0.5 * rate)));
        let edges: Vec<f64> = (0..BANDS + 2)
            .map(|i| hz(low + (high - low) * i as f64 / (BANDS + 1) as f64))
            .collect();
        let bin_hz = rate / FRAME as f64;
        let band = |edges: &[f64]| {
            let (from, center, to) = (edges[0], edges[1], edges[2]);
            let share = |bin: usize| {
                let f = bin as f64 * bin_hz;
                ((f - from) / (center - from))
                    .min((to - f) / (to - center))
                    .max(0.0)
            };
            let first = (from / bin_hz) as usize;
            let last = ((to / bin_hz) as usize + 1).min(FRAME / 2);
            let shares: Vec<f64> = (first..=last).map(share).collect();
            if shares.iter().any(|share| *share > 0.0) {
                (first, shares)
            } else {
                // Narrower than a bin.
                ((center / bin_hz).round() as usize, vec![1.0])
            }
        };
        Self {
            bands: edges.windows(3).map(band).collect(),
        }
    }

    /// The decibels of one channel.
    fn listen(&self, mut channel: Vec<f64>) -> Vec<f64> {
        if channel.len() < FRAME {
            channel.resize(FRAME, 0.0);
        }
        let window = hann_symmetric(FRAME);
        let plan = RealFft64::new(FRAME);
        let mut scratch = plan.scratch();
        let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
        let mut windowed = vec![0.0; FRAME];
        let mut power = Vec::new();
        for frame in channel.windows(FRAME).step_by(HOP) {
            for ((y, x), w) in windowed.iter_mut().zip(frame).zip(&window) {
                *y = x * w;
            }
            plan.forward(&windowed, &mut re, &mut im, &mut scratch);
            for (first, shares) in &self.bands {
                let bins = re[*first..].iter().zip(&im[*first..]);
                power.push(
                    shares
                        .iter()
                        .zip(bins)
                        .map(|(share, (re, im))| share * (re * re + im * im))
                        .sum::<f64>(),
                );
            }
        }
        smoothed(&power)
    }
}

/// Power of bands over time, each as the mean over 100 ms around it, in dB; what lies before and after is silence.
fn smoothed(power: &[f64]) -> Vec<f64> {
    let frames = power.len() / BANDS;
    let around = SMOOTH / 2;
    let mut out = Vec::with_capacity(power.len());
    for frame in 0..frames {
        let near = frame.saturating_sub(around)..(frame + around + 1).min(frames);
        for band in 0..BANDS {
            let sum: f64 = near.clone().map(|i| power[i * BANDS + band]).sum();
            out.push(10.0 * math::log10(sum / SMOOTH as f64 + 1e-12));
        }
    }
    out
}
