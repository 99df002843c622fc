//! How variations differ (`meta/variations_diff.json`): a sentence for each kind, and the two changes that tell most.

use songwalker_schemas::variations::{Replace, VariationType};
use songwalker_schemas::{PatchSpec, VariationsDiff};

use super::figures::quantity;

/// Changes that are shown of one variation.
const SHOWN: usize = 2;

/// What a variation is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `Darker`.
    pub name: String,
    /// A sentence.
    pub differs: &'static str,
    /// `Filter 1 cutoff 1.2 kHz → 700 Hz`.
    pub changes: Vec<String>,
}

/// The variations of a document, in its order.
pub fn of(document: &VariationsDiff, base: &PatchSpec) -> Vec<Difference> {
    let tree = base.to_value();
    document
        .variations
        .iter()
        .map(|variation| Difference {
            name: capital(variation.kind.name()),
            differs: sentence(variation.kind),
            changes: variation
                .patch
                .iter()
                .filter(|replace| tells(&replace.path))
                .filter_map(|replace| change(replace, base, &tree))
                .take(SHOWN)
                .collect(),
        })
        .collect()
}

/// With a capital first letter.
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

const fn sentence(kind: VariationType) -> &'static str {
    match kind {
        VariationType::Darker => "Less treble.",
        VariationType::Brighter => "More treble.",
        VariationType::Shorter => "Decays and ends sooner.",
        VariationType::Longer => "Decays and ends later.",
        VariationType::Wider => "More of it at the sides.",
        VariationType::Narrower => "More of it in the middle.",
        VariationType::Dirtier => "More distortion.",
        VariationType::Cleaner => "Less distortion.",
        VariationType::Calmer => "Moves less.",
        VariationType::Wilder => "Moves more.",
        VariationType::Punchier => "A faster attack.",
        VariationType::Softer => "A slower attack.",
        VariationType::Deeper => "More room around it.",
        VariationType::Drier => "Less room around it.",
    }
}

/// Whether a change says something about the sound: not the level that was set again, nor envelopes behind the first,
/// which rarely play.
fn tells(path: &str) -> bool {
    path != "/modules/voicing/master_db"
        && (!path.starts_with("/modules/env/") || path.starts_with("/modules/env/0/"))
}

fn change(replace: &Replace, base: &PatchSpec, tree: &serde_json::Value) -> Option<String> {
    let canonical = base.canonical_path(&replace.path)?;
    let row = base.param_id(&replace.path)?.row();
    let from = tree.pointer(&replace.path)?.as_f64()?;
    let to = replace.value.as_f64()?;
    Some(format!(
        "{} {}: {} → {}",
        module(&canonical),
        row.label.to_lowercase(),
        quantity(row, from),
        quantity(row, to)
    ))
}

/// `/modules/osc/0/…` is the first oscillator, `/modules/fx/reverb/…` the reverb.
fn module(canonical: &str) -> String {
    let mut parts = canonical.trim_start_matches("/modules/").split('/');
    let (kind, slot) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let name = match kind {
        "osc" => "Oscillator",
        "filter" => "Filter",
        "env" => "Envelope",
        "lfo" => "LFO",
        "random" => "Random",
        "sample" => return "Noise".to_owned(),
        "voicing" => return "Voice".to_owned(),
        "fx" => return capital(slot),
        other => return capital(other),
    };
    slot.parse::<u8>().map_or_else(
        |_| name.to_owned(),
        |slot| format!("{name} {}", u16::from(slot) + 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(patch: serde_json::Value) -> Vec<Difference> {
        let document = VariationsDiff::from_value(json!({
            "schema_version": "1.0", "base_schema_version": "1.0",
            "variations": [{ "id": "longer", "type": "longer", "patch": patch }]
        }))
        .unwrap();
        of(&document, &PatchSpec::default())
    }

    #[test]
    fn a_change_is_named_with_its_module_and_both_values() {
        let found = differences(json!([
            { "op": "replace", "path": "/modules/env/0/release_s", "value": 2.327065 },
            { "op": "replace", "path": "/modules/env/1/release_s", "value": 3 },
            { "op": "replace", "path": "/modules/voicing/master_db", "value": -11 },
        ]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "Longer");
        assert_eq!(found[0].changes, ["Envelope 1 release: 90 ms → 2.33 s"]);
    }

    #[test]
    fn a_change_of_what_is_not_there_is_left_out() {
        let found = differences(json!([
            { "op": "replace", "path": "/modules/nothing/0", "value": 1 },
            { "op": "replace", "path": "/modules/env/0/release_s", "value": "long" },
        ]));
        assert!(found[0].changes.is_empty());
    }

    #[test]
    fn every_kind_of_variation_has_a_sentence_of_its_own() {
        let sentences: std::collections::BTreeSet<_> =
            VariationType::ALL.iter().map(|kind| sentence(*kind)).collect();
        assert_eq!(sentences.len(), VariationType::ALL.len());
    }
}
