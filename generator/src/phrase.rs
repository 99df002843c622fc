//! What a preview plays: a chord for a pad, a riff for a bass, what suits the kind, at velocity 0.8.

use songwalker_engine::render::Note;
use songwalker_schemas::intent::Register;
use songwalker_schemas::patch::voicing::VoicingMode;
use songwalker_schemas::{Category, PatchSpec};

/// Velocity of every note.
pub const VELOCITY: f64 = 0.8;
/// Longest preview, seconds.
pub const PREVIEW_S: f64 = 8.0;
/// Longest preview of a variation, seconds.
pub const VARIATION_S: f64 = 4.0;

/// Notes and their whole length.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// The notes, in the order of their start.
    pub notes: Vec<Note>,
    /// Length with the tail, seconds.
    pub seconds: f64,
    /// Tempo.
    pub bpm: f64,
}

/// One note in beats: start, length, semitones above C4.
type Step = (f64, f64, i32);

const CHORD: &[Step] = &[(0.0, 10.0, -12), (0.0, 10.0, 3), (0.0, 10.0, 7), (0.0, 10.0, 10)];
const LINE: &[Step] = &[
    (0.0, 1.4, 0),
    (1.5, 0.9, 3),
    (2.5, 1.4, 7),
    (4.0, 0.9, 10),
    (5.0, 0.4, 7),
    (5.5, 0.4, 3),
    (6.0, 4.0, 5),
];
const BASS: &[Step] = &[
    (0.0, 0.45, -24),
    (0.75, 0.45, -24),
    (1.5, 0.9, -24),
    (2.5, 0.45, -21),
    (3.0, 0.45, -19),
    (3.5, 0.45, -14),
    (4.0, 0.45, -24),
    (4.75, 0.45, -24),
    (5.5, 0.9, -24),
    (6.5, 3.0, -29),
];
const BASS_HELD: &[Step] = &[(0.0, 3.8, -24), (4.0, 3.8, -21), (8.0, 3.5, -29)];
const ARPEGGIO: &[Step] = &[
    (0.0, 0.5, 0),
    (0.5, 0.5, 7),
    (1.0, 0.5, 12),
    (1.5, 0.5, 15),
    (2.0, 0.5, 12),
    (2.5, 0.5, 7),
    (3.0, 0.5, -4),
    (3.5, 0.5, 3),
    (4.0, 0.5, 8),
    (4.5, 0.5, 12),
    (5.0, 0.5, 15),
    (5.5, 0.5, 19),
    (6.0, 3.0, 24),
];
const SIXTEENTHS: &[Step] = &[
    (0.0, 0.2, 0),
    (0.25, 0.2, 12),
    (0.5, 0.2, 7),
    (0.75, 0.2, 15),
    (1.0, 0.2, 12),
    (1.25, 0.2, 7),
    (1.5, 0.2, 19),
    (1.75, 0.2, 15),
    (2.0, 0.2, -4),
    (2.25, 0.2, 8),
    (2.5, 0.2, 3),
    (2.75, 0.2, 12),
    (3.0, 0.2, 8),
    (3.25, 0.2, 3),
    (3.5, 0.2, 15),
    (3.75, 0.2, 12),
    (4.0, 0.2, -2),
    (4.25, 0.2, 10),
    (4.5, 0.2, 5),
    (4.75, 0.2, 14),
    (5.0, 0.2, 10),
    (5.25, 0.2, 5),
    (5.5, 0.2, 17),
    (5.75, 0.2, 14),
    (6.0, 0.4, 12),
];
const COMPING: &[Step] = &[
    (0.0, 1.4, -12),
    (0.0, 1.4, 3),
    (0.0, 1.4, 7),
    (0.0, 1.4, 10),
    (2.0, 0.4, 3),
    (2.0, 0.4, 7),
    (2.0, 0.4, 10),
    (3.0, 2.4, -7),
    (3.0, 2.4, 0),
    (3.0, 2.4, 3),
    (3.0, 2.4, 8),
    (6.0, 4.0, -12),
    (6.0, 4.0, 3),
    (6.0, 4.0, 7),
    (6.0, 4.0, 14),
];
const STABS: &[Step] = &[
    (0.0, 0.3, 0),
    (0.0, 0.3, 3),
    (0.0, 0.3, 7),
    (1.5, 0.3, 0),
    (1.5, 0.3, 3),
    (1.5, 0.3, 7),
    (3.0, 0.3, -2),
    (3.0, 0.3, 2),
    (3.0, 0.3, 5),
    (4.0, 0.3, 0),
    (4.0, 0.3, 3),
    (4.0, 0.3, 7),
    (5.5, 0.3, 3),
    (5.5, 0.3, 7),
    (5.5, 0.3, 10),
    (7.0, 0.5, 0),
    (7.0, 0.5, 3),
    (7.0, 0.5, 7),
];
const HITS: &[Step] = &[
    (0.0, 0.4, -24),
    (1.0, 0.4, -24),
    (2.0, 0.4, -24),
    (2.75, 0.2, -24),
    (3.0, 0.4, -24),
    (4.0, 0.4, -24),
];
const ONE: &[Step] = &[(0.0, 12.0, 0)];

