//! The client in this process: the functions of the job domain on a data directory, as its local user. Where nobody
//! else runs jobs on the directory, this process can be the one that does.

use songwalker_generator::{generator_version, recipes, templates};
use songwalker_jobs::accept::Answer;
use songwalker_jobs::delete::Deletion;
use songwalker_jobs::open::open;
use songwalker_jobs::read::Filter;
use songwalker_jobs::row::JobRow;
use songwalker_jobs::runner::{Holder, RunnerLock, holder};
use songwalker_jobs::{
    Catalogue, Config, JobsError, System, accept, cancel, delete, library, read, retry, shares, users, view,
};
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::{CreateJob, CreateShare, Job, LogLine, NewShare, Page, Share, UpdateJob};
use songwalker_schemas::{ErrorCode, JobId, ShareId, UserId};
use tokio::sync::Mutex;

use super::{Deleted, Submitted, Wanted};
use crate::failure::Failure;
use crate::runner::Runner;
use crate::whereabouts;

/// What others read about a process that runs jobs for one command: its name and the command's, no more of the line.
fn purpose() -> String {
    let command = std::env::args_os().nth(1).unwrap_or_default();
    format!("songwalker {}", command.to_string_lossy())
}

/// A data directory that is open.
pub struct Here {
    system: System,
    user: UserId,
    runner: Mutex<Option<Runner>>,
}

/// Who runs jobs on the data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// This process.
    Mine,
    /// Another one.
    Other(Holder),
    /// Nobody.
    Nobody,
}

/// What the generator offers.
pub fn catalogue() -> Catalogue {
    Catalogue {
        generator_version: generator_version().to_owned(),
        template_ids: templates::ids()
            .chain(recipes::ids())
            .map(str::to_owned)
            .collect(),
    }
}

impl Here {
    /// Opens a data directory.
    ///
    /// # Errors
    /// It cannot be used; says why.
    pub async fn open(config: Config) -> Result<Self, Failure> {
        let system = open(config, catalogue()).await?;
        let user = users::local(&system).await?;
        Ok(Self {
            system,
            user,
            runner: Mutex::new(None),
        })
    }

    /// The open data directory.
    pub const fn system(&self) -> &System {
        &self.system
    }

    /// Becomes the process that runs jobs, where no other is.
    ///
    /// # Errors
    /// What runs jobs cannot be started.
    pub async fn try_run(&self) -> Result<Standing, Failure> {
        let mut runner = self.runner.lock().await;
        if runner.is_some() {
            return Ok(Standing::Mine);
        }
        let data_dir = &self.system.config.data_dir;
        let Some(mut lock) = RunnerLock::try_take(data_dir)? else {
            return self.standing();
        };
        lock.name_purpose(&purpose())?;
        *runner = Some(Runner::start(&self.system, lock).await?);
        Ok(Standing::Mine)
    }

    /// Who runs jobs on the data directory, as far as others do.
    ///
    /// # Errors
    /// The data directory cannot be read.
    pub fn standing(&self) -> Result<Standing, Failure> {
        let holder = holder(&self.system.config.data_dir)?;
        Ok(holder.map_or(Standing::Nobody, Standing::Other))
    }

    async fn told(&self, row: JobRow) -> Result<Job, Failure> {
        Ok(view::job(&self.system, row).await?)
    }

    async fn submitted(&self, accepted: accept::Accepted) -> Result<Submitted, Failure> {
        Ok(Submitted {
            is_new: accepted.answer == Answer::New,
            job: self.told(accepted.row).await?,
        })
    }

    pub async fn submit(&self, request: &CreateJob) -> Result<Submitted, Failure> {
        let accepted = accept::accept(&self.system, self.user, request.clone(), None).await?;
        self.submitted(accepted).await
    }

    pub async fn job(&self, id: JobId) -> Result<Job, Failure> {
        Ok(read::job(&self.system, self.user, id).await?)
    }

    pub async fn list(&self, wanted: &Wanted) -> Result<Page<Job>, Failure> {
        let filter = Filter {
            state: wanted.state.as_deref().and_then(JobState::from_name),
            category: wanted.category.clone(),
            tag: wanted.tag.clone(),
            starred: wanted.starred.then_some(true),
            q: wanted.q.clone(),
            cursor: wanted.cursor.clone(),
            limit: Some(wanted.limit),
            ..Filter::default()
        };
        Ok(read::list(&self.system, self.user, &filter).await?)
    }

    pub async fn cancel(&self, id: JobId) -> Result<Job, Failure> {
        let row = cancel::cancel(&self.system, self.user, id).await?;
        self.told(row).await
    }

    pub async fn retry(&self, id: JobId) -> Result<Submitted, Failure> {
        let accepted = retry::retry(&self.system, self.user, id).await?;
        self.submitted(accepted).await
    }

    pub async fn delete(&self, id: JobId) -> Result<Deleted, Failure> {
        Ok(match delete::delete(&self.system, self.user, id).await? {
            Deletion::Done => Deleted::Gone,
            Deletion::Stopping => Deleted::Stopping,
        })
    }

    pub async fn update(&self, id: JobId, change: &UpdateJob) -> Result<Job, Failure> {
        let row = library::update(&self.system, self.user, id, change.clone()).await?;
        self.told(row).await
    }

    pub async fn log(&self, id: JobId) -> Result<Vec<LogLine>, Failure> {
        Ok(read::log(&self.system, self.user, id).await?)
    }

    pub async fn bundle(&self, job: &Job) -> Result<Vec<u8>, Failure> {
        let row = read::row(&self.system, self.user, job.id).await?;
        Ok(read::bundle(&self.system, &row).await?)
    }

    pub async fn share(&self, id: JobId, request: &CreateShare) -> Result<NewShare, Failure> {
        if self.system.config.server.public_url.is_none() {
            let message = "no server runs on this data directory, and it has no public address: a link would lead nowhere";
            return Err(Failure::new(ErrorCode::Conflict, message).with_hint(format!(
                "{} makes a page that needs no server; for links, set server.public_url and run {}",
                whereabouts::said("share JOB --html FILE"),
                whereabouts::said("serve")
            )));
        }
        Ok(shares::create(&self.system, self.user, id, request.clone()).await?)
    }

    pub async fn shares(&self, cursor: Option<String>) -> Result<Page<Share>, Failure> {
        Ok(shares::list(&self.system, self.user, cursor.as_deref(), None).await?)
    }

    pub async fn revoke_share(&self, id: ShareId) -> Result<(), Failure> {
        shares::revoke(&self.system, self.user, id).await?;
        Ok(())
    }

    /// Ends what runs, and closes the database.
    pub async fn close(self) -> Result<(), Failure> {
        if let Some(runner) = self.runner.into_inner() {
            runner.stop().await;
        }
        self.system.db.close().await;
        Ok(())
    }
}

impl From<JobsError> for Failure {
    /// In this process nothing is kept back: the data directory is the caller's own.
    fn from(error: JobsError) -> Self {
        match &error {
            JobsError::Database(cause) => Self::new(
                ErrorCode::StorageUnavailable,
                format!("the database does not answer: {cause}"),
            )
            .with_hint(format!(
                "is the disk full, or the data directory read-only? {} looks",
                whereabouts::said("doctor")
            )),
            JobsError::Port(cause) => Self::new(error.code(), cause.to_string()),
            JobsError::Internal(cause) => Self::new(ErrorCode::Internal, cause.clone()),
            _ => Self::from(error.envelope()),
        }
    }
}
