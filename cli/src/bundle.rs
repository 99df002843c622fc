//! A bundle that was just made or fetched: its zip and what is in it, as far as commands tell of it. Its entries are
//! read within bounds and their names checked; whether every hash holds is `verify`'s affair.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use songwalker_generator::export;
use songwalker_generator::package::{archive, layout, names};
use songwalker_schemas::report::Report;
use songwalker_schemas::{ErrorCode, Fault, Intent, PatchSpec, VariationsDiff};

use crate::failure::Failure;

/// A bundle, unpacked.
#[derive(Debug)]
pub struct Bundle {
    /// The stem of its files' names.
    pub stem: String,
    /// The zip.
    pub zip: Vec<u8>,
    /// What stands in it, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The patch.
    pub patch: PatchSpec,
    /// What was understood.
    pub intent: Intent,
    /// What was measured, asked and reached.
    pub report: Report,
}

impl Bundle {
    /// Unpacks a zip.
    ///
    /// # Errors
    /// `invalid_bundle`.
    pub fn unpack(zip: Vec<u8>) -> Result<Self, Failure> {
        let files = archive::read(&zip).map_err(|faults| {
            let faults = faults.into_iter().map(|fault| Fault {
                pointer: String::new(),
                problem: fault.to_string(),
            });
            broken().with_faults(faults.collect())
        })?;
        let patch = PatchSpec::from_json(file(&files, layout::PATCH)?)
            .map_err(|faults| broken().with_faults(faults.as_slice().to_vec()))?;
        Ok(Self {
            stem: names::file_stem(&patch.name),
            intent: document(&files, layout::INTENT)?,
            report: document(&files, layout::ANALYSIS)?,
            patch,
            files,
            zip,
        })
    }

    /// What was measured, as the bundle says it.
    ///
    /// # Errors
    /// `invalid_bundle`.
    pub fn analysis(&self) -> Result<Value, Failure> {
        document(&self.files, layout::ANALYSIS)
    }

    /// How the patch differs from its parent's, where it was refined.
    ///
    /// # Errors
    /// `invalid_bundle`.
    pub fn refinement(&self) -> Result<Option<Value>, Failure> {
        let is_there = self.files.contains_key(layout::REFINEMENT);
        is_there
            .then(|| document(&self.files, layout::REFINEMENT))
            .transpose()
    }

    /// What Vital cannot carry of the patch.
    pub fn lost(&self) -> Vec<String> {
        export::vital(&self.patch).map_or_else(|_| Vec::new(), |made| made.lost)
    }

    /// What the variations are called, in the order of the bundle.
    pub fn variations(&self) -> Vec<String> {
        let vital = |path: &String| {
            path.strip_prefix("variations/")
                .and_then(|name| name.strip_suffix(".vital"))
                .map(str::to_owned)
        };
        self.files.keys().filter_map(vital).collect()
    }

    /// Variations whose sound did not fit.
    pub fn silent_variations(&self) -> Vec<String> {
        let Ok(diff) = document::<VariationsDiff>(&self.files, layout::VARIATIONS_DIFF) else {
            return Vec::new();
        };
        diff.variations
            .into_iter()
            .map(|variation| variation.id)
            .filter(|id| !self.files.contains_key(&layout::variation_flac(id)))
            .collect()
    }
}

fn broken() -> Failure {
    Failure::new(ErrorCode::InvalidBundle, "the bundle cannot be read")
}

fn file<'f>(files: &'f BTreeMap<String, Vec<u8>>, path: &str) -> Result<&'f [u8], Failure> {
    files.get(path).map(Vec::as_slice).ok_or_else(|| {
        broken().with_faults(vec![Fault {
            pointer: format!("/{path}"),
            problem: "missing".to_owned(),
        }])
    })
}

fn document<T: DeserializeOwned>(files: &BTreeMap<String, Vec<u8>>, path: &str) -> Result<T, Failure> {
    serde_json::from_slice(file(files, path)?).map_err(|error| {
        broken().with_faults(vec![Fault {
            pointer: format!("/{path}"),
            problem: error.to_string(),
        }])
    })
}
