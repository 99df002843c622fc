//! Leaves an endpoint alone that keeps failing: after some failures in a row nobody asks for a while, then one may try.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::fault::Fault;

/// A circuit breaker. Closed at first.
#[derive(Debug)]
pub struct Breaker {
    /// Failures in a row that open it.
    after: u32,
    /// How long it stays open.
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Nobody asks before; where it is past, one may try.
    until: Option<Instant>,
    /// Somebody tries.
    trying: bool,
}

impl Breaker {
    /// Opens after so many failures in a row, for so long.
    #[must_use]
    pub fn new(after: u32, rest: Duration) -> Self {
        Self {
            after: after.max(1),
            rest,
            state: Mutex::default(),
        }
    }

    /// May the endpoint be asked? What comes of it is to be told to the [`Permit`]; one that is dropped says nothing.
    ///
    /// # Errors
    /// [`Fault::Resting`].
    pub fn admit(&self) -> Result<Permit<'_>, Fault> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Result<Permit<'_>, Fault> {
        let mut state = self.state();
        if let Some(until) = state.until {
            if now < until || state.trying {
                return Err(Fault::Resting);
            }
            state.trying = true;
            return Ok(Permit {
                of: self,
                trial: true,
            });
        }
        Ok(Permit {
            of: self,
            trial: false,
        })
    }

    /// Whether nobody asks now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state().until.is_some_and(|until| Instant::now() < until)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who may ask.
#[derive(Debug)]
pub struct Permit<'a> {
    of: &'a Breaker,
    trial: bool,
}

impl Permit<'_> {
    /// The endpoint answered, whatever it said.
    pub fn answered(self) {
        *self.of.state() = State::default();
    }

    /// It failed.
    pub fn failed(self) {
        self.failed_at(Instant::now());
    }

    fn failed_at(self, now: Instant) {
        let mut state = self.of.state();
        state.failures = state.failures.saturating_add(1);
        if self.trial || state.failures >= self.of.after {
            state.until = Some(now + self.of.rest);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.trial {
            self.of.state().trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(30);

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_may_try_when_the_rest_is_over() {
        let breaker = Breaker::new(2, REST);
        let began = Instant::now();
        let admit = |now| breaker.admit_at(now);
        admit(began).expect("closed").failed_at(began);
        admit(began).expect("closed").answered();
        admit(began).expect("closed").failed_at(began);
        admit(began).expect("one failure in a row").failed_at(began);
        assert!(breaker.is_open());
        assert_eq!(admit(began).err(), Some(Fault::Resting));
        let rested = began + REST;
        let trial = admit(rested).expect("one may try");
        assert_eq!(admit(rested).err(), Some(Fault::Resting), "only one");
        trial.failed_at(rested);
        assert_eq!(admit(rested).err(), Some(Fault::Resting), "it rests again");
        let again = rested + REST;
        admit(again).expect("one may try").answered();
        admit(again).expect("closed");
    }

    #[test]
    fn a_trial_that_was_given_up_leaves_room_for_the_next() {
        let breaker = Breaker::new(1, REST);
        let began = Instant::now();
        breaker.admit_at(began).expect("closed").failed_at(began);
        let rested = began + REST;
        drop(breaker.admit_at(rested).expect("one may try"));
        assert!(breaker.admit_at(rested).is_ok());
    }
}
