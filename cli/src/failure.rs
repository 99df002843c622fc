//! Why a command ended without its result, and how that is said: as an envelope to programs, in words to people,
//! as an exit code to both.

use std::io;
use std::path::Path;

use songwalker_generator::error::GenerateError;
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::{ErrorCode, ErrorEnvelope, Fault, Faults};

use crate::terminal::{self, BAD, COMMAND, DIM, clean, paint};
use crate::whereabouts;

/// Why a command ended without its result.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// An error of the product's closed list.
    Error {
        /// Which.
        code: ErrorCode,
        /// What went wrong, for people.
        message: String,
        /// Every fault of the input.
        faults: Vec<Fault>,
        /// What one can do about it.
        hint: Option<String>,
    },
    /// Whoever read standard output has had enough; that is no error.
    PipeClosed,
}

impl Failure {
    /// An error without faults.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error {
            code,
            message: message.into(),
            faults: Vec::new(),
            hint: None,
        }
    }

    /// A document that breaks rules.
    pub fn of_document(code: ErrorCode, path: &Path, what: &str, found: &Faults) -> Self {
        let message = format!("{} is not a valid {what}", path.display());
        Self::Error {
            code,
            message,
            faults: found.as_slice().to_vec(),
            hint: None,
        }
    }

    /// The same with the faults of the input.
    #[must_use]
    pub fn with_faults(mut self, list: Vec<Fault>) -> Self {
        if let Self::Error { faults, .. } = &mut self {
            *faults = list;
        }
        self
    }

    /// The same with a word on what to do; an empty one where the message has said it.
    #[must_use]
    pub fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Error { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// Which error it is; nothing where it is none.
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Error { code, .. } => Some(*code),
            Self::PipeClosed => None,
        }
    }

    /// What went wrong, for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Error { message, .. } => message,
            Self::PipeClosed => "nobody reads any more",
        }
    }

    /// The same with other words for people.
    #[must_use]
    pub fn said(mut self, text: impl FnOnce(&str) -> String) -> Self {
        if let Self::Error { message, .. } = &mut self {
            *message = text(message);
        }
        self
    }

    /// The user asked to stop.
    pub fn cancelled() -> Self {
        Self::new(ErrorCode::Cancelled, "cancelled; nothing was written")
    }

    /// A file that could not be read.
    pub fn reading(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::new(
                ErrorCode::NotFound,
                format!("there is no file {}", path.display()),
            ),
            _ => Self::new(
                ErrorCode::StorageUnavailable,
                format!("cannot read {}: {}", path.display(), said(error)),
            ),
        }
    }

    /// A file or folder that could not be written.
    pub fn writing(path: &Path, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room, or choose another place with --out"
            }
            io::ErrorKind::FileTooLarge => "this process may not write files of that size: see `ulimit -f`",
            io::ErrorKind::NotFound => "its folder is not there: make it first, or choose another with --out",
            _ => "choose a place that can be written to with --out",
        };
        Self::new(
            ErrorCode::StorageUnavailable,
            format!("cannot write {}: {}", path.display(), said(error)),
        )
        .with_hint(hint)
    }

    /// Standard output that could not be written.
    pub fn stdout(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Self::new(
                ErrorCode::StorageUnavailable,
                format!("cannot write to standard output: {}", said(&error)),
            )
        }
    }

    /// The process's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Error { code, .. } => code.exit_code(),
            Self::PipeClosed => 0,
        }
    }

    /// Says it on standard error: as one line of JSON, or in words.
    pub fn tell(&self, json: bool) {
        let Self::Error {
            code,
            message,
            faults,
            hint,
        } = self
        else {
            return;
        };
        if json {
            let envelope = ErrorEnvelope::new(*code, message.clone(), faults.clone());
            if let Ok(line) = serde_json::to_string(&envelope) {
                terminal::complain(&format!("{line}\n"));
            }
            return;
        }
        let hint = hint.clone().or_else(|| usual_hint(*code));
        let hint = hint.filter(|hint| !hint.is_empty());
        terminal::complain(&in_words(message, faults, hint.as_deref()));
    }
}

fn in_words(message: &str, faults: &[Fault], hint: Option<&str>) -> String {
    let mut text = format!("{} {}\n", paint(BAD, "error:"), clean(message));
    // A single fault is often the whole message.
    let is_said = |fault: &&Fault| faults.len() == 1 && message.contains(&fault.problem);
    // What concerns the whole comes before what concerns its parts.
    let mut listed: Vec<&Fault> = faults.iter().filter(|fault| !is_said(fault)).collect();
    listed.sort_by_key(|fault| !fault.pointer.is_empty());
    for fault in listed {
        let problem = clean(problem(fault));
        if fault.pointer.is_empty() {
            text.push_str(&format!("  {problem}\n"));
        } else {
            text.push_str(&format!("  {}  {problem}\n", paint(DIM, clean(&fault.pointer))));
        }
    }
    if let Some(hint) = hint {
        text.push_str(&format!("{} {}\n", paint(COMMAND, "hint:"), clean(hint)));
    }
    text
}

