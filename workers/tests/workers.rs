//! The whole of it: rows, queue, scheduler, actors, children. What becomes of jobs when all is well, when users change
//! their minds, and when parts die.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use songwalker_generator::{generator_version, templates};
use songwalker_jobs::config::{Config, Span};
use songwalker_jobs::row::JobRow;
use songwalker_jobs::{Catalogue, System, accept, open, read, users};
use songwalker_scheduler::{Scheduler, SchedulerHandle};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{JobId, UserId};
use songwalker_workers::child::misbehaviour::Plot;
use songwalker_workers::{Workers, WorkersHandle, WorkersOptions, WorkersState};
use tempfile::TempDir;
use tokio::time::Instant;

#[path = "workers/broken_store.rs"]
mod broken_store;
#[path = "workers/dying.rs"]
mod dying;
#[path = "workers/ending.rs"]
mod ending;
#[path = "workers/running.rs"]
mod running;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(90);

struct Service {
    system: System,
    user: UserId,
    dir: TempDir,
    scheduler: Option<SchedulerHandle>,
    workers: WorkersHandle,
}

fn child_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_songwalker-child-for-tests"))
}

/// A child's program in a test's own folder, with what goes wrong in it.
fn program(dir: &TempDir, plot: Option<&str>) -> PathBuf {
    let place = dir.path().join("child");
    std::os::unix::fs::symlink(child_program(), &place).expect("a link");
    if let Some(plot) = plot {
        std::fs::write(dir.path().join("child.misbehave"), plot).expect("written");
    }
    place
}

impl Service {
    /// Everything that `serve` has but the network; retries come quickly.
    async fn start(slots: usize, plot: Option<&str>, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_with(slots, plot, change, |system| system).await
    }

    /// The same on a system of which a test changed parts.
    async fn start_with(
        slots: usize,
        plot: Option<&str>,
        change: impl FnOnce(&mut Config),
        changed: impl FnOnce(System) -> System,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = Config::for_tests(dir.path().join("data"));
        config.quotas.enabled = false;
        config.retry.base = Span::from_millis(10);
        // Longer than a test waits: no deadline may do what something else is to do.
        config.worker.soft_deadline = Span::from_secs(600);
        config.worker.hard_deadline = Span::from_secs(900);
        config.scheduler.sweep_every = Span::from_millis(50);
        change(&mut config);
        let catalogue = Catalogue {
            generator_version: generator_version().to_owned(),
            template_ids: templates::all().map(|template| template.id.clone()).collect(),
        };
        let system = changed(open::open(config, catalogue).await.expect("opens"));
        let user = users::local(&system).await.expect("a user");
        let options = WorkersOptions {
            program: program(&dir, plot),
            slots: Some(slots),
        };
        let scheduler = Some(Scheduler::start(system.clone()));
        let workers = Workers::start(system.clone(), options).expect("a thread");
        Self {
            system,
            user,
            dir,
            scheduler,
            workers,
        }
    }

    async fn submit(&self, prompt: &str, seed: u64) -> JobId {
        let request = CreateJob {
            variations: 0,
            seed,
            ..CreateJob::new(prompt)
        };
        let accepted = accept::accept(&self.system, self.user, request, None).await;
        accepted.expect("accepted").row.id()
    }

    async fn row(&self, job: JobId) -> JobRow {
        read::row(&self.system, self.user, job).await.expect("a row")
    }

    /// Waits until a job's row is as it should be.
    async fn until(&self, job: JobId, holds: impl Fn(&JobRow) -> bool) -> JobRow {
        let deadline = Instant::now() + LONG;
        let mut bus = self.system.bus.subscribe();
        loop {
            let row = self.row(job).await;
            if holds(&row) {
                return row;
            }
            assert!(Instant::now() < deadline, "never: the job is {}", row.model.state);
            let _ = tokio::time::timeout(Duration::from_millis(200), bus.recv()).await;
        }
    }

    async fn until_final(&self, job: JobId) -> JobRow {
        self.until(job, |row| row.state().expect("a state").is_final())
            .await
    }

    /// Waits until a generation has begun, so that what goes wrong in it does.
    async fn until_generating(&self) {
        let plot = Plot::of(&self.dir.path().join("child")).expect("a plot");
        let deadline = Instant::now() + LONG;
        while plot.generations() == 0 {
            assert!(Instant::now() < deadline, "never: no generation began");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_workers(&self, what: &str, holds: impl FnMut(&WorkersState) -> bool) {
        let mut watch = self.workers.watch();
        let waited = tokio::time::timeout(LONG, watch.wait_for(holds))
            .await
            .map(|seen| seen.is_ok());
        assert!(
            matches!(waited, Ok(true)),
            "never: {what}: {:?}",
            self.workers.state()
        );
    }

    async fn objects(&self) -> usize {
        self.system
            .store
            .list("users/", None, 100)
            .await
            .expect("lists")
            .len()
    }

    async fn stop(mut self) {
        self.workers.stop().await;
        if let Some(scheduler) = self.scheduler.take() {
            scheduler.stop().await;
        }
        assert!(!self.workers.state().alive);
        assert!(self.workers.state().running.is_empty());
        self.system.db.close().await;
        drop(self.dir);
    }
}
