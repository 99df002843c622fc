//! `Intake` owns the channel to the queue. It takes a hint only with a child at hand, and with it those that wait already,
//! as far as there are children; claims the jobs, in one transaction where nothing stands against it; acknowledges each
//! hint once its claim is committed or refused, and gives each job an owner (R3, R7).
//!
//! No delivery is held for the length of a job. While queue or database do not answer it lets its consumer go, with all
//! that it holds, and comes again after a pause: it never hands back in a loop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use futures::FutureExt;
use songwalker_jobs::claim::{self, Claimed};
use songwalker_jobs::failpoint::{self, Failpoint};
use songwalker_jobs::ports::{Consumer, Delivery, Hint};
use songwalker_jobs::{JobsError, trace};
use songwalker_schemas::{JobId, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::control::Runs;
use super::job_actor::{Colleagues, JobActor};
use super::render_pool::{Checkout, RenderPoolActor, TryCheckout};
use crate::attempt::StopSign;
use crate::board::{Board, IntakeState};
use crate::child::Lease;

/// The pause after a queue or a database that did not answer; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How many jobs are claimed at once at most.
const MOST_AT_ONCE: usize = 32;

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
        let mut spare: Option<Lease> = None;
        loop {
            if let Err(gone) = self.round(&mut spare).await {
                return gone;
            }
        }
    }

    /// Waits for a child and a hint, takes what else waits for which there is a child, and claims it all.
    async fn round(&mut self, spare: &mut Option<Lease>) -> Result<(), Gone> {
        let needs = self.needs;
        let first = self.first(spare.take()).await?;
        let mut taken = vec![first];
        *spare = self.more(&mut taken).await?;
        let mut is_refused = Vec::with_capacity(taken.len());
        for (_, delivery) in &taken {
            let received = failpoint::reached(Failpoint::IntakeReceived).await;
            let refused = received.map_err(|error| self.not_claimed(delivery.hint.job_id, &error.into()));
            is_refused.push(match refused {
                Ok(()) => false,
                Err(done) => done.map(|_| true)?,
            });
        }
        let at = needs.system.clock.steady();
        let mut together = self.together(&taken, &is_refused).await?;
        let (mut left, mut done) = (Vec::new(), Vec::new());
        for ((lease, delivery), is_refused) in taken.into_iter().zip(is_refused) {
            match together.remove(&delivery.hint.job_id) {
                Some(claimed) => {
                    self.begin(claimed, at, lease, delivery.hint.trace.as_deref());
                    done.push(delivery);
                }
                None if is_refused => {
                    *spare = Some(lease);
                    done.push(delivery);
                }
                None => left.push((lease, delivery)),
            }
        }
        self.done_with(done).await?;
        for (lease, delivery) in left {
            let claimed = self.claim(&delivery.hint).await?;
            let is_alone = claimed.as_ref().is_some_and(|(claimed, _)| claimed.quarantine);
            match claimed {
                Some((claimed, at)) => self.begin(claimed, at, lease, delivery.hint.trace.as_deref()),
                None => *spare = Some(lease),
            }
            self.done_with(vec![delivery]).await?;
            if is_alone {
                tokio::select! {
                    biased;
                    () = needs.stop.cancelled() => return Err(Gone::Stopped),
                    () = needs.board.until_idle() => {}
                }
            }
        }
        Ok(())
    }

    /// A child, then a hint.
    async fn first(&mut self, spare: Option<Lease>) -> Result<(Lease, Delivery), Gone> {
        let needs = self.needs;
        let mut lease = match spare {
            Some(lease) => lease,
            None => {
                needs.show(IntakeState::Full);
                tokio::select! {
                    biased;
                    () = needs.stop.cancelled() => return Err(Gone::Stopped),
                    lent = needs.pool.send(Checkout) => lent.ok().flatten().ok_or(Gone::Lost)?,
                }
            }
        };
        needs.show(IntakeState::Waiting);
        let delivery = tokio::select! {
            biased;
            () = needs.stop.cancelled() => return Err(Gone::Stopped),
            delivery = self.consumer.next() => delivery.ok_or(Gone::Lost)?,
        };
        // The child may have died while nobody looked.
        if !lease.is_reusable() {
            drop(lease);
            lease = needs.pool.send(Checkout).await.ok().flatten().ok_or(Gone::Lost)?;
        }
        Ok((lease, delivery))
    }

    /// The hints that wait already, each with a child that does; a child for which there was no hint.
    async fn more(&mut self, taken: &mut Vec<(Lease, Delivery)>) -> Result<Option<Lease>, Gone> {
        while taken.len() < MOST_AT_ONCE {
            let Some(lease) = self.needs.pool.send(TryCheckout).await.ok().flatten() else {
                break;
            };
            match self.consumer.next().now_or_never() {
                Some(delivery) => taken.push((lease, delivery.ok_or(Gone::Lost)?)),
                None => return Ok(Some(lease)),
            }
        }
        Ok(None)
    }

    /// Claims what can be claimed together. What is not among the answers is claimed by itself.
    async fn together(
        &self,
        taken: &[(Lease, Delivery)],
        is_refused: &[bool],
    ) -> Result<HashMap<JobId, Claimed>, Gone> {
        let ids: Vec<JobId> = taken
            .iter()
            .zip(is_refused)
            .filter(|(_, is_refused)| !**is_refused)
            .map(|((_, delivery), _)| delivery.hint.job_id)
            .collect();
        match claim::claim_all(&self.needs.system, self.needs.worker_id, &ids).await {
            Ok(claimed) => Ok(claimed
                .into_iter()
                .map(|claimed| (claimed.own.job_id, claimed))
                .collect()),
            Err(error) => {
                tracing::warn!(jobs = ids.len(), code = error.code().name(), error = %error, "jobs not claimed together");
                if error.is_away() {
                    Err(Gone::Lost)
                } else {
                    Ok(HashMap::new())
                }
            }
        }
    }

    /// The hints of jobs that were claimed, or are not to be.
    async fn done_with(&mut self, deliveries: Vec<Delivery>) -> Result<(), Gone> {
        let many = deliveries.len() as u64;
        if let Err(error) = self.consumer.ack_all(deliveries).await {
            tracing::warn!(error = %error, "hints not acknowledged");
            return Err(Gone::Lost);
        }
        self.taken += many;
        Ok(())
    }

    /// Claims a job, alone where it must run alone; nothing where there is nothing to take, and the hint is done with.
    async fn claim(&self, hint: &Hint) -> Result<Option<(Claimed, Timestamp)>, Gone> {
        let Needs {
            system, board, stop, ..
        } = self.needs;
        match claim::peek(system, hint.job_id).await {
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

    fn begin(&self, claimed: Claimed, at: Timestamp, lease: Lease, trace: Option<&str>) {
        let needs = self.needs;
        let own = claimed.own;
        let sign = StopSign::new();
        let entry = needs.board.enter(&own, &sign);
        tracing::info!(
            job.id = %own.job_id, job.attempt = own.attempt, job.fence = own.fence, user.id = %own.user_id,
            "job claimed"
        );
        let colleagues = needs.colleagues.clone();
        let span = tracing::info_span!("attempt", job.id = %own.job_id, job.attempt = own.attempt, user.id = %own.user_id);
        trace::continues(&span, trace);
        let mut owner = JobActor::new(needs.system.clone(), claimed, at, lease, colleagues, sign, entry);
        owner.within(span);
        let owner = owner.start();
        needs
            .colleagues
            .control
            .do_send(Runs(own.job_id, own.fence, owner));
    }
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(Intake);
