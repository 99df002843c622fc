//! What the chosen kind of sound makes of what was said: loose measures find their place, styles are held back where
//! they would harm it, contradictions with its envelope are settled, voicing and movement are completed.

use super::draft::Draft;
use super::effect::{Axis, Exact};
use super::measure::{Measure, Unit};
use super::reading::{bars_length, with_mode};
use super::roles::Choice;
use super::said::Reading;
use songwalker_schemas::Category;
use songwalker_schemas::intent::{Descriptors, Feature, Invariant, MovementTarget, Register};
use songwalker_schemas::patch::voicing::VoicingMode;

/// Hands loose measures to what they can only mean in this kind of sound.
pub(super) fn place_loose(
    reading: &Reading,
    category: Category,
    draft: &mut Draft,
) -> (Option<Register>, Option<f64>) {
    let mut register = None;
    let mut tempo: Option<f64> = None;
    for measure in &reading.loose {
        match measure {
            Measure::Value(bpm, Unit::Bpm) => {
                let bpm = bpm.clamp(20.0, 300.0);
                if let Some(other) = tempo.filter(|t| (t - bpm).abs() > 0.5) {
                    draft.conflict(
                        "tempo_bpm",
                        &[&format!("{other}"), &format!("{bpm}")],
                        &format!("{bpm}"),
                    );
                }
                tempo = Some(bpm);
            }
            Measure::Notes(low, high) => {
                register = Some(Register {
                    low_note: *low,
                    high_note: *high,
                })
            }
            Measure::Length(length, mode) => {
                let length = with_mode(length, *mode);
                let moves = draft.axis(Axis::Movement) >= 0.4 || draft.move_target.is_some();
                let stepped = matches!(category, Category::Arp | Category::Sequence);
                if moves {
                    draft.move_sync = Some((length, true));
                } else if draft.axis(Axis::Delay) > 0.0 && draft.delay_sync.is_none() && !stepped {
                    draft.delay_sync = Some(length);
                }
            }
            Measure::Value(hz, Unit::Hertz) if (0.02..20.0).contains(hz) => {
                let taken = draft
                    .exact
                    .get(&Exact::MoveRate)
                    .is_some_and(|(_, claimed)| *claimed);
                if !taken {
                    draft.exact.insert(Exact::MoveRate, (*hz, true));
                }
            }
            Measure::Value(db, Unit::Decibels) if matches!(*db as i64, 12 | 24) => {
                draft.exact.insert(Exact::FilterSlope, (*db, true));
            }
            Measure::Value(cents, Unit::Cents) => {
                draft.exact.insert(Exact::UnisonCents, (*cents, true));
            }
            Measure::Value(voices, Unit::Voices) if draft.voicing.is_empty() && *voices <= 16.0 => {
                draft.exact.insert(Exact::UnisonVoices, (*voices, true));
            }
            Measure::Value(count, Unit::Oscillators) => {
                draft.exact.insert(Exact::Oscillators, (*count, true));
            }
            Measure::Value(octaves, Unit::Octaves)
                if (octaves - octaves.round()).abs() < 0.1 && octaves.round() != 0.0 =>
            {
                draft
                    .exact
                    .insert(Exact::TransposeOctaves, (octaves.round(), true));
            }
            Measure::Value(value, unit @ (Unit::Seconds | Unit::Bars)) => {
                let seconds = if *unit == Unit::Bars {
                    value * 240.0 / tempo.unwrap_or(120.0)
                } else {
                    *value
                };
                loose_time(seconds, *unit, *value, category, draft);
            }
            _ => {}
        }
    }
    (register, tempo)
}

/// A riser rises that long, a drum lasts that long, a pad's movement takes that many bars.
fn loose_time(seconds: f64, unit: Unit, value: f64, category: Category, draft: &mut Draft) {
    let rises = draft.axis(Axis::Attack) > 0.3;
    match category {
        Category::Fx if rises => {
            draft.exact.entry(Exact::AttackS).or_insert((seconds, true));
        }
        Category::Fx
        | Category::Drum
        | Category::Bell
        | Category::Pluck
        | Category::Mallet
        | Category::Keys
        | Category::Stab => {
            draft.exact.entry(Exact::DecayS).or_insert((seconds, true));
        }
        _ if unit == Unit::Bars => {
            if let (Some(length), None) = (bars_length(value), &draft.move_sync) {
                draft.move_sync = Some((length, true));
            }
        }
        _ => {}
    }
}

/// What a style does to sounds at large it does not do to a low or a struck one: a bass stays in the middle, a drum
/// is no ensemble.
pub(super) fn settle_styles(category: Category, draft: &mut Draft) {
    let swells = matches!(
        category,
        Category::Pad
            | Category::Strings
            | Category::Choir
            | Category::Drone
            | Category::Fx
            | Category::Wind
            | Category::Brass
    );
    // A soft lead is not a slow one.
    if let Some(attack) = draft.axes.get_mut(&Axis::Attack)
        && !swells
        && attack.tinted
        && attack.value > 0.0
    {
        attack.value *= 0.3;
    }
    // Distortion already makes a bass bright; a style's brightness would take its lows away.
    if category == Category::Bass
        && let Some(brightness) = draft.axes.get_mut(&Axis::Brightness)
        && !brightness.claimed
    {
        brightness.value = brightness.value.min(0.0);
    }
    let share = match category {
        Category::Bass => 0.3,
        Category::Drum => 0.0,
        _ => return,
    };
    for axis in [Axis::Width, Axis::Space, Axis::Chorus, Axis::Delay, Axis::Detune] {
        // A fat bass may be a detuned one.
        if axis == Axis::Detune && category == Category::Bass {
            continue;
        }
        if let Some(settled) = draft.axes.get_mut(&axis)
            && !settled.claimed
            && settled.tinted
        {
            settled.value *= share;
        }
    }
}

