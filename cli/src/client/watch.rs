//! Following a job from outside its owner: stored events in their order, each once, and how far it is in between. A
//! connection that breaks is made again and goes on behind the last event; signals in this process only shorten the
//! wait for the next look.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::{Method, Response};
use serde::Deserialize;
use songwalker_jobs::events;
use songwalker_jobs::ports::Signal;
use songwalker_schemas::wire::Event;
use songwalker_schemas::{ErrorCode, JobId, Stage};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout};

use super::answer;
use super::server_sent::{Reader, ServerSent};
use super::{Here, There};
use crate::failure::Failure;
use crate::whereabouts;

/// How often a data directory is looked at when no signal comes: its job may be another process's.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How many events one look takes.
const BATCH: u64 = 100;
/// The pause before a broken connection is made again.
const RECONNECT: Duration = Duration::from_millis(500);
/// How long a server may be away.
const AWAY: Duration = Duration::from_secs(30);

/// What is heard of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// A stored event.
    Event(Box<Event>),
    /// How far it is; stored nowhere.
    Progress {
        /// In which stage.
        stage: Stage,
        /// The share of everything that is done.
        whole: f64,
    },
}

/// A job that is followed.
pub enum Watch<'c> {
    /// On a data directory.
    Here(WatchHere<'c>),
    /// On a server.
    There(Box<WatchThere<'c>>),
}

impl<'c> Watch<'c> {
    pub(super) fn here(here: &'c Here, job: JobId) -> Self {
        Self::Here(WatchHere {
            here,
            job,
            // Before the first look, so that nothing falls between the two.
            signals: here.system().bus.subscribe(),
            seq: 0,
            found: VecDeque::new(),
            is_over: false,
        })
    }

    pub(super) fn there(there: &'c There, job: JobId) -> Self {
        Self::There(Box::new(WatchThere {
            there,
            job,
            stream: None,
            last_id: None,
            is_over: false,
            away_since: None,
        }))
    }

    /// The next thing that happens; nothing once the job is final. May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// The job is gone, or what knows of it does not answer.
    pub async fn next(&mut self) -> Result<Option<Update>, Failure> {
        match self {
            Self::Here(watch) => watch.next().await,
            Self::There(watch) => watch.next().await,
        }
    }
}

/// A job of a data directory.
pub struct WatchHere<'c> {
    here: &'c Here,
    job: JobId,
    signals: Receiver<Signal>,
    seq: u64,
    found: VecDeque<Event>,
    is_over: bool,
}

impl WatchHere<'_> {
    async fn next(&mut self) -> Result<Option<Update>, Failure> {
        loop {
            if let Some(event) = self.found.pop_front() {
                self.is_over = event.state.is_final();
                return Ok(Some(Update::Event(Box::new(event))));
            }
            if self.is_over {
                return Ok(None);
            }
            // The state before the events: what made it final is then among them, unless they are purged.
            let is_final = self.here.job(self.job).await?.state.is_final();
            let found = events::after(self.here.system(), self.job, self.seq, BATCH).await?;
            if let Some(last) = found.last() {
                self.seq = last.seq;
                self.found.extend(found);
                continue;
            }
            if is_final {
                self.is_over = true;
                return Ok(None);
            }
            if let Some(progress) = self.signal().await {
                return Ok(Some(progress));
            }
        }
    }

    /// Waits for a signal that concerns the job, or until it is time to look; progress is told as it is.
    async fn signal(&mut self) -> Option<Update> {
        let until = Instant::now() + LOOK_AGAIN;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match timeout(left, self.signals.recv()).await {
                Ok(Ok(Signal::Progress {
                    job_id,
                    stage,
                    progress,
                })) if job_id == self.job => {
                    let stage = Stage::from_name(&stage)?;
                    return Some(Update::Progress {
                        stage,
                        whole: progress,
                    });
                }
                Ok(Ok(Signal::JobChanged { job_id, .. })) if job_id == self.job => return None,
                Ok(Ok(_)) => {}
                Ok(Err(RecvError::Closed)) => {
                    sleep(left).await;
                    return None;
                }
                Ok(Err(RecvError::Lagged(_))) | Err(_) => return None,
            }
        }
    }
}

/// A job of a server.
pub struct WatchThere<'c> {
    there: &'c There,
    job: JobId,
    stream: Option<(Response, Reader)>,
    last_id: Option<String>,
    is_over: bool,
    away_since: Option<Instant>,
}

/// What a `progress` event says.
#[derive(Deserialize)]
struct Progress {
    stage: Stage,
    progress: f64,
}

