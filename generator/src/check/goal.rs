//! What an intent asks of the measures, and how a miss is corrected.

use songwalker_engine::math;
use songwalker_schemas::intent::{Feature, Invariant, Waveform};
use songwalker_schemas::{AudioAnalysis, Category, Intent, PatchSpec};

use crate::mapper::{Corrections, time};

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
    neutral: Option<Neutral>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Neutral {
    roughness: f64,
    crest_db: f64,
    hf_ratio_db: f64,
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
    fn new(measure: Measure, what: &str, low: Option<f64>, high: Option<f64>) -> Self {
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
                    c.drive_db -= 4.0;
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

fn is_quiet(intent: &Intent) -> bool {
    intent.invariants.contains(&Invariant::Static) || intent.avoid.contains(&Feature::Movement)
}

/// Whether the intent asks for movement that a probe can see.
#[must_use]
pub fn wants_movement(intent: &Intent) -> bool {
    let asked = &intent.descriptors;
    !is_quiet(intent)
        && (asked.movement.is_some()
            || asked.movement_amount.is_some_and(|d| d >= 0.25)
            || asked.tremolo_hz.is_some())
}

/// Whether the intent asks for stillness.
#[must_use]
pub fn wants_stillness(intent: &Intent) -> bool {
    is_quiet(intent) || intent.descriptors.movement_amount.is_some_and(|d| d <= -0.4)
}

/// Whether some goal of the intent is relative to its category's neutral sound.
#[must_use]
pub fn is_relative(intent: &Intent) -> bool {
    let asked = &intent.descriptors;
    [
        asked.brightness,
        asked.warmth,
        asked.drive,
        asked.roughness,
        asked.detune,
    ]
    .iter()
    .any(|degree| degree.is_some_and(|d| d.abs() >= 0.2))
        || intent.avoid.contains(&Feature::Highs)
}

/// The goals of an intent, and of its category.
#[must_use]
pub fn of(intent: &Intent, patch: &PatchSpec, neutral: Option<&AudioAnalysis>) -> Vec<Goal> {
    let mut goals = Vec::new();
    relative(intent, neutral, &mut goals);
    stereo(intent, &mut goals);
    shape(intent, patch, &mut goals);
    motion(intent, &mut goals);
    kind(intent, patch, &mut goals);
    goals
}

fn relative(intent: &Intent, neutral: Option<&AudioAnalysis>, goals: &mut Vec<Goal>) {
    let Some(neutral) = neutral else { return };
    let asked = &intent.descriptors;
    let is_exact = asked.cutoff_hz.is_some() || asked.waveform == Some(Waveform::Noise);
    let brightness = asked.brightness.unwrap_or(0.0);
    if !is_exact {
        if brightness >= 0.2 {
            goals.push(Goal::new(
                Measure::Brightness,
                &format!("brighter than a usual {}", intent.category),
                Some(neutral.brightness_oct + 0.1 + 0.6 * brightness),
                // "Slightly" is not "very": what goes far beyond is brought back.
                Some(neutral.brightness_oct + 0.9 + 1.6 * brightness),
            ));
        } else if brightness <= -0.2 || intent.avoid.contains(&Feature::Highs) {
            let degree = brightness.min(if intent.avoid.contains(&Feature::Highs) {
                -0.5
            } else {
                0.0
            });
            let bound = (neutral.brightness_oct - 0.05 + 0.75 * degree).max(0.12);
            goals.push(Goal::new(
                Measure::Brightness,
                &format!("darker than a usual {}", intent.category),
                (degree > -0.6).then_some((bound - 0.45).max(0.05)),
                Some(bound),
            ));
        } else if asked.warmth.is_some_and(|d| d >= 0.2) {
            goals.push(Goal::new(
                Measure::Brightness,
                &format!("warm: no brighter than a usual {}", intent.category),
                None,
                Some(neutral.brightness_oct + 0.05),
            ));
        }
    }
    if asked.noise.is_some_and(|d| d > 0.0) && asked.brightness.is_none() && intent.category == Category::Wind
    {
        goals.push(Goal::new(
            Measure::Brightness,
            "breath, not hiss",
            None,
            Some(neutral.brightness_oct + 0.1),
        ));
    }
    let dirt = asked.drive.unwrap_or(0.0).max(asked.roughness.unwrap_or(0.0));
    if dirt >= 0.25 {
        let own = Neutral {
            roughness: neutral.roughness,
            crest_db: neutral.crest_db,
            hf_ratio_db: neutral.hf_ratio_db,
        };
        goals.push(Goal {
            neutral: Some(own),
            ..Goal::new(Measure::Dirt, "dirtier than usual", Some(1.0), None)
        });
    }
    if asked.roughness.is_some_and(|d| d >= 0.4) || asked.detune.is_some_and(|d| d >= 0.3) {
        goals.push(Goal::new(
            Measure::Roughness,
            "more beating than usual",
            Some(neutral.roughness + 0.25),
            None,
        ));
    }
}

fn stereo(intent: &Intent, goals: &mut Vec<Goal>) {
    let width = intent.descriptors.width.unwrap_or(0.0);
    if intent.invariants.contains(&Invariant::Centered) || width <= -0.7 {
        goals.push(Goal::new(Measure::Width, "centred", None, Some(0.018)));
    } else if width >= 0.2 {
        goals.push(Goal::new(
            Measure::Width,
            "wide",
            Some((0.05 + 0.24 * width).min(0.25)),
            Some(0.55),
        ));
    }
    if intent.invariants.contains(&Invariant::MonoSafe) {
        goals.push(Goal::new(Measure::MonoLoss, "safe in mono", Some(-3.0), None));
    }
}

fn shape(intent: &Intent, patch: &PatchSpec, goals: &mut Vec<Goal>) {
    let asked = &intent.descriptors;
    if asked.attack_s.is_none()
        && let Some(degree) = asked.attack
    {
        if degree >= 0.4 && !time::decays(intent.category) {
            goals.push(Goal::new(
                Measure::Attack,
                "slow attack",
                Some(130.0 + 240.0 * degree),
                None,
            ));
        } else if degree <= -0.2 {
            goals.push(Goal::new(
                Measure::Attack,
                "fast attack",
                None,
                Some(if degree <= -0.4 { 25.0 } else { 100.0 }),
            ));
        }
    }
    if asked.length.is_some_and(|d| d <= -0.4)
        && time::decays(intent.category)
        && patch.modules.env[0].sustain < 0.05
    {
        goals.push(Goal::new(Measure::Active, "short", None, Some(0.8)));
    }
    if intent.invariants.contains(&Invariant::Pluck) {
        goals.push(Goal::new(
            Measure::Sustain,
            "decays while held",
            None,
            Some(-20.0),
        ));
    }
}

fn motion(intent: &Intent, goals: &mut Vec<Goal>) {
    use songwalker_schemas::intent::MovementTarget;
    let asked = &intent.descriptors;
    if wants_stillness(intent) {
        goals.push(Goal::new(Measure::Movement, "still", None, Some(0.09)));
        return;
    }
    if let Some(movement) = &asked.movement {
        let rate_hz = movement.rate_hz.unwrap_or(1.0);
        match movement.target {
            _ if rate_hz < 0.8 && movement.rate_sync.is_none() => {}
            Some(MovementTarget::Level) => {
                goals.push(Goal::new(Measure::LevelMovement, "level moves", Some(4.5), None))
            }
            Some(MovementTarget::Filter) | None => goals.push(Goal::new(
                Measure::ColourMovement,
                "colour moves",
                Some(0.55),
                None,
            )),
            Some(_) => {}
        }
    } else if asked.movement_amount.is_some_and(|d| d >= 0.25) {
        goals.push(Goal::new(Measure::Movement, "moves", Some(0.24), None));
    }
}

/// What every sound of a kind must be, whatever is asked: a little inside the bands by which kinds are told apart.
fn kind(intent: &Intent, patch: &PatchSpec, goals: &mut Vec<Goal>) {
    let asked = &intent.descriptors;
    let is_fast = asked.attack.is_some_and(|d| d < -0.1) || asked.attack_s.is_some_and(|s| s < 0.1);
    let mut add = |measure, what: &str, low, high| goals.push(Goal::new(measure, what, low, high));
    match intent.category {
        Category::Bass => {
            add(Measure::Low, "a bass has lows", Some(0.5), None);
            add(Measure::MonoLoss, "a bass survives mono", Some(-2.8), None);
            add(Measure::Brightness, "a bass is no lead", None, Some(2.6));
            add(Measure::Attack, "a bass speaks at once", None, Some(75.0));
        }
        Category::Lead => {
            add(Measure::Attack, "a lead speaks at once", None, Some(110.0));
            add(Measure::Sustain, "a lead goes on", Some(-11.0), None);
            add(Measure::Brightness, "a lead is no hiss", Some(0.05), Some(4.8));
        }
        Category::Pad | Category::Strings | Category::Choir => {
            if !is_fast {
                let (low, high) = if intent.category == Category::Pad {
                    (215.0, 2_700.0)
                } else {
                    (75.0, 1_350.0)
                };
                add(Measure::Attack, "it swells", Some(low), Some(high));
            }
            add(Measure::Sustain, "it goes on", Some(-10.5), None);
        }
        Category::Brass => {
            add(
                Measure::Attack,
                "brass is blown, not struck",
                Some(13.0),
                Some(360.0),
            );
            add(Measure::Sustain, "brass goes on", Some(-12.5), None);
        }
        Category::Organ => {
            add(Measure::Attack, "an organ speaks at once", None, Some(105.0));
            add(Measure::Sustain, "an organ goes on", Some(-5.5), None);
        }
        Category::Pluck if asked.sustain.is_none() => {
            add(Measure::Sustain, "a pluck decays", None, Some(-21.0))
        }
        Category::Arp | Category::Sequence | Category::Keys | Category::Bell => {
            add(Measure::Attack, "it is struck", None, Some(55.0));
        }
        _ => {}
    }
    if !matches!(intent.category, Category::Fx) && !wants_slow_attack(intent) {
        add(Measure::Onset, "it answers the key", None, Some(135.0));
    }
    // The master has 12 dB left: what is softer than that can not reach the preview's level.
    let least_lufs = super::loudness::TARGET_LUFS - (6.0 - patch.modules.voicing.master_db) + 1.5;
    add(Measure::Loudness, "loud enough", Some(least_lufs), None);
    let is_pitched = !matches!(intent.category, Category::Drum | Category::Fx)
        && patch.modules.osc.iter().any(|osc| osc.enabled);
    if is_pitched {
        add(Measure::Pitch, "in tune", Some(-30.0), Some(30.0));
    }
}

fn wants_slow_attack(intent: &Intent) -> bool {
    intent.descriptors.attack.is_some_and(|d| d > 0.2) || intent.descriptors.attack_s.is_some_and(|s| s > 0.3)
}
