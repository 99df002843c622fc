//! Movement of level and brightness: the strongest line in their tracks of 100 points per second.

use songwalker_schemas::AudioAnalysis;

use super::window::hann_symmetric;
use crate::fft::RealFft64;
use crate::math;

/// Points of a track per second.
pub(super) const TRACK_HZ: f64 = 100.0;
/// Frame that level and centroid are read from, sample frames.
pub(super) const FRAME: usize = 2048;
/// A body with fewer points is too short to modulate.
pub(super) const FEWEST_POINTS: usize = 30;
/// Length of the spectrum of a track, points; a shorter track is filled up with zeros.
const TRACK_LENGTH: usize = 1 << 14;

/// The strongest line of a track.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Line {
    /// Its frequency, Hz.
    pub rate_hz: f64,
    /// Its depth peak to peak, in the unit of the track.
    pub depth: f64,
}

/// How many sample frames lie between two points, and how many points `body` has.
pub(super) fn track_points(frames: usize, rate: f64) -> (usize, usize) {
    let hop = ((rate / TRACK_HZ) as usize).max(1);
    (hop, (frames.saturating_sub(FRAME) / hop).max(1))
}

/// The strongest line of `lowest_hz..=highest_hz` in a track that has lost its linear trend.
pub(super) fn strongest_line(track: &[f64], lowest_hz: f64, highest_hz: f64) -> Line {
    let points = track.len();
    let window = hann_symmetric(points);
    let gain = 2.0 / window.iter().sum::<f64>();
    let mut signal = without_trend(track);
    for (x, w) in signal.iter_mut().zip(&window) {
        *x *= w;
    }
    signal.resize(TRACK_LENGTH, 0.0);
    let fft = RealFft64::new(TRACK_LENGTH);
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    fft.forward(&signal, &mut re, &mut im, &mut fft.scratch());

    // A line of less than one period cannot be told from a trend.
    let lowest_hz = lowest_hz.max(TRACK_HZ / points as f64);
    let bin_hz = 1.0 / (TRACK_LENGTH as f64 / TRACK_HZ);
    let mut best = Line::default();
    for (k, (re, im)) in re.iter().zip(&im).enumerate() {
        let hz = k as f64 * bin_hz;
        let depth = 2.0 * gain * (re * re + im * im).sqrt();
        if hz >= lowest_hz && hz <= highest_hz && depth > best.depth {
            best = Line { rate_hz: hz, depth };
        }
    }
    best
}

/// The track minus the straight line that fits it best.
fn without_trend(track: &[f64]) -> Vec<f64> {
    let n = track.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = track.iter().sum::<f64>() / n;
    let (mut with_time, mut of_time) = (0.0, 0.0);
    for (i, x) in track.iter().enumerate() {
        let t = i as f64 - middle;
        with_time += t * (x - mean);
        of_time += t * t;
    }
    let slope = if of_time > 0.0 { with_time / of_time } else { 0.0 };
    track
        .iter()
        .enumerate()
        .map(|(i, x)| x - mean - slope * (i as f64 - middle))
        .collect()
}

/// Fills in the modulation of level and centroid; all stay 0 when `body` is too short.
pub(super) fn measure(body: &[f64], rate: f64, out: &mut AudioAnalysis) {
    let (hop, points) = track_points(body.len(), rate);
    if points <= FEWEST_POINTS {
        return;
    }
    let (levels_db, centroids_oct) = tracks(body, rate, hop, points);
    let level = strongest_line(&levels_db, 0.1, 20.0);
    let centroid = strongest_line(&centroids_oct, 0.1, 20.0);
    (out.am_rate_hz, out.am_depth_db) = (level.rate_hz, level.depth);
    (out.cm_rate_hz, out.cm_depth_oct) = (centroid.rate_hz, centroid.depth);
    let (of_level, of_centroid) = (level.depth / 12.0, centroid.depth / 2.0);
    out.movement = of_level.max(of_centroid).min(1.0);
    out.mod_rate_hz = if of_level >= of_centroid {
        level.rate_hz
    } else {
        centroid.rate_hz
    };
}

/// Level in dB and logarithm of the centroid in octaves, of the frame that starts at each point.
fn tracks(body: &[f64], rate: f64, hop: usize, points: usize) -> (Vec<f64>, Vec<f64>) {
    let window = hann_symmetric(FRAME);
    let fft = RealFft64::new(FRAME);
    let mut scratch = fft.scratch();
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    let mut windowed = vec![0.0; FRAME];
    let bin_hz = 1.0 / (FRAME as f64 / rate);
    let track = (0..points).map(|point| {
        let frame = &body[point * hop..][..FRAME];
        let power = frame.iter().map(|x| x * x).sum::<f64>() / FRAME as f64;
        for ((y, x), w) in windowed.iter_mut().zip(frame).zip(&window) {
            *y = x * w;
        }
        fft.forward(&windowed, &mut re, &mut im, &mut scratch);
        let (mut of_frequency, mut of_amplitude) = (0.0, 0.0);
        for (k, (re, im)) in re.iter().zip(&im).enumerate() {
            let amplitude = (re * re + im * im).sqrt();
            of_frequency += k as f64 * bin_hz * amplitude;
            of_amplitude += amplitude;
        }
        let centroid = math::log2(of_frequency / (of_amplitude + 1e-14) + 20.0);
        (10.0 * math::log10(power + 1e-14), centroid)
    });
    track.unzip()
}
