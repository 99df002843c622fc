//! The zip of a bundle: written the same way always, read without trust.
//!
//! Written: entries in byte order of path, all of 1980-01-01 and mode 0644, FLAC and PNG stored, the rest deflated at
//! level 6. Read: nothing that a header says is believed; names, counts, sizes and ratios are checked before and while
//! bytes come out, and no fault of one entry hides another's.

use super::names::{self, PathFault};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// The most bytes that an archive may hold, unpacked; a packed one may not be larger either.
pub const MAX_TOTAL_BYTES: u64 = 64 << 20;

/// The most entries of an archive.
pub const MAX_ENTRIES: usize = 512;

/// Unpacked to packed size above which a large entry counts as a bomb.
const MAX_RATIO: u64 = 250;

/// Below this many unpacked bytes any ratio is harmless.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Deflate level of everything that is not stored.
const DEFLATE_LEVEL: i64 = 6;

/// What is wrong with an archive or one of its entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// Not a zip, or one whose structure is broken.
    #[error("not a readable zip: {0}")]
    Malformed(String),
    /// More than [`MAX_ENTRIES`] entries or [`MAX_TOTAL_BYTES`] bytes.
    #[error("the archive is too large: {0}")]
    TooLarge(String),
    /// An entry that unpacks to more than it may.
    #[error("'{0}' unpacks to far more than its packed size")]
    Bomb(String),
    /// An entry whose name may not stand in a bundle.
    #[error("the name {name:?} {fault}")]
    Name {
        /// The name, shortened.
        name: String,
        /// What is wrong with it.
        fault: PathFault,
    },
    /// Two entries with one name, or names that differ only by case.
    #[error("'{0}' is there twice")]
    Duplicate(String),
    /// A symbolic link or another special file.
    #[error("'{0}' is a link or a special file")]
    Special(String),
    /// An encrypted entry.
    #[error("'{0}' is encrypted")]
    Encrypted(String),
    /// An entry whose bytes cannot be read or whose checksum differs.
    #[error("'{name}' cannot be read: {problem}")]
    Unreadable {
        /// The entry.
        name: String,
        /// What the reader said.
        problem: String,
    },
}

/// What could be read of an archive, and all that was wrong with it.
#[derive(Debug, Default)]
pub struct Contents {
    /// The sound entries by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Every fault that was found.
    pub faults: Vec<ArchiveFault>,
}

/// Packs files into a zip. Same files, same bytes.
///
/// # Errors
/// A path that [`names::check_path`] refuses, or more than a zip can hold.
pub fn write(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, ArchiveFault> {
    let malformed = |error: &dyn std::fmt::Display| ArchiveFault::Malformed(error.to_string());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // A BTreeMap of strings is in byte order of its keys.
    for (path, bytes) in files {
        names::check_path(path).map_err(|fault| ArchiveFault::Name {
            name: path.clone(),
            fault,
        })?;
        zip.start_file(path, options(path))
            .map_err(|error| malformed(&error))?;
        zip.write_all(bytes).map_err(|error| malformed(&error))?;
    }
    Ok(zip.finish().map_err(|error| malformed(&error))?.into_inner())
}

fn options(path: &str) -> SimpleFileOptions {
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    if path.ends_with(".flac") || path.ends_with(".png") {
        options.compression_method(CompressionMethod::Stored)
    } else {
        options
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(DEFLATE_LEVEL))
    }
}

