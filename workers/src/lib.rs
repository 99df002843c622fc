//! Running jobs: child processes that do what is CPU-bound, and the actors that say who runs which attempt, when and
//! for how long.
//!
//! [`child`] is both sides of a child process, [`attempt`] one attempt at a job as plain functions, [`Workers`] the
//! actors that run attempts on a thread of their own. Rows, transitions and quotas belong to `songwalker-jobs`; what a sound is
//! belongs to `songwalker-generator`.

mod actors;
pub mod attempt;
mod board;
pub mod child;
mod model;
mod workers;

pub use board::{IntakeState, RunningJob, WorkersState};
pub use workers::{Workers, WorkersHandle, WorkersOptions};
