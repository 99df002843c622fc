//! Other synthesisers' files as patches.
//!
//! [`vital()`] reads a `.vital` file. [`preset`] knows the file's shape and what is no preset, [`parameters`] turns
//! controls back into engineering values by the parameter table, [`modulation`] slots into routes and free macros,
//! [`filters`] brings the filters into our order, [`amplitude`] says
//! with other means what we lack there, [`lines`] reads drawn shapes, [`texts`] what people read,
//! [`sources`] ([`tables`], [`mod@sample`]) wavetables and
//! the sample, [`unheard`] what we have no place for. What cannot be carried is listed in
//! [`Import::warnings`], never dropped silently.

mod amplitude;
mod filters;
mod lines;
mod modulation;
mod parameters;
mod preset;
pub mod sample;
mod sources;
pub mod tables;
mod texts;
mod unheard;

use serde::Serialize;
use songwalker_schemas::{ErrorCode, Fault, Faults, PatchSpec};

pub use preset::MAX_PRESET_BYTES;

use crate::assets::PatchAssets;

/// What could not be carried over as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Which feature: a control of the file, or what people call it.
    pub feature: String,
    /// What became of it, one sentence.
    pub detail: String,
}

/// Warnings in the order in which they came up.
#[derive(Debug, Default)]
pub struct Warnings(Vec<Warning>);

impl Warnings {
    /// Adds one, once.
    pub fn add(&mut self, feature: impl Into<String>, detail: impl Into<String>) {
        let warning = Warning {
            feature: feature.into(),
            detail: detail.into(),
        };
        if !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }
}

/// A preset as a patch.
#[derive(Debug)]
pub struct Import {
    /// The patch.
    pub patch: PatchSpec,
    /// Its wavetables and sample.
    pub assets: PatchAssets,
    /// What could not be carried over.
    pub warnings: Vec<Warning>,
}

/// Why a file could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The text is no JSON, or ends too early.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is larger than any preset.
    #[error("it has {0} bytes, more than any preset")]
    TooLarge(usize),
    /// A bank or another zip.
    #[error("it is a bank of presets or another zip, not one preset")]
    Bank,
    /// A patch of ours.
    #[error("it is a SongWalker patch already")]
    OwnPatch,
    /// JSON of something else, or values of the wrong type.
    #[error("it is not a preset")]
    NotPreset(Faults),
    /// Written by a synthesiser that came after all that we know.
    #[error("it was written by Vital {0}, and versions from 2.0 on are not known")]
    TooNew(String),
    /// The patch that was made breaks a rule: a fault of ours.
    #[error("the patch that was made breaks its own rules")]
    Patch(Faults),
}

impl ImportError {
    /// The code under which it leaves the product.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotJson(_) => ErrorCode::InvalidJson,
            Self::TooLarge(_) | Self::Bank | Self::OwnPatch | Self::NotPreset(_) | Self::TooNew(_) => {
                ErrorCode::InvalidPatch
            }
            Self::Patch(_) => ErrorCode::Internal,
        }
    }

    /// What one can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotJson(_) => {
                "a .vital file is JSON from its first byte to its last: save it again in Vital"
            }
            Self::TooLarge(_) | Self::NotPreset(_) => "name a .vital file as Vital saves it",
            Self::Bank => "unpack it as a zip and import the .vital files in it one by one",
            Self::OwnPatch => "`render` and `export` take it as it is",
            Self::TooNew(_) => "save it with Vital 1.5 or older, or import it with a newer songwalker",
            Self::Patch(_) => "this is a fault of ours: please report it with the file",
        }
    }

    /// Every fault of the file, where there are any.
    #[must_use]
    pub fn details(&self) -> Vec<Fault> {
        match self {
            Self::NotPreset(faults) | Self::Patch(faults) => faults.as_slice().to_vec(),
            _ => Vec::new(),
        }
    }
}

/// A `.vital` file as a patch. `file_name` (without its ending) names a preset that does not name itself.
///
/// # Errors
/// What is no preset, and what is too new.
pub fn vital(bytes: &[u8], file_name: Option<&str>) -> Result<Import, ImportError> {
    let mut warnings = Warnings::default();
    let mut preset = preset::Preset::read(bytes, &mut warnings)?;
    filters::straighten(&mut preset);
    amplitude::free_its_envelope(&mut preset, &mut warnings);
    amplitude::spread_the_voices_level(&mut preset, &mut warnings);

    let mut document = parameters::document(&preset, &mut warnings);
    lines::shapes(&preset, &mut document, &mut warnings);
    let mut assets = PatchAssets::default();
    sources::wavetables(&preset, &mut document, &mut assets, &mut warnings)?;
    sources::sample(&preset, &mut document, &mut assets, &mut warnings)?;
    texts::texts(&preset, file_name, &mut document, &mut warnings);
    modulation::carry(&preset, &mut document, &mut warnings);
    unheard::list(&preset, &document, &mut warnings);
    let patch = PatchSpec::from_value(document).map_err(ImportError::Patch)?;
    Ok(Import {
        patch,
        assets,
        warnings: warnings.0,
    })
}
