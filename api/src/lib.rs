//! The HTTP server: REST with live progress, share links, the pages that people see, the OpenAPI document, health and
//! metrics.
//!
//! Handlers are thin: they read a request, call one function of the job domain, and write its answer. What may be
//! asked, by whom, and which errors it can have stands in one table ([`operations`]), from which come the routes, the
//! authorisation and the document. No SQL, no sound, no state that is lost with the process.

mod access;
mod artifact;
mod body;
mod conditional;
mod descriptors;
mod document;
mod doubled;
mod error;
mod feed;
mod form;
mod frame;
mod host;
mod identifier;
mod meter;
pub mod operations;
pub mod pages;
mod peer;
mod preference;
mod query;
mod range;
pub mod readiness;
mod routes;
mod server;
mod side;
mod state;
mod stream;

pub use document::openapi;
pub use meter::{Kind as MetricKind, METRICS, Meter, Metric};
pub use server::{Api, ApiOptions, BindError, BoundApi};
pub use side::Side;
