//! The imported wavetables and samples of a patch, ready to be played.
//!
//! Whoever loads a patch fills one of these from the files beside it (names are hashes; who reads the files checks
//! them) and hands it to [`crate::patch_player::PatchPlayer::with_assets`]. Tables are computed from their components
//! here, at load, so that nothing of that is left for the audio path; clones share them.

use std::collections::BTreeMap;
use std::sync::Arc;

use songwalker_schemas::asset::{SampleAsset, WavetableAsset};

use crate::noise::SampleTable;
use crate::wavetable::Wavetable;

/// Wavetables and samples by the SHA-256 of their files.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    wavetables: BTreeMap<String, Arc<Wavetable>>,
    samples: BTreeMap<String, Arc<SampleTable>>,
}

impl Assets {
    /// Computes the frames of a wavetable and keeps them under its hash.
    pub fn insert_wavetable(&mut self, hash: &str, asset: &WavetableAsset) {
        if !self.wavetables.contains_key(hash) {
            let table = Arc::new(Wavetable::of_asset(asset));
            self.wavetables.insert(hash.to_owned(), table);
        }
    }

    /// Prepares a sample and keeps it under its hash.
    pub fn insert_sample(&mut self, hash: &str, asset: &SampleAsset) {
        if !self.samples.contains_key(hash) {
            let table = Arc::new(SampleTable::of_asset(asset));
            self.samples.insert(hash.to_owned(), table);
        }
    }

    /// The wavetable of that hash.
    #[must_use]
    pub fn wavetable(&self, hash: &str) -> Option<Arc<Wavetable>> {
        self.wavetables.get(hash).cloned()
    }

    /// The sample of that hash.
    #[must_use]
    pub fn sample(&self, hash: &str) -> Option<Arc<SampleTable>> {
        self.samples.get(hash).cloned()
    }
}
