//! What crosses crates is tested here; see `tests/`. This crate owns what those tests share: the service as a process
//! of its own, used over HTTP and killed without warning; what it is connected to; what is searched for in all of that.

pub mod canary;
pub mod forwarder;
pub mod processes;
pub mod replicas;
pub mod service;
pub mod shared;
pub mod sink;
pub mod spans;
pub mod sse;
pub mod tap;
