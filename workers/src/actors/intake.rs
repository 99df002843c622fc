//! `Intake` owns the channel to the queue. It takes a hint only with a child at hand, claims the job, acknowledges the
//! hint once the claim is committed or refused, and gives the job an owner (R3, R7).
//!
//! No delivery is held for the length of a job. While queue or database do not answer it lets its consumer go, with all
//! that it holds, and comes again after a pause: it never hands back in a loop.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use songwalker_jobs::claim::{self, Claimed};
use songwalker_jobs::failpoint::{self, Failpoint};
use songwalker_jobs::ports::{Consumer, Hint};
use songwalker_jobs::{JobsError, System};
use songwalker_schemas::{JobId, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::control::Runs;
use super::job_actor::{Colleagues, JobActor};
use super::render_pool::{Checkout, RenderPoolActor};
use crate::attempt::StopSign;
use crate::board::{Board, IntakeState};
use crate::child::Lease;

/// The pause after a queue or a database that did not answer; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Whom and what the intake needs.
#[derive(Clone)]
pub struct Needs {
    /// Everything.
    pub system: songwalker_jobs::System,
    /// As whom it claims.
    pub worker_id: Uuid,
    /// Jobs at a time.
    pub slots: usize,
    /// Lends children.
    pub pool: Addr<RenderPoolActor>,
    /// Whom jobs' owners need.
    pub colleagues: Colleagues,
    /// Where it shows what it does.
    pub board: Arc<Board>,
    /// Ends it; jobs that run are not touched.
    pub stop: CancellationToken,
}

/// The actor.
pub struct Intake {
    needs: Needs,
}

impl Intake {
    /// An actor that takes jobs until it is stopped.
    #[must_use]
    pub const fn new(needs: Needs) -> Self {
        Self { needs }
    }
}

impl Actor for Intake {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let taking = take_in(self.needs.clone());
        let ended = taking
            .into_actor(self)
            .map(|(), _, ctx: &mut Context<Self>| ctx.stop());
        ctx.spawn(ended);
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.needs.board.show(|state| state.intake = IntakeState::Away);
    }
}

/// Why a session with the queue ended.
enum Gone {
    /// It was to.
    Stopped,
    /// Queue, database or pool do not answer.
    Lost,
}

/// Session after session, with pauses between them.
async fn take_in(needs: Needs) {
    let mut pause = FIRST_PAUSE;
    loop {
        let taken = match needs.system.queue.consumer(needs.slots).await {
            Ok(consumer) => {
                let mut session = Session {
                    needs: &needs,
                    consumer,
                    taken: 0,
                };
                match session.run().await {
                    Gone::Stopped => return,
                    Gone::Lost => session.taken,
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "queue not open");
                0
            }
        };
        pause = if taken > 0 { FIRST_PAUSE } else { pause };
        needs.show(IntakeState::Pausing);
        tokio::select! {
            () = needs.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

impl Needs {
    fn show(&self, intake: IntakeState) {
        self.board.show(|state| state.intake = intake);
    }
}

/// One consumer's time.
struct Session<'a> {
    needs: &'a Needs,
    consumer: Box<dyn Consumer>,
    /// Hints that were dealt with.
    taken: u64,
}

impl Session<'_> {
    async fn run(&mut self) -> Gone {
        let needs = self.needs;
        let mut child: Option<Lease> = None;
        loop {
            let mut lease = match child.take() {
                Some(lease) => lease,
                None => {
                    needs.show(IntakeState::Full);
                    tokio::select! {
                        biased;
                        () = needs.stop.cancelled() => return Gone::Stopped,
                        lent = needs.pool.send(Checkout) => match lent {
                            Ok(Some(lease)) => lease,
                            Ok(None) | Err(_) => return Gone::Lost,
                        },
                    }
                }
            };
            needs.show(IntakeState::Waiting);
            let delivery = tokio::select! {
                biased;
                () = needs.stop.cancelled() => return Gone::Stopped,
                delivery = self.consumer.next() => match delivery {
                    Some(delivery) => delivery,
                    None => return Gone::Lost,
                },
            };
            // The child may have died while nobody looked.
            if !lease.is_reusable() {
                drop(lease);
                match needs.pool.send(Checkout).await {
                    Ok(Some(another)) => lease = another,
                    Ok(None) | Err(_) => return Gone::Lost,
                }
            }
            let claimed = match self.claim(&delivery.hint).await {
                Ok(claimed) => claimed,
                Err(Gone::Stopped) => return Gone::Stopped,
                Err(Gone::Lost) => return Gone::Lost,
            };
            let is_alone = claimed.as_ref().is_some_and(|(claimed, _)| claimed.quarantine);
            match claimed {
                Some((claimed, at)) => self.begin(claimed, at, lease),
                None => child = Some(lease),
            }
            if let Err(error) = self.consumer.ack(delivery).await {
                tracing::warn!(error = %error, "hint not acknowledged");
                return Gone::Lost;
            }
            self.taken += 1;
            if is_alone {
                tokio::select! {
                    biased;
                    () = needs.stop.cancelled() => return Gone::Stopped,
                    () = needs.board.until_idle() => {}
                }
            }
        }
    }

    /// Claims a job, alone where it must run alone; nothing where there is nothing to take, and the hint is done with.
    async fn claim(&self, hint: &Hint) -> Result<Option<(Claimed, Timestamp)>, Gone> {
        let Needs {
            system, board, stop, ..
        } = self.needs;
        match alone(system, hint).await {
            Ok(Some(true)) => {
                self.needs.show(IntakeState::Alone);
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return Err(Gone::Stopped),
                    () = board.until_idle() => {}
                }
            }
            Ok(Some(false)) => {}
            Ok(None) => return Ok(None),
            Err(error) => return self.not_claimed(hint.job_id, &error),
        }
        let at = system.clock.steady();
        match claim::claim(system, self.needs.worker_id, hint.job_id).await {
            Ok(claimed) => Ok(claimed.map(|claimed| (claimed, at))),
            Err(error) => self.not_claimed(hint.job_id, &error),
        }
    }

    /// A database that is away is waited for. Any other error, one of the database's too, is this row's own: its hint is
    /// done with, so that it stops nobody; the sweep and its deadlines see to it (R12).
    fn not_claimed(&self, job_id: JobId, error: &JobsError) -> Result<Option<(Claimed, Timestamp)>, Gone> {
        tracing::warn!(job.id = %job_id, code = error.code().name(), error = %error, "job not claimed");
        if error.is_away() {
            Err(Gone::Lost)
        } else {
            Ok(None)
        }
    }

    fn begin(&self, claimed: Claimed, at: Timestamp, lease: Lease) {
        let needs = self.needs;
        let own = claimed.own;
        let sign = StopSign::new();
        let entry = needs.board.enter(&own, &sign);
        tracing::info!(
            job.id = %own.job_id, job.attempt = own.attempt, job.fence = own.fence, user.id = %own.user_id,
            "job claimed"
        );
        let colleagues = needs.colleagues.clone();
        let owner = JobActor::new(needs.system.clone(), claimed, at, lease, colleagues, sign, entry).start();
        needs
            .colleagues
            .control
            .do_send(Runs(own.job_id, own.fence, owner));
    }
}

/// Whether a job must run alone; nothing where there is nothing to take now.
async fn alone(system: &System, hint: &Hint) -> Result<Option<bool>, JobsError> {
    failpoint::reached(Failpoint::IntakeReceived).await?;
    claim::peek(system, hint.job_id).await
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(Intake);
