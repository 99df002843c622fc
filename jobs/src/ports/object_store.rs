//! The store of objects, and the keys they have.
//!
//! A key is `users/{user}/{sha256}` of its bytes, so that no user's deletion touches another's object (R6) and what is
//! read can be checked against its key. Who may delete what is decided with the rows, not here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use songwalker_schemas::{Timestamp, UserId};

use super::PortError;

/// `users/{user}/{sha256}`: one user's object with these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key of a user's bundle with this SHA-256 (64 lower-case hexadecimal digits).
    ///
    /// # Errors
    /// `sha256` is not of that form.
    pub fn bundle(user_id: UserId, sha256: &str) -> Result<Self, PortError> {
        Self::parse(&format!("users/{user_id}/{sha256}"))
    }

    /// The key written so.
    ///
    /// # Errors
    /// The text is not of the form of a key.
    pub fn parse(text: &str) -> Result<Self, PortError> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            ["users", user, sha256] if is_user(user) && is_sha256(sha256) => Ok(Self(text.to_owned())),
            _ => Err(PortError::Refused("not the key of an object".to_owned())),
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 that the object's bytes must have.
    #[must_use]
    pub fn sha256(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether these are the bytes of the key.
    #[must_use]
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(bytes) {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        }
        hex == self.sha256()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One spelling only (lower case, hyphens), else one object could have two keys.
fn is_user(text: &str) -> bool {
    text.parse::<uuid::Uuid>()
        .is_ok_and(|id| id.hyphenated().to_string() == text)
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What the store knows of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key.
    pub key: ObjectKey,
    /// Its size.
    pub bytes: u64,
    /// When it was last put, by the wall clock.
    pub written_at: Timestamp,
}

/// Where objects are kept.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Keeps the bytes under their key: whole or not at all, and for good once it returns. Again with the same key is
    /// harmless and makes `written_at` now. After an error the object may be there. Dropped before it returned, it
    /// has taken place already or never will, where the store can promise that.
    ///
    /// # Errors
    /// `Refused`: the bytes are not those of the key. `Full`, `Unavailable`.
    async fn put(&self, key: &ObjectKey, bytes: Arc<[u8]>) -> Result<(), PortError>;

    /// The bytes, checked against the key; `None`: there is no such object.
    ///
    /// # Errors
    /// `Corrupt`: what is there is not what the key says. `Unavailable`.
    async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, PortError>;

    /// What is known of an object; `None`: there is no such object.
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, PortError>;

    /// Removes an object for good; one that is not there is fine.
    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError>;

    /// At most `limit` objects whose keys start with `prefix` and come behind `after`, in the order of their keys.
    async fn list(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, PortError>;

    /// An address under which anybody can download the object as `filename` for `ttl`; `None`: this store cannot.
    async fn sign_get(
        &self,
        key: &ObjectKey,
        ttl: Duration,
        filename: &str,
    ) -> Result<Option<String>, PortError>;

    /// Removes what writers that died left half-written longer ago than this; says how many.
    async fn sweep_partial(&self, older_than: Duration) -> Result<u64, PortError>;

    /// Whether the store answers and can be written.
    async fn ping(&self) -> Result<(), PortError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_key_is_read_back_as_it_was_made() {
        let key = ObjectKey::bundle(USER.parse().unwrap(), SHA256).unwrap();
        assert_eq!(key.as_str(), format!("users/{USER}/{SHA256}"));
        assert_eq!(ObjectKey::parse(key.as_str()), Ok(key.clone()));
        assert_eq!(key.sha256(), SHA256);
        assert!(key.is_of(b"abc") && !key.is_of(b"abd"));
    }

    #[test]
    fn what_leads_elsewhere_is_no_key() {
        let upper = SHA256.to_uppercase();
        for wrong in [
            String::new(),
            "/".to_owned(),
            format!("users/{USER}"),
            format!("users/{USER}/"),
            format!("/users/{USER}/{SHA256}"),
            format!("users/{USER}/{SHA256}/"),
            format!("users/{USER}/{SHA256}/.."),
            format!("users/../{SHA256}"),
            format!("users/{USER}/../{SHA256}"),
            format!("users/{USER}/..%2f{SHA256}"),
            format!("users//{SHA256}"),
            format!("other/{USER}/{SHA256}"),
            format!("users/{USER}/{upper}"),
            format!("users/{}/{SHA256}", USER.to_uppercase()),
            format!("users/{}/{SHA256}", USER.replace('-', "")),
            format!("users/{USER}/{}", &SHA256[1..]),
            format!("users/{USER}/{SHA256}0"),
            format!("users/{USER}/{}\0", &SHA256[1..]),
            format!("users\\{USER}\\{SHA256}"),
            format!("users/{USER}/{}", "../".repeat(22).get(..64).unwrap()),
        ] {
            assert!(
                matches!(ObjectKey::parse(&wrong), Err(PortError::Refused(_))),
                "{wrong}"
            );
        }
        assert!(ObjectKey::bundle(USER.parse().unwrap(), &format!("../{}", &SHA256[3..])).is_err());
    }
}
