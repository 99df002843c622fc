//! What an intent asks of the measures, and what every sound of its kind must be.

use songwalker_schemas::intent::{Feature, Invariant, Waveform};
use songwalker_schemas::{AudioAnalysis, Category, Intent, PatchSpec};

use super::goal::{Goal, Measure, Neutral};
use crate::mapper::{dirt, time};

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

/// The goals of an intent, and of its category. `neutral` is the category's own sound, `bare` this one without the words.
#[must_use]
pub fn of(
    intent: &Intent,
    patch: &PatchSpec,
    neutral: Option<&AudioAnalysis>,
    bare: Option<&AudioAnalysis>,
) -> Vec<Goal> {
    let mut goals = Vec::new();
    relative(intent, neutral, bare, &mut goals);
    stereo(intent, &mut goals);
    shape(intent, patch, &mut goals);
    motion(intent, &mut goals);
    kind(intent, patch, &mut goals);
    goals.retain(|goal| !is_given(intent, goal.measure));
    goals
}

/// Whether a measure follows from a number that was given, or cannot be told from a probe: then the number wins.
fn is_given(intent: &Intent, measure: Measure) -> bool {
    let asked = &intent.descriptors;
    match measure {
        Measure::Attack | Measure::Onset => asked.attack_s.is_some(),
        Measure::Brightness | Measure::Highs => asked.cutoff_hz.is_some(),
        Measure::Sustain => asked.decay_s.is_some() || asked.sustain.is_some_and(|s| s > 0.05),
        Measure::Active => {
            let echoes = asked
                .delay
                .as_ref()
                .is_some_and(|d| d.amount.is_none_or(|a| a > 0.0));
            echoes
                || asked.decay_s.is_some()
                || asked.reverb_s.is_some()
                || asked.space.is_some_and(|d| d > 0.0)
        }
        Measure::ColourMovement | Measure::LevelMovement => asked
            .movement
            .as_ref()
            .and_then(|m| m.rate_hz)
            .is_some_and(|hz| hz > 10.0),
        _ => false,
    }
}

fn relative(
    intent: &Intent,
    neutral: Option<&AudioAnalysis>,
    bare: Option<&AudioAnalysis>,
    goals: &mut Vec<Goal>,
) {
    let Some(neutral) = neutral else { return };
    let bare_oct = bare.unwrap_or(neutral).brightness_oct;
    let asked = &intent.descriptors;
    let is_exact = asked.cutoff_hz.is_some() || asked.waveform == Some(Waveform::Noise);
    let brightness = asked.brightness.unwrap_or(0.0);
    if !is_exact {
        if brightness >= 0.2 {
            goals.push(Goal::new(
                Measure::Brightness,
                &format!("brighter than a usual {}", intent.category),
                Some((neutral.brightness_oct + 0.1 + 0.6 * brightness).max(bare_oct + 0.3)),
                // "Slightly" is not "very": what goes far beyond is brought back.
                Some((neutral.brightness_oct + 0.9 + 1.6 * brightness).max(bare_oct + 0.9)),
            ));
        } else if brightness <= -0.2 || intent.avoid.contains(&Feature::Highs) {
            let degree = brightness.min(if intent.avoid.contains(&Feature::Highs) {
                -0.5
            } else {
                0.0
            });
            let bound = (neutral.brightness_oct - 0.05 + 0.75 * degree)
                .min(bare_oct - 0.3)
                .max(0.12);
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
    let beats = asked.roughness.is_some_and(|d| d >= 0.4) || asked.detune.is_some_and(|d| d >= 0.3);
    if beats && !dirt::is_tight(intent) {
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
        goals.push(Goal::new(Measure::Active, "short", None, Some(0.68)));
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
            None => goals.push(Goal::new(Measure::Movement, "moves", Some(0.24), None)),
            Some(MovementTarget::Filter) => goals.push(Goal::new(
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
                    (130.0, 2_700.0)
                } else {
                    (75.0, 1_350.0)
                };
                add(Measure::Attack, "it swells", Some(low), Some(high));
            } else if asked.attack.is_some_and(|d| d > -0.45) {
                add(Measure::Attack, "not slow, not struck", Some(66.0), Some(105.0));
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
