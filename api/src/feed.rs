//! What happens to jobs, for all who listen: each job that somebody listens to is read once for all of its listeners,
//! when the bus says that something changed and every two seconds in any case, so that a lost signal costs time and
//! nothing else (R4). Stored events are kept in the job's own order; progress is stored nowhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use songwalker_jobs::ports::Signal;
use songwalker_jobs::{JobsError, System, events, read};
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::{Event, EventKind, Progress};
use songwalker_schemas::{JobId, UserId};
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::meter::LISTENERS;

/// How often a job is read when nothing is heard of it.
const READ_EVERY: Duration = Duration::from_secs(2);
/// How many events one query reads.
const BATCH: u64 = 500;

/// What is known of a job.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Whether it was read at all.
    pub is_read: bool,
    /// Its stored events, oldest first, without gaps; the first ones are missing where they were cleared away.
    pub events: Vec<Arc<Event>>,
    /// The number of its last event, stored still or not.
    pub seq: u64,
    /// Whether it is in a final state.
    pub is_final: bool,
    /// Whether it is there no more.
    pub is_gone: bool,
    /// How far it has come, and how often that was told.
    pub progress: Option<(u64, Progress)>,
}

impl Told {
    /// Whether every event behind number `seq` can be told.
    #[must_use]
    pub fn has_all_after(&self, seq: u64) -> bool {
        seq == self.seq || seq < self.seq && self.events.first().is_some_and(|first| first.seq <= seq + 1)
    }

    /// The events behind number `seq`.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &Arc<Event>> {
        let from = self.events.partition_point(|event| event.seq <= seq);
        self.events[from..].iter()
    }
}

/// Whether nothing comes behind an event.
#[must_use]
pub fn is_last(event: &Event) -> bool {
    event.kind == EventKind::State && event.state.is_final()
}

/// The jobs that somebody listens to.
#[derive(Clone)]
pub struct Feeds(Arc<Shared>);

struct Shared {
    system: System,
    runtime: Handle,
    open: Mutex<HashMap<JobId, Feed>>,
}

struct Feed {
    listeners: usize,
    told: Arc<watch::Sender<Told>>,
    wake: Arc<Notify>,
    closed: CancellationToken,
}

impl Feeds {
    /// Nobody listens yet. What is read is read on `runtime`, until `stopping`.
    #[must_use]
    pub fn start(system: System, runtime: Handle, stopping: CancellationToken) -> Self {
        let shared = Arc::new(Shared {
            system,
            runtime: runtime.clone(),
            open: Mutex::default(),
        });
        runtime.spawn(hear(Arc::clone(&shared), stopping));
        Self(shared)
    }

    /// Listens to a job of a user, from its first event on.
    #[must_use]
    pub fn listen(&self, user: UserId, job: JobId) -> Listener {
        let mut open = self.0.open();
        let feed = open.entry(job).or_insert_with(|| self.0.follow(user, job));
        feed.listeners += 1;
        metrics::gauge!(LISTENERS).increment(1.0);
        Listener {
            told: feed.told.subscribe(),
            place: Some((self.clone(), job)),
        }
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.0.open().len()
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<JobId, Feed>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to read a job.
    fn follow(&self, user: UserId, job: JobId) -> Feed {
        let feed = Feed {
            listeners: 0,
            told: Arc::new(watch::Sender::new(Told::default())),
            wake: Arc::new(Notify::new()),
            closed: CancellationToken::new(),
        };
        let reader = Reader {
            system: self.system.clone(),
            user,
            job,
            told: Arc::clone(&feed.told),
        };
        let (wake, closed) = (Arc::clone(&feed.wake), feed.closed.clone());
        self.runtime
            .spawn(async move { closed.run_until_cancelled(reader.run(&wake)).await });
        feed
    }
}

/// One who listens.
pub struct Listener {
    /// What is known by now.
    pub told: watch::Receiver<Told>,
    place: Option<(Feeds, JobId)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let Some((feeds, job)) = &self.place else { return };
        metrics::gauge!(LISTENERS).decrement(1.0);
        let mut open = feeds.0.open();
        if let Some(feed) = open.get_mut(job) {
            feed.listeners -= 1;
            if feed.listeners == 0 {
                feed.closed.cancel();
                open.remove(job);
            }
        }
    }
}

/// Hands on what the bus says.
async fn hear(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut bus = shared.system.bus.subscribe();
    let mut every = tokio::time::interval(READ_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let signal = tokio::select! {
            () = stopping.cancelled() => return,
            _ = every.tick() => None,
            signal = bus.recv() => match signal {
                Ok(Signal::Missed) | Err(RecvError::Lagged(_)) => None,
                Ok(signal) => Some(signal),
                Err(RecvError::Closed) => return,
            },
        };
        let open = shared.open();
        match signal {
            Some(Signal::JobChanged { job_id, .. }) => {
                if let Some(feed) = open.get(&job_id) {
                    feed.wake.notify_one();
                }
            }
            Some(Signal::Progress {
                job_id,
                stage,
                progress,
            }) => {
                if let Some(feed) = open.get(&job_id) {
                    let now = Progress { stage, progress };
                    feed.told.send_modify(|told| {
                        let count = told.progress.take().map_or(0, |(count, _)| count);
                        told.progress = Some((count + 1, now));
                    });
                }
            }
            Some(_) => {}
            None => open.values().for_each(|feed| feed.wake.notify_one()),
        }
    }
}

/// Reads one job, until it has ended or nobody listens.
struct Reader {
    system: System,
    user: UserId,
    job: JobId,
    told: Arc<watch::Sender<Told>>,
}

