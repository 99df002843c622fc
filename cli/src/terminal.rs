//! How words reach a person: colours, and text from files made harmless. Colours are taken away where no terminal
//! listens, and by `NO_COLOR`, `CLICOLOR` and `TERM=dumb`.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

/// Headings and names.
pub const BOLD: Style = Style::new().bold();
/// What may be passed over.
pub const DIM: Style = Style::new().dimmed();
/// What one can type.
pub const COMMAND: Style = AnsiColor::Cyan.on_default();
/// What was reached.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What deserves a look.
pub const NOTICE: Style = AnsiColor::Yellow.on_default();
/// What failed.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Text in a style.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes to standard output.
///
/// # Errors
/// [`Failure::PipeClosed`] where nobody reads any more, `storage_unavailable` where it cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Failure::stdout)
}

/// Writes one JSON value and a line end to standard output.
///
/// # Errors
/// As [`print`].
pub fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value}")
        .and_then(|()| out.flush())
        .map_err(Failure::stdout)
}

/// Writes to standard error. Where even that fails there is nobody left to tell.
pub fn complain(text: &str) {
    let mut out = anstream::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Whether a person watches standard error.
pub fn is_watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether standard error may have colours.
pub fn is_coloured() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Text from outside, without what could command a terminal: control characters and those that turn the direction
/// of writing are spelled out.
pub fn clean(text: &str) -> String {
    let commands = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            if commands(c) && c != '\n' {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
            out
        })
}

/// How this program was called, for lines to type: `songwalker`, or the path to it where it is not installed.
pub fn program() -> String {
    let called = std::env::args_os().next().filter(|name| !name.is_empty());
    called.map_or_else(|| "songwalker".to_owned(), |name| quoted(&name.to_string_lossy()))
}

/// An argument as a shell reads it back.
pub fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !argument.is_empty() && !argument.starts_with('-') && argument.chars().all(plain) {
        argument.to_owned()
    } else if argument.contains(['$', '`', '\\', '"', '!']) || argument.starts_with('-') {
        format!("'{}'", argument.replace('\'', "'\\''"))
    } else {
        format!("\"{argument}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_file_cannot_command_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{7}\u{9b}c\u{202e}d\te\nf é🌊\u{61c}"),
            "a\\u{1b}[2Jb\\u{7}\\u{9b}c\\u{202e}d\\u{9}e\nf é🌊\\u{61c}"
        );
    }

    #[test]
    fn arguments_come_back_from_a_shell_as_they_were() {
        for argument in [
            "plain",
            "two words",
            "it's",
            "a\"b",
            "$HOME",
            "`x`",
            "back\\slash",
            "",
            "-x",
            "ä b",
            "!1",
            "a'b$c",
        ] {
            let output = std::process::Command::new("sh")
                .arg("-c")
                .arg(format!("printf %s {}", quoted(argument)))
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), argument);
        }
    }
}
