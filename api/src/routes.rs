//! The handlers, one file a resource: each reads a request, calls one function of the job domain, and writes its answer.
//! Which of them stands where, and for whom, says the table of operations.

pub mod admin;
pub mod artifacts;
pub mod docs;
pub mod events;
pub mod health;
pub mod home;
pub mod jobs;
pub mod keys;
pub mod me;
pub mod metrics;
pub mod public;
pub mod session;
pub mod shares;
pub mod templates;
pub mod version;
pub mod webhooks;

use crate::error::ApiError;
use crate::state::ApiState;

/// What every handler can reach.
pub type State = actix_web::web::Data<ApiState>;

/// What every handler answers with.
pub type Answer = Result<actix_web::HttpResponse, ApiError>;
