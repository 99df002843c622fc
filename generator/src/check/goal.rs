//! A measure between bounds, and how a miss is corrected.

use songwalker_engine::math;
use songwalker_schemas::AudioAnalysis;

use crate::mapper::Corrections;

/// A measure that a goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Octaves of the centroid above the fundamental.
    Brightness,
    /// Side energy, 0..1.
    Width,
    /// Attack, ms.
    Attack,
    /// Time to a tenth of the level, ms.
    Onset,
    /// Level late in the hold re the peak, dB.
    Sustain,
    /// Time within 40 dB of the peak, s.
    Active,
    /// The larger of roughness re the neutral, crest re the neutral and highs re the neutral, in steps that count.
    Dirt,
    /// Vassilakis roughness.
    Roughness,
    /// Movement, 0..1.
    Movement,
    /// Depth of level modulation, dB.
    LevelMovement,
    /// Depth of centroid modulation, octaves.
    ColourMovement,
    /// Power below 150 Hz.
    Low,
    /// Energy off the harmonics, dB.
    Inharmonic,
    /// Loss in mono, dB.
    MonoLoss,
    /// Deviation from the note, cents.
    Pitch,
    /// Highs re all, dB.
    Highs,
    /// Loudness of the probe, LUFS.
    Loudness,
}

/// One goal: a measure between bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// What is measured.
    pub measure: Measure,
    /// What was asked for, for people.
    pub what: String,
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// The neutral sound's own measures, where the goal is relative to them.
    pub(super) neutral: Option<Neutral>,
}

/// What of the neutral sound a relative goal remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Neutral {
    pub(super) roughness: f64,
    pub(super) crest_db: f64,
    pub(super) hf_ratio_db: f64,
}

impl Measure {
    /// Its name and unit in reports.
    #[must_use]
    pub const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Brightness => ("brightness", "oct"),
            Self::Width => ("width", ""),
            Self::Attack => ("attack", "ms"),
            Self::Onset => ("onset", "ms"),
            Self::Sustain => ("sustain", "dB"),
            Self::Active => ("length", "s"),
            Self::Dirt => ("dirt", "steps over usual"),
            Self::Roughness => ("roughness", ""),
            Self::Movement => ("movement", ""),
            Self::LevelMovement => ("level movement", "dB"),
            Self::ColourMovement => ("colour movement", "oct"),
            Self::Low => ("low energy", ""),
            Self::Inharmonic => ("off the harmonics", "dB"),
            Self::MonoLoss => ("loss in mono", "dB"),
            Self::Pitch => ("pitch", "cents"),
            Self::Highs => ("highs", "dB"),
            Self::Loudness => ("level", "LUFS"),
        }
    }

    /// Whether it takes a probe of its own.
    #[must_use]
    pub const fn is_movement(self) -> bool {
        matches!(self, Self::Movement | Self::LevelMovement | Self::ColourMovement)
    }

    /// A difference that counts.
    const fn step(self) -> f64 {
        match self {
            Self::Brightness => 0.25,
            Self::Width => 0.05,
            Self::Attack | Self::Onset => 40.0,
            Self::Sustain | Self::LevelMovement => 3.0,
            Self::Active => 0.2,
            Self::Dirt => 1.0,
            Self::Roughness => 0.15,
            Self::Movement | Self::Low => 0.1,
            Self::ColourMovement => 0.25,
            Self::Inharmonic | Self::Highs => 6.0,
            Self::Loudness => 3.0,
            Self::MonoLoss => 1.0,
            Self::Pitch => 10.0,
        }
    }
}

impl Goal {
    pub(super) fn new(measure: Measure, what: &str, low: Option<f64>, high: Option<f64>) -> Self {
        Self {
            measure,
            what: what.to_owned(),
            low,
            high,
            neutral: None,
        }
    }

    /// The measured value.
    #[must_use]
    pub fn value(&self, a: &AudioAnalysis) -> f64 {
        match self.measure {
            Measure::Brightness => a.brightness_oct,
            Measure::Width => a.width,
            Measure::Attack => a.attack_ms,
            // A slow attack comes late by its nature.
            Measure::Onset if a.attack_ms >= 205.0 => 0.0,
            Measure::Onset => a.onset_ms,
            Measure::Sustain => a.sustain_db,
            Measure::Active => a.active_s,
            Measure::Dirt => self.neutral.map_or(0.0, |n| {
                let rough = (a.roughness - n.roughness) / 0.35;
                let crushed = (n.crest_db - a.crest_db) / 1.7;
                let high = (a.hf_ratio_db - n.hf_ratio_db) / 7.0;
                rough.max(crushed).max(high)
            }),
            Measure::Roughness => a.roughness,
            Measure::Movement => a.movement,
            Measure::LevelMovement => a.am_depth_db,
            Measure::ColourMovement => a.cm_depth_oct,
            Measure::Low => a.low_ratio,
            Measure::Inharmonic => a.nonharm_db,
            Measure::MonoLoss => a.mono_loss_db,
            Measure::Pitch => a.pitch_cents,
            Measure::Highs => a.hf_ratio_db,
            Measure::Loudness => a.lufs,
        }
    }

