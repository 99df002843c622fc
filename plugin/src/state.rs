//! What a host's project keeps: the whole rack, so that it comes back without network or cache.
//!
//! A JSON document of version 1, deflated, as base64: each patch once, canonical, by its hash; its assets beside it. What a
//! project says is not trusted: sizes are bounded before unpacking, every patch and asset is checked. Where something is
//! wrong, or newer than this plugin, what sounded goes on and a message says why.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use songwalker_generator::assets::{AssetError, PatchAssets};
use songwalker_schemas::PatchSpec;

use crate::SLOTS;
use crate::content::{Content, PatchContent, Playable, Variation};
use crate::instance::Instance;
use crate::params::MACROS;
use crate::rack::{Other, Rack, Routing, Slot};

/// The version that is written.
const VERSION: u32 = 1;
/// Most bytes of a document once it is unpacked.
const MAX_BYTES: u64 = 256 << 20;
/// Most variations that are read.
const MAX_VARIATIONS: usize = 16;

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// By the hash of their canonical JSON.
    patches: BTreeMap<String, String>,
    /// Files as base64, by their paths beside a patch.
    #[serde(default)]
    assets: BTreeMap<String, String>,
    slots: Vec<SlotState>,
}

#[derive(Serialize, Deserialize)]
struct SlotState {
    place: usize,
    #[serde(default)]
    routing: Routing,
    content: ContentState,
    #[serde(default)]
    other: Option<ContentState>,
    /// Where the other side's macros stood; where the patch has them, if nobody said.
    #[serde(default)]
    other_macros: Option<[f32; MACROS]>,
    #[serde(default)]
    trim_db: f32,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ContentState {
    Empty,
    Patch {
        base: String,
        #[serde(default)]
        variations: Vec<VariationState>,
        #[serde(default)]
        chosen: usize,
    },
}

#[derive(Serialize, Deserialize)]
struct VariationState {
    name: String,
    patch: String,
}

/// Why a project's rack cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is none.
    #[error("the project's sounds cannot be read: {0}")]
    Unreadable(String),
    /// A newer plugin wrote it.
    #[error("the project was saved by a newer SongWalker (state version {0}): update the plugin to open it")]
    TooNew(u32),
    /// A patch in it breaks the rules.
    #[error("a patch of the project is invalid: {0}")]
    Patch(String),
    /// An asset in it is not what its name says.
    #[error("a sound file of the project is damaged: {0}")]
    Asset(#[from] AssetError),
}

fn unreadable(error: impl std::fmt::Display) -> StateError {
    StateError::Unreadable(error.to_string())
}

/// A rack as text.
///
/// # Errors
/// It cannot be written as JSON, which no rack is known for.
pub fn write(rack: &Rack) -> Result<String, StateError> {
    let mut document = Document {
        version: VERSION,
        patches: BTreeMap::new(),
        assets: BTreeMap::new(),
        slots: Vec::new(),
    };
    for (place, slot) in rack.present() {
        let state = SlotState {
            place,
            routing: slot.routing,
            content: document.keep(&slot.content),
            other: slot.other.as_ref().map(|other| document.keep(&other.content)),
            other_macros: slot.other.as_ref().map(|other| other.macros),
            trim_db: slot.trim_db,
        };
        document.slots.push(state);
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let json = serde_json::to_vec(&document).map_err(unreadable)?;
    packed.write_all(&json).map_err(unreadable)?;
    Ok(STANDARD.encode(packed.finish().map_err(unreadable)?))
}

impl Document {
    fn keep(&mut self, content: &Content) -> ContentState {
        match content {
            Content::Empty => ContentState::Empty,
            Content::Patch(content) => ContentState::Patch {
                base: self.keep_sound(&content.base),
                variations: content
                    .variations
                    .iter()
                    .map(|variation| VariationState {
                        name: variation.name.clone(),
                        patch: self.keep_sound(&variation.sound),
                    })
                    .collect(),
                chosen: content.chosen,
            },
        }
    }

    fn keep_sound(&mut self, sound: &Playable) -> String {
        let patches = &mut self.patches;
        patches
            .entry(sound.hash.clone())
            .or_insert_with(|| String::from_utf8(sound.patch.to_canonical()).unwrap_or_default());
        for (path, bytes) in sound.assets.files() {
            let assets = &mut self.assets;
            assets
                .entry(path.to_owned())
                .or_insert_with(|| STANDARD.encode(bytes));
        }
        sound.hash.clone()
    }

    fn content(&self, state: &ContentState, known: &mut Known) -> Result<Content, StateError> {
        let ContentState::Patch {
            base,
            variations,
            chosen,
        } = state
        else {
            return Ok(Content::Empty);
        };
        let base = self.sound(base, known)?;
        let variations = variations.iter().take(MAX_VARIATIONS).map(|variation| {
            Ok(Variation {
                name: variation.name.chars().take(64).collect(),
                sound: self.sound(&variation.patch, known)?,
            })
        });
        let variations: Vec<Variation> = variations.collect::<Result<_, StateError>>()?;
        Ok(Content::Patch(PatchContent {
            base,
            chosen: (*chosen).min(variations.len()),
            variations,
            warnings: Vec::new(),
        }))
    }

    fn sound(&self, hash: &str, known: &mut Known) -> Result<Arc<Playable>, StateError> {
        if let Some(sound) = known.get(hash) {
            return Ok(sound.clone());
        }
        let text = self.patches.get(hash);
        let text = text.ok_or_else(|| unreadable("a patch is missing"))?;
        let patch =
            PatchSpec::from_json(text.as_bytes()).map_err(|faults| StateError::Patch(faults.to_string()))?;
        let assets = PatchAssets::read(&patch, |path, _| {
            let Some(text) = self.assets.get(path) else {
                return Ok(None);
            };
            // What is no base64 is a damaged file: its hash will say so.
            Ok(Some(STANDARD.decode(text).unwrap_or_default()))
        })?;
        let sound = Playable::new(patch, assets);
        if sound.hash != hash {
            return Err(unreadable("a patch is damaged"));
        }
        known.insert(hash.to_owned(), sound.clone());
        Ok(sound)
    }
}

type Known = BTreeMap<String, Arc<Playable>>;

/// The rack of a text.
///
/// # Errors
/// It is none, newer, or something in it breaks the rules.
pub fn read(text: &str) -> Result<Rack, StateError> {
    let packed = STANDARD.decode(text.trim()).map_err(unreadable)?;
    let mut json = Vec::new();
    let mut bounded = ZlibDecoder::new(packed.as_slice()).take(MAX_BYTES + 1);
    bounded.read_to_end(&mut json).map_err(unreadable)?;
    if json.len() as u64 > MAX_BYTES {
        return Err(unreadable("it is too large"));
    }
    // The version first: a newer document may have any shape.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_slice(&json).map_err(unreadable)?;
    if version > VERSION {
        return Err(StateError::TooNew(version));
    }
    let document: Document = serde_json::from_slice(&json).map_err(unreadable)?;
    let mut known = Known::new();
    let mut rack = Rack::empty();
    for state in &document.slots {
        if state.place >= SLOTS {
            return Err(unreadable("a slot is outside of the rack"));
        }
        let other = state
            .other
            .as_ref()
            .map(|other| document.content(other, &mut known));
        let other = other.transpose()?.map(|content| Other {
            macros: within(state.other_macros.unwrap_or_else(|| content.macros())),
            content,
        });
        rack.slots[state.place] = Some(Slot {
            content: document.content(&state.content, &mut known)?,
            other,
            routing: state.routing.bounded(),
            trim_db: state.trim_db.clamp(-60.0, 0.0),
        });
    }
    Ok(rack)
}

/// Macros as they may stand.
fn within(macros: [f32; MACROS]) -> [f32; MACROS] {
    macros.map(|place| {
        if place.is_finite() {
            place.clamp(0.0, 1.0)
        } else {
            0.0
        }
    })
}

/// A rack that could not be read, as long as nothing is changed: saving must not lose what a newer plugin, or a mended one,
/// may read.
struct Unread {
    text: String,
    edits: u64,
}

/// The rack among what the host's project keeps.
#[derive(Default)]
pub struct SavedRack {
    instance: Arc<Instance>,
    unread: Mutex<Option<Unread>>,
}

impl SavedRack {
    /// That of an instance.
    #[must_use]
    pub fn of(instance: Arc<Instance>) -> Self {
        Self {
            instance,
            unread: Mutex::default(),
        }
    }
}

impl PersistentField<'_, String> for SavedRack {
    fn set(&self, text: String) {
        match read(&text) {
            Ok(rack) => {
                *self.unread.lock() = None;
                self.instance.restore(rack);
            }
            Err(error) => {
                let edits = self.instance.edits();
                *self.unread.lock() = Some(Unread { text, edits });
                self.instance.tell(true, format!("{error}."));
            }
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&String) -> R,
    {
        let unread = self.unread.lock();
        let as_it_came = unread
            .as_ref()
            .filter(|unread| unread.edits == self.instance.edits());
        match as_it_came {
            Some(unread) => f(&unread.text),
            None => f(&write(&self.instance.rack()).unwrap_or_default()),
        }
    }
}
