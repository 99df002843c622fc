//! What was loaded before, on disk: files named by the SHA-256 of their bytes, and the list of those used last.
//!
//! A file whose bytes are not those of its name is deleted, not used. The sum of the sizes is bounded: what was not used for
//! longest goes first. Several instances and hosts share it: files appear by renaming, and a list that another one wrote
//! meanwhile is only shorter, never wrong.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use songwalker_schemas::canonical::sha256_hex;

use super::{MAX_BYTES, read_file};

/// Largest sum of the sizes, unless the settings say otherwise: 512 MB.
pub const USUAL_LIMIT: u64 = 512 << 20;
/// Most entries of the list.
const MOST_RECENT: usize = 64;
/// Most bytes of the list's file.
const MAX_LIST_BYTES: usize = 1 << 20;

/// Something that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// SHA-256 of its bytes.
    pub hash: String,
    /// What the sound is called.
    pub name: String,
    /// Its category: `bass`, `pad`.
    pub category: String,
    /// What the bytes are called: their ending says what they are.
    pub file: String,
    /// Words to find it by, besides.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The cache in a folder.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Cache {
    /// That in `folder`, of at most `limit` bytes. The folder is made when something is kept.
    #[must_use]
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit }
    }

    fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    fn list_file(&self) -> PathBuf {
        self.folder.join("recent.json")
    }

    /// The bytes of a hash, where they are there and whole.
    #[must_use]
    pub fn get(&self, hash: &str) -> Option<Vec<u8>> {
        if !is_hash(hash) {
            return None;
        }
        let path = self.objects().join(hash);
        let bytes = read_file(&path, MAX_BYTES).ok()?;
        if sha256_hex(&bytes) != hash {
            let _gone = fs::remove_file(&path);
            return None;
        }
        touch(&path);
        Some(bytes)
    }

    /// Keeps bytes; says their hash.
    ///
    /// # Errors
    /// The disk says no.
    pub fn put(&self, bytes: &[u8]) -> std::io::Result<String> {
        let hash = sha256_hex(bytes);
        let path = self.objects().join(&hash);
        if path.is_file() {
            touch(&path);
        } else {
            write_whole(&path, bytes)?;
        }
        self.shrink(&hash)?;
        Ok(hash)
    }

    /// Sum of the sizes of what is kept, bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kept().iter().map(|(_, size, _)| size).sum()
    }

    /// Path, size and time of last use.
    fn kept(&self) -> Vec<(PathBuf, u64, SystemTime)> {
        let Ok(entries) = fs::read_dir(self.objects()) else {
            return Vec::new();
        };
        let files = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let told = entry.metadata().ok()?;
            Some((entry.path(), told.len(), told.modified().ok()?))
        });
        files.collect()
    }

    /// Deletes what was not used for longest until the rest fits; what was just put stays.
    fn shrink(&self, newest: &str) -> std::io::Result<()> {
        let mut kept = self.kept();
        let mut sum: u64 = kept.iter().map(|(_, size, _)| size).sum();
        kept.sort_by_key(|(_, _, used)| *used);
        for (path, size, _) in kept {
            if sum <= self.limit {
                break;
            }
            if path.file_name().is_some_and(|name| name == newest) {
                continue;
            }
            fs::remove_file(&path)?;
            sum -= size;
        }
        Ok(())
    }

    /// What was used last, newest first. A list that cannot be read is an empty one.
    #[must_use]
    pub fn recent(&self) -> Vec<Recent> {
        let Ok(bytes) = read_file(&self.list_file(), MAX_LIST_BYTES) else {
            return Vec::new();
        };
        let mut list: Vec<Recent> = serde_json::from_slice(&bytes).unwrap_or_default();
        list.retain(|recent| is_hash(&recent.hash));
        list
    }

    /// Puts bytes and their entry at the head of the list.
    ///
    /// # Errors
    /// The disk says no.
    pub fn remember(&self, bytes: &[u8], describe: impl FnOnce(String) -> Recent) -> std::io::Result<()> {
        let recent = describe(self.put(bytes)?);
        let mut list = self.recent();
        list.retain(|other| other.hash != recent.hash);
        list.insert(0, recent);
        list.truncate(MOST_RECENT);
        write_whole(&self.list_file(), &serde_json::to_vec(&list)?)
    }

    /// Deletes everything that is kept.
    ///
    /// # Errors
    /// The disk says no.
    pub fn clear(&self) -> std::io::Result<()> {
        for (path, ..) in self.kept() {
            fs::remove_file(path)?;
        }
        match fs::remove_file(self.list_file()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Says that a file was used. Where that fails it only goes sooner.
fn touch(path: &Path) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the cache's order of use is in no bundle"
    )]
    let now = SystemTime::now();
    let _told = fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(now));
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut coming = tempfile::NamedTempFile::new_in(folder)?;
    coming.write_all(bytes)?;
    coming.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(limit: u64) -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), limit);
        (folder, cache)
    }

    fn recent(hash: String) -> Recent {
        Recent {
            name: hash[..4].to_owned(),
            hash,
            category: "pad".to_owned(),
            file: "a.zip".to_owned(),
            tags: Vec::new(),
        }
    }

    #[test]
    fn what_was_put_comes_back_and_what_was_damaged_does_not() {
        let (_folder, cache) = cache(1 << 20);
        let hash = cache.put(b"bytes").unwrap();
        assert_eq!(cache.get(&hash).as_deref(), Some(&b"bytes"[..]));
        fs::write(cache.objects().join(&hash), b"other").unwrap();
        assert_eq!(cache.get(&hash), None);
        assert!(
            !cache.objects().join(&hash).exists(),
            "it is gone, not asked again"
        );
        assert_eq!(cache.get("../recent.json"), None);
    }

    #[test]
    fn the_longest_unused_goes_when_it_grows_too_large() {
        let (_folder, cache) = cache(2_500);
        let put = |fill: u8| cache.put(&[fill; 1_000]).unwrap();
        let (old, kept) = (put(1), put(2));
        // Times of use a day apart, so that a coarse clock of the disk tells them apart.
        let day = std::time::Duration::from_secs(86_400);
        for (hash, days) in [(&old, 2), (&kept, 1)] {
            let file = fs::File::options()
                .append(true)
                .open(cache.objects().join(hash))
                .unwrap();
            let used = file.metadata().unwrap().modified().unwrap() - day * days;
            file.set_modified(used).unwrap();
        }
        let newest = put(3);
        assert_eq!(cache.get(&old), None);
        assert!(cache.get(&kept).is_some() && cache.get(&newest).is_some());
        assert_eq!(cache.bytes(), 2_000);
    }

    #[test]
    fn the_last_used_is_first_and_once_in_the_list() {
        let (_folder, cache) = cache(1 << 20);
        for bytes in [b"a", b"b", b"a"] {
            cache.remember(bytes, recent).unwrap();
        }
        let hashes: Vec<String> = cache.recent().into_iter().map(|recent| recent.hash).collect();
        assert_eq!(hashes, [sha256_hex(b"a"), sha256_hex(b"b")]);
        fs::write(cache.list_file(), b"{").unwrap();
        assert!(cache.recent().is_empty(), "a damaged list is an empty one");
        cache.remember(b"c", recent).unwrap();
        assert_eq!(cache.recent().len(), 1);
        cache.clear().unwrap();
        assert_eq!((cache.bytes(), cache.recent().len()), (0, 0));
    }
}
