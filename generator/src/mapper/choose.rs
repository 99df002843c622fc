//! Which template an intent starts from.

use songwalker_schemas::Intent;
use songwalker_schemas::intent::Waveform;

use crate::templates::{self, Entry};

/// The template of an intent: the one it names, else one that serves its subcategory, else its category's neutral.
#[must_use]
pub fn template(intent: &Intent, seed: u64) -> Option<&'static Entry> {
    if let Some(entry) = intent.template_id.as_deref().and_then(templates::by_id) {
        return Some(entry);
    }
    let sub = intent
        .subcategory
        .as_deref()
        .or(match intent.descriptors.waveform {
            Some(Waveform::Supersaw) => Some("supersaw"),
            Some(Waveform::Fm) => Some("fm"),
            Some(Waveform::Bell) => Some("crystal"),
            Some(Waveform::Vowel) => Some("vowel"),
            _ => None,
        });
    if let Some(sub) = sub {
        let serving = templates::serving(intent.category, sub);
        if !serving.is_empty() {
            return serving.get((seed % serving.len() as u64) as usize).copied();
        }
    }
    templates::neutral(intent.category)
}
