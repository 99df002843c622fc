//! What belongs to the machine and its user rather than to a song: the server and its key, the size of cache and editor.
//!
//! One small file in the user's configuration folder, readable by its owner only, for the key stands in it.

use std::path::PathBuf;

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};

use crate::editor::SMALLEST;
use crate::load::cache::{Cache, USUAL_LIMIT, write_whole};
use crate::load::read_file;

/// Moves the folders of settings and cache, for tests and for those who keep them elsewhere.
pub const FOLDER_VARIABLE: &str = "SONGWALKER_PLUGIN_HOME";
const FILE: &str = "plugin.json";
const MAX_BYTES: usize = 1 << 16;

/// The settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Address of the server; empty for none.
    pub server: String,
    /// The key for it.
    pub key: String,
    /// Most bytes of the cache.
    pub cache_bytes: u64,
    /// The editor's size in points.
    pub editor: (f32, f32),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: String::new(),
            key: String::new(),
            cache_bytes: USUAL_LIMIT,
            editor: (1_080.0, 720.0),
        }
    }
}

/// The folders of settings and cache; none where this machine has no such thing.
fn folders() -> Option<(PathBuf, PathBuf)> {
    if let Some(home) = std::env::var_os(FOLDER_VARIABLE) {
        let home = PathBuf::from(home);
        return Some((home.clone(), home.join("cache")));
    }
    let dirs = ProjectDirs::from("org", "songwalker", "songwalker")?;
    Some((dirs.config_dir().to_owned(), dirs.cache_dir().join("plugin")))
}

/// The folder of the settings; none where this machine has no such thing.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(folders()?.0)
}

impl Settings {
    /// Those of this machine; where there are none, or none that can be read, the usual ones.
    #[must_use]
    pub fn load() -> Self {
        let read = || read_file(&folders()?.0.join(FILE), MAX_BYTES).ok();
        let settings: Option<Self> = read().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut settings = settings.unwrap_or_default();
        let (width, height) = settings.editor;
        // A window that a file makes up must still be one.
        let within = |points: f32, least: f32, usual: f32| {
            if points.is_finite() {
                points.clamp(least, 8_192.0)
            } else {
                usual
            }
        };
        settings.editor = (
            within(width, SMALLEST.0, 1_080.0),
            within(height, SMALLEST.1, 720.0),
        );
        settings
    }

    /// Keeps them.
    ///
    /// # Errors
    /// The disk says no.
    pub fn save(&self) -> std::io::Result<()> {
        let (folder, _) = folders().ok_or(std::io::ErrorKind::NotFound)?;
        // A temporary file is its owner's alone, and stays so under its new name.
        write_whole(&folder.join(FILE), &serde_json::to_vec_pretty(self)?)
    }

    /// Keeps the editor's size, and leaves the rest of the file as somebody else may have written it meanwhile.
    ///
    /// # Errors
    /// The disk says no.
    pub fn save_editor(editor: (f32, f32)) -> std::io::Result<()> {
        let (folder, _) = folders().ok_or(std::io::ErrorKind::NotFound)?;
        let mut settings = match read_file(&folder.join(FILE), MAX_BYTES) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(settings) => settings,
                // Not ours to overwrite.
                Err(_) => return Ok(()),
            },
            Err(_) => Self::default(),
        };
        settings.editor = editor;
        settings.save()
    }

    /// The cache; none where this machine has no place for it.
    #[must_use]
    pub fn cache(&self) -> Option<Cache> {
        Some(Cache::new(folders()?.1, self.cache_bytes))
    }
}
