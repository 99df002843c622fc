//! From words to an intent that is put by: no later attempt asks again.

use songwalker_jobs::attempt;
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::{Intent, Stage};

use super::progress::begin;
use super::{Attempt, Failure};
use crate::child::{ChildError, PlanOrder, RenderChild};

/// The intent that an earlier attempt put by, where it can still be read.
pub fn left(attempt: &Attempt<'_>) -> Option<Intent> {
    let stored = attempt.work.intent.as_deref()?;
    serde_json::from_slice(stored).ok()
}

/// Has the words understood and puts the intent by.
///
/// # Errors
/// See [`Failure`].
pub async fn plan<P>(
    attempt: &Attempt<'_>,
    child: &mut RenderChild,
    admit: impl AsyncFnOnce(PlannerChoice) -> Result<P, Failure>,
) -> Result<Intent, Failure> {
    begin(attempt, Stage::Planning).await?;
    attempt.check()?;
    let permit = admit(attempt.work.planner).await?;
    let order = PlanOrder {
        prompt: attempt.work.prompt.clone(),
        tags: attempt.work.tags.clone(),
        template_id: attempt.work.template_id.clone(),
        seed: attempt.work.seed,
    };
    let mut intent = child.plan(&order, &attempt.stop()).await?;
    drop(permit);
    // Why the planner decided so may quote the prompt; what is put by outlives it.
    intent.rationale.clear();
    let stored =
        serde_json::to_vec(&intent).map_err(|_| ChildError::Rubbish("an intent that cannot be written"))?;
    attempt::store_intent(attempt.system, attempt.own, &stored).await?;
    Ok(intent)
}
