//! What is known of a child's death without repeating anything that may hold somebody's words (R10): how it ended, and
//! of its last 4 KiB on standard error only lines of the forms that it writes itself.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;

/// How much of standard error is kept.
const KEPT_BYTES: usize = 4_096;
/// What the Rust runtime adds to a death; it says nothing.
const HINT: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
/// How long to wait for the rest of a dead child's standard error.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The end of a child's standard error, read as it comes so that the child never waits for a reader.
#[derive(Debug)]
pub struct Evidence {
    kept: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Evidence {
    /// Starts reading.
    pub fn of(mut stderr: ChildStderr) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&kept);
        let reader = tokio::spawn(async move {
            let mut chunk = [0; 1_024];
            while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
                let mut kept = written.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
                let excess = kept.len().saturating_sub(KEPT_BYTES);
                kept.drain(..excess);
            }
        });
        Self { kept, reader }
    }

    /// What a dead child said, as far as it may be repeated.
    pub async fn last_words(&mut self) -> String {
        if !self.reader.is_finished() {
            // Whoever inherited the pipe may hold it open; what is there by then is what there is.
            let _ = tokio::time::timeout(LAST_WORDS, &mut self.reader).await;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        sanitised(&kept)
    }
}

impl Drop for Evidence {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// How a process ended, in words.
pub fn ending(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "not ended".to_owned();
    };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "unknown".to_owned(),
    }
}

/// The lines that the child and the Rust runtime write by themselves; of the rest only how much there was.
fn sanitised(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut told: Vec<&str> = Vec::new();
    let mut withheld = 0;
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && *line != HINT)
    {
        if is_own(line) && told.len() < 8 {
            told.push(line);
        } else {
            withheld += line.len();
        }
    }
    let mut text = told.join("; ");
    if withheld > 0 {
        let gap = if text.is_empty() { "" } else { "; " };
        text.push_str(&format!("{gap}{withheld} bytes withheld"));
    }
    text
}

fn is_own(line: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = line.strip_prefix("memory allocation of ") {
        return rest.strip_suffix(" bytes failed").is_some_and(is_number);
    }
    if let Some(place) = line.strip_prefix("panicked at ") {
        let mut parts = place.rsplitn(3, ':');
        let are_numbers = parts.by_ref().take(2).all(is_number);
        let is_path = |path: &str| {
            path.len() <= 200
                && path
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        return are_numbers
            && parts
                .next()
                .is_some_and(|path| path.ends_with(".rs") && is_path(path));
    }
    line.strip_prefix("limit refused: ").is_some_and(|rest| {
        rest.len() <= 200 && rest.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    }) || line == "panicked"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_known_form_are_repeated() {
        let own = "panicked at generator/src/check.rs:12:5\nmemory allocation of 1234 bytes failed\n";
        assert_eq!(
            sanitised(own.as_bytes()),
            "panicked at generator/src/check.rs:12:5; memory allocation of 1234 bytes failed"
        );
        for foreign in [
            "my secret prompt",
            "panicked at my secret prompt:1:2",
            "panicked at src/a b.rs:1:2",
            "memory allocation of my secret prompt bytes failed",
            "thread 'main' panicked at src/x.rs:1:2: my secret prompt",
        ] {
            assert_eq!(
                sanitised(foreign.as_bytes()),
                format!("{} bytes withheld", foreign.len())
            );
        }
        assert_eq!(sanitised(b""), "");
        assert_eq!(sanitised(&[0xff, 0xfe]), "6 bytes withheld");
    }

    #[test]
    fn a_flood_of_known_lines_stays_short() {
        let flood = "panicked at a.rs:1:1\n".repeat(200);
        assert!(sanitised(flood.as_bytes()).len() < 300);
    }
}
