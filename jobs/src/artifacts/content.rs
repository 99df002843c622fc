//! A bundle opened: the files of it that are served, each checked against the manifest.
//!
//! Nothing that the zip says of itself is believed: the manifest, whose hash the row holds, says how long each file is
//! and what its hash is, and no more is ever unpacked (R6).

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use songwalker_schemas::manifest::ManifestFile;
use songwalker_schemas::{Manifest, canonical};
use zip::read::ZipArchive;

/// Where things stand in a bundle.
pub mod path {
    /// The patch.
    pub const PATCH: &str = "patch.json";
    /// The preview as sound.
    pub const PREVIEW: &str = "preview/preview.flac";
    /// The preview as a picture.
    pub const SPECTROGRAM: &str = "preview/spectrogram.png";
    /// The preview's outline.
    pub const WAVEFORM: &str = "preview/waveform.json";
    /// What was measured.
    pub const ANALYSIS: &str = "meta/analysis.json";
    /// How the variations differ.
    pub const VARIATIONS: &str = "meta/variations_diff.json";
    /// The list of files.
    pub(super) const MANIFEST: &str = "meta/manifest.json";

    /// The sound of a variation; nothing for what can be no variation's id.
    pub fn variation(id: &str) -> Option<String> {
        let is_id = (1..=32).contains(&id.len())
            && id
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        is_id.then(|| format!("variations/{id}.flac"))
    }

    /// Whether a file of a bundle is served by itself; the rest comes with the bundle.
    pub(super) fn is_served(path: &str) -> bool {
        let variation = path
            .strip_prefix("variations/")
            .and_then(|name| name.strip_suffix(".flac"))
            .and_then(variation);
        [PATCH, PREVIEW, SPECTROGRAM, WAVEFORM, ANALYSIS, VARIATIONS].contains(&path) || variation.is_some()
    }
}

/// The largest manifest: it lists at most 512 files.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// The most that all served files of a bundle may hold.
const MAX_UNPACKED_BYTES: u64 = 32 << 20;

/// An opened bundle.
#[derive(Debug)]
pub struct Content {
    /// The zip.
    pub zip: Arc<[u8]>,
    /// SHA-256 of the zip, lower-case hex.
    pub sha256: String,
    /// What is served of it, by path.
    pub files: BTreeMap<String, File>,
}

/// A file of a bundle.
#[derive(Debug)]
pub struct File {
    /// What is in it.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of that, lower-case hex.
    pub sha256: String,
}

/// Why a bundle cannot be served.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// It is no zip.
    #[error("is not a readable zip")]
    NoZip,
    /// Its manifest is missing, too long or none.
    #[error("has no readable manifest")]
    NoManifest,
    /// Its manifest is not the one that the row names.
    #[error("has another manifest than its row says")]
    OtherManifest,
    /// The manifest lists more than is ever unpacked.
    #[error("lists more than may be unpacked")]
    TooLarge,
    /// A file is not the one that the manifest lists.
    #[error("has another {0} than its manifest says")]
    OtherFile(String),
}

impl Content {
    /// Opens a bundle whose manifest must have the hash `manifest_sha256`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(zip: Vec<u8>, sha256: String, manifest_sha256: &str) -> Result<Self, ContentFault> {
        let mut archive = ZipArchive::new(Cursor::new(zip.as_slice())).map_err(|_| ContentFault::NoZip)?;
        let manifest = manifest(&mut archive)?;
        if Manifest::hash(&manifest.files) != manifest_sha256 {
            return Err(ContentFault::OtherManifest);
        }
        let served: Vec<ManifestFile> = manifest
            .files
            .into_iter()
            .filter(|file| path::is_served(&file.path))
            .collect();
        let unpacked = served
            .iter()
            .fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if unpacked > MAX_UNPACKED_BYTES {
            return Err(ContentFault::TooLarge);
        }
        let mut files = BTreeMap::new();
        for listed in served {
            let bytes = unpack(&mut archive, &listed)?;
            let file = File {
                bytes: bytes.into(),
                sha256: listed.sha256,
            };
            files.insert(listed.path, file);
        }
        drop(archive);
        Ok(Self {
            zip: zip.into(),
            sha256,
            files,
        })
    }

    /// How much memory it takes, near enough.
    pub fn bytes(&self) -> usize {
        self.files
            .values()
            .fold(self.zip.len(), |sum, file| sum + file.bytes.len())
    }
}

fn manifest(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Manifest, ContentFault> {
    let bytes = read(archive, path::MANIFEST, MAX_MANIFEST_BYTES).ok_or(ContentFault::NoManifest)?;
    serde_json::from_slice(&bytes).map_err(|_| ContentFault::NoManifest)
}

fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, listed: &ManifestFile) -> Result<Vec<u8>, ContentFault> {
    read(archive, &listed.path, listed.bytes)
        .filter(|bytes| bytes.len() as u64 == listed.bytes && canonical::sha256_hex(bytes) == listed.sha256)
        .ok_or_else(|| ContentFault::OtherFile(listed.path.clone()))
}

