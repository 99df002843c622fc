//! Backups: one file with everything that cannot be made again, taken while the service runs, and put back whole.
//!
//! A backup holds the rows as they were at one moment and every object that they refer to, each with its hash; it holds
//! no token. It is as private as the data directory itself: prompts are in it (R10). An object that could not be read
//! is named in it instead of spoiling the rest.

mod manifest;
mod restore;
mod take;

pub use restore::{Restored, restore};
pub use take::{BackedUp, backup};
