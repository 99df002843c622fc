//! Levels of a sound over time and logarithmic frequency.
//!
//! Two short-time transforms share the work: 46 ms windows at the full rate show when, and, below about 700 Hz, 0.37 s
//! windows of the eightfold decimated sound show what pitch. They cross-fade over an octave.

use super::{HIGH_HZ, LOW_HZ};
use songwalker_engine::audio::Audio;
use songwalker_engine::fft::RealFft32;
use songwalker_engine::math;

/// Length of the short window, seconds; rounded to a power of two of frames.
const SHORT_WINDOW_S: f64 = 0.046;
/// The low range is computed at 1/8 of the rate.
const DECIMATION: usize = 8;
/// Frames of the long window at the decimated rate, and of the transform it is padded to.
const LONG_WINDOW: usize = 1024;
const LONG_TRANSFORM: usize = 2048;
/// The cross-fade of the two, Hz.
const FADE_HZ: (f64, f64) = (500.0, 1_000.0);
/// What counts as nothing: power of −140 dB.
const SILENCE: f32 = 1e-14;

/// Levels in dB, column after column of `height` rows from the highest frequency to the lowest.
pub fn columns(audio: &Audio, width: usize, height: usize) -> Vec<f32> {
    let rate = f64::from(audio.sample_rate.max(1));
    let mid: Vec<f32> = audio
        .left
        .iter()
        .zip(&audio.right)
        .map(|(&l, &r)| if (l + r).is_finite() { (l + r) * 0.5 } else { 0.0 })
        .collect();
    let short_frames = ((SHORT_WINDOW_S * rate) as usize).max(16).next_power_of_two();
    let mut short = Transform::new(short_frames, short_frames, rate);
    let mut long = Transform::new(LONG_WINDOW, LONG_TRANSFORM, rate / DECIMATION as f64);
    let low = decimated(&mid);

    let rows: Vec<Row> = (0..height).map(|y| Row::new(y, height, &short, &long)).collect();
    let mut levels = Vec::with_capacity(width * height);
    for x in 0..width {
        let centre = (x as f64 + 0.5) / width as f64 * mid.len() as f64;
        short.analyse(&mid, centre as usize);
        long.analyse(&low, centre as usize / DECIMATION);
        for row in &rows {
            let mut power = 0.0;
            if row.long_share > 0.0 {
                power += row.long_share * row.long.power(&long.power);
            }
            if row.long_share < 1.0 {
                power += (1.0 - row.long_share) * row.short.power(&short.power);
            }
            levels.push(10.0 * math::log10_f32(power.max(SILENCE)));
        }
    }
    levels
}

/// Where a row of the picture reads its power.
struct Row {
    short: Reading,
    long: Reading,
    /// Share of the long window, 0..1.
    long_share: f32,
}

impl Row {
    fn new(y: usize, height: usize, short: &Transform, long: &Transform) -> Self {
        let at = |row: f64| LOW_HZ * math::pow(HIGH_HZ / LOW_HZ, 1.0 - row / height as f64);
        let (top, centre, bottom) = (at(y as f64), at(y as f64 + 0.5), at(y as f64 + 1.0));
        let fade = math::log2(FADE_HZ.1 / centre) / math::log2(FADE_HZ.1 / FADE_HZ.0);
        let reading = |transform: &Transform| Reading::new(bottom, centre, top, transform);
        Self {
            short: reading(short),
            long: reading(long),
            long_share: fade.clamp(0.0, 1.0) as f32,
        }
    }
}

/// How a row reads a spectrum: the strongest of several bins, or between two.
enum Reading {
    Strongest(usize, usize),
    Between(usize, f32),
    Nothing,
}

