//! What planning puts by for the next attempt: answers of a model that is still being asked, or the intent with who made
//! it.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde::{Deserialize, Serialize};
use songwalker_schemas::canonical;
use songwalker_schemas::job::{PlannerChoice, PlannerFallback, Stage};
use songwalker_schemas::wire::PlannerUse;

use crate::claim::Ownership;
use crate::entity::stage_outputs;
use crate::error::JobsError;
use crate::row::{self, JobRow};
use crate::system::System;

/// Who made an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBy {
    /// The planner whose it is.
    pub used: PlannerChoice,
    /// The model that was to be asked, where one was.
    pub model: Option<String>,
    /// Why the embedded planner took over, where it did.
    pub fallback: Option<PlannerFallback>,
}

impl PlannedBy {
    /// The embedded planner, as it was asked to.
    pub const EMBEDDED: Self = Self {
        used: PlannerChoice::Embedded,
        model: None,
        fallback: None,
    };
}

/// What the output of planning is, as its column `about` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stored {
    /// Answers of a model, in order.
    Asking,
    /// An intent.
    Planned(PlannedBy),
}

impl Stored {
    /// What a row says; one from before models were asked is an intent of the embedded planner.
    pub(crate) fn of(output: &stage_outputs::Model) -> Result<Self, JobsError> {
        match &output.about {
            Some(about) => Ok(serde_json::from_str(about)?),
            None => Ok(Self::Planned(PlannedBy::EMBEDDED)),
        }
    }
}

/// The output of planning, under an attempt's fence.
pub(crate) fn output(
    system: &System,
    own: &Ownership,
    content: &[u8],
    about: &Stored,
) -> Result<stage_outputs::Model, JobsError> {
    Ok(stage_outputs::Model {
        job_id: own.job_id.0,
        user_id: own.user_id.0,
        stage: Stage::Planning.name().to_owned(),
        fence: own.fence,
        sha256: canonical::sha256_hex(content),
        bytes: super::whole(content.len() as u64),
        content: Some(content.to_vec()),
        about: Some(serde_json::to_string(about)?),
        stored: true,
        at: system.clock.now().0,
    })
}

/// The new run of a request takes what planning had put by in an earlier one: no model is asked for it again. What the
/// embedded planner made in a model's place is left behind: the model may answer now.
pub(crate) async fn inherited(
    tx: &DatabaseTransaction,
    before: sea_orm::prelude::Uuid,
    row: &mut JobRow,
) -> Result<(), JobsError> {
    let found = stage_outputs::Entity::find_by_id((before, Stage::Planning.name().to_owned()))
        .one(tx)
        .await?;
    let Some(mut output) = found else { return Ok(()) };
    if let Stored::Planned(by) = Stored::of(&output)? {
        if by.fallback.is_some() {
            return Ok(());
        }
        if by.used != PlannerChoice::Embedded {
            let told = PlannerUse {
                used: Some(by.used),
                model: by.model,
                ..PlannerUse::of(row.planner()?)
            };
            row.model.planning = Some(serde_json::to_string(&told)?);
            row::save(tx, row, None).await?;
        }
    }
    output.job_id = row.model.id;
    output.fence = 0;
    stage_outputs::Entity::insert(output.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
