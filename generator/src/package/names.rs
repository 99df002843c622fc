//! File names: from what a sound is called to what every file system accepts, and which paths a bundle may hold.
//!
//! A path of a bundle is `/`-separated parts of `[A-Za-z0-9._ -]`, at most [`MAX_PATH_BYTES`] bytes in all, none of
//! them a directory reference, a device name of Windows, or ending in a dot or space.

use unicode_normalization::UnicodeNormalization;

/// The longest path of an entry, in bytes.
pub const MAX_PATH_BYTES: usize = 100;

/// The longest file stem made of a sound's name, in bytes: leaves room for folder and suffix.
pub const MAX_STEM_BYTES: usize = 48;

/// What a stem is when nothing of the name survives.
const FALLBACK_STEM: &str = "Patch";

/// Names that Windows takes for devices, whatever their extension.
const DEVICES: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
    "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

/// Why a path may not stand in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// The path or one of its parts is empty.
    #[error("is empty or has an empty part")]
    Empty,
    /// More than [`MAX_PATH_BYTES`] bytes.
    #[error("is longer than 100 bytes")]
    TooLong,
    /// Starts with `/` or a drive letter.
    #[error("is absolute")]
    Absolute,
    /// Has a part `.` or `..`.
    #[error("leaves its folder")]
    Traversal,
    /// A character outside `[A-Za-z0-9._ -]` and `/`.
    #[error("has a character outside [A-Za-z0-9._ -]")]
    Character,
    /// A part is a device name of Windows.
    #[error("is a device name")]
    Device,
    /// A part starts with a space or ends in a dot or space, which Windows drops.
    #[error("starts with a space or ends in a dot or a space")]
    Edge,
}

/// Checks a path against the rules of this file.
pub fn check_path(path: &str) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(PathFault::TooLong);
    }
    let bytes = path.as_bytes();
    if matches!(bytes[0], b'/' | b'\\') || bytes.get(1) == Some(&b':') {
        return Err(PathFault::Absolute);
    }
    for part in path.split('/') {
        check_part(part)?;
    }
    Ok(())
}

fn check_part(part: &str) -> Result<(), PathFault> {
    if part.is_empty() {
        return Err(PathFault::Empty);
    }
    if part == "." || part == ".." {
        return Err(PathFault::Traversal);
    }
    if !part.chars().all(is_allowed) {
        return Err(PathFault::Character);
    }
    if part.starts_with(' ') || part.ends_with([' ', '.']) {
        return Err(PathFault::Edge);
    }
    if is_device(part) {
        return Err(PathFault::Device);
    }
    Ok(())
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ' ' | '-')
}

/// Whether Windows takes this file name for a device: the part before the first dot counts.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem))
}

/// The file stem of a sound's name: accents dropped, other characters than `[A-Za-z0-9._ -]` turned to spaces, spaces
/// joined, at most [`MAX_STEM_BYTES`] bytes. Never empty, never a device name; a good name stays as it is, and the
/// stem of a stem is itself.
#[must_use]
pub fn file_stem(name: &str) -> String {
    let mut stem = String::new();
    for c in name
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
    {
        let c = if is_allowed(c) { c } else { ' ' };
        if !(c == ' ' && stem.ends_with(' ')) {
            stem.push(c);
        }
        if stem.len() > 4 * MAX_STEM_BYTES {
            break;
        }
    }
    let edges = [' ', '.', '-', '_'];
    let mut stem = stem.trim_matches(edges).to_owned();
    stem.truncate(MAX_STEM_BYTES);
    let stem = stem.trim_matches(edges);
    if stem.is_empty() {
        return FALLBACK_STEM.to_owned();
    }
    // The device name is what stands before the first dot, so the word goes in front of everything.
    if is_device(stem) {
        format!("{FALLBACK_STEM} {stem}")
    } else {
        stem.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_name_stays_as_it_is() {
        assert_eq!(file_stem("Warm Analog Pad"), "Warm Analog Pad");
        assert_eq!(file_stem("Lead-2 v1.5_b"), "Lead-2 v1.5_b");
    }

    #[test]
    fn a_stem_loses_what_file_systems_refuse() {
        assert_eq!(file_stem("../../etc/passwd"), "etc passwd");
        assert_eq!(file_stem("a\\b:c*d?\u{0}e"), "a b c d e");
        assert_eq!(file_stem("Größe é"), "Gro e e");
        assert_eq!(file_stem("🌊🔥"), "Patch");
        assert_eq!(file_stem(""), "Patch");
        assert_eq!(file_stem("..."), "Patch");
        assert_eq!(file_stem("con"), "Patch con");
        assert_eq!(file_stem("NUL.txt"), "Patch NUL.txt");
    }

    #[test]
    fn every_stem_is_a_valid_path_and_its_own_stem() {
        for name in [
            "x",
            "Very ".repeat(200).as_str(),
            "COM1",
            " . a",
            "\u{202e}abc",
            "Ünïcödé",
            "a/../b",
            "-rf",
            "lpt9.x.y",
        ] {
            let stem = file_stem(name);
            assert_eq!(check_path(&stem), Ok(()), "{name} → {stem}");
            assert_eq!(file_stem(&stem), stem);
            assert!(stem.len() <= MAX_STEM_BYTES + 6);
        }
    }

    #[test]
    fn paths_that_escape_or_confuse_are_refused() {
        for (path, fault) in [
            ("", PathFault::Empty),
            ("a//b", PathFault::Empty),
            ("/etc/passwd", PathFault::Absolute),
            ("\\\\server\\x", PathFault::Absolute),
            ("C:x", PathFault::Absolute),
            ("../x", PathFault::Traversal),
            ("a/./b", PathFault::Traversal),
            ("a/../b", PathFault::Traversal),
            ("a\\b", PathFault::Character),
            ("a\u{0}b", PathFault::Character),
            ("ä", PathFault::Character),
            ("a/NUL", PathFault::Device),
            ("aux.json", PathFault::Device),
            ("a /b", PathFault::Edge),
            ("a.", PathFault::Edge),
        ] {
            assert_eq!(check_path(path), Err(fault), "{path:?}");
        }
        assert_eq!(check_path(&"a".repeat(101)), Err(PathFault::TooLong));
        assert_eq!(check_path("preview/preview.flac"), Ok(()));
        assert_eq!(check_path(&"a".repeat(100)), Ok(()));
    }
}
