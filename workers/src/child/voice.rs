//! The child's output: whole lines, from any thread, with progress kept to what is worth a line.

use std::io::{self, Stdout, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use songwalker_schemas::Stage;

use super::protocol::{Answer, line};

/// The least share of a stage that is worth another line.
const STEP: f64 = 0.02;

/// Standard output, shared by the child's threads.
pub struct Voice {
    out: Mutex<Stdout>,
    last: Mutex<Option<(Stage, f64)>>,
}

impl Voice {
    /// The child's voice.
    pub fn new() -> Self {
        Self {
            out: Mutex::new(io::stdout()),
            last: Mutex::new(None),
        }
    }

    /// Says a line, and `bytes` after it. A parent that no longer listens ends the child.
    pub fn say(&self, answer: &Answer, bytes: &[u8]) {
        if let Some(line) = fitting(answer) {
            self.write(&line, bytes);
        }
    }

    /// Says how far it is, where that is news.
    pub fn progress(&self, stage: Stage, share: f64) {
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        {
            let mut last = locked(&self.last);
            if last.is_some_and(|(was, before)| was == stage && share < before + STEP) {
                return;
            }
            *last = Some((stage, share));
        }
        self.say(&Answer::Progress { stage, share }, &[]);
    }

    /// Forgets the progress of the order before.
    pub fn begin(&self) {
        *locked(&self.last) = None;
    }

    pub(super) fn write(&self, line: &[u8], bytes: &[u8]) {
        let mut out = locked(&self.out);
        let written = out
            .write_all(line)
            .and_then(|()| out.write_all(bytes))
            .and_then(|()| out.flush());
        if written.is_err() {
            std::process::exit(1);
        }
    }
}

/// The answer's line; where a list of faults would make it too long, without that list.
fn fitting(answer: &Answer) -> Option<Vec<u8>> {
    line(answer).or_else(|| match answer {
        Answer::Failed(body) => {
            let mut body = body.clone();
            body.details.clear();
            body.message = body.message.chars().take(500).collect();
            line(&Answer::Failed(body))
        }
        _ => None,
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::error_code::ErrorBody;
    use songwalker_schemas::{ErrorCode, Fault};

    use super::*;

    #[test]
    fn an_error_with_too_many_faults_for_a_line_is_said_without_them() {
        let fault = Fault {
            pointer: "/x".to_owned(),
            problem: "y".repeat(2_000),
        };
        let body = ErrorBody {
            code: ErrorCode::InvalidIntent,
            message: "z".repeat(100_000),
            retryable: false,
            details: vec![fault; 100],
        };
        let line = fitting(&Answer::Failed(body)).expect("fits");
        let read = serde_json::from_slice(&line).expect("an answer");
        assert!(
            matches!(read, Answer::Failed(body) if body.code == ErrorCode::InvalidIntent && body.details.is_empty())
        );
    }
}
