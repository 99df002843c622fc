//! Why a model gave no intent.

use std::time::Duration;

use songwalker_schemas::ErrorCode;
use songwalker_schemas::job::PlannerFallback;

/// Why there is no intent. Says nothing of what was asked or answered (R10).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The endpoint cannot be reached, breaks off, says nothing for too long, or has a fault of its own.
    #[error("the model cannot be reached")]
    Unreachable,
    /// It wants fewer questions; when it may be asked again, where it says so.
    #[error("the model takes no more questions for now")]
    Limited(Option<Duration>),
    /// It does not know the key, the model or the address: somebody has to look at the settings.
    #[error("the model does not take the settings (status {0})")]
    Settings(u16),
    /// It will not answer this.
    #[error("the model refused")]
    Refused,
    /// What it answered is no intent, also after it was told what is wrong.
    #[error("the model's answers were no intent")]
    Unusable,
    /// The time was up.
    #[error("the model took too long")]
    OutOfTime,
    /// It failed so often that it is left alone for a while.
    #[error("the model failed too often and is left alone for a while")]
    Resting,
    /// Whoever pays does not allow the call.
    #[error("the model may not be asked")]
    NotAllowed,
    /// It does not take the form of the question. Only between the forms; never an outcome.
    #[error("the model does not take this form of a question")]
    Form,
}

impl Fault {
    /// The code that users see.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Refused => ErrorCode::PlannerRefused,
            Self::Unusable => ErrorCode::InvalidIntent,
            _ => ErrorCode::PlannerUnavailable,
        }
    }

    /// Why the embedded planner takes over, as a job says it.
    #[must_use]
    pub const fn fallback(&self) -> PlannerFallback {
        match self {
            Self::Unreachable | Self::NotAllowed => PlannerFallback::Unreachable,
            Self::Limited(_) => PlannerFallback::RateLimited,
            Self::Settings(_) | Self::Form => PlannerFallback::SettingsRefused,
            Self::Refused => PlannerFallback::Refused,
            Self::Unusable => PlannerFallback::InvalidAnswer,
            Self::OutOfTime => PlannerFallback::TooSlow,
            Self::Resting => PlannerFallback::Resting,
        }
    }

    /// Whether it tells of the endpoint, not of this one question: what the [`Breaker`](crate::Breaker) counts.
    #[must_use]
    pub const fn of_endpoint(&self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::Limited(_) | Self::Settings(_) | Self::OutOfTime
        )
    }
}
