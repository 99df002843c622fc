//! One attempt at a job, as plain functions: plan, make, publish ([`run`]); then its end is written ([`end`]). A job that
//! refines another's sound has nothing to plan apart: its words mean something only beside the sound, so the child reads
//! both.
//!
//! Nothing here keeps time or mail: who runs an attempt renews its lease, raises its [`StopSign`] and gives it a child.
//! Each step that writes names the fence (R3); a step that an earlier attempt put by is not done again. Whatever goes
//! wrong becomes a [`Failure`], and [`end`] makes of it what the row is to say (R7, R8, R11).

mod admitted;
mod ask;
mod end;
mod failure;
mod make;
mod plan;
mod progress;
mod publish;
mod stop_sign;

use songwalker_jobs::System;
use songwalker_jobs::claim::{Ownership, Work};
use songwalker_schemas::Stage;
use songwalker_schemas::job::PlannerChoice;
use tokio::time::Instant;
use tracing::Instrument;

use crate::child::{ChildError, RenderChild, Stop};

pub use admitted::Admitted;
pub use end::{Ending, end};
pub use failure::Failure;
pub use stop_sign::{Cause, StopSign};

/// What an attempt is given.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Everything.
    pub system: &'a System,
    /// Under which fence.
    pub own: &'a Ownership,
    /// What is to be done.
    pub work: &'a Work,
    /// What ends it early.
    pub sign: &'a StopSign,
    /// When its child is killed whatever it says.
    pub deadline: Instant,
    /// Hears each stage and how far the whole job is, 0..1.
    pub report: &'a dyn Fn(Stage, f64),
}

impl Attempt<'_> {
    /// How a conversation with the child ends early.
    fn stop(&self) -> Stop {
        let grace = self.system.config.worker.cancel_grace.duration();
        Stop::new(self.sign.token().clone(), grace, self.deadline)
    }

    /// A failure once the sign is up.
    fn check(&self) -> Result<(), Failure> {
        if self.sign.cause().is_some() {
            Err(Failure::Stopped)
        } else {
            Ok(())
        }
    }
}

/// Does the work of an attempt, from where the last one left it. `admit` says whether and when its planner may be asked.
///
/// # Errors
/// Whatever ended it without a published bundle.
pub async fn run(
    attempt: &Attempt<'_>,
    child: &mut RenderChild,
    admit: impl AsyncFnOnce(PlannerChoice) -> Result<Admitted, Failure>,
) -> Result<(), Failure> {
    if let Some(packaged) = publish::left(attempt).await? {
        let publishing = publish::again(attempt, &packaged);
        return publishing.instrument(progress::span(Stage::Publishing)).await;
    }
    if let Some(parent) = &attempt.work.parent_sha256 {
        let made = make::refine(attempt, child, parent).await?;
        attempt.check()?;
        let publishing = publish::publish(attempt, made);
        return publishing.instrument(progress::span(Stage::Publishing)).await;
    }
    let planned = match plan::left(attempt) {
        Some(planned) => planned,
        None => {
            let planning = plan::plan(attempt, child, admit);
            planning.instrument(progress::span(Stage::Planning)).await?
        }
    };
    attempt.check()?;
    let by = planned.by.clone();
    let made = match make::make(attempt, child, planned).await {
        // Nothing can be made of what a model said: the words themselves may do.
        Err(Failure::Child(ChildError::Failed(_))) if by.used != PlannerChoice::Embedded => {
            let planning = plan::again(attempt, child, by);
            let planned = planning.instrument(progress::span(Stage::Planning)).await?;
            attempt.check()?;
            make::make(attempt, child, planned).await?
        }
        made => made?,
    };
    attempt.check()?;
    let publishing = publish::publish(attempt, made);
    publishing.instrument(progress::span(Stage::Publishing)).await
}
