//! `songwalker audit`: the promises of the job system, checked from database and store alone.

use songwalker_schemas::ErrorCode;

use crate::args::Audit;
use crate::failure::Failure;

pub fn run(_args: &Audit) -> Result<(), Failure> {
    Err(Failure::new(ErrorCode::Internal, "audit"))
}
