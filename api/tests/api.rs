//! The server over HTTP, as clients see it: a real one on a port of its own, on a real database and store, without
//! workers. What jobs make comes from the pipeline, published as a worker does it.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

#[path = "api/access.rs"]
mod access;
#[path = "api/support.rs"]
mod support;
