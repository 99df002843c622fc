//! The server over HTTP, as clients see it: a real one on a port of its own, on a real database and store, without
//! workers. What jobs make comes from the pipeline, published as a worker does it. Every JSON answer that a test gets is
//! held against the server's own document.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

#[path = "api/access.rs"]
mod access;
#[path = "api/account.rs"]
mod account;
#[path = "api/artifacts.rs"]
mod artifacts;
#[path = "api/conformance.rs"]
mod conformance;
#[path = "api/document.rs"]
mod document;
#[path = "api/events.rs"]
mod events;
#[path = "api/jobs.rs"]
mod jobs;
#[path = "api/listening.rs"]
mod listening;
#[path = "api/operators.rs"]
mod operators;
#[path = "api/requests.rs"]
mod requests;
#[path = "api/service.rs"]
mod service;
#[path = "api/shares.rs"]
mod shares;
#[path = "api/support.rs"]
mod support;
#[path = "api/webhooks.rs"]
mod webhooks;
