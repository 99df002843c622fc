//! From a configuration to a [`System`] that answers: a data directory is opened, or the services that the
//! configuration names are connected ([`shared`]).
//!
//! A data directory in this order: the directory, the lock against others who open it, the database (looked at, and
//! copied before it is migrated), the adapters, the local user with its token. Whatever is wrong is an error that says
//! what to do, and leaves what was there as it was. Nothing that runs jobs is started or adopted here: that is
//! `runner.rs`.

pub(crate) mod database;
pub mod examine;
mod local_user;
#[cfg(feature = "postgres")]
pub mod shared;

use std::path::Path;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::JobsError;
use crate::system::{Catalogue, System};
use crate::wiring;
use examine::{Closeness, Examined};

/// Opens what `config` names: a data directory, which is made and migrated where it has to be, or the services of
/// many machines.
///
/// # Errors
/// [`JobsError::Unusable`] with what is wrong and what to do.
pub async fn open(config: Config, catalogue: Catalogue) -> Result<System, JobsError> {
    open_by(config, catalogue, None).await
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
    open_by(config, catalogue, Some(clock)).await
}

async fn open_by(
    config: Config,
    catalogue: Catalogue,
    clock: Option<Arc<dyn Clock>>,
) -> Result<System, JobsError> {
    wiring::check(&config)?;
    #[cfg(feature = "postgres")]
    if let Some(url) = config.database.url.clone() {
        return shared::open(config, &url, catalogue, clock).await;
    }
    let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
    let dir = DataDir::prepare(&config.data_dir)?;
    let opening = dir.lock_opening().await?;
    let db = database::open(&dir).await?;
    let ready = async {
        let system = wiring::system(config, db.clone(), clock, catalogue).await?;
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
