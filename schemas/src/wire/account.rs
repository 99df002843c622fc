//! Users, their keys and what they may still use.

use serde::{Deserialize, Serialize};

use crate::{KeyId, Scope, Timestamp, UserId};

/// `GET /v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The user's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: UserId,
    /// The user's name.
    pub name: String,
    /// The plan that limits follow from.
    pub plan: String,
    /// What this key or session may do.
    pub scopes: Vec<Scope>,
    /// Since when.
    pub created_at: Timestamp,
    /// When everything will be erased, where that was asked for.
    pub erase_due_at: Option<Timestamp>,
}

/// `GET /v1/me/usage`. A limit of null is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Jobs that are not final.
    pub unfinished_jobs: u32,
    /// How many may be at once.
    pub unfinished_jobs_limit: Option<u32>,
    /// Requests that are allowed each minute.
    pub requests_per_minute: Option<u32>,
    /// Jobs there are.
    pub jobs: u64,
    /// Bytes of bundles that are kept.
    pub stored_bytes: u64,
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Key {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: KeyId,
    /// What its user calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work; null: never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// `POST /v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// What to call it, 1 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub name: String,
    /// What it may do; never more than the key that asks.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 6))]
    pub scopes: Vec<Scope>,
    /// How long it works: a whole number with `s`, `m`, `h` or `d`; without it, until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "90d", pattern = "^[1-9][0-9]{0,7}[smhd]$")
    )]
    pub expires_in: Option<String>,
}

/// A key that was just made: the only time that its secret is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewKey {
    /// The key.
    #[serde(flatten)]
    pub key: Key,
    /// `swk_…`, to be sent as bearer token. It is not stored and cannot be told again.
    pub secret: String,
}

/// `POST /v1/session` and `GET /v1/session`: who is signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Who is signed in.
    pub user: Me,
    /// To be sent as `X-CSRF-Token` with everything that changes something; null where a key asks and no browser.
    pub csrf_token: Option<String>,
}

/// A receipt: what is to be erased, until when, and when it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erasure {
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}
