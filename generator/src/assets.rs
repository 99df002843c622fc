//! The files `assets/<sha256>.json|.flac` beside a patch: wavetables and samples that were imported.
//!
//! [`PatchAssets`] holds them in memory, made by an import or read from a folder (or from anywhere else, with
//! [`PatchAssets::read`]). Every hash is checked on reading, every size before it, and the sum stays within
//! [`MAX_ASSET_BYTES`]. Writing gives the same bytes as were read.

mod flac;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use songwalker_engine::assets::Assets;
use songwalker_schemas::asset::{MAX_ASSET_BYTES, SampleAsset, WavetableAsset};
use songwalker_schemas::patch::osc::WavetableSource;
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::{Faults, PatchSpec, canonical};

/// The folder beside the patch.
pub const FOLDER: &str = "assets";

/// Why assets cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// A patch names it, but it is not there.
    #[error("the asset {0} is missing: it must stand beside the patch")]
    Missing(String),
    /// Its bytes are not those that its name says.
    #[error("the asset {path} is damaged: its SHA-256 is {found}")]
    Damaged {
        /// Its path beside the patch.
        path: String,
        /// The hash of what is there.
        found: String,
    },
    /// It has the right name but is no valid asset.
    #[error("the asset {path} is invalid: {problem}")]
    Invalid {
        /// Its path beside the patch.
        path: String,
        /// What is wrong, every fault.
        problem: String,
    },
    /// All assets together are too large.
    #[error("the assets have {bytes} bytes or more, at most {MAX_ASSET_BYTES} are allowed")]
    TooLarge {
        /// Bytes so far.
        bytes: usize,
    },
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
}

/// The assets of a patch with the bytes of their files.
#[derive(Debug, Clone, Default)]
pub struct PatchAssets {
    files: BTreeMap<String, Vec<u8>>,
    wavetables: BTreeMap<String, WavetableAsset>,
    samples: BTreeMap<String, SampleAsset>,
}

/// What a patch names: its path beside the patch, and whether it cannot be played without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `assets/<sha256>.json` or `.flac`.
    pub path: String,
    /// A slot that is on plays it.
    pub needed: bool,
}

/// The assets that a patch names, each once.
#[must_use]
pub fn named(patch: &PatchSpec) -> Vec<Named> {
    let mut list: Vec<Named> = Vec::new();
    let mut add = |path: String, needed: bool| match list.iter_mut().find(|named| named.path == path) {
        Some(named) => named.needed |= needed,
        None => list.push(Named { path, needed }),
    };
    for osc in &patch.modules.osc {
        if osc.wavetable.source == WavetableSource::Asset {
            add(wavetable_path(&osc.wavetable.name.0), osc.enabled);
        }
    }
    let slot = &patch.modules.sample;
    if slot.source == SampleSource::Asset {
        add(sample_path(&slot.asset.0), slot.enabled);
    }
    list
}

fn wavetable_path(hash: &str) -> String {
    format!("{FOLDER}/{hash}.json")
}

fn sample_path(hash: &str) -> String {
    format!("{FOLDER}/{hash}.flac")
}

impl PatchAssets {
    /// Takes a wavetable in and gives its hash.
    ///
    /// # Errors
    /// When it breaks a rule or the assets grow too large.
    pub fn add_wavetable(&mut self, asset: WavetableAsset) -> Result<String, AssetError> {
        let bytes = asset.to_canonical();
        let hash = canonical::sha256_hex(&bytes);
        // What is kept is what will be read again.
        let asset = read_wavetable(&wavetable_path(&hash), &bytes)?;
        self.keep(wavetable_path(&hash), bytes)?;
        self.wavetables.insert(hash.clone(), asset);
        Ok(hash)
    }

    /// Takes a sample in and gives its hash.
    ///
    /// # Errors
    /// When it breaks a rule or the assets grow too large.
    pub fn add_sample(&mut self, asset: SampleAsset) -> Result<String, AssetError> {
        let invalid = |problem: String| AssetError::Invalid {
            path: asset.name.clone(),
            problem,
        };
        asset.check().map_err(|faults| invalid(faults.to_string()))?;
        let bytes = flac::encode(&asset).map_err(invalid)?;
        let hash = canonical::sha256_hex(&bytes);
        self.keep(sample_path(&hash), bytes)?;
        self.samples.insert(hash.clone(), asset);
        Ok(hash)
    }

