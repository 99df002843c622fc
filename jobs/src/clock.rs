//! Time as jobs see it: the wall clock for stamps and retention, the steady clock for leases, deadlines and backoff.
//!
//! The steady clock starts at the wall clock's time and then only follows the machine's monotonic clock, so that a
//! wall clock that jumps neither ends a lease nor keeps one alive (R3, R4). The only place that asks the system for
//! the time.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use songwalker_schemas::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync + Debug {
    /// The wall clock: what a stamp says. May jump either way.
    fn now(&self) -> Timestamp;
    /// The steady clock: never goes back and never jumps, comparable within one process only.
    fn steady(&self) -> Timestamp;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    started_at: Timestamp,
    /// A file with signed milliseconds that are added to the wall clock, so that a test can make it jump.
    #[cfg(feature = "failpoints")]
    offset_file: Option<std::path::PathBuf>,
}

impl SystemClock {
    /// The machine's clocks, the steady one starting at the wall clock's present time.
    #[must_use]
    pub fn new() -> Self {
        let mut clock = Self {
            started: Instant::now(),
            started_at: Timestamp::from_millis(0),
            #[cfg(feature = "failpoints")]
            offset_file: std::env::var_os("SONGWALKER_CLOCK_OFFSET_FILE").map(Into::into),
        };
        clock.started_at = clock.now();
        clock
    }

    #[cfg(feature = "failpoints")]
    fn offset_millis(&self) -> i64 {
        let Some(file) = &self.offset_file else { return 0 };
        std::fs::read_to_string(file)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0)
    }

    #[cfg(not(feature = "failpoints"))]
    #[expect(
        clippy::unused_self,
        reason = "the other build reads a file that the clock names"
    )]
    const fn offset_millis(&self) -> i64 {
        0
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that asks the system for the time"
        )]
        let system = std::time::SystemTime::now();
        let millis = match system.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => whole_millis(after),
            Err(before) => -whole_millis(before.duration()),
        };
        Timestamp::from_millis(millis.saturating_add(self.offset_millis()))
    }

    fn steady(&self) -> Timestamp {
        self.started_at.plus(self.started.elapsed())
    }
}

/// A clock that stands still until it is moved: for tests.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    steady: AtomicI64,
}

impl ManualClock {
    /// Both clocks stand at `start`.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(start.as_millis()),
            steady: AtomicI64::new(start.as_millis()),
        }
    }

    /// Time passes: both clocks move on.
    pub fn advance(&self, by: Duration) {
        let millis = whole_millis(by);
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.steady.fetch_add(millis, Ordering::SeqCst);
    }

    /// Someone sets the wall clock; the steady clock does not care.
    pub fn jump(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Timestamp {
        Timestamp::from_millis(self.steady.load(Ordering::SeqCst))
    }
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
