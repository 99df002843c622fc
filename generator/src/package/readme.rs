//! `README.txt` of a bundle: what is in it, how to load it, its licence.

use super::layout;
use songwalker_schemas::PatchSpec;

/// The text for a patch whose files carry `stem`.
#[must_use]
pub fn text(patch: &PatchSpec, stem: &str, variations: &[String]) -> String {
    let vital = layout::vital(stem);
    let mut text = format!(
        "{name}\n{rule}\n\n\
         A {category} sound for Vital and SongWalker.\n\n\
         In Vital\n\
         \x20 Drag {vital} onto Vital's window, or choose \"Open External Preset\" in its menu.\n\
         \x20 To keep it, copy it into Presets in Vital's user folder.\n\
         \x20 The four macros fold SongWalker's eight; the preset's comments say what they do not carry.\n\n\
         In SongWalker\n\
         \x20 songwalker render patch.json --out sound.wav --note 60\n\
         \x20 {preset} is the same patch for the SongWalker plugin, which is not out yet.\n\n\
         Listen\n\
         \x20 {flac} is what it sounds like, {mid} what was played.\n",
        name = patch.name,
        rule = "=".repeat(patch.name.chars().count()),
        category = patch.meta.category,
        preset = layout::PRESET,
        flac = layout::PREVIEW_FLAC,
        mid = layout::PREVIEW_MID,
    );
    if !variations.is_empty() {
        text.push_str("\nVariations\n");
        for id in variations {
            text.push_str(&format!("  {}\n", layout::variation_vital(id)));
        }
    }
    text.push_str(&format!("\nLicence: {}\n", patch.meta.license));
    if patch.meta.license == "CC0-1.0" {
        text.push_str(
            "  No rights reserved: use it in whatever you make, without asking or naming anybody.\n\
             \x20 https://creativecommons.org/publicdomain/zero/1.0/\n",
        );
    }
    text
}
