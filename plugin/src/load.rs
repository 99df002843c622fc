//! From bytes that anybody may have written to content that plays: bundles, presets, patches, `.vital` files.
//!
//! Nothing is trusted: sizes are bounded before reading, every rule and hash is checked, and what is wrong is said in one
//! sentence. Only what is whole comes out.

mod bytes;
pub mod cache;
pub mod server;

use std::path::{Path, PathBuf};

use reqwest::Url;

use serde_json::{Map, Value};
use songwalker_generator::assets::{AssetError, PatchAssets};
use songwalker_generator::import::{self, ImportError, MAX_PRESET_BYTES};
use songwalker_generator::package::{archive, layout, songwalker_preset};
use songwalker_generator::verify::{self, VerifyError};
use songwalker_schemas::limits::MAX_PATCH_BYTES;
use songwalker_schemas::{Faults, PatchSpec, SCHEMA_VERSION};

pub use bytes::read as read_file;

use crate::content::{Content, PatchContent, Playable, Variation};

/// Most bytes of anything that is loaded.
pub const MAX_BYTES: usize = MAX_PRESET_BYTES;

/// Why something cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none.
    #[error("there is no such file")]
    NoFile,
    /// A file could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[source] std::io::Error),
    /// Larger than anything that is loaded.
    #[error("it is larger than anything that can be loaded")]
    TooLarge,
    /// No regular file.
    #[error("it is no file")]
    NotFile,
    /// Of a form that only a newer program knows.
    #[error("it was made by a newer SongWalker, which can open it")]
    Newer,
    /// A zip that is no sound bundle.
    #[error("the bundle is damaged or no bundle: {}", first(&.0.to_string()))]
    Bundle(#[source] VerifyError),
    /// A patch or preset that breaks the rules.
    #[error("the patch is invalid: {}", first(&.0.to_string()))]
    Patch(Faults),
    /// A sound file of a patch.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// A `.vital` file that cannot be imported.
    #[error("{0}; {hint}", hint = .0.hint())]
    Import(#[from] ImportError),
    /// Nothing that is known.
    #[error("it is neither a bundle, a preset, a patch nor a .vital file")]
    Unknown,
}

/// A text cut to what a line of the editor shows.
fn first(text: &str) -> String {
    let mut lines = text.lines();
    let line = match (lines.next(), lines.next()) {
        (Some(_), Some(second)) => second,
        (line, _) => line.unwrap_or_default(),
    };
    line.chars().take(200).collect()
}

/// Whether a document says that it is of a version after this program's.
fn is_newer(document: &Map<String, Value>) -> bool {
    let number = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let said = document.get("schema_version").and_then(Value::as_str);
    said.and_then(number) > number(SCHEMA_VERSION)
}

/// What bytes hold. `name` is what they are called; `beside` the folder that they stand in, where they are a file.
///
/// # Errors
/// Nothing that is known, or something that is not whole.
pub fn content(bytes: &[u8], name: &str, beside: Option<&Path>) -> Result<Content, LoadError> {
    if bytes.len() > MAX_BYTES {
        return Err(LoadError::TooLarge);
    }
    if bytes.starts_with(b"PK") {
        return bundle(bytes);
    }
    let is_vital = name.to_lowercase().ends_with(".vital");
    if is_vital {
        return vital(bytes, name);
    }
    // What a document of that many bytes becomes in memory is a multiple of it.
    if bytes.len() > MAX_PATCH_BYTES {
        return Err(LoadError::TooLarge);
    }
    let Ok(Value::Object(document)) = serde_json::from_slice::<Value>(bytes) else {
        return Err(LoadError::Unknown);
    };
    let has = |key: &str| document.contains_key(key);
    if is_newer(&document) {
        return Err(LoadError::Newer);
    }
    if has("format") && has("patch") {
        patch(songwalker_preset::read(bytes).map_err(LoadError::Patch)?, beside)
    } else if has("modules") {
        patch(PatchSpec::from_json(bytes).map_err(LoadError::Patch)?, beside)
    } else if has("settings") {
        vital(bytes, name)
    } else {
        Err(LoadError::Unknown)
    }
}

/// The path that people mean: with `~` for their home folder, or as a `file://` address; none where it is another address.
#[must_use]
pub fn path_of(typed: &str) -> Option<PathBuf> {
    if typed.starts_with("file://") {
        let path = Url::parse(typed).ok().and_then(|url| url.to_file_path().ok());
        return Some(path.unwrap_or_else(|| PathBuf::from(typed)));
    }
    if typed.contains("://") {
        return None;
    }
    let home = directories::BaseDirs::new();
    match (typed.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Some(home.home_dir().join(below)),
        _ => Some(PathBuf::from(typed)),
    }
}

/// A file's content and its bytes, for the cache; of a folder, its patch's.
///
/// # Errors
/// As [`content`], and what the disk says.
pub fn file(path: &Path) -> Result<(Content, Vec<u8>), LoadError> {
    let inside = path.join(layout::PATCH);
    let path = if inside.is_file() { inside.as_path() } else { path };
    let bytes = read_file(path, MAX_BYTES)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok((content(&bytes, &name, path.parent())?, bytes))
}

fn bundle(bytes: &[u8]) -> Result<Content, LoadError> {
    let report = verify::verify(bytes).map_err(|error| {
        let files = archive::inspect(bytes).files;
        let patch = files
            .get(layout::PATCH)
            .map(|patch| serde_json::from_slice(patch));
        match patch {
            Some(Ok(Value::Object(patch))) if is_newer(&patch) => LoadError::Newer,
            _ => LoadError::Bundle(error),
        }
    })?;
    // A bundle has no assets: a patch that names one that sounds is refused here.
    let sound = |patch: PatchSpec| -> Result<_, LoadError> {
        let assets = PatchAssets::read(&patch, |_, _| Ok(None))?;
        Ok(Playable::new(patch, assets))
    };
    let variations = report.variations.into_iter().map(|(id, patch)| {
        Ok(Variation {
            name: id.replace(['_', '-'], " "),
            sound: sound(patch)?,
        })
    });
    let variations = variations.collect::<Result<Vec<_>, LoadError>>()?;
    Ok(Content::Patch(PatchContent {
        base: sound(report.patch)?,
        variations,
        chosen: 0,
        warnings: report.notes,
    }))
}

fn patch(patch: PatchSpec, beside: Option<&Path>) -> Result<Content, LoadError> {
    let assets = match beside {
        Some(folder) => PatchAssets::read_beside(&patch, folder)?,
        None => PatchAssets::read(&patch, |_, _| Ok(None))?,
    };
    Ok(Content::Patch(PatchContent::of(Playable::new(patch, assets))))
}

fn vital(bytes: &[u8], name: &str) -> Result<Content, LoadError> {
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy());
    let import = import::vital(bytes, stem.as_deref())?;
    let warnings = import.warnings.iter();
    Ok(Content::Patch(PatchContent {
        warnings: warnings
            .map(|warning| format!("{}: {}", warning.feature, warning.detail))
            .collect(),
        ..PatchContent::of(Playable::new(import.patch, import.assets))
    }))
}
