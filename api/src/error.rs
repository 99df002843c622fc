//! Errors on their way out: every answer that is no success carries the one envelope, and with it the headers that its
//! kind needs. The only place where codes become statuses (R11: fixed codes, no text of a database or a panic).

use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use songwalker_jobs::JobsError;
use songwalker_schemas::{ErrorCode, ErrorEnvelope, Fault, Faults};

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    envelope: ErrorEnvelope,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The status under which a code leaves the server. A request that took too long is the client's affair here: what
/// takes too long in a job is told in the job.
#[must_use]
pub fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Timeout => StatusCode::REQUEST_TIMEOUT,
        code => StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

impl ApiError {
    /// An error without faults.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::of(ErrorEnvelope::new(code, message, Vec::new()))
    }

    /// A request with faults.
    #[must_use]
    pub fn faulty(code: ErrorCode, faults: &Faults) -> Self {
        let list = faults.as_slice();
        let message = match list {
            [] => "the request is not in order".to_owned(),
            [one] => said(one),
            [first, rest @ ..] => format!("{}; and {} more", said(first), rest.len()),
        };
        Self::of(ErrorEnvelope::new(code, message, list.to_vec()))
    }

    /// A request with one fault.
    #[must_use]
    pub fn fault(code: ErrorCode, pointer: &str, problem: impl Into<String>) -> Self {
        let mut faults = Faults::new();
        faults.push(pointer, problem);
        Self::faulty(code, &faults)
    }

    fn of(envelope: ErrorEnvelope) -> Self {
        Self {
            status: status(envelope.error.code),
            envelope,
            headers: Vec::new(),
        }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    /// A fault of ours; what it was stands in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "something went wrong here")
    }

    /// Somebody asks too often.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::new(ErrorCode::RateLimited, "too many requests; wait a moment").retry_after(retry_after)
    }

    /// The same error under another status.
    #[must_use]
    pub const fn under(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same error with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The same error, saying when to come again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.with(header::RETRY_AFTER, &whole_seconds(wait).max(1).to_string())
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.envelope.error.code
    }
}

fn said(fault: &Fault) -> String {
    let place = fault.pointer.trim_start_matches('/');
    if place.is_empty() {
        fault.problem.clone()
    } else {
        format!("{place}: {}", fault.problem)
    }
}

/// Whole seconds, rounded up: whoever waits so long has waited long enough.
#[must_use]
pub fn whole_seconds(span: Duration) -> u64 {
    span.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.envelope.error.code)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponse::build(self.status);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header((header::RETRY_AFTER, whole_seconds(DOWN)));
        }
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        answer
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(&self.envelope)
    }
}

/// How long to wait before a part that is down is asked again.
const DOWN: Duration = Duration::from_secs(2);
/// How long to wait before a job of one's own may have ended.
const BUSY: Duration = Duration::from_secs(2);

impl From<JobsError> for ApiError {
    fn from(error: JobsError) -> Self {
        let mut envelope = error.envelope();
        let code = envelope.error.code;
        match code {
            ErrorCode::Internal => tracing::error!(error = %error, "request failed"),
            ErrorCode::Unavailable | ErrorCode::StorageUnavailable => {
                tracing::warn!(error = %error, "part unavailable");
            }
            _ => {}
        }
        // To a client it does not matter which part is down.
        if code == ErrorCode::StorageUnavailable {
            envelope.error.code = ErrorCode::Unavailable;
        }
        let answer = Self::of(envelope);
        match answer.code() {
            ErrorCode::TooManyConcurrentJobs => answer.retry_after(BUSY),
            ErrorCode::Unauthenticated => answer.with(header::WWW_AUTHENTICATE, "Bearer"),
            _ => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_that_is_an_error() {
        for code in ErrorCode::ALL {
            let status = status(*code);
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code}: {status}"
            );
        }
    }

    #[test]
    fn every_answer_of_a_part_that_is_down_says_when_to_come_again() {
        let mut count = 0;
        for code in ErrorCode::ALL {
            let answer = ApiError::new(*code, "x").error_response();
            let is_down = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(
                answer.headers().contains_key(header::RETRY_AFTER),
                is_down,
                "{code}"
            );
            count += usize::from(is_down);
        }
        assert!(count >= 2, "{count}");
        let own = ApiError::new(ErrorCode::Unavailable, "x").retry_after(Duration::from_secs(9));
        let own = own.error_response();
        let told: Vec<_> = own.headers().get_all(header::RETRY_AFTER).collect();
        assert_eq!(told, [&HeaderValue::from(9)]);
    }

    #[test]
    fn a_span_is_never_told_shorter_than_it_is() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::ZERO), 0);
    }

    #[test]
    fn what_is_inside_an_error_of_ours_stays_inside() {
        let answer = ApiError::from(JobsError::Internal("the secret of user 7".to_owned()));
        assert_eq!(answer.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!answer.envelope.error.message.contains('7'));
    }
}
