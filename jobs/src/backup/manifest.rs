//! What a backup file says of itself, and the names in it.

use serde::{Deserialize, Serialize};
use songwalker_schemas::Timestamp;

/// The first thing that is read of a backup.
pub(super) const FORMAT: &str = "songwalker-backup";
/// The only form of backups so far.
pub(super) const VERSION: u32 = 1;
/// The entry with this document.
pub(super) const MANIFEST: &str = "manifest.json";
/// The entry with the database.
pub(super) const DATABASE: &str = "songwalker.db";
/// What the entries of objects start with; their keys follow.
pub(super) const OBJECTS: &str = "objects/";
/// What is larger was not written by us.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// The list of what is in a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub format: String,
    pub version: u32,
    pub created_at: Timestamp,
    /// The database.
    pub database: Entry,
    /// The objects by key; the hash of each is the end of its key.
    pub objects: Vec<Object>,
    /// The keys of objects that rows refer to and that could not be read.
    pub missing: Vec<String>,
}

/// A file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub bytes: u64,
    pub sha256: String,
}

/// An object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object {
    pub key: String,
    pub bytes: u64,
}