/// An entry of at most `most` bytes; nothing where it is not there, longer, or cannot be read.
fn read(archive: &mut ZipArchive<Cursor<&[u8]>>, path: &str, most: u64) -> Option<Vec<u8>> {
    let entry = archive.by_name(path).ok()?;
    let mut bytes = Vec::new();
    entry.take(most.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= most).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            zip.start_file(*path, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn listed(files: &[(&str, &[u8])]) -> Manifest {
        let list = files.iter().map(|(path, bytes)| ManifestFile {
            path: (*path).to_owned(),
            sha256: canonical::sha256_hex(bytes),
            bytes: bytes.len() as u64,
        });
        Manifest::new(list.collect())
    }

    /// A zip of `files` with `manifest` among them.
    fn with_manifest(files: &[(&str, &[u8])], manifest: &Manifest) -> Vec<u8> {
        let manifest = serde_json::to_vec(manifest).unwrap();
        let mut files = files.to_vec();
        files.push((path::MANIFEST, &manifest));
        zipped(&files)
    }

    fn open(zip: Vec<u8>, manifest: &Manifest) -> Result<Content, ContentFault> {
        Content::open(zip, String::new(), &manifest.bundle_sha256)
    }

    #[test]
    fn only_what_is_listed_and_served_is_unpacked() {
        let files: [(&str, &[u8]); 5] = [
            (path::PATCH, b"{}"),
            ("variations/darker.flac", b"fLaC"),
            ("variations/darker.vital", b"{}"),
            ("README.txt", b"hello"),
            (path::ANALYSIS, b"{}"),
        ];
        // The last one is in the zip, not in the manifest.
        let manifest = listed(&files[..4]);
        let content = open(with_manifest(&files, &manifest), &manifest).unwrap();
        let served: Vec<&str> = content.files.keys().map(String::as_str).collect();
        assert_eq!(served, [path::PATCH, "variations/darker.flac"]);
        assert_eq!(&*content.files["variations/darker.flac"].bytes, b"fLaC");
        assert_eq!(content.bytes(), content.zip.len() + 6);
    }

    #[test]
    fn a_file_that_is_not_what_the_manifest_lists_is_refused() {
        let manifest = listed(&[(path::PATCH, b"{}")]);
        let fault = Err(ContentFault::OtherFile(path::PATCH.to_owned()));
        for bytes in [b"[]".as_slice(), b"{} ", b"{", b""] {
            let zip = with_manifest(&[(path::PATCH, bytes)], &manifest);
            assert_eq!(open(zip, &manifest).map(|_| ()), fault, "{bytes:?}");
        }
        let missing = with_manifest(&[("README.txt", b"x")], &manifest);
        assert_eq!(open(missing, &manifest).map(|_| ()), fault);
    }

    #[test]
    fn an_entry_that_unpacks_to_more_than_it_says_is_not_unpacked_further() {
        let bomb = vec![b' '; 60 << 20];
        let manifest = listed(&[(path::PATCH, b"{}")]);
        let zip = with_manifest(&[(path::PATCH, &bomb)], &manifest);
        assert!(zip.len() < 1 << 20, "{} bytes", zip.len());
        let fault = ContentFault::OtherFile(path::PATCH.to_owned());
        assert_eq!(open(zip, &manifest).map(|_| ()), Err(fault));
        let honest = listed(&[(path::PATCH, &bomb)]);
        let zip = with_manifest(&[(path::PATCH, &bomb)], &honest);
        assert_eq!(open(zip, &honest).map(|_| ()), Err(ContentFault::TooLarge));
        let zip = zipped(&[(path::MANIFEST, &bomb)]);
        assert_eq!(open(zip, &manifest).map(|_| ()), Err(ContentFault::NoManifest));
    }

    #[test]
    fn what_is_no_bundle_of_this_row_is_refused() {
        let files: [(&str, &[u8]); 1] = [(path::PATCH, b"{}")];
        let manifest = listed(&files);
        let other = listed(&[(path::PATCH, b"[]")]);
        let refused = |zip: Vec<u8>, fault| assert_eq!(open(zip, &other).map(|_| ()), Err(fault));
        refused(b"no zip".to_vec(), ContentFault::NoZip);
        refused(Vec::new(), ContentFault::NoZip);
        refused(zipped(&files), ContentFault::NoManifest);
        refused(zipped(&[(path::MANIFEST, b"[]")]), ContentFault::NoManifest);
        refused(with_manifest(&files, &manifest), ContentFault::OtherManifest);
    }

    #[test]
    fn an_id_names_no_other_file() {
        assert_eq!(
            path::variation("darker_2").as_deref(),
            Some("variations/darker_2.flac")
        );
        for bad in ["", "../preview/preview", "a/b", "A", "é", "a.b", &"a".repeat(33)] {
            assert_eq!(path::variation(bad), None, "{bad}");
        }
        assert!(!path::is_served("variations/../patch.flac"));
        assert!(!path::is_served(path::MANIFEST));
    }
}
