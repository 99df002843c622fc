//! The closed list of error codes, and the one envelope in which errors leave the product.

use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::choice::choice;

choice! {
    /// What went wrong, stable, for programs.
    ErrorCode {
        /// The arguments are not of the command's form.
        Usage = "usage",
        /// The text is no JSON.
        InvalidJson = "invalid_json",
        /// A field is missing, unknown or out of bounds.
        InvalidRequest = "invalid_request",
        /// The prompt has more than 4,000 characters.
        PromptTooLong = "prompt_too_long",
        /// More than 20 tags.
        TooManyTags = "too_many_tags",
        /// There is no such template.
        UnknownTemplate = "unknown_template",
        /// A file or thing that was named is not there.
        NotFound = "not_found",
        /// The patch breaks a rule.
        InvalidPatch = "invalid_patch",
        /// The bundle breaks a rule.
        InvalidBundle = "invalid_bundle",
        /// The audio or MIDI file cannot be read.
        InvalidAudio = "invalid_audio",
        /// No key, or one that is not known, revoked or expired.
        Unauthenticated = "unauthenticated",
        /// The key has not the scope that this needs.
        Forbidden = "forbidden",
        /// The method is not one of this address.
        MethodNotAllowed = "method_not_allowed",
        /// It cannot be done in the state that the thing is in.
        Conflict = "conflict",
        /// It was here and is past its retention, or erased.
        Gone = "gone",
        /// The body is larger than allowed.
        PayloadTooLarge = "payload_too_large",
        /// The body is not JSON by its content type.
        UnsupportedMediaType = "unsupported_media_type",
        /// The same Idempotency-Key came with another body.
        IdempotencyKeyReuse = "idempotency_key_reuse",
        /// The user has as many unfinished jobs as are allowed.
        TooManyConcurrentJobs = "too_many_concurrent_jobs",
        /// Too many requests in a minute.
        RateLimited = "rate_limited",
        /// A part that is needed is down.
        Unavailable = "unavailable",
        /// It waited too long for a worker.
        QueueTimeout = "queue_timeout",
        /// The workers that ran it died.
        WorkerLost = "worker_lost",
        /// The planner would not answer.
        PlannerRefused = "planner_refused",
        /// The planner cannot be reached.
        PlannerUnavailable = "planner_unavailable",
        /// The planner answered with something that is no intent.
        InvalidIntent = "invalid_intent",
        /// The patch could not be played.
        RenderFailed = "render_failed",
        /// The patch makes no sound.
        SilentPatch = "silent_patch",
        /// It took too long.
        Timeout = "timeout",
        /// It was cancelled.
        Cancelled = "cancelled",
        /// The bundle is larger than allowed.
        BundleTooLarge = "bundle_too_large",
        /// A file could not be written or read.
        StorageUnavailable = "storage_unavailable",
        /// A hash or a copy does not match.
        VerificationFailed = "verification_failed",
        /// A fault of ours.
        Internal = "internal",
    }
}

impl ErrorCode {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::PlannerUnavailable
                | Self::Timeout
                | Self::StorageUnavailable
                | Self::WorkerLost
                | Self::QueueTimeout
                | Self::TooManyConcurrentJobs
                | Self::RateLimited
                | Self::Unavailable
        )
    }

    /// The HTTP status under which it leaves the server.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Usage | Self::InvalidJson | Self::InvalidRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::PromptTooLong
            | Self::TooManyTags
            | Self::UnknownTemplate
            | Self::IdempotencyKeyReuse
            | Self::InvalidPatch
            | Self::InvalidBundle
            | Self::InvalidAudio
            | Self::InvalidIntent
            | Self::PlannerRefused
            | Self::RenderFailed
            | Self::SilentPatch
            | Self::BundleTooLarge
            | Self::VerificationFailed => 422,
            Self::TooManyConcurrentJobs | Self::RateLimited => 429,
            Self::Timeout | Self::QueueTimeout | Self::WorkerLost | Self::Cancelled | Self::Internal => 500,
            Self::PlannerUnavailable | Self::StorageUnavailable | Self::Unavailable => 503,
        }
    }

    /// The command line's exit code: 2 usage, 3 bad input, 4 planner, 5 render or timeout, 6 storage,
    /// 7 verification, 130 cancelled, 1 a fault of ours.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::InvalidJson
            | Self::InvalidRequest
            | Self::PromptTooLong
            | Self::TooManyTags
            | Self::UnknownTemplate
            | Self::NotFound
            | Self::InvalidPatch
            | Self::InvalidBundle
            | Self::InvalidAudio => 3,
            Self::Unauthenticated
            | Self::Forbidden
            | Self::MethodNotAllowed
            | Self::Conflict
            | Self::Gone
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::IdempotencyKeyReuse
            | Self::TooManyConcurrentJobs
            | Self::RateLimited => 3,
            Self::PlannerUnavailable | Self::PlannerRefused | Self::InvalidIntent => 4,
            Self::RenderFailed
            | Self::SilentPatch
            | Self::Timeout
            | Self::QueueTimeout
            | Self::WorkerLost => 5,
            Self::BundleTooLarge | Self::StorageUnavailable | Self::Unavailable => 6,
            Self::VerificationFailed => 7,
            Self::Cancelled => 130,
            Self::Internal => 1,
        }
    }
}

/// An error as it leaves the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong, for people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Every fault of the input, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Fault>,
}

/// The envelope: `{"error": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorEnvelope {
    /// The error.
    pub error: ErrorBody,
}

impl ErrorEnvelope {
    /// The envelope of an error.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>, details: Vec<Fault>) -> Self {
        Self {
            error: ErrorBody {
                code,
                message: message.into(),
                retryable: code.retryable(),
                details,
            },
        }
    }
}
