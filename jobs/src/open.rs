//! Opening a data directory: from a configuration to a [`System`] that answers.
//!
//! In this order: the directory, the lock against others who open it, the database (looked at, copied before it is
//! migrated), the local user with its token, the adapters. Whatever is wrong is an error that says what to do, and
//! leaves what was there as it was. Nothing that runs jobs is started or adopted here: that is `runner.rs`.

mod database;
mod local_user;

use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::JobsError;
use crate::system::{Catalogue, System};
use crate::wiring;

/// The name of the user whom the token file belongs to.
pub const LOCAL_USER: &str = "local";

/// Opens the data directory that `config` names, making and migrating what has to be.
///
/// # Errors
/// [`JobsError::Unusable`] with what is wrong and what to do.
pub async fn open(config: Config, catalogue: Catalogue) -> Result<System, JobsError> {
    open_with_clock(config, catalogue, Arc::new(SystemClock::new())).await
}

/// The same under another clock.
///
/// # Errors
/// Likewise.
pub async fn open_with_clock(
    config: Config,
    catalogue: Catalogue,
    clock: Arc<dyn Clock>,
) -> Result<System, JobsError> {
    wiring::check(&config)?;
    let dir = DataDir::prepare(&config.data_dir)?;
    let opening = dir.lock_opening().await?;
    let db = database::open(&dir, clock.now()).await?;
    local_user::ensure(&db, &dir, clock.now()).await?;
    let system = wiring::embedded(config, &dir, db, clock, catalogue)?;
    drop(opening);
    Ok(system)
}
