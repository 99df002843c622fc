//! From an intent to a bundle, in the child, with its progress recorded meanwhile.

use songwalker_jobs::JobsError;
use songwalker_jobs::failpoint::{self, Failpoint};
use tokio::sync::mpsc::unbounded_channel;

use super::plan::Planned;
use super::progress::record;
use super::{Attempt, Failure};
use crate::child::{GenerateOrder, Made, RenderChild};

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
    let (say, said) = unbounded_channel();
    let stop = attempt.stop();
    let generate = async {
        let made = child
            .generate(&order, &stop, &mut |stage, share| {
                let _ = say.send((stage, share));
            })
            .await;
        drop(say);
        made
    };
    let (made, ()) = tokio::join!(generate, record(attempt, said));
    Ok(made?)
}