fn steps(category: Category, patch: &PatchSpec) -> &'static [Step] {
    let is_mono = patch.modules.voicing.mode == VoicingMode::Mono;
    let attack_s = patch.modules.env[0].attack_s;
    match category {
        Category::Bass if attack_s > 0.15 || moves_slowly(patch) => BASS_HELD,
        Category::Bass => BASS,
        Category::Drum => HITS,
        Category::Fx => ONE,
        Category::Lead | Category::Wind | Category::Vox => LINE,
        _ if is_mono && matches!(category, Category::Arp | Category::Sequence) => SIXTEENTHS,
        _ if is_mono => LINE,
        Category::Pad | Category::Strings | Category::Choir | Category::Drone | Category::Sequence => CHORD,
        Category::Keys | Category::Organ | Category::Brass => COMPING,
        Category::Stab => STABS,
        Category::Arp => SIXTEENTHS,
        Category::Pluck | Category::Bell | Category::Mallet | Category::Guitar => ARPEGGIO,
    }
}

/// Whether something moves by itself that short notes would hide.
fn moves_slowly(patch: &PatchSpec) -> bool {
    patch
        .modulation
        .routes
        .iter()
        .any(|route| route.source.name().starts_with("lfo/") && route.amount.abs() > 0.1)
}

/// The phrase of a patch. Tempo is the patch's own, else 120.
#[must_use]
pub fn of(patch: &PatchSpec, category: Category, register: Option<Register>) -> Phrase {
    let bpm = patch.meta.tempo_bpm.unwrap_or(120.0);
    let beat_s = 60.0 / playing_tempo(bpm);
    let steps = steps(category, patch);
    let shift = register.map_or(0, |register| octaves_into(steps, register));
    let slow = if patch.modules.env[0].attack_s > 1.2 && steps == CHORD {
        1.2
    } else {
        1.0
    };
    let notes: Vec<Note> = steps
        .iter()
        .map(|(start, length, semitones)| Note {
            start_s: start * beat_s,
            hold_s: (length * beat_s * slow).min(6.0),
            key: (60 + semitones + 12 * shift).clamp(0, 127) as u8,
            velocity: VELOCITY,
        })
        .filter(|note| note.start_s < PREVIEW_S - 1.0)
        .collect();
    let end = notes
        .iter()
        .map(|note| note.start_s + note.hold_s)
        .fold(0.0, f64::max);
    let seconds = (end + 0.3 + tail_s(patch)).clamp(1.0, PREVIEW_S);
    Phrase {
        notes,
        seconds: (seconds * 10.0).ceil() / 10.0,
        bpm,
    }
}

/// The tempo at which a phrase is played: very slow ones at the double, very fast ones at the half, so that the notes
/// stay on the grid of what follows the tempo.
fn playing_tempo(bpm: f64) -> f64 {
    let mut tempo = bpm;
    while tempo < 75.0 {
        tempo *= 2.0;
    }
    while tempo > 150.0 {
        tempo /= 2.0;
    }
    tempo
}

/// The first four seconds of a phrase, for variations.
#[must_use]
pub fn shortened(phrase: &Phrase) -> Phrase {
    let notes = phrase
        .notes
        .iter()
        .filter(|note| note.start_s < VARIATION_S - 1.2)
        .map(|note| Note {
            hold_s: note.hold_s.min(VARIATION_S - 1.0 - note.start_s),
            ..*note
        })
        .collect();
    Phrase {
        notes,
        seconds: phrase.seconds.min(VARIATION_S),
        bpm: phrase.bpm,
    }
}

/// How long the sound goes on after the last key, roughly, seconds.
fn tail_s(patch: &PatchSpec) -> f64 {
    let mut tail = patch.modules.env[0].release_s;
    for fx in &patch.modules.fx {
        match fx {
            songwalker_schemas::patch::Fx::Reverb(fx) if fx.enabled && fx.mix > 0.01 => {
                tail += 0.6 * fx.decay_s
            }
            songwalker_schemas::patch::Fx::Delay(fx) if fx.enabled && fx.mix > 0.01 => tail += 1.5,
            _ => {}
        }
    }
    tail.min(3.0)
}

/// Octaves that bring the middle of the steps nearest to the middle of the register.
fn octaves_into(steps: &[Step], register: Register) -> i32 {
    let low = steps.iter().map(|s| 60 + s.2).min().unwrap_or(60);
    let high = steps.iter().map(|s| 60 + s.2).max().unwrap_or(60);
    let wanted = f64::from(register.low_note) / 2.0 + f64::from(register.high_note) / 2.0;
    ((wanted - f64::from(low + high) / 2.0) / 12.0).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_a_phrase_of_at_most_eight_seconds() {
        for category in Category::ALL {
            let phrase = of(&PatchSpec::default(), *category, None);
            assert!(
                !phrase.notes.is_empty() && phrase.seconds <= PREVIEW_S,
                "{category}"
            );
            assert!(
                phrase
                    .notes
                    .iter()
                    .all(|n| n.start_s + n.hold_s <= phrase.seconds + 1e-9),
                "{category}"
            );
            let short = shortened(&phrase);
            assert!(
                !short.notes.is_empty() && short.seconds <= VARIATION_S,
                "{category}"
            );
        }
    }

    #[test]
    fn a_mono_patch_is_never_given_a_chord() {
        let mut patch = PatchSpec::default();
        patch.modules.voicing.mode = VoicingMode::Mono;
        for category in Category::ALL.iter().filter(|c| !matches!(c, Category::Stab)) {
            let notes = of(&patch, *category, None).notes;
            assert!(
                notes.windows(2).all(|pair| pair[0].start_s < pair[1].start_s),
                "{category}"
            );
        }
    }
}
