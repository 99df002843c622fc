//! What crosses crates is tested here; see `tests/`. This crate owns what those tests share: the service as a process
//! of its own, used over HTTP and killed without warning.

pub mod forwarder;
pub mod processes;
pub mod replicas;
pub mod service;
pub mod shared;
pub mod sse;
