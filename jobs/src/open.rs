//! Opening a data directory: from a configuration to a [`System`] that answers.
//!
//! In this order: the directory, the lock against others who open it, the database (looked at, and copied before it is
//! migrated), the adapters, the local user with its token. Whatever is wrong is an error that says what to do, and
//! leaves what was there as it was. Nothing that runs jobs is started or adopted here: that is `runner.rs`.

pub(crate) mod database;
pub mod examine;
mod local_user;

use std::path::Path;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::JobsError;
use crate::system::{Catalogue, System};
use crate::wiring;
use examine::{Closeness, Examined};

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
    let db = database::open(&dir).await?;
    let ready = async {
        let system = wiring::embedded(config, &dir, db.clone(), clock, catalogue)?;
        local_user::ensure(&system, &dir).await?;
        Ok(system)
    };
    let opened = match ready.await {
        Ok(system) => Ok(system),
        Err(error) => {
            db.close().await;
            Err(database::explained(&dir, error))
        }
    };
    drop(opening);
    opened
}

/// Looks at the database of a data directory without changing anything; `None`: there is none.
///
/// # Errors
/// [`JobsError::Unusable`] with what is wrong and what to do.
pub async fn look(data_dir: &Path, closeness: Closeness) -> Result<Option<Examined>, JobsError> {
    let dir = DataDir::at(data_dir);
    if !dir.database().exists() {
        return Ok(None);
    }
    examine::examine(&dir.database(), closeness)
        .await
        .map(Some)
        .map_err(|why| database::refusal(&dir, &why))
}
