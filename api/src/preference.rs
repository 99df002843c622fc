//! `Prefer: wait=N` (RFC 7240): how long a client would wait for an answer that is worth more. What is not understood
//! is ignored, as preferences are.

use std::time::Duration;

use actix_web::http::header::HeaderMap;

/// The longest wait that is honoured.
pub const LONGEST: Duration = Duration::from_secs(25);

/// How long a client would wait, at most [`LONGEST`].
#[must_use]
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all("prefer")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_wait_is_understood_and_bounded() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.append(
                HeaderName::from_static("prefer"),
                HeaderValue::from_str(value).unwrap(),
            );
            wait(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(of("wait=5"), Some(5));
        assert_eq!(of("respond-async, Wait = \"7\"; x=1"), Some(7));
        assert_eq!(of("wait=9000"), Some(25));
        for nothing in ["wait", "wait=", "wait=-1", "wait=soon", "return=minimal", ""] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
        assert_eq!(wait(&HeaderMap::new()), None);
    }
}
