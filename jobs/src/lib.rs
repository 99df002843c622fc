//! The job domain: rows and the transitions between their states, quotas, keys, shares and erasure, the ports to the
//! outside and their embedded adapters, the configuration. No HTTP, no actors, no sound.
//!
//! Every operation is a plain function that takes the [`System`]; each commits what it did in one transaction and
//! only then tells others of it. `docs/INVARIANTS.md` lists the invariants R1 to R12 that the files name.

pub mod accept;
pub mod access;
pub mod account;
pub mod adapters;
pub mod admin;
pub mod artifacts;
pub mod attempt;
pub mod audit;
pub mod backoff;
pub mod backup;
pub mod cancel;
pub mod checkup;
pub mod claim;
pub mod clock;
pub mod config;
pub mod counts;
pub mod data_dir;
pub mod db;
pub mod delete;
pub mod ending;
pub mod entity;
pub mod erase;
pub mod error;
pub mod events;
pub mod expiry;
pub mod failpoint;
mod group;
pub mod job_key;
pub mod keys;
pub mod library;
pub mod migrate;
pub mod objects;
pub mod open;
pub mod outbox;
pub mod parent;
pub mod pause;
pub mod planning;
pub mod ports;
pub mod presence;
pub mod publish;
pub mod quota;
pub mod read;
pub mod retry;
pub mod row;
pub mod runner;
pub mod secret;
pub mod server_file;
pub mod sessions;
pub mod shares;
pub mod sweep;
pub mod system;
#[cfg(any(test, feature = "failpoints"))]
pub mod testing;
pub mod trace;
pub mod users;
pub mod view;
pub mod webhooks;
pub mod wiring;

pub use config::Config;
pub use db::Db;
pub use error::JobsError;
pub use system::{Catalogue, System};
