//! From words to an intent that is put by: no later attempt asks again. The child reads the words; where a model was asked
//! for, it is asked behind that, and what the child read completes its answer or takes its place.

use songwalker_jobs::planning::{self, PlannedBy};
use songwalker_schemas::job::{PlannerChoice, PlannerFallback};
use songwalker_schemas::{Intent, Stage};

use super::ask::{ask, instead};
use super::progress::begin;
use super::{Admitted, Attempt, Failure};
use crate::child::{ChildError, PlanOrder, RenderChild};

/// What was understood, and by whom.
#[derive(Clone)]
pub struct Planned {
    /// The intent.
    pub intent: Intent,
    /// Who made it.
    pub by: PlannedBy,
}

/// The intent that an earlier attempt put by, where it can still be read.
pub fn left(attempt: &Attempt<'_>) -> Option<Planned> {
    let stored = attempt.work.intent.as_deref()?;
    Some(Planned {
        intent: serde_json::from_slice(stored).ok()?,
        by: attempt.work.planned_by.clone().unwrap_or(PlannedBy::EMBEDDED),
    })
}

/// Has the words understood and puts the intent by.
///
/// # Errors
/// See [`Failure`].
pub async fn plan(
    attempt: &Attempt<'_>,
    child: &mut RenderChild,
    admit: impl AsyncFnOnce(PlannerChoice) -> Result<Admitted, Failure>,
) -> Result<Planned, Failure> {
    begin(attempt, Stage::Planning).await?;
    attempt.check()?;
    let admitted = admit(attempt.work.planner).await?;
    let own = read(attempt, child).await?;
    let planned = match attempt.work.planner {
        PlannerChoice::Auto | PlannerChoice::Embedded => Planned {
            intent: own,
            by: PlannedBy::EMBEDDED,
        },
        PlannerChoice::Llm | PlannerChoice::Hybrid => ask(attempt, admitted.model(), own).await?,
    };
    drop(admitted);
    put_by(attempt, planned).await
}

/// Nothing can be made of a model's intent: the embedded planner's takes its place.
///
/// # Errors
/// See [`Failure`].
pub async fn again(
    attempt: &Attempt<'_>,
    child: &mut RenderChild,
    by: PlannedBy,
) -> Result<Planned, Failure> {
    begin(attempt, Stage::Planning).await?;
    attempt.check()?;
    let own = read(attempt, child).await?;
    put_by(attempt, instead(own, by.model, PlannerFallback::InvalidAnswer)).await
}

/// The words as the embedded planner reads them.
async fn read(attempt: &Attempt<'_>, child: &mut RenderChild) -> Result<Intent, Failure> {
    let order = PlanOrder {
        prompt: attempt.work.prompt.clone(),
        tags: attempt.work.tags.clone(),
        template_id: attempt.work.template_id.clone(),
        seed: attempt.work.seed,
    };
    Ok(child.plan(&order, &attempt.stop()).await?)
}

async fn put_by(attempt: &Attempt<'_>, mut planned: Planned) -> Result<Planned, Failure> {
    // Why the planner decided so may quote the prompt; what is put by outlives it.
    planned.intent.rationale.clear();
    let stored = serde_json::to_vec(&planned.intent)
        .map_err(|_| ChildError::Rubbish("an intent that cannot be written"))?;
    planning::store_intent(attempt.system, attempt.own, &stored, &planned.by).await?;
    Ok(planned)
}