impl WatchThere<'_> {
    async fn next(&mut self) -> Result<Option<Update>, Failure> {
        loop {
            if self.is_over {
                return Ok(None);
            }
            let Some((answer, reader)) = &mut self.stream else {
                self.connect().await?;
                continue;
            };
            if let Some(sent) = reader.next() {
                if let Some(update) = self.read(sent) {
                    return Ok(Some(update));
                }
                continue;
            }
            match answer.chunk().await {
                Ok(Some(bytes)) => reader.take(&bytes).map_err(|problem| self.nonsense(problem))?,
                Ok(None) => self.ended().await?,
                Err(error) => {
                    let failure = self.there.silent(&error);
                    self.lost(failure).await?;
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        let mut request = self
            .there
            .request(Method::GET, &format!("v1/jobs/{}/events", self.job))?
            .header("Accept", "text/event-stream");
        if let Some(id) = &self.last_id {
            request = request.header("Last-Event-ID", id);
        }
        match self.there.send(request).await {
            Ok(answer) => {
                self.stream = Some((answer, Reader::default()));
                self.away_since = None;
                Ok(())
            }
            Err(failure) if failure.code() == Some(ErrorCode::Unavailable) => self.lost(failure).await,
            Err(failure) => Err(failure),
        }
    }

    /// The stream has ended by itself: after a final state, or because the server goes.
    async fn ended(&mut self) -> Result<(), Failure> {
        match self.there.job(self.job).await {
            Ok(job) if job.state.is_final() => {
                self.is_over = true;
                Ok(())
            }
            Ok(_) => {
                self.stream = None;
                sleep(RECONNECT).await;
                Ok(())
            }
            Err(failure) if failure.code() == Some(ErrorCode::Unavailable) => self.lost(failure).await,
            Err(failure) => Err(failure),
        }
    }

    /// Waits a little for a server that is away, and gives up when it stays so.
    async fn lost(&mut self, failure: Failure) -> Result<(), Failure> {
        self.stream = None;
        let since = *self.away_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= AWAY {
            return Err(failure.with_hint(format!(
                "the job goes on when its server does: {}",
                whereabouts::said(&format!("job watch {}", self.job))
            )));
        }
        sleep(RECONNECT).await;
        Ok(())
    }

    /// What a message says. One that cannot be read is skipped: whether the job is final is then seen when the stream
    /// ends.
    fn read(&mut self, sent: ServerSent) -> Option<Update> {
        self.away_since = None;
        if sent.id.is_some() {
            self.last_id = sent.id;
        }
        match sent.kind.as_str() {
            "state" | "stage" | "log" => {
                let (event, _): (Event, _) = answer::read(sent.data.as_bytes()).ok()?;
                self.is_over = event.state.is_final();
                Some(Update::Event(Box::new(event)))
            }
            "progress" => {
                let Progress { stage, progress } = serde_json::from_str(&sent.data).ok()?;
                Some(Update::Progress {
                    stage,
                    whole: progress,
                })
            }
            _ => None,
        }
    }

    fn nonsense(&self, problem: &str) -> Failure {
        let message = format!("{} sent no event: {problem}", self.there.address());
        Failure::new(ErrorCode::Unavailable, message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::there::tests::newer;
    use super::*;

    fn watch(there: &There) -> WatchThere<'_> {
        WatchThere {
            there,
            job: JobId(uuid::Uuid::nil()),
            stream: None,
            last_id: None,
            is_over: false,
            away_since: Some(Instant::now()),
        }
    }

    const OF_TOMORROW: &str = r#"id: 1
event: state
data: {"seq":1,"kind":"state","at":"2026-01-01T00:00:00.000Z","attempt":1,"state":"of_tomorrow"}

id: 2
event: stage
data: {"seq":2,"kind":"stage","at":"2026-01-01T00:00:00.000Z","attempt":1,"state":"running","stage":"of_tomorrow"}

id: 3
event: log
data: {"of":"tomorrow"}

id: 4
event: of_tomorrow
data: no JSON

event: progress
data: {"stage":"of_tomorrow","progress":0.5}

id: 5
event: state
data: {"seq":5,"kind":"state","at":"2026-01-01T00:00:00.000Z","attempt":1,"state":"failed","error":{"code":"of_tomorrow","message":"not on Sundays","retryable":false}}

"#;

    #[tokio::test]
    async fn events_of_a_newer_server_are_read_as_far_as_they_can_be_and_the_rest_is_skipped() {
        let there = newer("200 OK", "text/event-stream", OF_TOMORROW);
        let mut watch = watch(&there);
        let mut heard = Vec::new();
        while let Some(update) = watch.next().await.unwrap() {
            let Update::Event(event) = update else {
                panic!("progress of a stage that is not known: {update:?}");
            };
            heard.push((event.seq, event.state.is_final(), event.stage));
            if event.seq == 5 {
                assert_eq!(event.error.unwrap().message, "not on Sundays");
            }
        }
        assert_eq!(heard, [(1, false, None), (2, false, None), (5, true, None)]);
        assert_eq!(watch.last_id.as_deref(), Some("5"));
    }

    #[tokio::test]
    async fn a_server_that_answers_is_not_away_before_it_sends_an_event() {
        let there = newer("200 OK", "text/event-stream", "");
        let mut watch = watch(&there);
        watch.connect().await.unwrap();
        assert_eq!(watch.away_since, None);
    }
}
