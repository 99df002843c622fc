//! The level of a finished preview: −18 LUFS, or −1 dBTP where the peak comes first.

use songwalker_engine::analysis::loudness::{integrated_lufs, true_peak_db};
use songwalker_engine::audio::Audio;
use songwalker_engine::math;
use songwalker_schemas::{PatchSpec, canonical};

use super::report::LoudnessReport;

/// Loudness that a preview aims at.
pub const TARGET_LUFS: f64 = -18.0;
/// Peak that a preview never passes; a tenth below −1 dBTP, for the file's rounding.
pub const CEILING_DBTP: f64 = -1.1;
/// Greatest master level.
const MASTER_MAX_DB: f64 = 6.02;

/// Sets the patch's master so that `audio`, its phrase, has the right level, and brings `audio` to it: the master is
/// the last factor of the signal path, so that scaling the render is rendering it again.
pub fn level(patch: &mut PatchSpec, audio: &mut Audio) -> LoudnessReport {
    let (lufs, peak_db) = (integrated_lufs(audio), true_peak_db(audio));
    let by_loudness = TARGET_LUFS - lufs;
    let by_peak = CEILING_DBTP - peak_db;
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
