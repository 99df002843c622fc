//! Links that let others hear a sound.

use serde::{Deserialize, Serialize};

use crate::{JobId, ShareId, Timestamp};

/// `POST /v1/jobs/{id}/shares`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateShare {
    /// How long it works: a whole number with `s`, `m`, `h` or `d`, at most 365 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "7d", pattern = "^[1-9][0-9]{0,7}[smhd]$")
    )]
    pub expires_in: Option<String>,
}

/// A share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// Its id, to revoke it by.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: ShareId,
    /// The job that is shared.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub job_id: JobId,
    /// The sound's name.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A share that was just made: the only time that its token is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewShare {
    /// The share.
    #[serde(flatten)]
    pub share: Share,
    /// The token. It is not stored and cannot be told again.
    pub token: String,
    /// The address of the page; absolute where the server knows its public address.
    pub url: String,
}
