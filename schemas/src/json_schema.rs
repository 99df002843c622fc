//! The JSON Schemas (draft 2020-12) of every document, made from the parameter table once. The files under
//! `schemas/json/` are these, byte for byte; a test says so.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::analysis::AudioAnalysis;
use crate::asset::WavetableAsset;
use crate::preset::PresetFile;
use crate::provenance::Provenance;
use crate::refinement::Refinement;
use crate::report::Report;
use crate::table::Described;
use crate::{Intent, MacroTemplate, Manifest, PatchSpec, VariationsDiff};

macro_rules! cached {
    ($($(#[$doc:meta])* $name:ident = $type:ty, $title:literal;)*) => {
        $($(#[$doc])* #[must_use]
        pub fn $name() -> &'static Value {
            static SCHEMA: OnceLock<Value> = OnceLock::new();
            SCHEMA.get_or_init(|| document::<$type>(stringify!($name), $title))
        })*

        /// Every schema with its name, in the order of the names.
        #[must_use]
        pub fn all() -> Vec<(&'static str, &'static Value)> {
            let mut all = vec![$((stringify!($name), $name())),*];
            all.sort_by_key(|(name, _)| *name);
            all
        }
    };
}

cached! {
    /// PatchSpec v1.
    patch = PatchSpec, "PatchSpec v1: one playable sound";
    /// MacroTemplate v1.
    template = MacroTemplate, "MacroTemplate v1: a starting sound and its eight knobs";
    /// Intent v1.
    intent = Intent, "Intent v1: what a planner may say";
    /// Variations.
    variations = VariationsDiff, "Variations: replace-only patches of a base patch";
    /// Manifest.
    manifest = Manifest, "Manifest: a bundle's files with their hashes";
    /// Provenance.
    provenance = Provenance, "Provenance: how a bundle came to be";
    /// `meta/refinement.json`.
    refinement = Refinement, "Refinement: how a refined patch differs from its parent";
    /// A SongWalker preset.
    preset = PresetFile, "SongWalker preset: a patch as the plugin opens it";
    /// `meta/analysis.json`.
    report = Report, "Report: what was measured, asked and reached";
    /// AudioAnalysis.
    analysis = AudioAnalysis, "AudioAnalysis: measures of one rendered note";
    /// An imported wavetable.
    wavetable = WavetableAsset, "Wavetable: an imported wavetable as its components";
}

fn document<T: Described>(name: &str, title: &str) -> Value {
    let mut schema = T::schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!(format!("urn:songwalker:{name}:1.0"));
    schema["title"] = json!(title);
    schema
}

/// A schema as the text of its file.
#[must_use]
pub fn to_file(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}
