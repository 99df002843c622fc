//! What a slot may hold. Patches now; sample presets and track runners become variants of [`Content`].

use std::sync::Arc;

use songwalker_generator::assets::PatchAssets;
use songwalker_schemas::{PatchSpec, canonical};

use crate::params::MACROS;

/// A patch with what it needs to sound. Whole and checked; shared, never changed.
#[derive(Debug)]
pub struct Playable {
    /// The patch.
    pub patch: PatchSpec,
    /// Its wavetables and samples.
    pub assets: PatchAssets,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
}

impl Playable {
    /// A patch that was read or made, which is to say checked.
    #[must_use]
    pub fn new(patch: PatchSpec, assets: PatchAssets) -> Arc<Self> {
        let hash = canonical::sha256_hex(&patch.to_canonical());
        Arc::new(Self { patch, assets, hash })
    }
}

/// A sound close to the one that was loaded.
#[derive(Debug, Clone)]
pub struct Variation {
    /// What it is called: `darker`, `wider`.
    pub name: String,
    /// The sound.
    pub sound: Arc<Playable>,
}

/// A patch in a slot, with its variations.
#[derive(Debug, Clone)]
pub struct PatchContent {
    /// As it was loaded.
    pub base: Arc<Playable>,
    /// Those that came with it.
    pub variations: Vec<Variation>,
    /// Which sounds: 0 as it was loaded, then the variations in their order.
    pub chosen: usize,
    /// Warnings from reading it, for people.
    pub warnings: Vec<String>,
}

impl PatchContent {
    /// A patch alone.
    #[must_use]
    pub fn of(base: Arc<Playable>) -> Self {
        Self {
            base,
            variations: Vec::new(),
            chosen: 0,
            warnings: Vec::new(),
        }
    }

    /// The sound that plays.
    #[must_use]
    pub fn sound(&self) -> &Arc<Playable> {
        let variation = self.chosen_variation();
        variation.map_or(&self.base, |variation| &variation.sound)
    }

    /// The variation that plays, where it is one.
    #[must_use]
    pub fn chosen_variation(&self) -> Option<&Variation> {
        self.variations.get(self.chosen.checked_sub(1)?)
    }
}

/// What a slot holds.
#[derive(Debug, Clone, Default)]
pub enum Content {
    /// Nothing: silence.
    #[default]
    Empty,
    /// A patch.
    Patch(PatchContent),
}

impl Content {
    /// The init patch: what a new instance sounds with.
    #[must_use]
    pub fn init() -> Self {
        Self::Patch(PatchContent::of(Playable::new(
            PatchSpec::default(),
            PatchAssets::default(),
        )))
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Empty => "Empty",
            Self::Patch(content) => &content.base.patch.name,
        }
    }

    /// The same with the variation that sounds.
    #[must_use]
    pub fn title(&self) -> String {
        let variation = match self {
            Self::Empty => None,
            Self::Patch(content) => content.chosen_variation(),
        };
        match variation {
            Some(variation) => format!("{}, {}", self.name(), variation.name),
            None => self.name().to_owned(),
        }
    }

    /// Where the patch has its macros, 0..1; those that it has not are at 0.
    #[must_use]
    pub fn macros(&self) -> [f32; MACROS] {
        let slots = self.sound().map(|sound| sound.patch.macros.as_slice());
        let place = |i: usize| slots?.get(i).map(|slot| slot.value as f32);
        std::array::from_fn(|i| place(i).unwrap_or(0.0))
    }

    /// The patch that sounds, where there is one.
    #[must_use]
    pub fn sound(&self) -> Option<&Arc<Playable>> {
        match self {
            Self::Empty => None,
            Self::Patch(content) => Some(content.sound()),
        }
    }
}
