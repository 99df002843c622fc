//! What an answer of an S3 store means for the port. Of all that it says only its error code is handed on, and that only
//! where it looks like one (R10).

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::ports::PortError;

/// The error of the port.
#[expect(clippy::needless_pass_by_value, reason = "stands in `map_err`")]
pub(super) fn failure<E: ProvideErrorMetadata>(error: SdkError<E, HttpResponse>) -> PortError {
    match &error {
        SdkError::ServiceError(said) => meaning(said.raw().status().as_u16(), said.err().code()),
        SdkError::TimeoutError(_) => PortError::Unavailable("the store does not answer in time".to_owned()),
        SdkError::DispatchFailure(_) => PortError::Unavailable("the store does not answer".to_owned()),
        SdkError::ResponseError(_) => PortError::Unavailable("the store's answer makes no sense".to_owned()),
        _ => PortError::Refused("a request to the store cannot be made".to_owned()),
    }
}

/// Whether there is no such object.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::ServiceError(said) = error else {
        return false;
    };
    said.raw().status().as_u16() == 404
        && matches!(
            said.err().code(),
            None | Some("NoSuchKey" | "NotFound" | "NoSuchUpload")
        )
}

/// Whether a put that asks that nothing be there found something, found somebody who puts it too, or found a store that
/// cannot ask that.
pub(super) fn is_taken<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error
        .raw_response()
        .is_some_and(|answer| matches!(answer.status().as_u16(), 409 | 412 | 501))
}

/// Whether the store does not know the call.
pub(super) fn is_unknown<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error
        .raw_response()
        .is_some_and(|answer| matches!(answer.status().as_u16(), 405 | 501))
}

fn meaning(status: u16, code: Option<&str>) -> PortError {
    let code = code.filter(|code| is_code(code)).unwrap_or("no code");
    match (status, code) {
        (507, _)
        | (
            _,
            "QuotaExceeded" | "InsufficientStorage" | "XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded",
        ) => PortError::Full,
        (_, "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch") => {
            PortError::Corrupt(format!("the store got other bytes ({code})"))
        }
        (_, "NoSuchBucket") => PortError::Refused("there is no such bucket".to_owned()),
        (401 | 403, _) => PortError::Refused(format!("the store does not let us in ({code})")),
        (408 | 409 | 425 | 429 | 500.., _) => {
            PortError::Unavailable(format!("the store fails: {status} ({code})"))
        }
        _ => PortError::Refused(format!("the store refuses: {status} ({code})")),
    }
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_what_never_will_is_not() {
        for (status, code) in [
            (503, Some("SlowDown")),
            (500, Some("InternalError")),
            (429, None),
            (507, None),
        ] {
            assert!(meaning(status, code).retryable(), "{status}");
        }
        assert_eq!(meaning(507, None), PortError::Full);
        assert_eq!(meaning(403, Some("QuotaExceeded")), PortError::Full);
        assert!(matches!(meaning(400, Some("BadDigest")), PortError::Corrupt(_)));
        for (status, code) in [
            (403, "SignatureDoesNotMatch"),
            (404, "NoSuchBucket"),
            (400, "InvalidRequest"),
        ] {
            assert!(
                matches!(meaning(status, Some(code)), PortError::Refused(_)),
                "{code}"
            );
        }
    }

    #[test]
    fn a_code_that_is_none_is_not_handed_on() {
        let said = meaning(403, Some("key AKCANARY is unknown at http://canary")).to_string();
        assert_eq!(said, "refused: the store does not let us in (no code)");
    }
}
