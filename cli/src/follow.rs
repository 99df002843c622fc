//! A job and the command that waits for it: asking, becoming the one that runs it where nobody does, showing how far it
//! is, passing Ctrl-C on (R8), and telling how it ended.

use std::time::Duration;

use songwalker_schemas::job::{JobState, WaitingReason};
use songwalker_schemas::wire::{CreateJob, EventKind, Job};
use songwalker_schemas::{ErrorCode, JobId};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::client::{Client, Standing, Submitted, Update};
use crate::failure::Failure;
use crate::named::short;
use crate::progress::Progress;
use crate::{interrupt, moment, whereabouts};

/// How often a process that waits for the runner lock tries to get it.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// After how many tries a person is told that somebody else runs jobs here.
const TRIES_UNTIL_NOTICE: u32 = 5;
/// The pause before a user with too many unfinished jobs asks this process again.
const ASK_AGAIN_HERE: Duration = Duration::from_millis(250);
/// The pause before a server is asked again, which counts requests.
const ASK_AGAIN_THERE: Duration = Duration::from_secs(2);

/// What Ctrl-C does to a job that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInterrupt {
    /// It is cancelled.
    Cancel,
    /// It goes on without us.
    Leave,
}

/// Asks for a sound, and waits for a place where the user has as many unfinished jobs as may be.
///
/// # Errors
/// The request is refused; `cancelled` by Ctrl-C while waiting.
pub async fn submit(client: &Client, request: &CreateJob, progress: &Progress) -> Result<Submitted, Failure> {
    let mut is_told = false;
    loop {
        // Children need a moment to get ready: they are started while the request is being written down.
        let (submitted, standing) = tokio::join!(client.submit(request), try_run(client));
        match submitted {
            Err(failure) if failure.code() == Some(ErrorCode::TooManyConcurrentJobs) => {
                standing?;
                if !std::mem::replace(&mut is_told, true) {
                    progress.notice("waiting: as many jobs as may be are not finished yet");
                }
                let pause = match client {
                    Client::Here(_) => ASK_AGAIN_HERE,
                    Client::There(_) => ASK_AGAIN_THERE,
                };
                tokio::select! {
                    () = sleep(pause) => {}
                    () = interrupt::asked() => return Err(Failure::cancelled()),
                }
            }
            Ok(submitted) => {
                if !submitted.job.state.is_final() {
                    standing?;
                }
                return Ok(submitted);
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn try_run(client: &Client) -> Result<Option<Standing>, Failure> {
    match client {
        Client::Here(here) => here.try_run().await.map(Some),
        Client::There(_) => Ok(None),
    }
}

/// Follows a job to its end, running it where nobody else does.
///
/// # Errors
/// `cancelled` where Ctrl-C came; the job is gone; what knows of it does not answer. How the job ended is no error here.
pub async fn to_its_end(
    client: &Client,
    id: JobId,
    progress: &Progress,
    on_interrupt: OnInterrupt,
) -> Result<Job, Failure> {
    let mut watch = client.watch(id);
    let mut is_asked = false;
    let mut seat = Seat::new(client);
    loop {
        tokio::select! {
            biased;
            () = interrupt::asked(), if !is_asked => {
                is_asked = true;
                if on_interrupt == OnInterrupt::Leave {
                    return Err(left(id));
                }
                client.cancel(id).await?;
            }
            update = watch.next() => match update? {
                None => break,
                Some(update) => show(&update, progress),
            },
            // Only the tick is waited for here: a start of workers must not be dropped half-way.
            () = seat.is_time() => if let Some(word) = seat.try_now().await? {
                progress.notice(&word);
            },
        }
    }
    let job = client.job(id).await?;
    if is_asked { Err(stopped(&job)) } else { Ok(job) }
}

fn show(update: &Update, progress: &Progress) {
    match update {
        Update::Progress { stage, whole } => progress.job_at(*stage, *whole),
        Update::Event(event) => {
            if event.state == JobState::Queued {
                progress.waiting();
            }
            if let (EventKind::Stage, Some(stage)) = (event.kind, event.stage) {
                progress.begun(stage);
            }
            if let (Some(error), JobState::Queued) = (&event.error, event.state) {
                progress.notice(&format!(
                    "attempt {} failed, trying again: {}",
                    event.attempt, error.message
                ));
            }
        }
    }
}

/// Trying to become the process that runs jobs.
struct Seat<'c> {
    client: &'c Client,
    tries: u32,
    is_over: bool,
    clock: tokio::time::Interval,
}

impl<'c> Seat<'c> {
    fn new(client: &'c Client) -> Self {
        let mut clock = interval(TRY_AGAIN);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client,
            tries: 0,
            is_over: matches!(client, Client::There(_)),
            clock,
        }
    }

    /// Waits for the next try; for ever once there is nothing to try.
    async fn is_time(&mut self) {
        if self.is_over {
            std::future::pending::<()>().await;
        }
        self.clock.tick().await;
    }

    /// Tries; a word for people where there is one.
    async fn try_now(&mut self) -> Result<Option<String>, Failure> {
        match try_run(self.client).await? {
            Some(Standing::Other(holder)) => {
                self.tries += 1;
                let is_time = self.tries == TRIES_UNTIL_NOTICE;
                Ok(is_time.then(|| format!("waiting: {holder}")))
            }
            // It went between two looks: the next try gets the lock.
            Some(Standing::Nobody) => Ok(None),
            Some(Standing::Mine) | None => {
                self.is_over = true;
                Ok(None)
            }
        }
    }
}

/// The job was left to itself.
fn left(id: JobId) -> Failure {
    Failure::new(
        ErrorCode::Cancelled,
        format!("stopped following; job {} is not cancelled", short(id)),
    )
    .with_hint(format!(
        "{} goes on, {} stops it",
        whereabouts::said(&format!("job watch {}", short(id))),
        whereabouts::said(&format!("job cancel {}", short(id)))
    ))
}

/// What became of a job that was to stop.
fn stopped(job: &Job) -> Failure {
    let id = short(job.id);
    let failure = Failure::cancelled();
    match job.state {
        JobState::Succeeded => failure
            .said(|message| format!("{message}; job {id} had just succeeded"))
            .with_hint(format!(
                "{} gets it",
                whereabouts::said(&format!("job fetch {id}"))
            )),
        _ => failure.said(|message| format!("{message}; job {id} is {}", job.state)),
    }
}

/// The job, where it succeeded.
///
/// # Errors
/// Why it did not.
pub fn succeeded(job: Job) -> Result<Job, Failure> {
    let id = short(job.id);
    match (job.state, job.error) {
        (JobState::Succeeded, error) => Ok(Job { error, ..job }),
        (_, Some(error)) => {
            let hint = format!(
                "{} says what happened, {} tries again",
                whereabouts::said(&format!("job log {id}")),
                whereabouts::said(&format!("job retry {id}"))
            );
            Err(Failure::from(error)
                .said(|message| format!("job {id}: {message}"))
                .with_hint(hint))
        }
        (state, None) => Err(Failure::new(ErrorCode::Conflict, format!("job {id} is {state}"))),
    }
}

/// Why a job does not run yet, in a few words.
pub fn waiting_for(job: &Job) -> Option<String> {
    let waiting = job.waiting.as_ref()?;
    Some(match (waiting.reason, waiting.position, waiting.until) {
        (WaitingReason::Backoff, _, Some(until)) => format!("tried again at {}", moment::second(until)),
        (WaitingReason::Backoff, _, None) => "tried again soon".to_owned(),
        (WaitingReason::NoWorker, ..) => "nobody runs jobs now".to_owned(),
        (WaitingReason::Paused, ..) => "the service is paused".to_owned(),
        (WaitingReason::Queue, Some(0) | None, _) => "next".to_owned(),
        (WaitingReason::Queue, Some(before), _) => format!("{before} before it"),
    })
}
