//! The one way by which commands reach jobs: in this process on a data directory, or over HTTP. Both variants do the
//! same operations on the same rows; what differs is where they run.

mod answer;
mod here;
mod server_sent;
mod there;
pub mod transport;
mod untouched;
mod watch;

use songwalker_schemas::wire::{CreateJob, CreateShare, Job, LogLine, NewShare, Page, Share, UpdateJob};
use songwalker_schemas::{ErrorCode, JobId, ShareId};

pub use self::here::{Here, Standing, catalogue};
pub use self::there::{There, address_of};
pub use self::transport::http;
pub use self::untouched::refuse as refuse_untouched;
pub use self::watch::{Update, Watch};
use crate::args::Target;
use crate::failure::Failure;
use crate::{logging, settings};

/// What a list is narrowed down to.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// In this state.
    pub state: Option<String>,
    /// Of this category.
    pub category: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// With a star.
    pub starred: bool,
    /// With these letters.
    pub q: Option<String>,
    /// At most so many.
    pub limit: u64,
    /// Behind this place.
    pub cursor: Option<String>,
}

/// A request that was taken.
#[derive(Debug)]
pub struct Submitted {
    /// The job.
    pub job: Job,
    /// Whether it is a new one; else the same request had made it before.
    pub is_new: bool,
}

/// What a deletion found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// It goes as soon as it has stopped.
    Stopping,
}

/// A way to jobs.
pub enum Client {
    /// In this process.
    Here(Here),
    /// Over HTTP.
    There(There),
}

/// Runs one operation on whichever it is.
macro_rules! either {
    ($client:expr, $way:ident => $done:expr) => {
        match $client {
            Client::Here($way) => $done,
            Client::There($way) => $done,
        }
    };
}

impl Client {
    /// The server that was named, else the one that runs on the data directory, else the data directory itself.
    ///
    /// # Errors
    /// There is no key for the server, the configuration is refused, the data directory cannot be opened.
    pub async fn connect(target: &Target) -> Result<Self, Failure> {
        if let Some(server) = &target.server {
            return There::named(server, target.key_file.as_deref()).map(Self::There);
        }
        let config = settings::load(&target.place)?;
        logging::of_command(&config)?;
        match There::of_data_dir(&config.data_dir) {
            Some(server) => Ok(Self::There(server?)),
            None if config.database.url.is_some() => Err(Failure::new(
                ErrorCode::Usage,
                "this configuration is of a service on many machines, and no server is named",
            )
            .with_hint("name its address with --server, and a key of yours with --key-file")),
            None => Here::open(config).await.map(Self::Here),
        }
    }

    /// The same for who looks at what is there already: nothing is made.
    ///
    /// # Errors
    /// Likewise; `not_found` where nothing was made on the data directory yet.
    pub async fn existing(target: &Target) -> Result<Self, Failure> {
        if target.server.is_none() {
            untouched::refuse(&settings::load(&target.place)?, &target.place)?;
        }
        Self::connect(target).await
    }

    /// The same; nothing where the usual data directory holds nothing yet, which is no slip of who asks.
    ///
    /// # Errors
    /// Likewise, where a data directory was named.
    pub async fn existing_or_none(target: &Target) -> Result<Option<Self>, Failure> {
        let is_usual = target.server.is_none() && target.place.data_dir.is_none();
        if is_usual && untouched::is_untouched(&settings::load(&target.place)?.data_dir) {
            return Ok(None);
        }
        Self::existing(target).await.map(Some)
    }

    /// Asks for a sound.
    ///
    /// # Errors
    /// The request is refused.
    pub async fn submit(&self, request: &CreateJob) -> Result<Submitted, Failure> {
        either!(self, way => way.submit(request).await)
    }

    /// A job as it stands.
    ///
    /// # Errors
    /// There is none.
    pub async fn job(&self, id: JobId) -> Result<Job, Failure> {
        either!(self, way => way.job(id).await)
    }

    /// Jobs, the newest first.
    ///
    /// # Errors
    /// The limits of the list are none.
    pub async fn list(&self, wanted: &Wanted) -> Result<Page<Job>, Failure> {
        either!(self, way => way.list(wanted).await)
    }

    /// Asks a job to stop.
    ///
    /// # Errors
    /// There is none.
    pub async fn cancel(&self, id: JobId) -> Result<Job, Failure> {
        either!(self, way => way.cancel(id).await)
    }

    /// Does a job again.
    ///
    /// # Errors
    /// It is not failed or cancelled, or its prompt is gone.
    pub async fn retry(&self, id: JobId) -> Result<Submitted, Failure> {
        either!(self, way => way.retry(id).await)
    }

    /// Deletes a job.
    ///
    /// # Errors
    /// There is none.
    pub async fn delete(&self, id: JobId) -> Result<Deleted, Failure> {
        either!(self, way => way.delete(id).await)
    }

    /// Changes what its user says of a job.
    ///
    /// # Errors
    /// There is none, or the change is refused.
    pub async fn update(&self, id: JobId, change: &UpdateJob) -> Result<Job, Failure> {
        either!(self, way => way.update(id, change).await)
    }

    /// What happened to a job.
    ///
    /// # Errors
    /// There is none.
    pub async fn log(&self, id: JobId) -> Result<Vec<LogLine>, Failure> {
        either!(self, way => way.log(id).await)
    }

    /// The zip of a job that succeeded, held against its hash.
    ///
    /// # Errors
    /// It has none.
    pub async fn bundle(&self, job: &Job) -> Result<Vec<u8>, Failure> {
        either!(self, way => way.bundle(job).await)
    }

    /// Makes a link to a job.
    ///
    /// # Errors
    /// It has no bundle, or the link would lead nowhere.
    pub async fn share(&self, id: JobId, request: &CreateShare) -> Result<NewShare, Failure> {
        either!(self, way => way.share(id, request).await)
    }

    /// The links that were made, the newest first.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn shares(&self) -> Result<Vec<Share>, Failure> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = either!(self, way => way.shares(cursor).await)?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// Makes a link lead nowhere.
    ///
    /// # Errors
    /// There is none.
    pub async fn revoke_share(&self, id: ShareId) -> Result<(), Failure> {
        either!(self, way => way.revoke_share(id).await)
    }

    /// Follows a job from its first event on.
    pub fn watch(&self, id: JobId) -> Watch<'_> {
        match self {
            Self::Here(here) => Watch::here(here, id),
            Self::There(there) => Watch::there(there, id),
        }
    }

    /// Ends what the client has open. A job that this process runs is given back to the queue.
    ///
    /// # Errors
    /// The data directory cannot be left in order.
    pub async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Here(here) => here.close().await,
            Self::There(_) => Ok(()),
        }
    }
}
