//! A `JobActor` owns one attempt at one job: it renews the lease, reads the row's word, keeps the deadlines, raises the
//! sign, gives up what does not see it, and writes the end (R3, R4, R8). The attempt itself is a future that it spawns;
//! a panic in there is caught and is a death like any other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use futures::FutureExt;
use songwalker_jobs::attempt::{self as rows, Pulse};
use songwalker_jobs::claim::Claimed;
use songwalker_jobs::{JobsError, System, ending};
use songwalker_schemas::{Stage, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::control::{Control, Ended};
use super::planner::{Admit, Planner};
use crate::attempt::{self, Attempt, Cause, Ending, Failure, StopSign};
use crate::board::Entry;
use crate::child::Lease;

/// How long after the child's grace an attempt is given up that has not seen its sign.
const ALLOWANCE: Duration = Duration::from_millis(250);

/// Look at the row now.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Look;

/// How far the job is.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Progress {
    stage: Stage,
    progress: f64,
}

/// The actor.
pub struct JobActor {
    system: System,
    claimed: Arc<Claimed>,
    /// There until the attempt begins.
    lease: Option<Lease>,
    planner: Addr<Planner>,
    control: Addr<Control>,
    sign: StopSign,
    /// What does not see the sign in time is given up by this.
    give_up: CancellationToken,
    entry: Entry,
    span: Span,
    began: Instant,
    progress: f64,
    /// When the lease was last known to be renewed, by the steady clock.
    renewed_at: Timestamp,
    is_looking: bool,
    /// Somebody said "look" while it looked: what it sees may be older than that.
    looks_again: bool,
    #[cfg(feature = "bench")]
    makes_nothing: Option<Arc<songwalker_jobs::publish::Packaged>>,
}

/// Whom a job's actor needs.
#[derive(Clone)]
pub struct Colleagues {
    /// Admits planning.
    pub planner: Addr<Planner>,
    /// Is told that the job has ended.
    pub control: Addr<Control>,
    /// What the attempt says in place of making something.
    #[cfg(feature = "bench")]
    pub makes_nothing: Option<Arc<songwalker_jobs::publish::Packaged>>,
}

impl JobActor {
    /// The owner of a job that was claimed at `claimed_at` (steady clock).
    #[must_use]
    pub fn new(
        system: System,
        claimed: Claimed,
        claimed_at: Timestamp,
        lease: Lease,
        colleagues: Colleagues,
        sign: StopSign,
        entry: Entry,
    ) -> Self {
        Self {
            system,
            claimed: Arc::new(claimed),
            lease: Some(lease),
            planner: colleagues.planner,
            control: colleagues.control,
            sign,
            give_up: CancellationToken::new(),
            entry,
            span: Span::none(),
            began: Instant::now(),
            progress: 0.0,
            renewed_at: claimed_at,
            is_looking: false,
            looks_again: false,
            #[cfg(feature = "bench")]
            makes_nothing: colleagues.makes_nothing,
        }
    }

    /// Says which span the attempt is.
    pub fn within(&mut self, span: Span) {
        self.span = span;
    }