/// How slow an attack is that is still struck.
const SOFTENED: f64 = 0.2;

/// What the category excludes, reported and taken back.
pub(super) fn settle_envelope(choice: &Choice, draft: &mut Draft) {
    let ends = matches!(
        choice.category,
        Category::Pluck | Category::Mallet | Category::Bell | Category::Stab | Category::Drum
    );
    let stays = matches!(
        choice.category,
        Category::Pad | Category::Strings | Category::Choir | Category::Drone | Category::Organ
    );
    let slow = draft.claimed(Axis::Attack).filter(|v| *v >= 0.4).is_some();
    let slow_s = draft
        .exact
        .get(&Exact::AttackS)
        .is_some_and(|(s, claimed)| *claimed && *s >= 0.3);
    let name = if choice.word.is_empty() {
        choice.category.name()
    } else {
        &choice.word
    };
    if ends && choice.sub.as_deref() != Some("cymbal") && (slow || slow_s) {
        let word = if slow {
            draft.word(Axis::Attack).to_owned()
        } else {
            "attack".to_owned()
        };
        draft.conflict("attack", &[name, &word], name);
        match draft.axes.get_mut(&Axis::Attack) {
            // It stays one of its kind, and begins as softly as its kind can.
            Some(settled) if slow && choice.category != Category::Drum => settled.value = SOFTENED,
            _ => {
                draft.axes.remove(&Axis::Attack);
            }
        }
        draft.exact.remove(&Exact::AttackS);
    }
    // A stab of brass still blows: a way of playing shortens what sustains, and does not end it.
    if stays
        || matches!(
            choice.category,
            Category::Brass | Category::Lead | Category::Vox | Category::Wind
        )
    {
        if draft
            .exact
            .get(&Exact::Sustain)
            .is_some_and(|(_, claimed)| !claimed)
        {
            draft.exact.remove(&Exact::Sustain);
        }
        for axis in [Axis::Length, Axis::Attack] {
            if let Some(settled) = draft.axes.get_mut(&axis)
                && !settled.claimed
                && settled.value < 0.0
            {
                settled.value *= 0.4;
            }
        }
    }
    // A slow arpeggio steps slowly, a slow siren turns slowly; neither fades in.
    let goes = matches!(choice.category, Category::Arp | Category::Sequence)
        || matches!(
            choice.sub.as_deref(),
            Some("siren" | "ufo" | "laser" | "robot" | "glitch")
        );
    let slow = draft.claimed(Axis::Attack).is_some_and(|v| v > 0.0);
    if goes && slow && draft.word(Axis::Attack) == draft.word(Axis::Rate) {
        draft.axes.remove(&Axis::Attack);
    }
    let endless = draft.claimed(Axis::Length).filter(|v| *v >= 0.9).is_some();
    if matches!(choice.category, Category::Pluck | Category::Stab | Category::Drum) && endless {
        let word = draft.word(Axis::Length).to_owned();
        draft.conflict("length", &[name, &word], name);
        draft.axes.remove(&Axis::Length);
    }
    if stays
        && draft
            .exact
            .get(&Exact::Sustain)
            .is_some_and(|(v, c)| *c && *v <= 0.0)
    {
        draft.conflict("sustain", &[name, "no sustain"], name);
        draft.exact.remove(&Exact::Sustain);
        draft.invariants.remove(&Invariant::Pluck);
    }
    if choice.category == Category::Bass && draft.avoid.contains(&Feature::Lows) {
        draft.conflict("sub", &[name, "no lows"], name);
        draft.avoid.remove(&Feature::Lows);
    }
}

/// One voice or many. `mono` beside a pad means the middle of the stereo field; strings play legato in chords too.
pub(super) fn voicing(choice: &Choice, draft: &Draft) -> Option<VoicingMode> {
    use Category::{
        Arp, Bass, Bell, Brass, Choir, Keys, Lead, Mallet, Organ, Pad, Pluck, Sequence, Stab, Strings, Vox,
        Wind,
    };
    let melodic = matches!(choice.category, Bass | Lead | Arp | Sequence | Vox | Wind);
    let said = draft
        .voicing
        .iter()
        .rev()
        .find(|(_, word)| (word != "mono" && word != "legato") || melodic);
    if let Some((mode, _)) = said {
        return Some(*mode);
    }
    match choice.category {
        Bass => Some(VoicingMode::Mono),
        Lead => Some(draft.usual_voicing.unwrap_or(VoicingMode::Mono)),
        Pad | Pluck | Keys | Organ | Bell | Mallet | Strings | Brass | Choir | Stab => {
            Some(VoicingMode::Poly)
        }
        _ => None,
    }
}

/// What moves, where the words leave it open but the kind of sound does not.
pub(super) fn usual_target(choice: &Choice, descriptors: &mut Descriptors) {
    if let Some(movement) = &mut descriptors.movement
        && movement.target.is_none()
    {
        movement.target = match (choice.category, choice.sub.as_deref()) {
            (Category::Fx, Some("riser" | "ufo" | "siren" | "laser" | "downlifter")) => {
                Some(MovementTarget::Pitch)
            }
            (Category::Sequence | Category::Bass, _) => Some(MovementTarget::Filter),
            _ => None,
        };
    }
}
