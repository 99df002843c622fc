//! Why an operation of the job domain was refused or failed, and the code under which each leaves the product. Named
//! constraints and guards of the database become codes here and nowhere else.

use sea_orm::DbErr;
use songwalker_schemas::{ErrorCode, ErrorEnvelope, Fault, Scope, text::TextRefused};

use crate::failpoint::FailpointError;
use crate::ports::PortError;
use crate::secret::SecretError;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is no such thing, or it is someone else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It was there and is past its retention, or erased.
    #[error("{0}")]
    Gone(&'static str),
    /// It cannot be done in the state that the thing is in.
    #[error("{0}")]
    Conflict(String),
    /// No key, or one that is malformed, unknown, revoked or expired: nobody is told which.
    #[error("a key that is known, not revoked and not expired is needed")]
    Unauthenticated,
    /// The key has not the scope that this needs.
    #[error("this needs a key with the scope {0}")]
    Forbidden(Scope),
    /// The request is refused.
    #[error("{message}")]
    Refused {
        /// Which error it is.
        code: ErrorCode,
        /// What is wrong, for people.
        message: String,
        /// Every fault.
        faults: Vec<Fault>,
    },
    /// The user has as many unfinished jobs as are allowed (R9).
    #[error("{unfinished} jobs of yours are not finished, at most {limit} may be")]
    TooManyJobs {
        /// How many there are.
        unfinished: u64,
        /// How many may be.
        limit: u64,
    },
    /// The same Idempotency-Key came with another body.
    #[error("this Idempotency-Key was used with another request")]
    IdempotencyKeyReuse,
    /// The row belongs to another owner now: stop, and discard what you have (R3).
    #[error("another owner has this job")]
    Stale,
    /// The row says that the job is to stop.
    #[error("the job is to stop")]
    Stopping,
    /// The database does not answer, or not as it should.
    #[error("the database does not answer")]
    Database(#[source] DbErr),
    /// The database file is not one that this program can use; says what to do.
    #[error("{0}")]
    Unusable(String),
    /// A service behind a port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A failpoint says so.
    #[error(transparent)]
    Failpoint(#[from] FailpointError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl JobsError {
    /// The code under which it leaves the product.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Gone(_) => ErrorCode::Gone,
            Self::Conflict(_) | Self::Stale | Self::Stopping => ErrorCode::Conflict,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::Refused { code, .. } => *code,
            Self::TooManyJobs { .. } => ErrorCode::TooManyConcurrentJobs,
            Self::IdempotencyKeyReuse => ErrorCode::IdempotencyKeyReuse,
            Self::Database(_) => ErrorCode::Unavailable,
            Self::Unusable(_) | Self::Port(_) => ErrorCode::StorageUnavailable,
            Self::Failpoint(_) | Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The envelope in which it leaves the product. What is inside a database's or a service's error stays inside.
    #[must_use]
    pub fn envelope(&self) -> ErrorEnvelope {
        match self {
            Self::Refused {
                code,
                message,
                faults,
            } => ErrorEnvelope::new(*code, message.clone(), faults.clone()),
            Self::Internal(_) | Self::Failpoint(_) => {
                ErrorEnvelope::new(ErrorCode::Internal, "something went wrong here", Vec::new())
            }
            Self::Port(_) => {
                ErrorEnvelope::new(self.code(), "the store does not answer as it should", Vec::new())
            }
            _ => ErrorEnvelope::new(self.code(), self.to_string(), Vec::new()),
        }
    }

    /// A refusal with all these faults, of which there is at least one; the first is the message.
    #[must_use]
    pub fn refused_for(code: ErrorCode, faults: Vec<Fault>) -> Self {
        let message = faults.first().map_or_else(String::new, |fault| {
            format!("{}: {}", fault.pointer.trim_start_matches('/'), fault.problem)
        });
        Self::Refused {
            code,
            message,
            faults,
        }
    }

    /// A refusal with one fault.
    #[must_use]
    pub fn refused(code: ErrorCode, pointer: &str, problem: impl Into<String>) -> Self {
        let fault = Fault {
            pointer: pointer.to_owned(),
            problem: problem.into(),
        };
        Self::refused_for(code, vec![fault])
    }
}

impl From<DbErr> for JobsError {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if text.contains(songwalker_migrations::triggers::TRANSITION)
            || text.contains(songwalker_migrations::triggers::FINAL)
        {
            return Self::Conflict("the job is in another state".to_owned());
        }
        if text.contains(songwalker_migrations::triggers::FENCE) {
            return Self::Stale;
        }
        Self::Database(error)
    }
}

impl From<SecretError> for JobsError {
    fn from(error: SecretError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<TextRefused> for JobsError {
    fn from(refused: TextRefused) -> Self {
        let code = refused.code;
        Self::refused_for(code, refused.into())
    }
}

impl From<serde_json::Error> for JobsError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("a stored document cannot be read: {error}"))
    }
}