    /// Begins the attempt.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        let Some(lease) = self.lease.take() else { return };
        let me = ctx.address();
        let work = Work {
            system: self.system.clone(),
            claimed: Arc::clone(&self.claimed),
            sign: self.sign.clone(),
            give_up: self.give_up.clone(),
            deadline: self.began + self.system.config.worker.hard_deadline.duration(),
            planner: self.planner.clone(),
            report: Box::new(move |stage, progress| me.do_send(Progress { stage, progress })),
            #[cfg(feature = "bench")]
            makes_nothing: self.makes_nothing.clone(),
        };
        let outcome = work.done(lease).instrument(self.span.clone());
        let over = outcome
            .into_actor(self)
            .map(|outcome, actor, ctx| actor.over(outcome, ctx));
        ctx.spawn(over);
    }

    /// The sign is up: say so where the user waits for it, and see that it is obeyed.
    fn stopping(&mut self, ctx: &mut Context<Self>) {
        let (system, own) = (self.system.clone(), self.claimed.own);
        if self.sign.cause() == Some(Cause::Cancelled) {
            let acknowledge = async move {
                if let Err(error) = ending::acknowledge(&system, &own).await {
                    tracing::warn!(job.id = %own.job_id, error = %error, "stop not acknowledged");
                }
            };
            ctx.spawn(acknowledge.into_actor(self));
        }
        let grace = self.system.config.worker.cancel_grace.duration();
        ctx.run_later(grace + ALLOWANCE, |actor, _| actor.give_up.cancel());
    }

    /// Reads the row, and sees whether the lease may be over without our knowing.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let held = self.system.clock.steady().since(self.renewed_at);
        if held >= self.system.config.worker.lease.duration() {
            self.sign.raise(Cause::Stale);
        }
        if self.is_looking {
            self.looks_again = true;
            return;
        }
        self.is_looking = true;
        let (system, own) = (self.system.clone(), self.claimed.own);
        let pulse = async move { rows::pulse(&system, &own).await };
        let heard = pulse.into_actor(self).map(|pulse, actor, ctx| {
            actor.is_looking = false;
            actor.hear(pulse);
            if std::mem::take(&mut actor.looks_again) {
                actor.look(ctx);
            }
        });
        ctx.spawn(heard);
    }

    /// Renews the lease.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        let (system, own, progress) = (self.system.clone(), self.claimed.own, self.progress);
        let beat = async move {
            let at = system.clock.steady();
            (at, rows::beat(&system, &own, progress).await)
        };
        let heard = beat.into_actor(self).map(|(at, pulse), actor, _| {
            if pulse.is_ok() {
                actor.renewed_at = at;
            }
            actor.hear(pulse);
        });
        ctx.spawn(heard);
    }

    fn hear(&self, pulse: Result<Pulse, JobsError>) {
        match pulse {
            Ok(Pulse::Go) => {}
            Ok(Pulse::Stop) => self.sign.raise(Cause::Cancelled),
            Ok(Pulse::Stale) => self.sign.raise(Cause::Stale),
            Err(error) => {
                tracing::warn!(job.id = %self.claimed.own.job_id, error = %error, "row not read");
            }
        }
    }

    /// The attempt is over: its end is written, then the actor's own comes.
    fn over(&mut self, outcome: Result<(), Failure>, ctx: &mut Context<Self>) {
        let (system, own, sign) = (self.system.clone(), self.claimed.own, self.sign.clone());
        let end = async move { attempt::end(&system, &own, outcome, &sign).await };
        let end = end.instrument(std::mem::replace(&mut self.span, Span::none()));
        let ended = end.into_actor(self).map(|ending: Ending, actor, ctx| {
            actor.entry.ended(ending.name());
            metrics::counter!("songwalker_attempts_ended_total", "ending" => ending.name()).increment(1);
            metrics::histogram!("songwalker_attempt_seconds").record(actor.began.elapsed().as_secs_f64());
            ctx.stop();
        });
        ctx.spawn(ended);
    }
}

impl Actor for JobActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let worker = &self.system.config.worker;
        ctx.run_interval(worker.cancel_poll.duration(), Self::look);
        ctx.run_interval(worker.heartbeat.duration(), Self::beat);
        ctx.run_later(worker.soft_deadline.duration(), |actor, _| {
            actor.sign.raise(Cause::Deadline)
        });
        ctx.run_later(worker.hard_deadline.duration(), |actor, _| {
            actor.sign.raise(Cause::Deadline);
            actor.give_up.cancel();
        });
        let raised = self.sign.token().clone().cancelled_owned();
        let stopping = raised.into_actor(self).map(|(), actor, ctx| actor.stopping(ctx));
        ctx.spawn(stopping);
        self.begin(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let own = self.claimed.own;
        self.control.do_send(Ended(own.job_id, own.fence));
    }
}

impl Handler<Look> for JobActor {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        self.look(ctx);
    }
}

impl Handler<Progress> for JobActor {
    type Result = ();

    fn handle(&mut self, Progress { stage, progress }: Progress, _: &mut Self::Context) {
        self.progress = progress;
        self.entry.progress(stage, progress);
    }
}

/// What the spawned attempt takes with it.
struct Work {
    system: System,
    claimed: Arc<Claimed>,
    sign: StopSign,
    give_up: CancellationToken,
    deadline: Instant,
    planner: Addr<Planner>,
    report: Box<dyn Fn(Stage, f64)>,
    #[cfg(feature = "bench")]
    makes_nothing: Option<Arc<songwalker_jobs::publish::Packaged>>,
}

impl Work {
    /// The attempt, from begin to whatever end. When this returns, nothing of it goes on: a child that was left in the
    /// middle of an answer is dead.
    async fn done(self, mut lease: Lease) -> Result<(), Failure> {
        #[cfg(feature = "bench")]
        if let Some(nothing) = &self.makes_nothing {
            let own = &self.claimed.own;
            return Ok(songwalker_jobs::publish::succeed(&self.system, own, nothing).await?);
        }
        let attempt = Attempt {
            system: &self.system,
            own: &self.claimed.own,
            work: &self.claimed.work,
            sign: &self.sign,
            deadline: self.deadline,
            report: &*self.report,
        };
        let admit = async |choice| match self.planner.send(Admit(choice)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::Planner),
        };
        let outcome = tokio::select! {
            biased;
            outcome = AssertUnwindSafe(attempt::run(&attempt, &mut lease, admit)).catch_unwind() => {
                outcome.unwrap_or(Err(Failure::Panicked))
            }
            () = self.give_up.cancelled() => Err(Failure::GivenUp),
        };
        if !lease.is_reusable() {
            lease.kill().await;
        }
        outcome
    }
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(JobActor);
