//! The list of a bundle's files with their hashes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical;
use crate::table::Described;

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Path inside the bundle, `/` between folders.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// `meta/manifest.json`: every other file, in byte order of path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always "1.0".
    pub schema_version: String,
    /// Every entry but the manifest itself.
    pub files: Vec<ManifestFile>,
    /// SHA-256 of the canonical JSON of `files`, lower-case hex.
    pub bundle_sha256: String,
}

impl Manifest {
    /// The manifest of these files; the order given does not matter.
    #[must_use]
    pub fn new(mut files: Vec<ManifestFile>) -> Self {
        files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        let bundle_sha256 = Self::hash(&files);
        Self {
            schema_version: crate::SCHEMA_VERSION.to_owned(),
            files,
            bundle_sha256,
        }
    }

    /// SHA-256 of the canonical JSON of `files`.
    #[must_use]
    pub fn hash(files: &[ManifestFile]) -> String {
        let list: Vec<Value> = files
            .iter()
            .map(|f| json!({ "path": f.path, "sha256": f.sha256, "bytes": f.bytes }))
            .collect();
        canonical::sha256_hex(canonical::to_string(&Value::Array(list)).as_bytes())
    }
}

impl Described for Manifest {
    fn schema() -> Value {
        let sha = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256, lower-case hex." });
        json!({
            "type": "object", "additionalProperties": false, "required": ["schema_version", "files", "bundle_sha256"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "files": { "type": "array", "maxItems": 512, "items": {
                    "type": "object", "additionalProperties": false, "required": ["path", "sha256", "bytes"],
                    "properties": {
                        "path": { "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._ -]+(/[A-Za-z0-9._ -]+)*$" },
                        "sha256": sha, "bytes": { "type": "integer", "minimum": 0 } } } },
                "bundle_sha256": sha
            }
        })
    }
}
