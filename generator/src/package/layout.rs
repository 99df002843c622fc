//! Where things stand in a bundle.

/// The patch.
pub const PATCH: &str = "patch.json";
/// What the SongWalker plugin opens.
pub const PRESET: &str = "songwalker/preset.json";
/// The preview as sound.
pub const PREVIEW_FLAC: &str = "preview/preview.flac";
/// The preview as notes.
pub const PREVIEW_MID: &str = "preview/preview.mid";
/// The preview as a picture.
pub const SPECTROGRAM: &str = "preview/spectrogram.png";
/// The preview's outline.
pub const WAVEFORM: &str = "preview/waveform.json";
/// The list of files.
pub const MANIFEST: &str = "meta/manifest.json";
/// What the planner said.
pub const INTENT: &str = "meta/intent.json";
/// What was measured.
pub const ANALYSIS: &str = "meta/analysis.json";
/// How the variations differ.
pub const VARIATIONS_DIFF: &str = "meta/variations_diff.json";
/// How the bundle came to be.
pub const PROVENANCE: &str = "meta/provenance.json";
/// How the patch differs from its parent's; only in the bundle of a refined one.
pub const REFINEMENT: &str = "meta/refinement.json";
/// How to load it.
pub const README: &str = "README.txt";

/// Every file that each bundle has, but the `.vital` file, whose name is the patch's.
pub const REQUIRED: [&str; 12] = [
    README,
    ANALYSIS,
    INTENT,
    MANIFEST,
    PROVENANCE,
    VARIATIONS_DIFF,
    PATCH,
    PREVIEW_FLAC,
    PREVIEW_MID,
    SPECTROGRAM,
    WAVEFORM,
    PRESET,
];

/// The `.vital` file of the patch.
#[must_use]
pub fn vital(stem: &str) -> String {
    format!("vital/{stem}.vital")
}

/// The `.vital` file of a variation.
#[must_use]
pub fn variation_vital(id: &str) -> String {
    format!("variations/{id}.vital")
}

/// The sound of a variation.
#[must_use]
pub fn variation_flac(id: &str) -> String {
    format!("variations/{id}.flac")
}
