//! `Control` hears what is broadcast: somebody wants a running job to stop. It only makes that job's owner look at its
//! row at once; the row decides, and the owner looks every second anyway (R8).

use std::collections::BTreeMap;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, StreamHandler};
use songwalker_jobs::System;
use songwalker_jobs::ports::Signal;
use songwalker_schemas::JobId;
use tokio::sync::broadcast::error::RecvError;

use super::job_actor::{JobActor, Look};

/// An attempt at a job runs here from now on: job, fence, owner.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Runs(pub JobId, pub i64, pub Addr<JobActor>);

/// An attempt runs here no more: job, fence.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Ended(pub JobId, pub i64);

/// Ends the actor: what it hears is heard by another.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// What was heard.
enum Heard {
    Cancel(JobId),
    /// Signals were lost: anybody may have been meant.
    Anybody,
}

/// The actor.
pub struct Control {
    system: System,
    /// By job and fence: an attempt that dies late does not take its successor's place with it (R3).
    owners: BTreeMap<(JobId, i64), Addr<JobActor>>,
}

impl Control {
    /// An actor that listens to the system's bus.
    #[must_use]
    pub fn new(system: System) -> Self {
        Self {
            system,
            owners: BTreeMap::new(),
        }
    }
}

impl Actor for Control {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let signals = futures::stream::unfold(self.system.bus.subscribe(), |mut bus| async move {
            loop {
                match bus.recv().await {
                    Ok(Signal::CancelRequested { job_id }) => return Some((Heard::Cancel(job_id), bus)),
                    Ok(Signal::Missed) | Err(RecvError::Lagged(_)) => return Some((Heard::Anybody, bus)),
                    Ok(_) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        ctx.add_stream(signals);
    }
}

impl StreamHandler<Heard> for Control {
    fn handle(&mut self, heard: Heard, _: &mut Self::Context) {
        match heard {
            Heard::Cancel(job_id) => {
                let owners = self.owners.range((job_id, i64::MIN)..=(job_id, i64::MAX));
                owners.for_each(|(_, owner)| owner.do_send(Look));
            }
            Heard::Anybody => self.owners.values().for_each(|owner| owner.do_send(Look)),
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<Runs> for Control {
    type Result = ();

    fn handle(&mut self, Runs(job_id, fence, owner): Runs, _: &mut Self::Context) {
        self.owners.retain(|_, owner| owner.connected());
        self.owners.insert((job_id, fence), owner);
    }
}

impl Handler<Ended> for Control {
    type Result = ();

    fn handle(&mut self, Ended(job_id, fence): Ended, _: &mut Self::Context) {
        self.owners.remove(&(job_id, fence));
    }
}

impl Handler<Close> for Control {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(Control);

/// Make the owners of all running jobs die.
#[cfg(feature = "failpoints")]
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct PanicOwners;

#[cfg(feature = "failpoints")]
impl Handler<PanicOwners> for Control {
    type Result = ();

    fn handle(&mut self, _: PanicOwners, _: &mut Self::Context) {
        self.owners.values().for_each(|owner| owner.do_send(super::Panic));
    }
}
