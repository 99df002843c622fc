//! Patches to other synthesisers' files.

pub mod vital;

pub use vital::{ExportError, VitalExport, vital, vital_with};
