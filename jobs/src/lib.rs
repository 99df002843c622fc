//! The job domain: rows and the transitions between their states, quotas, keys, shares and erasure, the ports to the
//! outside and their embedded adapters, the configuration. No HTTP, no actors, no sound.
//!
//! Every operation is a plain function that takes the [`System`]; each commits what it did in one transaction and
//! only then tells others of it. `docs/INVARIANTS.md` lists the invariants R1 to R12 that the files name.

pub mod accept;
pub mod adapters;
pub mod attempt;
pub mod backoff;
pub mod cancel;
pub mod claim;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod db;
pub mod delete;
pub mod ending;
pub mod entity;
pub mod error;
pub mod events;
pub mod failpoint;
pub mod job_key;
pub mod migrate;
pub mod objects;
pub mod open;
pub mod outbox;
pub mod ports;
pub mod publish;
pub mod quota;
pub mod read;
pub mod retry;
pub mod row;
pub mod secret;
pub mod system;
#[cfg(any(test, feature = "failpoints"))]
pub mod testing;
pub mod view;
pub mod wiring;

pub use config::Config;
pub use db::Db;
pub use error::JobsError;
pub use system::{Catalogue, System};
