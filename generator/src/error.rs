//! Why a generation ended without a bundle.

use songwalker_schemas::{ErrorCode, ErrorEnvelope, Fault, Faults};

/// Why a generation ended without a bundle.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The request itself is refused.
    #[error("{message}")]
    Request {
        /// Which error it is.
        code: ErrorCode,
        /// What is wrong, for people.
        message: String,
        /// Every fault.
        faults: Faults,
    },
    /// A planner answered with something that is no intent.
    #[error("the planner's answer breaks the intent's rules")]
    Intent(Faults),
    /// The mapper made a patch that breaks the rules: a fault of ours.
    #[error("the mapped patch breaks the rules:\n{0}")]
    Patch(Faults),
    /// The engine could not play the patch.
    #[error("the patch could not be played: {0}")]
    Render(String),
    /// The patch stays silent whatever is tried.
    #[error("the patch makes no sound")]
    Silent,
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The bundle is larger than allowed.
    #[error("the bundle has {bytes} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The bundle could not be made.
    #[error("the bundle could not be packed: {0}")]
    Package(String),
}

impl GenerateError {
    /// The code under which it leaves the product.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Request { code, .. } => *code,
            Self::Intent(_) => ErrorCode::InvalidIntent,
            Self::Patch(_) | Self::Package(_) => ErrorCode::Internal,
            Self::Render(_) => ErrorCode::RenderFailed,
            Self::Silent => ErrorCode::SilentPatch,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::TooLarge { .. } => ErrorCode::BundleTooLarge,
        }
    }

    /// Every fault of the input, where there are any.
    #[must_use]
    pub fn details(&self) -> Vec<Fault> {
        match self {
            Self::Request { faults, .. } | Self::Intent(faults) | Self::Patch(faults) => {
                faults.as_slice().to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// The envelope in which it leaves the product.
    #[must_use]
    pub fn envelope(&self) -> ErrorEnvelope {
        ErrorEnvelope::new(self.code(), self.to_string(), self.details())
    }
}
