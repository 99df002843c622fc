//! Audio to measures: what the check stage steers by and what a bundle shows.
//!
//! One file per family of measures. The definitions are those of `tests/conformance/descriptors.py`, and
//! `tests/conformance/analysis_check.py` compares the two. Samples are f32, all sums f64 in a fixed order.

pub mod envelope;
pub mod loudness;
pub mod modulation;
pub mod peaks;
pub mod pitch;
pub mod roughness;
pub mod shape;
pub mod spectrum;
pub mod stereo;
pub mod vibrato;
pub mod window;

use songwalker_schemas::AudioAnalysis;

use crate::audio::Audio;
use crate::math;

/// The families of measures to compute; the envelope always is, because the others' window depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// `lufs`, `true_peak_db`, `crest_db`, `dc`.
    pub loudness: bool,
    /// `centroid_hz` to `attack_bright_ratio`, and `spectral_centroid`.
    pub spectrum: bool,
    /// `pitch_cents`, `nonharm_db`, `roughness`, `dominant_freq_hz`.
    pub pitch: bool,
    /// `width`, `corr`, `mono_loss_db`.
    pub stereo: bool,
    /// `am_*`, `cm_*`, `movement`, `mod_rate_hz`.
    pub modulation: bool,
    /// `vibrato_*`.
    pub vibrato: bool,
    /// Not a family: the sound is known to die away by itself, however short the hold is. Its body begins at its onset and
    /// its attack ends at its peak, as they do where the hold shows that it dies away.
    pub decays: bool,
}

impl Wants {
    /// Everything.
    pub const ALL: Self = Self {
        loudness: true,
        spectrum: true,
        pitch: true,
        stereo: true,
        modulation: true,
        vibrato: true,
        decays: false,
    };

    /// The envelope only: start here and add, `Wants { spectrum: true, ..Wants::ENVELOPE }`.
    pub const ENVELOPE: Self = Self {
        loudness: false,
        spectrum: false,
        pitch: false,
        stereo: false,
        modulation: false,
        vibrato: false,
        decays: false,
    };
}

/// Sample frames `start..end` in which a sound is itself: most of the hold of a sustained sound, a decaying one
/// from its onset until it is 40 dB below its peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Body {
    pub start: usize,
    pub end: usize,
}

/// All measures of a note of `f0_hz` that starts at the first frame and is released after `hold_s` seconds.
#[must_use]
pub fn analyse(audio: &Audio, f0_hz: f64, hold_s: f64) -> AudioAnalysis {
    analyse_fast(audio, f0_hz, hold_s, Wants::ALL)
}

/// The measures of the families asked for; the others keep their default. Sound with samples that are no finite
/// numbers has no measures: only `finite` is set, to false.
#[must_use]
pub fn analyse_fast(audio: &Audio, f0_hz: f64, hold_s: f64, wants: Wants) -> AudioAnalysis {
    let finite = audio.left.iter().chain(&audio.right).all(|x| x.is_finite());
    let mut out = AudioAnalysis {
        finite,
        ..AudioAnalysis::default()
    };
    let rate = f64::from(audio.sample_rate);
    let askable = rate > 0.0 && f0_hz > 0.0 && hold_s > 0.0;
    if !finite || !askable {
        return out;
    }

    let Some(body) = envelope::measure(audio, hold_s, wants.decays, &mut out) else {
        return out;
    };
    let mid: Vec<f64> = audio
        .left
        .iter()
        .zip(&audio.right)
        .map(|(&l, &r)| mean(l, r))
        .collect();
    if wants.spectrum {
        spectrum::measure(&mid, rate, f0_hz, body, &mut out);
    }
    if wants.pitch {
        pitch::measure(&mid[body.start..body.end], rate, f0_hz, &mut out);
    }
    if wants.stereo {
        stereo::measure(audio, body.end, &mut out);
    }
    if wants.modulation {
        modulation::measure(&mid[body.start..body.end], rate, &mut out);
    }
    if wants.vibrato {
        vibrato::measure(&mid[body.start..body.end], rate, f0_hz, &mut out);
    }
    if wants.loudness {
        loudness::measure(audio, body, &mut out);
    }
    out.envelope_shape = shape::of(&out).to_owned();
    out
}

/// Mean of two samples.
fn mean(a: f32, b: f32) -> f64 {
    (f64::from(a) + f64::from(b)) / 2.0
}

/// Decibels of a power, not below −140.
fn power_db(power: f64) -> f64 {
    10.0 * math::log10(power.max(1e-14))
}

/// `a / b`, or `otherwise` where that is no number.
fn ratio_or(a: f64, b: f64, otherwise: f64) -> f64 {
    let ratio = a / b;
    if ratio.is_finite() { ratio } else { otherwise }
}

/// Mean of `count` values, 0 of none.
fn mean_of(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    ratio_or(values.sum(), count as f64, 0.0)
}
