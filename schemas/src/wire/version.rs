//! What the server is.

use serde::{Deserialize, Serialize};

/// `GET /v1/version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Version {
    /// Version of the program.
    pub binary: String,
    /// The commit it was built from, where that is known.
    pub commit: Option<String>,
    /// Version of the sound.
    pub engine: String,
    /// Version of planner, templates and mapper.
    pub generator: String,
    /// Version of the schemas.
    pub schemas: String,
}
