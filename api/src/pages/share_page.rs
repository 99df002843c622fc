//! What the page of a share tells, taken from the bundle: the patch and its name, what was measured, how the variations
//! differ. The bundle holds no prompt, and no field here could carry one.

use std::collections::BTreeMap;

use songwalker_generator::package::layout;
use songwalker_schemas::patch::MacroSlot;
use songwalker_schemas::{PatchSpec, Timestamp, VariationsDiff};

use super::differences::{self, Difference, capital};
use super::measures::{self, Measure};
use super::{Outline, PageError};

/// The licence of everything that SongWalker makes by itself.
const CC0: &str = "CC0-1.0";

/// All that a share's page needs.
#[derive(Debug, Clone, PartialEq)]
pub struct SharePage {
    /// The sound's name.
    pub name: String,
    /// `pad`, `bass`, …
    pub category: String,
    /// Finer kind, where there is one.
    pub subcategory: Option<String>,
    /// `poly`, `mono`, …
    pub voicing: String,
    /// The patch's own words.
    pub tags: Vec<String>,
    /// Where sound, picture and files are.
    pub links: ShareLinks,
    /// The preview's outline.
    pub outline: Outline,
    /// The eight macros.
    pub knobs: Vec<Knob>,
    /// What was measured.
    pub measures: Vec<Measure>,
    /// How the variations differ.
    pub variations: Vec<Difference>,
    /// Size of the bundle.
    pub bundle_bytes: u64,
    /// SPDX expression.
    pub license: String,
    /// When the share ends; nothing for a page that is a file.
    pub expires_at: Option<Timestamp>,
}

/// Addresses, relative to the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareLinks {
    /// The preview, FLAC.
    pub preview: String,
    /// Its spectrogram, PNG.
    pub spectrogram: String,
    /// The bundle, zip.
    pub bundle: String,
    /// The patch, JSON, where it can be had alone.
    pub patch: Option<String>,
}

impl ShareLinks {
    /// Those of the page `/s/{token}`.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        Self {
            preview: format!("{token}/preview"),
            spectrogram: format!("{token}/spectrogram"),
            bundle: format!("{token}/bundle"),
            patch: Some(format!("{token}/patch")),
        }
    }
}

/// A macro and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// What is written on it.
    pub label: String,
    /// Where it stands, 0..=100.
    pub percent: u8,
}

impl Knob {
    fn of(slot: &MacroSlot) -> Self {
        Self {
            label: slot.label.clone(),
            percent: (slot.value.clamp(0.0, 1.0) * 100.0).round() as u8,
        }
    }

    /// How far the hand is turned: −135° to 135°.
    pub(super) fn degrees(&self) -> f64 {
        f64::from(self.percent) * 2.7 - 135.0
    }
}

impl SharePage {
    /// The page of a bundle's files (as `archive::read` gives them), its packed size, and where its parts are served.
    ///
    /// # Errors
    /// A document that the page cannot do without is missing or is none.
    pub fn from_files(
        files: &BTreeMap<String, Vec<u8>>,
        bundle_bytes: u64,
        links: ShareLinks,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, PageError> {
        let file = |path: &'static str| files.get(path).ok_or(PageError::Missing(path));
        let patch =
            PatchSpec::from_json(file(layout::PATCH)?).map_err(|_| PageError::Unreadable(layout::PATCH))?;
        let category = patch.meta.category.name().to_owned();
        let variations = serde_json::from_slice(file(layout::VARIATIONS_DIFF)?)
            .ok()
            .and_then(|value| VariationsDiff::from_value(value).ok())
            .ok_or(PageError::Unreadable(layout::VARIATIONS_DIFF))?;
        Ok(Self {
            outline: Outline::from_json(file(layout::WAVEFORM)?)
                .ok_or(PageError::Unreadable(layout::WAVEFORM))?,
            measures: measures::of(file(layout::ANALYSIS)?, &category)
                .ok_or(PageError::Unreadable(layout::ANALYSIS))?,
            variations: differences::of(&variations, &patch),
            knobs: patch.macros.iter().map(Knob::of).collect(),
            voicing: patch.modules.voicing.mode.to_string(),
            name: patch.name,
            category,
            subcategory: patch.meta.subcategory,
            tags: patch.meta.tags,
            license: patch.meta.license,
            links,
            bundle_bytes,
            expires_at,
        })
    }

    /// `Pad, analog, poly`.
    pub(super) fn kind(&self) -> String {
        let mut words = vec![capital(&self.category)];
        words.extend(self.subcategory.as_ref().map(|kind| kind.replace('_', " ")));
        words.push(self.voicing.clone());
        words.join(", ")
    }

    /// The tags that say more than the kind does.
    pub(super) fn words(&self) -> Vec<&str> {
        let kind = [Some(&self.category), self.subcategory.as_ref()];
        let is_new = |tag: &&str| kind.into_iter().flatten().all(|known| known != tag);
        self.tags.iter().map(String::as_str).filter(is_new).collect()
    }

    /// A sentence or two about the sound, for those who see the link only.
    pub(super) fn summary(&self) -> String {
        let words = self.words();
        let sound = if words.is_empty() {
            self.kind()
        } else {
            format!("{}: {}", self.kind(), words.join(", "))
        };
        format!("{sound}. Listen to it, and download it for the Vital synthesiser.")
    }

    /// What may be done with it.
    pub(super) fn licence(&self) -> String {
        if self.license == CC0 {
            format!(
                "Licence {CC0}: no rights reserved. Use it in whatever you make, without asking or naming anybody."
            )
        } else {
            format!("Licence {}.", self.license)
        }
    }
}
