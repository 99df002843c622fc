//! Ctrl-C (and SIGTERM, SIGHUP). While nothing is under way the process ends at once; a job or a server is asked to
//! stop and a second Ctrl-C ends the process; while files are being put in place neither happens, because that takes
//! milliseconds and leaves nothing half-done.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use songwalker_schemas::ErrorCode;
use tokio::sync::Notify;

use crate::failure::Failure;

/// What Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Answer {
    /// The process ends.
    End = 0,
    /// The work is asked to stop; the second time, the process ends.
    Ask = 1,
    /// The work is asked to stop and does so by itself.
    Wait = 2,
    /// The process goes on, as what was asked for is done; what only follows it (playing) stops.
    Ignore = 3,
}

static ANSWER: AtomicU8 = AtomicU8::new(Answer::End as u8);
static ASKED: AtomicBool = AtomicBool::new(false);
static HEARD: Notify = Notify::const_new();
static LAST_WORDS: OnceLock<&str> = OnceLock::new();

/// Starts listening. `json` is how the end is said.
pub fn listen(json: bool) {
    let heard = move || {
        let answer = ANSWER.load(Ordering::SeqCst);
        let ends =
            answer == Answer::End as u8 || (answer == Answer::Ask as u8 && ASKED.load(Ordering::SeqCst));
        if ends {
            let words = LAST_WORDS.get().copied();
            words
                .map_or_else(Failure::cancelled, |words| {
                    Failure::new(ErrorCode::Cancelled, words)
                })
                .tell(json);
            std::process::exit(i32::from(ErrorCode::Cancelled.exit_code()));
        }
        ASKED.store(true, Ordering::SeqCst);
        HEARD.notify_waiters();
    };
    // Without a handler Ctrl-C ends the process as it always does: worse, not wrong.
    let _ = ctrlc::set_handler(heard);
}

/// What is said when the process ends at once, in the place of "cancelled; nothing was written".
pub fn last_words(words: &'static str) {
    let _ = LAST_WORDS.set(words);
}

/// Says what Ctrl-C does from here on.
pub fn answer(answer: Answer) {
    ANSWER.store(answer as u8, Ordering::SeqCst);
}

/// Gives back the earlier answer when it goes away.
#[must_use]
pub struct Meanwhile(u8);

impl Drop for Meanwhile {
    fn drop(&mut self) {
        ANSWER.store(self.0, Ordering::SeqCst);
    }
}

/// Says what Ctrl-C does until the result goes away.
pub fn meanwhile(answer: Answer) -> Meanwhile {
    Meanwhile(ANSWER.swap(answer as u8, Ordering::SeqCst))
}

/// Whether the work is asked to stop.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Waits until the work is asked to stop.
pub async fn asked() {
    let heard = HEARD.notified();
    tokio::pin!(heard);
    // Registered before the flag is read, so that no signal comes between the two.
    heard.as_mut().enable();
    if !is_asked() {
        heard.await;
    }
}

/// An error once the work is asked to stop.
///
/// # Errors
/// `cancelled`.
pub fn check() -> Result<(), Failure> {
    if is_asked() {
        Err(Failure::cancelled())
    } else {
        Ok(())
    }
}
