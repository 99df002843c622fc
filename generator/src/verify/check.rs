//! A check under way: one method for each kind of file, each adding its faults and going on.

use super::BundleFault;
use super::flac_form::FlacForm;
use crate::export;
use crate::package::{
    PREVIEW_RATE, PREVIEW_SECONDS, VARIATION_SECONDS, layout, midi, names, readme, songwalker_preset,
};
use serde_json::Value;
use songwalker_engine::ENGINE_VERSION;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::refinement::Refinement;
use songwalker_schemas::{
    Fault, Faults, Manifest, PatchSpec, VariationsDiff, canonical, json_schema, structure,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most bytes of a JSON file that is parsed: one in memory takes up to a hundred times its size.
const MAX_JSON_BYTES: usize = 2_000_000;

/// The most bytes of a preview's notes.
const MAX_PREVIEW_MID_BYTES: usize = 64_000;

/// A check under way.
pub struct Check {
    /// The sound entries of the archive.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What was found so far.
    pub faults: Vec<BundleFault>,
    /// What could not be checked.
    pub notes: Vec<String>,
    /// The paths that this bundle must or may have.
    expected: BTreeSet<String>,
    /// The ids that the diff lists, where it can be read.
    variation_ids: Option<Vec<String>>,
}

impl Check {
    /// A check of these entries, with the faults that the archive had.
    pub fn new(files: BTreeMap<String, Vec<u8>>, faults: Vec<BundleFault>) -> Self {
        let expected = layout::REQUIRED.iter().map(|path| (*path).to_owned()).collect();
        Self {
            files,
            faults,
            notes: Vec::new(),
            expected,
            variation_ids: None,
        }
    }

    fn invalid(&mut self, path: &str, pointer: &str, problem: impl Into<String>) {
        let fault = Fault {
            pointer: pointer.to_owned(),
            problem: problem.into(),
        };
        self.faults.push(BundleFault::Invalid {
            path: path.to_owned(),
            fault,
        });
    }

    fn all_invalid(&mut self, path: &str, faults: &Faults) {
        for fault in faults.as_slice() {
            self.invalid(path, &fault.pointer, fault.problem.clone());
        }
    }

    /// Whether a file is there and not too large to be read; a fault where it is too large.
    fn readable(&mut self, path: &str, most: usize) -> bool {
        let Some(size) = self.files.get(path).map(Vec::len) else {
            return false;
        };
        if size > most {
            self.invalid(path, "", format!("has {size} bytes, more than {most}"));
        }
        size <= most
    }

    /// A file as canonical JSON; faults where it is not.
    pub fn json(&mut self, path: &str) -> Option<Value> {
        if !self.readable(path, MAX_JSON_BYTES) {
            return None;
        }
        let bytes = self.files.get(path)?;
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => {
                if canonical::to_string(&value).as_bytes() != bytes {
                    self.faults.push(BundleFault::NotCanonical(path.to_owned()));
                }
                Some(value)
            }
            Err(error) => {
                self.invalid(path, "", format!("not JSON: {error}"));
                None
            }
        }
    }

    /// A file as a document of a schema.
    pub fn document<T: serde::de::DeserializeOwned>(&mut self, path: &str, schema: &Value) -> Option<T> {
        let value = self.json(path)?;
        let mut faults = Faults::new();
        structure::check(&value, schema, &mut faults);
        if !faults.is_empty() {
            self.all_invalid(path, &faults);
            return None;
        }
        match serde_json::from_value(value) {
            Ok(document) => Some(document),
            Err(error) => {
                self.invalid(path, "", error.to_string());
                None
            }
        }
    }

    /// Compares what the manifest lists with what is there.
    pub fn manifest(&mut self) -> Option<Manifest> {
        let manifest: Manifest = self.document(layout::MANIFEST, json_schema::manifest())?;
        let paths: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
        if !paths.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()) {
            self.faults.push(BundleFault::Manifest(
                "files are not in order, or one is listed twice".to_owned(),
            ));
        }
        if Manifest::hash(&manifest.files) != manifest.bundle_sha256 {
            self.faults.push(BundleFault::Manifest(
                "bundle_sha256 is not the hash of files".to_owned(),
            ));
        }
        for file in &manifest.files {
            let path = file.path.clone();
            let Some(bytes) = self.files.get(&path) else {
                self.faults.push(BundleFault::Missing(path));
                continue;
            };
            let found = bytes.len() as u64;
            if found != file.bytes {
                self.faults.push(BundleFault::WrongSize {
                    path: path.clone(),
                    found,
                    listed: file.bytes,
                });
            }
            if canonical::sha256_hex(bytes) != file.sha256 {
                self.faults.push(BundleFault::WrongHash(path));
            }
        }
        let listed: BTreeSet<&str> = paths.into_iter().collect();
        let unlisted = self
            .files
            .keys()
            .filter(|path| *path != layout::MANIFEST && !listed.contains(path.as_str()));
        self.faults.extend(unlisted.cloned().map(BundleFault::Unexpected));
        Some(manifest)
    }

    pub fn patch(&mut self) -> Option<PatchSpec> {
        if !self.readable(layout::PATCH, MAX_JSON_BYTES) {
            return None;
        }
        let bytes = self.files.get(layout::PATCH)?;
        match PatchSpec::from_json(bytes) {
            Ok(patch) => {
                if patch.to_canonical() != *bytes {
                    self.faults
                        .push(BundleFault::NotCanonical(layout::PATCH.to_owned()));
                }
                Some(patch)
            }
            Err(faults) => {
                self.all_invalid(layout::PATCH, &faults);
                None
            }
        }
    }

    /// The variations that apply to the patch, by id.
    pub fn variations(&mut self, patch: Option<&PatchSpec>) -> Vec<(String, PatchSpec)> {
        let Some(value) = self.json(layout::VARIATIONS_DIFF) else {
            return Vec::new();
        };
        let diff = match VariationsDiff::from_value(value) {
            Ok(diff) => diff,
            Err(faults) => {
                self.all_invalid(layout::VARIATIONS_DIFF, &faults);
                return Vec::new();
            }
        };
        self.variation_ids = Some(
            diff.variations
                .iter()
                .map(|variation| variation.id.clone())
                .collect(),
        );
        let mut variations = Vec::new();
        let mut ids = BTreeSet::new();
        for (index, variation) in diff.variations.iter().enumerate() {
            let at = format!("/variations/{index}");
            if !ids.insert(variation.id.clone()) {
                self.invalid(layout::VARIATIONS_DIFF, &format!("{at}/id"), "is there twice");
                continue;
            }
            if variation.patch.is_empty() {
                self.invalid(layout::VARIATIONS_DIFF, &format!("{at}/patch"), "changes nothing");
            }
            self.expected.insert(layout::variation_flac(&variation.id));
            self.expected.insert(layout::variation_vital(&variation.id));
            let Some(patch) = patch else { continue };
            match variation.apply(patch, &at) {
                Ok(changed) => variations.push((variation.id.clone(), changed)),
                Err(faults) => self.all_invalid(layout::VARIATIONS_DIFF, &faults),
            }
        }
        variations
    }

    /// The way from the parent's patch, where there is one: of the bundle's own parent, and not without reason.
    pub fn refinement(&mut self, provenance: Option<&Provenance>) {
        if !self.files.contains_key(layout::REFINEMENT) {
            return;
        }
        self.expected.insert(layout::REFINEMENT.to_owned());
        let Some(refinement) = self.document::<Refinement>(layout::REFINEMENT, json_schema::refinement())
        else {
            return;
        };
        if provenance.is_some_and(|provenance| provenance.parent != refinement.parent) {
            self.faults
                .push(BundleFault::Mismatch(layout::REFINEMENT.to_owned()));
        }
    }

    /// Compares what can be made again from the patch.
    pub fn made_from(
        &mut self,
        patch: &PatchSpec,
        variations: &[(String, PatchSpec)],
        provenance: Option<&Provenance>,
    ) {
        let stem = names::file_stem(&patch.name);
        let vital = layout::vital(&stem);
        self.expected.insert(vital.clone());
        let same_version = provenance.is_none_or(|provenance| {
            provenance.engine_version == ENGINE_VERSION
                && provenance.generator_version == crate::generator_version()
        });
        if same_version {
            self.readme(patch, &stem);
            self.exported(vital, patch);
            for (id, variation) in variations {
                self.exported(layout::variation_vital(id), variation);
            }
        } else {
            self.notes
                .push(".vital files and README.txt were not compared: another version made them".to_owned());
        }
        if !self.readable(layout::PRESET, MAX_JSON_BYTES) {
            return;
        }
        if let Some(bytes) = self.files.get(layout::PRESET) {
            match songwalker_preset::read(bytes) {
                Ok(carried) if carried == *patch => {
                    if songwalker_preset::write(patch) != *bytes {
                        self.faults
                            .push(BundleFault::NotCanonical(layout::PRESET.to_owned()));
                    }
                }
                Ok(_) => self.faults.push(BundleFault::Mismatch(layout::PRESET.to_owned())),
                Err(faults) => self.all_invalid(layout::PRESET, &faults),
            }
        }
    }

    /// The README names the diff's variations in their order, whether or not they apply.
    fn readme(&mut self, patch: &PatchSpec, stem: &str) {
        let Some(ids) = self.variation_ids.as_deref() else {
            return;
        };
        let made = readme::text(patch, stem, ids);
        if self
            .files
            .get(layout::README)
            .is_some_and(|bytes| made.as_bytes() != bytes)
        {
            self.faults.push(BundleFault::Mismatch(layout::README.to_owned()));
        }
    }

    fn exported(&mut self, path: String, patch: &PatchSpec) {
        let Some(bytes) = self.files.get(&path) else {
            return;
        };
        match export::vital(patch) {
            Ok(made) if made.bytes == *bytes => {}
            Ok(_) => self.faults.push(BundleFault::Mismatch(path)),
            Err(error) => self.invalid(layout::PATCH, "", error.to_string()),
        }
    }

    /// The form of what is seen and heard.
    pub fn media(&mut self, variations: &[(String, PatchSpec)]) {
        let small = self.readable(layout::PREVIEW_MID, MAX_PREVIEW_MID_BYTES);
        if let Some(Err(error)) = self
            .files
            .get(layout::PREVIEW_MID)
            .filter(|_| small)
            .map(|bytes| midi::decode(bytes))
        {
            self.invalid(layout::PREVIEW_MID, "", error.to_string());
        }
        if self
            .files
            .get(layout::SPECTROGRAM)
            .is_some_and(|bytes| !bytes.starts_with(b"\x89PNG\r\n\x1a\n"))
        {
            self.invalid(layout::SPECTROGRAM, "", "not a PNG file");
        }
        self.flac(layout::PREVIEW_FLAC, PREVIEW_SECONDS);
        for (id, _) in variations {
            self.flac(&layout::variation_flac(id), VARIATION_SECONDS);
        }
    }

    fn flac(&mut self, path: &str, seconds: usize) {
        let Some(bytes) = self.files.get(path) else { return };
        let problem = match FlacForm::of(bytes) {
            None => "not a FLAC file",
            Some(form) if (form.rate, form.channels, form.bits) != (PREVIEW_RATE, 2, 16) => {
                "not 16-bit stereo at 44,100 Hz"
            }
            Some(form) if form.frames == 0 || !form.sounds => "has no sound",
            Some(form) if form.frames > u64::from(PREVIEW_RATE) * seconds as u64 => "too long",
            Some(_) => return,
        };
        self.invalid(path, "", problem);
    }

    /// What is missing and what does not belong.
    pub fn presence(&mut self, patch: Option<&PatchSpec>) {
        let optional = |path: &str| path.starts_with("variations/") && path.ends_with(".flac");
        for path in &self.expected {
            let fault = BundleFault::Missing(path.clone());
            if !self.files.contains_key(path) && !optional(path) && !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
        for path in self.files.keys() {
            let asset = is_asset(path);
            // Without a patch nobody knows its file's name, without a diff none of the variations'.
            let unknowable =
                patch.is_none() && (path.starts_with("vital/") || path.starts_with("variations/"));
            let fault = BundleFault::Unexpected(path.clone());
            if !self.expected.contains(path) && !asset && !unknowable && !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }
}

/// Whether a path is that of an asset: its hash in lower-case hex, and its kind.
fn is_asset(path: &str) -> bool {
    let Some(name) = path.strip_prefix("assets/") else {
        return false;
    };
    let stem = name.strip_suffix(".json").or_else(|| name.strip_suffix(".flac"));
    stem.is_some_and(|stem| {
        stem.len() == 64 && stem.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
