//! Entity tags: an answer is named by the hash of its bytes, and not sent again to whoever has it (`If-None-Match`).

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// A strong entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// The tag of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes)[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self::named(&hex)
    }

    /// The tag with that name: a hash of the content.
    #[must_use]
    pub fn named(hash: &str) -> Self {
        Self(format!("\"{hash}\""))
    }

    /// The tag as headers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client says that it has this already.
    #[must_use]
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(header::IF_NONE_MATCH)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.0)
    }
}

/// A JSON answer with its tag, or 304 for whoever has it.
///
/// # Errors
/// The body cannot be written as JSON.
pub fn json<T: Serialize>(
    headers: &HeaderMap,
    mut answer: HttpResponseBuilder,
    body: &T,
) -> Result<HttpResponse, ApiError> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(error = %error, "answer not written");
        ApiError::internal()
    })?;
    let tag = Tag::of(&bytes);
    if tag.is_known(headers) {
        return Ok(not_modified(&tag));
    }
    Ok(answer
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .content_type("application/json")
        .body(bytes))
}

/// "You have it."
#[must_use]
pub fn not_modified(tag: &Tag) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .finish()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_tag_is_known_by_any_form_of_itself() {
        let tag = Tag::of(b"abc");
        let known = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_str(value).unwrap());
            tag.is_known(&headers)
        };
        assert!(known(tag.as_str()));
        assert!(known(&format!("\"x\", W/{}", tag.as_str())));
        assert!(known("*"));
        assert!(!known("\"x\""));
        assert!(!known(tag.as_str().trim_matches('"')));
        assert_ne!(tag, Tag::of(b"abd"));
    }
}
