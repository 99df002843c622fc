//! Workers that were not seen for long: their rows go. Their jobs are the affair of the leases.

use crate::error::JobsError;
use crate::presence;
use crate::sweep::pass::walk;
use crate::sweep::{Sweep, Swept};
use crate::system::System;

/// Removes them.
///
/// # Errors
/// The rows cannot be read.
pub async fn sweep(system: &System) -> Result<Swept, JobsError> {
    walk(
        Sweep::Workers,
        |after| presence::unseen(system, after),
        |id| presence::prune(system, id),
    )
    .await
}