impl Reading {
    fn new(low_hz: f64, centre_hz: f64, high_hz: f64, transform: &Transform) -> Self {
        let bins = transform.power.len();
        let bin = |hz: f64| hz / transform.bin_hz;
        let (first, last) = (bin(low_hz), bin(high_hz));
        if bin(centre_hz) + 1.0 >= bins as f64 {
            return Self::Nothing;
        }
        let (from, to) = (first.ceil() as usize, (last.floor() as usize).min(bins - 1));
        if to > from {
            return Self::Strongest(from, to);
        }
        let below = bin(centre_hz).floor();
        Self::Between(below as usize, (bin(centre_hz) - below) as f32)
    }

    fn power(&self, power: &[f32]) -> f32 {
        match *self {
            Self::Strongest(from, to) => power[from..=to]
                .iter()
                .fold(0.0, |strongest, &p| p.max(strongest)),
            Self::Between(bin, share) => power[bin] + (power[bin + 1] - power[bin]) * share,
            Self::Nothing => 0.0,
        }
    }
}

/// A windowed transform and its last result.
struct Transform {
    fft: RealFft32,
    scratch: songwalker_engine::fft::Scratch<f32>,
    window: Vec<f32>,
    bin_hz: f64,
    frames: Vec<f32>,
    re: Vec<f32>,
    im: Vec<f32>,
    /// Power by bin; 1 is a sine at full scale.
    power: Vec<f32>,
}

impl Transform {
    /// A Hann window of `window` frames, padded to `points`, of a sound of `rate` frames per second.
    fn new(window: usize, points: usize, rate: f64) -> Self {
        let fft = RealFft32::new(points);
        let scratch = fft.scratch();
        let bins = points / 2 + 1;
        // Half the window's sum is what a sine of amplitude 1 gives.
        let gain = 4.0 / window as f64;
        let hann = |n: usize| 0.5 - 0.5 * math::cos(2.0 * math::PI * (n as f64 + 0.5) / window as f64);
        Self {
            fft,
            scratch,
            window: (0..window).map(|n| (gain * hann(n)) as f32).collect(),
            bin_hz: rate / points as f64,
            frames: vec![0.0; points],
            re: vec![0.0; bins],
            im: vec![0.0; bins],
            power: vec![0.0; bins],
        }
    }

    /// Analyses the window around frame `centre`; there is silence before and after the sound.
    fn analyse(&mut self, sound: &[f32], centre: usize) {
        let half = self.window.len() / 2;
        for (n, (frame, weight)) in self.frames.iter_mut().zip(&self.window).enumerate() {
            let index = (centre + n).checked_sub(half);
            *frame = index
                .and_then(|index| sound.get(index))
                .map_or(0.0, |x| x * weight);
        }
        self.fft
            .forward(&self.frames, &mut self.re, &mut self.im, &mut self.scratch);
        for ((power, re), im) in self.power.iter_mut().zip(&self.re).zip(&self.im) {
            *power = re * re + im * im;
        }
    }
}

/// Every eighth frame after a low-pass at 0.7 of the new Nyquist frequency (Hann-windowed sinc of 129 taps).
fn decimated(sound: &[f32]) -> Vec<f32> {
    const HALF: usize = 64;
    let cutoff = 0.7 / DECIMATION as f64;
    let mut taps: Vec<f64> = (0..=2 * HALF)
        .map(|n| {
            let x = n as f64 - HALF as f64;
            let sinc = if x == 0.0 {
                cutoff
            } else {
                math::sin(math::PI * cutoff * x) / (math::PI * x)
            };
            sinc * (0.5 + 0.5 * math::cos(math::PI * x / (HALF as f64 + 1.0)))
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    let taps: Vec<f32> = taps.into_iter().map(|tap| tap as f32).collect();
    (0..sound.len().div_ceil(DECIMATION))
        .map(|index| {
            let centre = index * DECIMATION;
            let from = centre.saturating_sub(HALF);
            let to = (centre + HALF + 1).min(sound.len());
            let first_tap = from + HALF - centre;
            sound[from..to]
                .iter()
                .zip(&taps[first_tap..])
                .fold(0.0, |sum, (x, tap)| sum + x * tap)
        })
        .collect()
}
