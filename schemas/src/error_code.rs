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
            Self::PlannerUnavailable | Self::Timeout | Self::StorageUnavailable
        )
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
            Self::PlannerUnavailable | Self::InvalidIntent => 4,
            Self::RenderFailed | Self::SilentPatch | Self::Timeout => 5,
            Self::BundleTooLarge | Self::StorageUnavailable => 6,
            Self::VerificationFailed => 7,
            Self::Cancelled => 130,
            Self::Internal => 1,
        }
    }
}

/// An error as it leaves the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
