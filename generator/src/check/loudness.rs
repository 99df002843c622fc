//! The level of a finished patch: −18 LUFS with its phrase, or −1 dBTP where the peak of the phrase or of as many notes as
//! are played at once, at full velocity, comes first.

use songwalker_engine::analysis::loudness::{integrated_lufs, true_peak_db};
use songwalker_engine::audio::Audio;
use songwalker_engine::math;
use songwalker_engine::render::{Note, RenderError, RenderRequest, render};
use songwalker_schemas::{Category, PatchSpec, canonical};

use super::report::LoudnessReport;

/// Loudness that a preview aims at.
pub const TARGET_LUFS: f64 = -18.0;
/// Peak that a preview never passes; a tenth below −1 dBTP, for the file's rounding.
pub const CEILING_DBTP: f64 = -1.1;
/// Greatest master level.
const MASTER_MAX_DB: f64 = 6.02;
/// Eight notes held together, as two hands do: semitones from the note in the middle.
const CHORD: [i16; 8] = [-12, -5, 0, 4, 7, 12, 16, 19];
/// Two strokes at once, as two sticks do.
const STROKES: [i16; 2] = [0, 12];
/// How far the master is turned down while the chord is measured, so that the player's ceiling cuts nothing.
const HEADROOM_DB: f64 = 30.0;

/// True peak in dB of the notes around `note` that are played at once, at full velocity: eight, of a drum two.
///
/// # Errors
/// When the render is cancelled.
pub fn chord_peak_db(patch: &PatchSpec, note: u8, cancelled: &dyn Fn() -> bool) -> Result<f64, RenderError> {
    let mut lowered = patch.clone();
    lowered.modules.voicing.master_db -= HEADROOM_DB;
    let env = &patch.modules.env[0];
    let hold_s = (env.delay_s + env.attack_s + env.hold_s + 0.3).clamp(0.8, 4.0);
    let at_once: &[i16] = match patch.meta.category {
        Category::Drum => &STROKES,
        _ => &CHORD,
    };
    let notes = at_once.iter().map(|semitones| Note {
        start_s: 0.0,
        hold_s,
        key: (i16::from(note) + semitones).clamp(0, 127) as u8,
        velocity: 1.0,
    });
    let request = RenderRequest {
        notes: notes.collect(),
        ..RenderRequest::note(note, 1.0, hold_s, hold_s + 0.2)
    };
    Ok(true_peak_db(&render(&lowered, &request, cancelled)?) + HEADROOM_DB)
}

/// Sets the patch's master so that `audio`, its phrase, has the right level, and brings `audio` to it: the master is
/// the last factor of the signal path, so that scaling the render is rendering it again. `chord_db` is
/// [`chord_peak_db`] of the patch as it is.
pub fn level(patch: &mut PatchSpec, audio: &mut Audio, chord_db: f64) -> LoudnessReport {
    let (lufs, peak_db) = (integrated_lufs(audio), true_peak_db(audio));
    let by_loudness = TARGET_LUFS - lufs;
    let by_peak = CEILING_DBTP - peak_db.max(chord_db);
    let was = patch.modules.voicing.master_db;
    let wanted = was + by_loudness.min(by_peak);
    let master_db = canonical::quantise(wanted.clamp(-60.0, MASTER_MAX_DB));
    let limited_by = if wanted > MASTER_MAX_DB + 1e-9 {
        "master"
    } else if by_peak < by_loudness {
        "peak"
    } else {
        "loudness"
    };
    let gain = math::db_to_gain(master_db - was) as f32;
    for sample in audio.left.iter_mut().chain(audio.right.iter_mut()) {
        *sample *= gain;
    }
    patch.modules.voicing.master_db = master_db;
    LoudnessReport {
        lufs: canonical::quantise(lufs + master_db - was),
        true_peak_db: canonical::quantise(peak_db + master_db - was),
        limited_by: limited_by.to_owned(),
    }
}
