//! The normative schemas of SongWalker and the Rust types for them.
//!
//! Everything that crosses a boundary has its shape here: patches ([`PatchSpec`]), what a planner may say
//! ([`Intent`]), how macros behave ([`MacroTemplate`]), variations, bundles' manifests, measures of sound, error
//! codes. One [parameter table](params) feeds bounds, JSON Schemas, docs page, modulation and export. No I/O.

#![recursion_limit = "512"]

pub mod analysis;
pub mod asset;
pub mod canonical;
pub mod category;
mod choice;
pub mod docs_page;
pub mod error_code;
pub mod fault;
pub mod ids;
pub mod intent;
pub mod job;
pub mod json_schema;
pub mod limits;
pub mod manifest;
pub mod modulation;
pub mod params;
pub mod patch;
pub mod preset;
pub mod provenance;
pub mod refinement;
pub mod report;
pub mod rules;
pub mod scope;
pub mod structure;
pub mod table;
pub mod template;
pub mod text;
pub mod timestamp;
pub mod variations;
pub mod wire;

pub use analysis::AudioAnalysis;
pub use category::Category;
pub use error_code::{ErrorCode, ErrorEnvelope};
pub use fault::{Fault, Faults};
pub use ids::{JobId, KeyId, ShareId, UserId, WebhookId};
pub use intent::Intent;
pub use job::{JobKind, JobState, Stage};
pub use manifest::Manifest;
pub use params::ParamId;
pub use patch::PatchSpec;
pub use scope::Scope;
pub use template::MacroTemplate;
pub use timestamp::Timestamp;
pub use variations::VariationsDiff;

/// The version of every schema in this crate, as `schema_version` fields carry it.
pub const SCHEMA_VERSION: &str = "1.0";
