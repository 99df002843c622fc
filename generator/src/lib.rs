//! From a prompt to a checked, packed patch, as plain functions:
//! `plan → map → render → check → vary → package` ([`pipeline::generate`]).
//!
//! No actors, no database, no network, no clock in anything that is kept: the same [`songwalker_schemas::Intent`]
//! gives the same bytes on every machine.

pub mod assets;
pub mod check;
pub mod error;
pub mod export;
pub mod import;
pub mod logmel;
pub mod macros;
pub mod mapper;
pub mod package;
pub mod phrase;
pub mod pipeline;
pub mod planner;
pub mod recipes;
pub mod refine;
pub mod templates;
pub mod vary;
pub mod verify;
pub mod version;

pub use version::generator_version;
