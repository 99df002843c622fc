//! Time as jobs see it: the wall clock for stamps and retention, the steady clock for leases, deadlines and backoff.
//!
//! The steady clock starts at the wall clock's time and then only follows the machine's monotonic clock, so that a
//! wall clock that jumps neither ends a lease nor keeps one alive (R3, R4). The only place that asks the system for
//! the time.

#[cfg(feature = "postgres")]
mod database;

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

#[cfg(feature = "postgres")]
pub use database::DatabaseClock;
use songwalker_schemas::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync + Debug {
    /// The wall clock: what a stamp says. May jump either way.
    fn now(&self) -> Timestamp;
    /// The steady clock: follows no wall clock of this machine. Comparable within one process only, and where processes
    /// share a database, by all of them.
    fn steady(&self) -> Timestamp;
    /// By how many milliseconds this machine's wall clock is ahead of the clock that all processes share, where they
    /// share one.
    fn skew(&self) -> Option<i64> {
        None
    }
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
        Self {
            started: Instant::now(),
            started_at: Timestamp::from_millis(0),
            #[cfg(feature = "failpoints")]
            offset_file: std::env::var_os("SONGWALKER_CLOCK_OFFSET_FILE").map(Into::into),
        }
        .starting()
    }

    /// The machine's clocks, the wall clock moved by the signed milliseconds in a file, whenever it is read; without
    /// the file, by nothing.
    #[cfg(feature = "failpoints")]
    #[must_use]
    pub fn with_offset_file(file: impl Into<std::path::PathBuf>) -> Self {
        Self {
            started: Instant::now(),
            started_at: Timestamp::from_millis(0),
            offset_file: Some(file.into()),
        }
        .starting()
    }

    fn starting(mut self) -> Self {
        self.started_at = self.now();
        self
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        clock.advance(Duration::from_secs(1));
        clock.jump(-500);
        assert_eq!(
            (clock.now().as_millis(), clock.steady().as_millis()),
            (1_500, 2_000)
        );
    }

    #[cfg(feature = "failpoints")]
    #[test]
    fn a_wall_clock_that_is_set_leaves_the_steady_one_alone() {
        const HOUR: i64 = 3_600_000;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("offset");
        let clock = SystemClock::with_offset_file(&file);
        let (now, steady) = (clock.now(), clock.steady());
        std::fs::write(&file, format!("{HOUR}\n")).unwrap();
        assert!(clock.now().since(now) >= Duration::from_secs(3_600));
        assert!(clock.steady().since(steady) < Duration::from_secs(3_600));
        std::fs::write(&file, format!("{}", -HOUR)).unwrap();
        assert!(clock.now() < now);
        assert!(clock.steady() >= steady);
    }
}