    /// The assets that `patch` names; `read(path, most)` gives the bytes of a path, at most `most` of them, or none when
    /// nothing is there.
    ///
    /// # Errors
    /// When one that sounds is missing, and when any is damaged, invalid or too large.
    pub fn read(
        patch: &PatchSpec,
        mut read: impl FnMut(&str, usize) -> Result<Option<Vec<u8>>, AssetError>,
    ) -> Result<Self, AssetError> {
        let mut assets = Self::default();
        for named in named(patch) {
            // One byte more than allowed tells a file that is too large.
            match read(&named.path, MAX_ASSET_BYTES + 1 - assets.bytes())? {
                Some(bytes) => assets.take(named.path, bytes)?,
                None if named.needed => return Err(AssetError::Missing(named.path)),
                None => {}
            }
        }
        Ok(assets)
    }

    /// The assets of a patch that stands in `folder`.
    ///
    /// # Errors
    /// As [`PatchAssets::read`].
    pub fn read_beside(patch: &PatchSpec, folder: &Path) -> Result<Self, AssetError> {
        Self::read(patch, |path, most| {
            let path = folder.join(path);
            let read = || -> std::io::Result<Option<Vec<u8>>> {
                let file = match std::fs::File::open(&path) {
                    Ok(file) => file,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                };
                let mut bytes = Vec::new();
                file.take(most as u64).read_to_end(&mut bytes)?;
                Ok(Some(bytes))
            };
            read().map_err(|error| AssetError::Io {
                path: path.clone(),
                error,
            })
        })
    }

    /// Writes every file below `folder`; files that are there already with the same bytes stay.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_beside(&self, folder: &Path) -> Result<(), AssetError> {
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            let write = || -> std::io::Result<()> {
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                if std::fs::read(&path).is_ok_and(|there| there == *bytes) {
                    return Ok(());
                }
                std::fs::write(&path, bytes)
            };
            write().map_err(|error| AssetError::Io {
                path: path.clone(),
                error,
            })?;
        }
        Ok(())
    }

    /// The files: path beside the patch, bytes; in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Size of all files, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }

    /// The wavetable of that hash.
    #[must_use]
    pub fn wavetable(&self, hash: &str) -> Option<&WavetableAsset> {
        self.wavetables.get(hash)
    }

    /// The sample of that hash.
    #[must_use]
    pub fn sample(&self, hash: &str) -> Option<&SampleAsset> {
        self.samples.get(hash)
    }

    /// Everything computed for the engine: some milliseconds a table.
    #[must_use]
    pub fn for_engine(&self) -> Assets {
        let mut assets = Assets::default();
        for (hash, asset) in &self.wavetables {
            assets.insert_wavetable(hash, asset);
        }
        for (hash, asset) in &self.samples {
            assets.insert_sample(hash, asset);
        }
        assets
    }

    fn keep(&mut self, path: String, bytes: Vec<u8>) -> Result<(), AssetError> {
        let others: usize = self
            .files
            .iter()
            .filter(|(other, _)| **other != path)
            .map(|(_, bytes)| bytes.len())
            .sum();
        if others + bytes.len() > MAX_ASSET_BYTES {
            return Err(AssetError::TooLarge {
                bytes: others + bytes.len(),
            });
        }
        self.files.insert(path, bytes);
        Ok(())
    }

    /// Takes a file in whose path names its hash.
    fn take(&mut self, path: String, bytes: Vec<u8>) -> Result<(), AssetError> {
        if self.bytes() + bytes.len() > MAX_ASSET_BYTES {
            return Err(AssetError::TooLarge {
                bytes: self.bytes() + bytes.len(),
            });
        }
        let hash = canonical::sha256_hex(&bytes);
        let wavetable = path == wavetable_path(&hash);
        if !wavetable && path != sample_path(&hash) {
            return Err(AssetError::Damaged { path, found: hash });
        }
        if wavetable {
            let asset = read_wavetable(&path, &bytes)?;
            self.wavetables.insert(hash, asset);
        } else {
            let invalid = |problem| AssetError::Invalid {
                path: path.clone(),
                problem,
            };
            let asset = flac::decode(&bytes).map_err(invalid)?;
            self.samples.insert(hash, asset);
        }
        self.keep(path, bytes)
    }
}

fn read_wavetable(path: &str, bytes: &[u8]) -> Result<WavetableAsset, AssetError> {
    WavetableAsset::from_json(bytes).map_err(|faults: Faults| AssetError::Invalid {
        path: path.to_owned(),
        problem: faults.to_string(),
    })
}

#[cfg(test)]
mod tests;
