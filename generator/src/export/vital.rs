//! A patch as a `.vital` file: a pure function, the same bytes on every machine.
//!
//! [`controls`] knows Vital's 772 controls, [`slots`] turns routes into modulation slots, [`macros`] folds eight knobs
//! into four, [`silences`] avoids what Vital does not play, [`tables`] packs wavetables, LFO shapes and noise, [`assets`] what was
//! imported, [`file`]
//! is the shape of the file. What Vital cannot carry is listed, in [`VitalExport::lost`] and in the file's comments,
//! never silently dropped.

mod assets;
pub mod controls;
mod file;
mod macros;
mod silences;
mod slots;
mod tables;

use crate::assets::PatchAssets;
use controls::Settings;
use file::{File, Setting};
use songwalker_schemas::params::{self, ParamId};
use songwalker_schemas::patch::voicing::VoicingMode;
use songwalker_schemas::{Category, PatchSpec};
use std::collections::BTreeMap;

/// The version written: Vital opens files of its own major.minor or older, whatever the patch digit.
pub const SYNTH_VERSION: &str = "1.0.7";

/// Tempo of a patch that names none, beats per minute.
const DEFAULT_BPM: f64 = 120.0;

/// Vital's browser looks for the style in the first 5,000 bytes: so many may all texts before it have, as JSON.
const MAX_TEXT_BYTES: usize = 4_700;

/// The most bytes of the comment as JSON.
const MAX_COMMENT_BYTES: usize = 2_500;

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VitalExport {
    /// The file.
    pub bytes: Vec<u8>,
    /// What Vital cannot carry, one sentence each.
    pub lost: Vec<String>,
}

/// Why a patch could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A wavetable that the engine does not know.
    #[error("unknown wavetable '{0}'")]
    UnknownWavetable(String),
    /// The file could not be written as JSON.
    #[error("cannot write the file: {0}")]
    Json(#[from] serde_json::Error),
}

/// The patch as a `.vital` file. The patch must be valid.
///
/// # Errors
/// A wavetable that the engine does not know.
pub fn vital(patch: &PatchSpec) -> Result<VitalExport, ExportError> {
    vital_with(patch, &PatchAssets::default())
}

/// The same for a patch with imported wavetables or a sample, which `assets` holds.
///
/// # Errors
/// A wavetable that the engine does not know.
pub fn vital_with(patch: &PatchSpec, assets: &PatchAssets) -> Result<VitalExport, ExportError> {
    let mut lost = Vec::new();
    let mut settings = Settings::defaults();
    write_parameters(patch, &mut settings, &mut lost);
    silences::avoid(patch, &mut settings, &mut lost);
    let mut slots = slots::from_routes(patch, &mut lost);
    let macros = macros::fold(patch, &mut settings, &mut slots, &mut lost);
    slots.write(&mut settings);

    let mut all: BTreeMap<String, Setting> = settings.into_numbers();
    all.insert("lfos".to_owned(), Setting::Lines(tables::lfos(patch)));
    all.insert(
        "modulations".to_owned(),
        Setting::Modulations(slots.into_modulations()),
    );
    all.insert(
        "sample".to_owned(),
        Setting::Sample(tables::sample(patch, assets, &mut lost)),
    );
    all.insert(
        "wavetables".to_owned(),
        Setting::Wavetables(tables::wavetables(patch, assets, &mut lost)?),
    );

    let [macro1, macro2, macro3, macro4] = macros.names;
    let others = [
        &patch.meta.author,
        &patch.name,
        &macro1,
        &macro2,
        &macro3,
        &macro4,
    ];
    let others: usize = others.iter().flat_map(|text| text.chars()).map(escaped_len).sum();
    let budget = MAX_TEXT_BYTES.saturating_sub(others).min(MAX_COMMENT_BYTES);
    let file = File {
        author: patch.meta.author.clone(),
        comments: comments(patch, &lost, budget),
        macro1,
        macro2,
        macro3,
        macro4,
        preset_name: patch.name.clone(),
        preset_style: style(patch.meta.category),
        settings: all,
        synth_version: SYNTH_VERSION,
    };
    Ok(VitalExport {
        bytes: serde_json::to_vec(&file)?,
        lost,
    })
}