/// Reads an archive that has no fault.
///
/// # Errors
/// The faults, at least one.
pub fn read(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Vec<ArchiveFault>> {
    let contents = inspect(bytes);
    if contents.faults.is_empty() {
        Ok(contents.files)
    } else {
        Err(contents.faults)
    }
}

/// Reads what can be read and lists what is wrong with the rest. Entries that are folders are passed over.
#[must_use]
pub fn inspect(bytes: &[u8]) -> Contents {
    let mut contents = Contents::default();
    if let Err(fault) = inspect_entries(bytes, &mut contents) {
        contents.faults.push(fault);
    }
    contents
}

fn inspect_entries(bytes: &[u8], contents: &mut Contents) -> Result<(), ArchiveFault> {
    let malformed = |error: zip::result::ZipError| ArchiveFault::Malformed(error.to_string());
    if bytes.len() as u64 > MAX_TOTAL_BYTES {
        return Err(ArchiveFault::TooLarge(format!("{} bytes packed", bytes.len())));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?;
    if archive.len() > MAX_ENTRIES {
        return Err(ArchiveFault::TooLarge(format!("{} entries", archive.len())));
    }
    if archive.offset() != 0 {
        return Err(ArchiveFault::Malformed(
            "something stands before the archive".to_owned(),
        ));
    }
    if archive.has_duplicate_names() {
        contents.faults.push(ArchiveFault::Duplicate("a name".to_owned()));
    }
    if archive.has_overlapping_entries().map_err(malformed)? {
        return Err(ArchiveFault::Malformed("entries overlap".to_owned()));
    }
    let mut seen = BTreeSet::new();
    let mut left = MAX_TOTAL_BYTES;
    for index in 0..archive.len() {
        let entry = match checked_entry(&mut archive, index, &mut seen) {
            Ok(Some(entry)) => entry,
            Ok(None) => continue,
            Err(fault) => {
                contents.faults.push(fault);
                continue;
            }
        };
        match unpack(&mut archive, index, &entry, &mut left) {
            Ok(data) => {
                contents.files.insert(entry.name, data);
            }
            Err(fault @ ArchiveFault::TooLarge(_)) => return Err(fault),
            Err(fault) => contents.faults.push(fault),
        }
    }
    Ok(())
}

/// A file of an archive whose name and kind are in order.
struct Entry {
    name: String,
    packed_bytes: u64,
}

/// The entry at `index` where it is a file that may be there; nothing for folders.
fn checked_entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    seen: &mut BTreeSet<String>,
) -> Result<Option<Entry>, ArchiveFault> {
    let entry = archive
        .by_index_data(index)
        .map_err(|error| ArchiveFault::Malformed(error.to_string()))?;
    let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let shown: String = raw.chars().take(names::MAX_PATH_BYTES).collect();
    let folder = entry.is_dir();
    let path = if folder {
        raw.strip_suffix('/').unwrap_or(&raw)
    } else {
        &raw
    };
    names::check_path(path).map_err(|fault| ArchiveFault::Name {
        name: shown.clone(),
        fault,
    })?;
    if !seen.insert(path.to_ascii_lowercase()) {
        return Err(ArchiveFault::Duplicate(shown));
    }
    if entry.encrypted() {
        return Err(ArchiveFault::Encrypted(shown));
    }
    let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
    let wanted = if folder { 0o040_000 } else { 0o100_000 };
    if entry.is_symlink() || (kind != 0 && kind != wanted) {
        return Err(ArchiveFault::Special(shown));
    }
    let packed_bytes = entry.compressed_size();
    Ok((!folder).then_some(Entry {
        name: raw,
        packed_bytes,
    }))
}

/// The bytes of an entry, at most `left` of them. What was read counts against `left` even where it is refused.
fn unpack(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    entry: &Entry,
    left: &mut u64,
) -> Result<Vec<u8>, ArchiveFault> {
    let unreadable = |error: &dyn std::fmt::Display| ArchiveFault::Unreadable {
        name: entry.name.clone(),
        problem: error.to_string(),
    };
    let by_ratio = (entry.packed_bytes.saturating_mul(MAX_RATIO)).max(RATIO_FREE_BYTES);
    let budget = *left;
    let allowed = by_ratio.min(budget);
    let reader = archive.by_index(index).map_err(|error| unreadable(&error))?;
    let mut data = Vec::new();
    let outcome = reader.take(allowed + 1).read_to_end(&mut data);
    *left = budget.saturating_sub(data.len() as u64);
    outcome.map_err(|error| unreadable(&error))?;
    if data.len() as u64 <= allowed {
        Ok(data)
    } else if by_ratio <= budget {
        Err(ArchiveFault::Bomb(entry.name.clone()))
    } else {
        Err(ArchiveFault::TooLarge(format!(
            "more than {MAX_TOTAL_BYTES} bytes unpacked"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, Vec<u8>> {
        let entry = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec());
        BTreeMap::from([
            entry("patch.json", b"{}"),
            entry("preview/a.flac", b"fLaC"),
            entry("README.txt", &[b'a'; 5_000]),
        ])
    }

    /// A zip made without our checks.
    fn foreign(entries: &[(&str, &[u8], SimpleFileOptions)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes, options) in entries {
            zip.start_file(*name, *options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn plain() -> SimpleFileOptions {
        SimpleFileOptions::default()
    }

    #[test]
    fn files_survive_the_way_into_a_zip_and_back() {
        let bytes = write(&files()).unwrap();
        assert_eq!(bytes, write(&files()).unwrap());
        assert_eq!(read(&bytes).unwrap(), files());
    }

    #[test]
    fn entries_are_sorted_dated_1980_and_stored_where_already_packed() {
        let bytes = write(&files()).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<_> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        assert_eq!(names, ["README.txt", "patch.json", "preview/a.flac"]);
        for (index, name) in names.iter().enumerate() {
            let entry = archive.by_index(index).unwrap();
            assert_eq!(entry.last_modified().unwrap(), DateTime::default());
            assert_eq!(entry.unix_mode(), Some(0o100_644));
            let stored = entry.compression() == CompressionMethod::Stored;
            assert_eq!(stored, name.ends_with(".flac"));
        }
    }

    #[test]
    fn names_that_escape_are_refused_and_all_listed() {
        let bytes = foreign(&[
            ("../evil", b"x", plain()),
            ("ok.txt", b"x", plain()),
            ("a\\b", b"x", plain()),
            ("aux", b"", plain()),
        ]);
        let contents = inspect(&bytes);
        assert_eq!(contents.faults.len(), 3, "{:?}", contents.faults);
        assert_eq!(contents.files.keys().collect::<Vec<_>>(), ["ok.txt"]);
        assert!(write(&BTreeMap::from([("/x".to_owned(), vec![])])).is_err());
    }

    #[test]
    fn names_that_differ_only_by_case_are_duplicates() {
        let bytes = foreign(&[("a.txt", b"x", plain()), ("A.txt", b"y", plain())]);
        assert_eq!(
            read(&bytes).unwrap_err(),
            [ArchiveFault::Duplicate("A.txt".to_owned())]
        );
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        let mut bytes = foreign(&[("a.txt", b"x", plain()), ("b.txt", b"y", plain())]);
        for index in 0..bytes.len() - 5 {
            if &bytes[index..index + 5] == b"b.txt" {
                bytes[index] = b'a';
            }
        }
        assert!(read(&bytes).is_err());
    }

    #[test]
    fn links_are_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("link", "/etc/passwd", plain()).unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        assert_eq!(
            read(&bytes).unwrap_err(),
            [ArchiveFault::Special("link".to_owned())]
        );
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bytes = foreign(&[("bomb", &vec![0; 20 << 20], plain())]);
        assert!(bytes.len() < 100_000);
        assert_eq!(read(&bytes).unwrap_err(), [ArchiveFault::Bomb("bomb".to_owned())]);
    }

    #[test]
    fn entries_that_are_refused_count_against_the_total() {
        let stored = plain().compression_method(CompressionMethod::Stored);
        let mut bytes = foreign(&[
            ("bomb", &vec![0; 2 << 20], plain()),
            ("changed", b"some sound bytes", stored),
        ]);
        let at = bytes.windows(4).position(|w| w == b"some").unwrap();
        bytes[at] = b'S';
        let mut archive = ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
        let mut left = MAX_TOTAL_BYTES;
        let mut read_of = |index, name: &str, packed_bytes| {
            let before = left;
            let name = name.to_owned();
            let entry = Entry { name, packed_bytes };
            assert!(unpack(&mut archive, index, &entry, &mut left).is_err());
            before - left
        };
        assert_eq!(read_of(0, "bomb", 2_000), RATIO_FREE_BYTES + 1);
        assert_eq!(read_of(1, "changed", 16), 16);
    }

    #[test]
    fn a_header_that_lies_about_the_size_does_not_get_more_through() {
        let mut bytes = foreign(&[("bomb", &vec![0; 20 << 20], plain())]);
        let size = (20u32 << 20).to_le_bytes();
        for index in 0..bytes.len() - 4 {
            if bytes[index..index + 4] == size {
                bytes[index..index + 4].copy_from_slice(&10u32.to_le_bytes());
            }
        }
        assert!(read(&bytes).is_err());
    }

    #[test]
    fn many_entries_and_many_bytes_are_refused() {
        let many: Vec<String> = (0..=MAX_ENTRIES).map(|index| format!("f{index}")).collect();
        let entries: Vec<_> = many
            .iter()
            .map(|name| (name.as_str(), &b""[..], plain()))
            .collect();
        assert!(matches!(
            read(&foreign(&entries)).unwrap_err()[..],
            [ArchiveFault::TooLarge(_)]
        ));
        // Incompressible enough to pass the ratio: blocks that repeat at long range.
        let block: Vec<u8> = (0..(9u32 << 20))
            .map(|x| (x.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let names: Vec<String> = (0..8).map(|index| format!("g{index}")).collect();
        let entries: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), &block[..], plain()))
            .collect();
        assert!(matches!(
            read(&foreign(&entries)).unwrap_err()[..],
            [ArchiveFault::TooLarge(_)]
        ));
    }

    #[test]
    fn what_is_no_zip_or_a_cut_or_changed_one_is_refused() {
        assert!(matches!(read(b"").unwrap_err()[..], [ArchiveFault::Malformed(_)]));
        assert!(matches!(
            read(b"PK\x03\x04 but no").unwrap_err()[..],
            [ArchiveFault::Malformed(_)]
        ));
        let bytes = write(&files()).unwrap();
        assert!(read(&bytes[..bytes.len() - 30]).is_err());
        assert!(read(&[b"junk", &bytes[..]].concat()).is_err());
        let mut changed = bytes;
        let at = changed.windows(4).position(|w| w == b"fLaC").unwrap();
        changed[at] = b'F';
        assert!(matches!(
            read(&changed).unwrap_err()[..],
            [ArchiveFault::Unreadable { .. }]
        ));
    }
}