    /// How far the value is from the bounds, signed towards them; 0 where they hold.
    #[must_use]
    pub fn miss(&self, a: &AudioAnalysis) -> f64 {
        let value = self.value(a);
        match (self.low, self.high) {
            (Some(low), _) if value < low => low - value,
            (_, Some(high)) if value > high => high - value,
            _ => 0.0,
        }
    }

    /// How far the value is from the bounds, in steps that count.
    #[must_use]
    pub fn steps_missed(&self, a: &AudioAnalysis) -> f64 {
        self.miss(a).abs() / self.measure.step()
    }

    /// Adds to the corrections what should bring the measure inside its bounds.
    pub fn correct(&self, a: &AudioAnalysis, c: &mut Corrections) {
        let miss = self.miss(a);
        if miss == 0.0 {
            return;
        }
        let up = miss > 0.0;
        match self.measure {
            // 0.06 octaves a semitone above the fundamental, less below it; a little over the bound.
            Measure::Brightness => {
                c.brightness_st += (miss * 15.0 + 2.0 * miss.signum()).clamp(-20.0, 20.0);
                if miss < -0.3 {
                    // What a drive behind the filter makes, no filter takes away.
                    c.drive_db -= (-6.0 * miss).clamp(4.0, 10.0);
                }
            }
            Measure::Highs => c.brightness_st += (miss * 0.8).clamp(-14.0, 14.0),
            Measure::Width => c.width += (miss * 2.2 + 0.08 * miss.signum()).clamp(-0.6, 0.6),
            Measure::Attack => {
                let value = self.value(a).max(3.0);
                let wanted = if up {
                    self.low.unwrap_or(value) * 1.1
                } else {
                    self.high.unwrap_or(value) * 0.85
                };
                c.attack_oct += math::log2(wanted.max(1.0) / value).clamp(-4.0, 4.0);
            }
            Measure::Sustain if up => {
                c.movement_oct -= 1.0;
                c.decay_oct += 0.5;
            }
            Measure::Sustain => c.decay_oct -= 0.6,
            Measure::Active => {
                let value = self.value(a).max(0.02);
                let wanted = if up {
                    self.low.unwrap_or(value) * 1.1
                } else {
                    self.high.unwrap_or(value) * 0.85
                };
                c.decay_oct += math::log2(wanted.max(0.02) / value).clamp(-2.0, 2.0);
                // Echoes of a short sound are what keeps it long.
                c.wet_oct += if up { 0.0 } else { -2.0 };
            }
            Measure::Dirt => c.drive_db += 7.0,
            Measure::Roughness => c.detune_cents += if up { 10.0 } else { -8.0 },
            Measure::Movement => c.movement_oct += if up { 0.8 } else { -1.5 },
            Measure::LevelMovement | Measure::ColourMovement => {
                let value = self.value(a).max(1e-3);
                let wanted = if up {
                    self.low.unwrap_or(value) * 1.2
                } else {
                    self.high.unwrap_or(value) * 0.8
                };
                c.movement_oct += math::log2(wanted / value).clamp(-1.5, 1.5);
            }
            Measure::Low => {
                c.low_db += if up { 3.0 } else { -3.0 };
                c.brightness_st += if up { -4.0 } else { 0.0 };
            }
            Measure::Onset => {
                c.attack_oct -= 0.8;
                c.movement_oct -= 0.7;
            }
            Measure::Loudness => c.source_db += miss.max(0.0) + 1.0,
            Measure::MonoLoss => c.width -= 0.25,
            Measure::Inharmonic => c.detune_cents += if up { 8.0 } else { -8.0 },
            Measure::Pitch => c.detune_cents -= 8.0,
        }
    }
}

/// The sum of all misses in steps that count.
#[must_use]
pub fn penalty(goals: &[Goal], a: &AudioAnalysis) -> f64 {
    goals
        .iter()
        .map(|goal| goal.miss(a).abs() / goal.measure.step())
        .sum()
}