/// Every parameter of the table that Vital has, and what follows from several of them.
fn write_parameters(patch: &PatchSpec, settings: &mut Settings, lost: &mut Vec<String>) {
    let raw = patch.raw_values();
    for (index, row) in params::table().iter().enumerate() {
        if row.vital.is_empty() {
            continue;
        }
        let value = f64::from(raw[ParamId(index as u16).index()]);
        if let Some(kept) = settings.set(&row.vital, value) {
            if (kept - value).abs() > 1e-4 * row.raw_range().abs().max(1.0) {
                lost.push(format!(
                    "{} ({}) is {kept} instead of {value}",
                    row.label, row.path
                ));
            }
        } else if value != row.law.to_raw(row.default, 2.0) {
            lost.push(format!("{} ({}): Vital has no such control", row.label, row.path));
        }
    }
    if patch.modules.voicing.mode == VoicingMode::Mono {
        settings.set("polyphony", 1.0);
    }
    settings.set(
        "beats_per_minute",
        patch.meta.tempo_bpm.unwrap_or(DEFAULT_BPM) / 60.0,
    );
    settings.set("effect_chain_order", f64::from(chain_code(patch)));
}

/// Vital's number for an order of the nine effects: a mixed-radix count of inversions against its own order.
fn chain_code(patch: &PatchSpec) -> u32 {
    let order = patch.modules.fx.each_ref().map(|fx| fx.kind().index());
    (1..order.len()).fold(0, |code, i| {
        let larger_before = order[..i].iter().filter(|before| **before > order[i]).count();
        code * (i as u32 + 1) + larger_before as u32
    })
}

/// Vital's style of a category, one of its own nine words.
fn style(category: Category) -> &'static str {
    match category {
        Category::Bass => "Bass",
        Category::Lead | Category::Brass | Category::Wind | Category::Vox => "Lead",
        Category::Pad | Category::Strings | Category::Choir | Category::Drone => "Pad",
        Category::Pluck
        | Category::Keys
        | Category::Organ
        | Category::Bell
        | Category::Mallet
        | Category::Guitar
        | Category::Stab => "Keys",
        Category::Arp | Category::Sequence => "Sequence",
        Category::Drum => "Percussion",
        Category::Fx => "SFX",
    }
}

/// What the musician reads: the licence, what was lost, and the patch's own comment, as JSON in at most `budget` bytes.
fn comments(patch: &PatchSpec, lost: &[String], budget: usize) -> String {
    let mut text = format!("Licence: {}", patch.meta.license);
    for sentence in lost {
        text.push_str("\nNot carried: ");
        text.push_str(sentence);
    }
    if !patch.meta.comment.is_empty() {
        text.push('\n');
        text.push_str(&patch.meta.comment);
    }
    let mut used = 0;
    text.chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .take_while(|c| {
            used += escaped_len(*c);
            used <= budget
        })
        .collect()
}

/// Bytes of a character in a JSON string.
fn escaped_len(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::patch::Fx;

    #[test]
    fn the_chain_code_is_that_of_the_measured_example() {
        let mut patch = PatchSpec::default();
        assert_eq!(chain_code(&patch), 117_981);
        patch.modules.fx.sort_by_key(Fx::kind);
        assert_eq!(chain_code(&patch), 0);
    }

    #[test]
    fn long_comments_leave_the_style_within_the_first_5000_bytes() {
        let mut patch = PatchSpec::default();
        patch.meta.comment = "ä\"".repeat(1_000);
        let bytes = vital(&patch).unwrap().bytes;
        let at = bytes.windows(14).position(|w| w == b"\"preset_style\"").unwrap();
        assert!(at < 4_900, "{at}");
    }

    #[test]
    fn escapes_count_and_control_characters_are_dropped() {
        for filler in ["\u{1}", "\\", "\"", "\n", "ä"] {
            let mut patch = PatchSpec::default();
            patch.meta.comment = filler.repeat(2_000);
            let bytes = vital(&patch).unwrap().bytes;
            let at = bytes.windows(14).position(|w| w == b"\"preset_style\"").unwrap();
            assert!(at < 4_900, "{at}");
            let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let comment = file["comments"].as_str().unwrap();
            assert!(comment.starts_with("Licence: CC0-1.0\n"), "{comment}");
            assert!(!comment.contains('\u{1}'));
        }
    }
}
