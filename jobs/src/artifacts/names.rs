//! The name under which a browser keeps an artifact: the sound's name without what a file system refuses or a reader
//! is misled by.

use crate::row::JobRow;

/// What a name is when nothing of it survives.
const FALLBACK: &str = "Patch";

/// Names that Windows takes for devices, whatever follows the first dot.
const DEVICES: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
    "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

/// The name of a job's sound, and `suffix`.
pub fn filename(row: &JobRow, suffix: &str) -> String {
    let name = row.model.own_name.as_deref().or(row.model.sound_name.as_deref());
    format!("{}{suffix}", stem(name.unwrap_or_default()))
}

fn stem(name: &str) -> String {
    let words: Vec<&str> = name.split(is_refused).filter(|word| !word.is_empty()).collect();
    let joined = words.join(" ");
    let stem = joined.trim_matches([' ', '.']);
    if stem.is_empty() {
        return FALLBACK.to_owned();
    }
    let first = stem.split('.').next().unwrap_or(stem).trim_end();
    if DEVICES.iter().any(|device| device.eq_ignore_ascii_case(first)) {
        format!("{FALLBACK} {stem}")
    } else {
        stem.to_owned()
    }
}

/// White space and control characters, what some file system refuses, and marks that turn the direction of reading or
/// are not seen: with them `x.gnp.exe` could look like a picture.
fn is_refused(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_letters_and_loses_what_file_systems_refuse() {
        for (name, wanted) in [
            ("Warm Analog Pad", "Warm Analog Pad"),
            ("Größe é 🌊", "Größe é 🌊"),
            ("../../etc/passwd", "etc passwd"),
            ("a\\b:c*d?\u{0}e\"f", "a b c d e f"),
            ("x\u{202e}gnp.exe", "x gnp.exe"),
            ("a\r\nSet-Cookie: b", "a Set-Cookie b"),
            ("...", "Patch"),
            ("", "Patch"),
            (" . ", "Patch"),
            ("con", "Patch con"),
            ("NUL.txt", "Patch NUL.txt"),
        ] {
            assert_eq!(stem(name), wanted, "{name:?}");
        }
    }

    #[test]
    fn the_longest_name_leaves_a_file_system_room_for_the_suffix() {
        let longest = "🌊".repeat(songwalker_schemas::limits::MAX_NAME_CHARS);
        let suffix = format!(" {}.flac", "a".repeat(32));
        assert!(stem(&longest).len() + suffix.len() <= 255);
    }
}
