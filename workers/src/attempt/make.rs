//! From an intent to a bundle, or from a parent's sound and words about it, in the child, with its progress recorded
//! meanwhile.

use songwalker_generator::refine::Parent;
use songwalker_jobs::failpoint::{self, Failpoint};
use songwalker_jobs::{JobsError, parent};
use songwalker_schemas::Stage;
use tokio::sync::mpsc::unbounded_channel;

use super::plan::Planned;
use super::progress::record;
use super::{Attempt, Failure};
use crate::child::{ChildError, GenerateOrder, Made, RefineOrder, RenderChild, Stop};

/// Has the intent made into a bundle.
///
/// # Errors
/// See [`Failure`].
pub async fn make(attempt: &Attempt<'_>, child: &mut RenderChild, planned: Planned) -> Result<Made, Failure> {
    failpoint::reached(Failpoint::ChildStarted)
        .await
        .map_err(JobsError::from)?;
    let order = GenerateOrder {
        intent: planned.intent,
        planner: planned.by.used,
        seed: attempt.work.seed,
        variations: usize::from(attempt.work.variations),
        parent: attempt.work.parent_sha256.clone(),
    };
    followed(
        attempt,
        async |child, stop, progress| child.generate(&order, stop, progress).await,
        child,
    )
    .await
}

/// Has the sound of the job's parent made into another one, by the job's words.
///
/// # Errors
/// [`Failure::Parent`] where the parent's bundle is gone; else see [`Failure`].
pub async fn refine(attempt: &Attempt<'_>, child: &mut RenderChild, parent: &str) -> Result<Made, Failure> {
    let bundle = parent::bundle(attempt.system, attempt.own.user_id, parent).await?;
    let sound = tokio::task::spawn_blocking(move || bundle.and_then(|zip| Parent::of_zip(&zip))).await;
    let parent = sound.ok().flatten().ok_or(Failure::Parent)?;
    failpoint::reached(Failpoint::ChildStarted)
        .await
        .map_err(JobsError::from)?;
    let order = RefineOrder {
        words: attempt.work.prompt.clone(),
        parent,
        seed: attempt.work.seed,
        variations: usize::from(attempt.work.variations),
    };
    followed(
        attempt,
        async |child, stop, progress| child.refine(order, stop, progress).await,
        child,
    )
    .await
}

/// Work of the child, with its progress recorded.
async fn followed(
    attempt: &Attempt<'_>,
    work: impl AsyncFnOnce(
        &mut RenderChild,
        &Stop,
        &mut (dyn FnMut(Stage, f64) + Send),
    ) -> Result<Made, ChildError>,
    child: &mut RenderChild,
) -> Result<Made, Failure> {
    let (say, said) = unbounded_channel();
    let stop = attempt.stop();
    let making = async {
        let made = work(child, &stop, &mut |stage, share| {
            let _ = say.send((stage, share));
        })
        .await;
        drop(say);
        made
    };
    let (made, ()) = tokio::join!(making, record(attempt, said));
    Ok(made?)
}
