//! Identifiers in addresses. What is no UUID names nothing: it is not found, like an identifier that nobody has.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use songwalker_schemas::ids::Uuid;
use songwalker_schemas::{JobId, KeyId, ShareId, UserId, WebhookId};

use crate::error::ApiError;

/// An identifier that stands in the address as `{id}`.
pub trait Identifier: From<Uuid> {
    /// What it identifies.
    const WHAT: &'static str;
    /// Its field in the log.
    const FIELD: &'static str;
}

impl Identifier for JobId {
    const WHAT: &'static str = "job";
    const FIELD: &'static str = "job.id";
}

impl Identifier for KeyId {
    const WHAT: &'static str = "key";
    const FIELD: &'static str = "key.id";
}

impl Identifier for ShareId {
    const WHAT: &'static str = "share";
    const FIELD: &'static str = "share.id";
}

impl Identifier for WebhookId {
    const WHAT: &'static str = "webhook";
    const FIELD: &'static str = "webhook.id";
}

/// Whom an operator looks after; `user.id` is who asks.
impl Identifier for UserId {
    const WHAT: &'static str = "user";
    const FIELD: &'static str = "subject.id";
}

/// The `{id}` of the address.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: Identifier> FromRequest for Id<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            parse(request.match_info().query("id"))
                .map(|id| {
                    tracing::Span::current().record(T::FIELD, tracing::field::display(id));
                    Self(T::from(id))
                })
                .ok_or_else(|| ApiError::not_found(T::WHAT)),
        )
    }
}

/// One spelling only (hyphens, either case): else one thing had many addresses.
pub fn parse(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_usual_spelling_is_an_identifier() {
        assert!(parse("0198c0de-0000-7000-8000-00000000000a").is_some());
        assert!(parse("0198C0DE-0000-7000-8000-00000000000A").is_some());
        for other in [
            "",
            "x",
            "0198c0de00007000800000000000000a",
            "{0198c0de-0000-7000-8000-00000000000a}",
            "urn:uuid:0198c0de-0000-7000-8000-00000000000a",
            "0198c0de-0000-7000-8000-00000000000g",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
    }
}