impl Reader {
    async fn run(&self, wake: &Notify) {
        loop {
            match self.read().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(job.id = %self.job, error = %error, "job not read"),
            }
            wake.notified().await;
        }
    }

    /// Reads what is new; whether that is all that will ever be.
    async fn read(&self) -> Result<bool, JobsError> {
        let row = match read::row(&self.system, self.user, self.job).await {
            Ok(row) => row,
            Err(JobsError::NotFound(_)) => {
                self.told.send_modify(|told| {
                    told.is_read = true;
                    told.is_gone = true;
                });
                return Ok(true);
            }
            Err(other) => return Err(other),
        };
        // The row was read first: events that came since are read now or next time, none is lost between.
        let seq = u64::try_from(row.model.event_seq).unwrap_or(0);
        let known = self.told.borrow().seq;
        let fresh = if seq > known {
            self.fresh(known).await?
        } else {
            Vec::new()
        };
        let is_final = row.state()?.is_final();
        let last = fresh.last().map_or(seq, |event| event.seq.max(seq));
        let is_end = is_final || fresh.last().is_some_and(is_last);
        self.told.send_if_modified(|told| {
            let is_news = !told.is_read || !fresh.is_empty() || last > told.seq || is_end != told.is_final;
            told.is_read = true;
            told.seq = last.max(told.seq);
            told.is_final = is_end;
            told.events.extend(fresh.into_iter().map(Arc::new));
            is_news
        });
        Ok(is_end)
    }

    async fn fresh(&self, mut known: u64) -> Result<Vec<Event>, JobsError> {
        let mut fresh = Vec::new();
        loop {
            let batch = events::after(&self.system, self.job, known, BATCH).await?;
            let is_all = (batch.len() as u64) < BATCH;
            known = batch.last().map_or(known, |event| event.seq);
            fresh.extend(batch);
            if is_all {
                return Ok(fresh);
            }
        }
    }
}

/// Waits until a job is final, is gone, or time is up; whether it has ended.
pub async fn ended(mut listener: Listener, stopping: &CancellationToken, patience: Duration) -> bool {
    let end = listener.told.wait_for(|told| told.is_final || told.is_gone);
    tokio::select! {
        () = stopping.cancelled() => false,
        () = tokio::time::sleep(patience) => false,
        end = end => end.is_ok(),
    }
}

/// The state that a job without stored events is in, as far as its row says.
#[must_use]
pub fn state_event(job: &songwalker_schemas::wire::Job, seq: u64) -> Event {
    Event {
        seq,
        kind: EventKind::State,
        at: job.finished_at.unwrap_or(job.queued_at),
        attempt: job.attempt,
        state: job.state,
        stage: job.stage.filter(|_| job.state == JobState::Running),
        message: None,
        error: job.error.clone(),
    }
}

#[cfg(test)]
impl Listener {
    /// One who hears what a test says.
    pub const fn of_test(told: watch::Receiver<Told>) -> Self {
        Self { told, place: None }
    }
}

#[cfg(test)]
mod tests {
    use songwalker_jobs::testing::{self, TestSystem};
    use songwalker_jobs::{accept, cancel};
    use songwalker_schemas::wire::CreateJob;

    use super::*;

    async fn job(system: &TestSystem, prompt: &str) -> JobId {
        let accepted = accept::accept(system, system.user, CreateJob::new(prompt), None).await;
        accepted.unwrap().row.id()
    }

    fn feeds(system: &TestSystem) -> Feeds {
        Feeds::start(system.system.clone(), Handle::current(), CancellationToken::new())
    }

    #[tokio::test]
    async fn a_job_is_read_once_for_all_who_listen_and_no_more_when_nobody_does() {
        let system = testing::system().await;
        let feeds = feeds(&system);
        let (one, two) = (job(&system, "one").await, job(&system, "two").await);
        let listeners: Vec<Listener> = (0..20).map(|_| feeds.listen(system.user, one)).collect();
        let other = feeds.listen(system.user, two);
        assert_eq!(feeds.count(), 2);
        drop(other);
        assert_eq!(feeds.count(), 1);
        for mut listener in listeners {
            let told = listener.told.wait_for(|told| told.is_read).await.unwrap().clone();
            assert_eq!(told.events.len(), 1);
        }
        assert_eq!(feeds.count(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_for_an_end_hears_of_it() {
        let system = testing::system().await;
        let feeds = feeds(&system);
        let (stopping, long) = (CancellationToken::new(), Duration::from_secs(60));
        let job = job(&system, "one").await;
        let (has_ended, cancelled) = tokio::join!(
            ended(feeds.listen(system.user, job), &stopping, long),
            cancel::cancel(&system, system.user, job)
        );
        cancelled.unwrap();
        assert!(has_ended);
        assert!(
            ended(feeds.listen(system.user, job), &stopping, long).await,
            "it has ended already"
        );
        let nobodys = JobId(songwalker_schemas::ids::Uuid::now_v7());
        assert!(
            ended(feeds.listen(system.user, nobodys), &stopping, long).await,
            "it is not there"
        );
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_server_stops_or_time_is_up() {
        let system = testing::system().await;
        let feeds = feeds(&system);
        let job = job(&system, "one").await;
        let stopping = CancellationToken::new();
        assert!(!ended(feeds.listen(system.user, job), &stopping, Duration::ZERO).await);
        stopping.cancel();
        assert!(!ended(feeds.listen(system.user, job), &stopping, Duration::from_secs(60)).await);
    }
}
