//! Lines to type next. Whoever named a data directory, a configuration or a server gets lines that name it too, so that
//! they lead to the same jobs. A key's file is named, a key never (R10).

use std::path::Path;
use std::sync::OnceLock;

use crate::args::Target;
use crate::terminal::{program, quoted};

/// The options of this call that say where, with a space before each.
static OPTIONS: OnceLock<String> = OnceLock::new();

/// Keeps where this call looks. A process has one command line, so the first word stands.
pub fn keep(target: &Target) {
    let _ = OPTIONS.set(options_of(target));
}

/// The options that say where, with a space before each; nothing where none was given.
pub fn options() -> &'static str {
    OPTIONS.get().map_or("", String::as_str)
}

/// A line to copy: this program as it was called, the command, and where.
pub fn line(command: &str) -> String {
    format!("{} {command}{}", program(), options())
}

/// A command within a sentence, and where.
pub fn said(command: &str) -> String {
    format!("`songwalker {command}{}`", options())
}

fn options_of(target: &Target) -> String {
    let path =
        |path: &Option<std::path::PathBuf>| path.as_deref().map(Path::to_string_lossy).map(String::from);
    let named = [
        ("data-dir", path(&target.place.data_dir)),
        ("config", path(&target.place.config)),
        ("server", target.server.clone()),
        ("key-file", path(&target.key_file)),
    ];
    let given = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given
        .map(|(name, value)| format!(" --{name} {}", quoted(&value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Place;

    #[test]
    fn only_what_was_given_is_repeated_and_quoted_for_a_shell() {
        assert_eq!(options_of(&Target::default()), "");
        let here = Target {
            place: Place {
                data_dir: Some("my sounds".into()),
                config: Some("c.toml".into()),
            },
            ..Target::default()
        };
        assert_eq!(options_of(&here), " --data-dir \"my sounds\" --config c.toml");
        let there = Target {
            server: Some("https://a.example".to_owned()),
            key_file: Some("key".into()),
            ..Target::default()
        };
        assert_eq!(options_of(&there), " --server https://a.example --key-file key");
    }
}
