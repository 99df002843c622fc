//! The level over time: attack, decay, sustain, release and tail, read from the RMS of 10 ms every millisecond.

use songwalker_schemas::AudioAnalysis;

use super::{Body, mean_of, power_db};
use crate::audio::Audio;
use crate::math;

/// Length of the RMS window, seconds.
const WINDOW_S: f64 = 0.010;
/// Distance of two envelope points, seconds (rounded down to whole sample frames).
const HOP_S: f64 = 0.001;
/// What is added to a power before its logarithm: silence reads −140 dB.
const FLOOR: f64 = 1e-14;

/// Level of both channels together, dB re full scale, at equal steps of time.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Level of each step, dB.
    pub level_db: Vec<f64>,
    /// Time from step to step, seconds.
    pub step_s: f64,
}

impl Envelope {
    /// The envelope of `audio`: mean power of the 10 ms around each step.
    #[must_use]
    pub fn of(audio: &Audio) -> Self {
        let rate = f64::from(audio.sample_rate);
        let window = ((WINDOW_S * rate) as usize).max(1);
        let hop = ((HOP_S * rate) as usize).max(1);
        let frames = audio.frames();
        let power = |i: usize| {
            let (l, r) = (f64::from(audio.left[i]), f64::from(audio.right[i]));
            (l * l + r * r) / 2.0
        };
        let hops: Vec<f64> = (0..frames / hop)
            .map(|b| (b * hop..(b + 1) * hop).map(power).sum())
            .collect();
        let level_db = (0..frames.div_ceil(hop))
            .map(|step| {
                let last = step * hop + window / 2;
                let start = (last + 1).saturating_sub(window);
                let end = (last + 1).min(frames);
                // Whole hops are summed once for all windows that hold them.
                let (first_hop, end_hop) = (start.div_ceil(hop), end / hop);
                let sum: f64 = if first_hop < end_hop {
                    (start..first_hop * hop).map(power).sum::<f64>()
                        + hops[first_hop..end_hop].iter().sum::<f64>()
                        + (end_hop * hop..end).map(power).sum::<f64>()
                } else {
                    (start..end).map(power).sum()
                };
                10.0 * math::log10(sum / window as f64 + FLOOR)
            })
            .collect();
        Self {
            level_db,
            step_s: hop as f64 / rate,
        }
    }

    /// Milliseconds to the first of `levels` that is at most `threshold_db`.
    fn ms_until(&self, levels: &[f64], threshold_db: f64) -> Option<f64> {
        levels
            .iter()
            .position(|&level| level <= threshold_db)
            .map(|step| self.ms(step))
    }

    fn ms(&self, steps: usize) -> f64 {
        1000.0 * self.step_s * steps as f64
    }
}

/// Fills in the measures of the envelope and finds the body; `None` when nothing is held.
pub(super) fn measure(audio: &Audio, hold_s: f64, decays: bool, out: &mut AudioAnalysis) -> Option<Body> {
    let envelope = Envelope::of(audio);
    let levels = &envelope.level_db;
    let held_steps = ((hold_s / envelope.step_s) as usize).min(levels.len().saturating_sub(1));
    let (held, after) = levels.split_at(held_steps);
    let (peak_step, peak_db) = highest(held)?;
    out.peak_env_db = peak_db;

    let share = |part: f64| (part * held_steps as f64) as usize;
    let late = &held[share(0.8)..share(0.98)];
    let late_power = mean_of(late.iter().map(|level| math::pow(10.0, level / 10.0)), late.len());
    out.sustain_db = 10.0 * math::log10(late_power + FLOOR) - peak_db;

    // Of a sustained sound the attack ends at its usual level: the beating of unison voices must not delay it.
    let reference = if decays || out.sustain_db < -12.0 {
        math::db_to_gain(peak_db)
    } else {
        math::db_to_gain(median(&held[held_steps / 2..share(0.95)]).unwrap_or(peak_db))
    };
    let reaches = |part: f64| {
        held.iter()
            .position(|&level| math::db_to_gain(level) >= part * reference)
            .unwrap_or(0)
    };
    let (at_90, at_10) = (reaches(0.9), reaches(0.1));
    out.attack_ms = envelope.ms(at_90.saturating_sub(at_10));
    out.onset_ms = envelope.ms(at_10);

    out.decay20_ms = envelope.ms_until(&held[peak_step..], peak_db - 20.0);
    out.decay60_ms = envelope.ms_until(&levels[peak_step..], peak_db - 60.0);
    let at_release = &held[held_steps.saturating_sub(20)..];
    let release_db = mean_of(at_release.iter().copied(), at_release.len());
    out.release20_ms = if release_db > peak_db - 40.0 {
        envelope.ms_until(after, release_db - 20.0)
    } else {
        Some(0.0)
    };
    out.tail60_ms = if release_db > peak_db - 60.0 {
        envelope.ms_until(after, peak_db - 60.0)
    } else {
        Some(0.0)
    };

    let active = |level: &f64| *level > peak_db - 40.0;
    let on_s = held.iter().position(active)? as f64 * envelope.step_s;
    let off_s = (held.iter().rposition(active)? + 1) as f64 * envelope.step_s;
    out.active_s = off_s - on_s;
    let rate = f64::from(audio.sample_rate);
    let frame = |seconds: f64| (seconds * rate) as usize;
    let (start, end) = if !decays && off_s >= 0.9 * hold_s {
        (frame(0.25 * hold_s), frame(0.95 * hold_s))
    } else {
        (frame(on_s), frame(off_s).max(frame(on_s + 0.05)))
    };
    let end = end.min(audio.frames());
    (start < end).then_some(Body { start, end })
}

/// Place and value of the (first) highest level.
fn highest(levels: &[f64]) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for (step, &level) in levels.iter().enumerate() {
        if best.is_none_or(|(_, highest)| level > highest) {
            best = Some((step, level));
        }
    }
    best
}

/// Middle value, or the mean of the two middle ones.
fn median(levels: &[f64]) -> Option<f64> {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 {
        upper
    } else {
        (sorted[middle - 1] + upper) / 2.0
    })
}

/// Whether nothing in `audio` is louder than `threshold_db`, dB re full scale.
#[must_use]
pub fn is_silent(audio: &Audio, threshold_db: f64) -> bool {
    let limit = math::db_to_gain(threshold_db);
    let quiet = |x: &f32| f64::from(x.abs()) <= limit;
    audio.left.iter().all(quiet) && audio.right.iter().all(quiet)
}

/// [`power_db`] of the mean power of both channels in the first `frames`.
pub(super) fn mean_power_db(audio: &Audio, frames: usize) -> f64 {
    let sum = |channel: &[f32]| {
        channel[..frames]
            .iter()
            .map(|&x| f64::from(x) * f64::from(x))
            .sum::<f64>()
    };
    power_db((sum(&audio.left) + sum(&audio.right)) / (2 * frames) as f64)
}