/// The codes that stand before the faults of a bundle.
const BUNDLE_FAULTS: [&str; 10] = [
    "archive",
    "invalid",
    "manifest",
    "mismatch",
    "missing",
    "not_canonical",
    "too_large",
    "unexpected",
    "wrong_hash",
    "wrong_size",
];

/// A fault's problem without the code and the path that stand before it and beside it.
fn problem(fault: &Fault) -> &str {
    let text = match fault.problem.split_once(": ") {
        Some((code, rest)) if BUNDLE_FAULTS.contains(&code) => rest,
        _ => return &fault.problem,
    };
    let path = fault.pointer.trim_start_matches('/');
    if let Some(rest) = text.strip_prefix(path).and_then(|rest| rest.strip_prefix(' ')) {
        return rest;
    }
    match text.split_once(": ") {
        Some((named, rest)) if path.starts_with(named) => rest,
        _ => text,
    }
}

/// What usually helps against an error of that code.
fn usual_hint(code: ErrorCode) -> Option<String> {
    if code == ErrorCode::TooManyConcurrentJobs {
        let list = whereabouts::said("list");
        return Some(format!("{list} shows what is not finished yet"));
    }
    usual_words(code).map(str::to_owned)
}

const fn usual_words(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::UnknownTemplate => Some("`songwalker templates` lists them all"),
        ErrorCode::PromptTooLong => Some("a sentence or two is plenty"),
        ErrorCode::TooManyTags => {
            Some("drop some: tags are for finding the patch, the prompt is for its sound")
        }
        ErrorCode::SilentPatch => Some("ask for something to hear, or try another --seed"),
        ErrorCode::InvalidPatch => Some("docs/parameters.md lists every parameter with its range"),
        ErrorCode::VerificationFailed | ErrorCode::InvalidBundle => Some("fetch or make the bundle again"),
        ErrorCode::RateLimited => Some("wait a little, then ask again"),
        ErrorCode::Forbidden => Some("another key may: `songwalker admin key add --scope …` makes one"),
        ErrorCode::Internal => Some("this is a fault of ours: please report it with the command you typed"),
        _ => None,
    }
}

/// An I/O error without Rust's number for it.
fn said(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl From<ErrorEnvelope> for Failure {
    fn from(envelope: ErrorEnvelope) -> Self {
        Self::from(envelope.error)
    }
}

impl From<ErrorBody> for Failure {
    fn from(error: ErrorBody) -> Self {
        Self::new(error.code, error.message).with_faults(error.details)
    }
}

impl From<GenerateError> for Failure {
    fn from(error: GenerateError) -> Self {
        match error {
            GenerateError::Cancelled => Self::cancelled(),
            // Its faults stand in the message too; they are listed once.
            GenerateError::Patch(_) => {
                Self::new(error.code(), "the patch that was made breaks its own rules")
                    .with_faults(error.details())
            }
            _ => Self::new(error.code(), error.to_string()).with_faults(error.details()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_are_said_without_their_number() {
        assert_eq!(said(&io::Error::from_raw_os_error(28)), "no space left on device");
    }

    #[test]
    fn a_file_that_is_missing_is_bad_input_and_one_that_cannot_be_read_is_storage() {
        let of = |kind: io::ErrorKind| Failure::reading(Path::new("x"), &kind.into()).exit_code();
        assert_eq!(of(io::ErrorKind::NotFound), 3);
        assert_eq!(of(io::ErrorKind::PermissionDenied), 6);
    }

    #[test]
    fn a_fault_of_a_file_names_the_file_once_and_no_code() {
        let fault = |pointer: &str, problem: &str| Fault {
            pointer: pointer.to_owned(),
            problem: problem.to_owned(),
        };
        let sized = fault("/a.txt", "wrong_size: a.txt has 2 bytes, the manifest says 1");
        assert_eq!(problem(&sized), "has 2 bytes, the manifest says 1");
        let json = fault("/a.json", "invalid: a.json: not JSON");
        assert_eq!(problem(&json), "not JSON");
        assert_eq!(problem(&fault("/a", "unknown field")), "unknown field");
        assert_eq!(problem(&fault("/prompt", "empty: say what")), "empty: say what");
    }

    #[test]
    fn every_fault_stands_on_a_line_of_its_own_and_hostile_names_are_spelled_out() {
        let fault = |pointer: &str, problem: &str| Fault {
            pointer: pointer.to_owned(),
            problem: problem.to_owned(),
        };
        let text = in_words(
            "bad",
            &[fault("/a\u{1b}[1m", "unknown field"), fault("", "empty")],
            Some("try again"),
        );
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("/a\\u{1b}[1m"));
    }
}
