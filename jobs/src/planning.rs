//! Who plans a job, and what a language model costs it. A call is written down before it is made, with as much set aside
//! for it as it can take, so that no budget of job, user or installation is overdrawn, whoever asks at the same time; its
//! answer is put by under the attempt's fence before anything is made of it, so that no later attempt asks for it again
//! and a crash costs at most the call that was under way (R3). Days are those of UTC.
//!
//! `model_calls` holds numbers alone and outlives its job; what was answered lies with the job's other outputs and goes
//! with its prompt (R10).

mod ledger;
mod stored;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
};
use songwalker_schemas::UserId;
use songwalker_schemas::job::{JobState, PlannerChoice, PlannerFallback, Stage};
use songwalker_schemas::wire::{EventKind, PlannerUse};

use crate::attempt::{self, changed};
use crate::claim::Ownership;
use crate::db::Db;
use crate::entity::model_calls::{Column, Entity, Model};
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::row::{self, JobRow};
use crate::system::System;

pub use stored::PlannedBy;
pub(crate) use stored::{Stored, inherited, output};

/// What transactions hold that set something aside: budgets are everybody's.
const BUDGETS: &str = "model_calls";
/// After so many calls of a job that never ended it is not asked again: workers die at it.
const LOST: u64 = 2;

/// What a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// Tokens that the model reads.
    pub input: u64,
    /// Tokens that it writes.
    pub output: u64,
    /// Some of them are guessed.
    pub estimated: bool,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It may, under this id.
    Given(Uuid),
    /// It may not.
    Refused(PlannerFallback),
}

/// Writes down a call that is about to be made, where every budget holds it.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`]; the database does not answer.
pub async fn begin_call(
    system: &System,
    own: &Ownership,
    model: &str,
    most: Tokens,
) -> Result<Leave, JobsError> {
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    Db::lock_object(&tx, BUDGETS).await?;
    attempt::running(&tx, own).await?;
    let llm = &system.config.llm;
    let cost = llm.cost_micros(most.input, most.output);
    if let Some(why) = ledger::refusal(&tx, llm, own, now, most.input + most.output, cost).await? {
        return Ok(Leave::Refused(why));
    }
    let call = Model {
        id: Uuid::now_v7(),
        job_id: Some(own.job_id.0),
        user_id: Some(own.user_id.0),
        model: model.to_owned(),
        begun_at: now.0,
        ended_at: None,
        input_tokens: whole(most.input),
        output_tokens: whole(most.output),
        estimated: true,
        cost_micros: whole(cost),
        outcome: None,
    };
    let id = call.id;
    Entity::insert(call.into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    failpoint::reached(Failpoint::ModelCallBegun).await?;
    Ok(Leave::Given(id))
}

/// Writes down what a call took, which nobody can take back, and, while the attempt is the job's still, what was answered
/// to all its calls so far, as JSON, where there is an answer.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`]; the database does not answer.
pub async fn end_call(
    system: &System,
    own: &Ownership,
    call: Uuid,
    took: Tokens,
    outcome: &'static str,
    answers: Option<&[u8]>,
) -> Result<(), JobsError> {
    let now = system.clock.now();
    let cost = system.config.llm.cost_micros(took.input, took.output);
    let tx = system.db.begin().await?;
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now.0))
        .col_expr(Column::InputTokens, Expr::value(whole(took.input)))
        .col_expr(Column::OutputTokens, Expr::value(whole(took.output)))
        .col_expr(Column::Estimated, Expr::value(took.estimated))
        .col_expr(Column::CostMicros, Expr::value(whole(cost)))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .filter(Column::Id.eq(call))
        .exec(&tx)
        .await?;
    let still = match attempt::owned(&tx, own).await {
        Ok(mut row) => {
            let goes_on = row.state()? == JobState::Running;
            if let Some(answers) = answers.filter(|_| goes_on) {
                let output = output(system, own, answers, &Stored::Asking)?;
                attempt::put_output(&tx, output).await?;
            }
            note(&tx, system, &mut row, None).await?;
            row::save(&tx, &mut row, None).await?;
            if goes_on { Ok(()) } else { Err(JobsError::Stopping) }
        }
        Err(JobsError::Stale) => Err(JobsError::Stale),
        Err(error) => return Err(error),
    };
    tx.commit().await?;
    still?;
    changed(system, own);
    if answers.is_some() {
        failpoint::reached(Failpoint::ModelAnswered).await?;
    }
    Ok(())
}

/// A call was given up: what was set aside for it counts as taken.
///
/// # Errors
/// The database does not answer.
pub async fn give_up_call(system: &System, own: &Ownership, call: Uuid) -> Result<(), JobsError> {
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now.0))
        .col_expr(Column::Outcome, Expr::value("stopped"))
        .filter(Column::Id.eq(call))
        .filter(Column::EndedAt.is_null())
        .exec(&tx)
        .await?;
    match attempt::owned(&tx, own).await {
        Ok(mut row) => {
            note(&tx, system, &mut row, None).await?;
            row::save(&tx, &mut row, None).await?;
        }
        Err(JobsError::Stale) => {}
        Err(error) => return Err(error),
    }
    tx.commit().await?;
    Ok(())
}

/// Calls of a user who goes are nobody's from here on; what they took stays in everybody's sum.
pub(crate) async fn forget(tx: &DatabaseTransaction, user: UserId) -> Result<(), JobsError> {
    Entity::update_many()
        .col_expr(Column::UserId, Expr::value(None::<Uuid>))
        .filter(Column::UserId.eq(user.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Puts an intent by, so that no attempt asks for it again, and says in the job who made it.
///
/// # Errors
/// [`JobsError::Stale`], [`JobsError::Stopping`].
pub async fn store_intent(
    system: &System,
    own: &Ownership,
    intent: &[u8],
    by: &PlannedBy,
) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    let mut row = attempt::running(&tx, own).await?;
    let output = output(system, own, intent, &Stored::Planned(by.clone()))?;
    attempt::put_output(&tx, output).await?;
    if row.planner()? != PlannerChoice::Embedded {
        note(&tx, system, &mut row, Some(by)).await?;
        let event = by.fallback.map(|why| {
            let message = format!("planned by the embedded planner: {why}");
            NewEvent::new(EventKind::Log, system.clock.now(), message)
        });
        row::save(&tx, &mut row, event).await?;
    }
    tx.commit().await?;
    changed(system, own);
    failpoint::reached(Failpoint::PlanningStored).await?;
    Ok(())
}

/// Says in the row what its calls took, and who planned it, where that is known.
async fn note(
    tx: &DatabaseTransaction,
    system: &System,
    row: &mut JobRow,
    by: Option<&PlannedBy>,
) -> Result<(), JobsError> {
    let sum = ledger::of_job(tx, row.id()).await?;
    let before = row.planning()?;
    let llm = &system.config.llm;
    let by = by.cloned();
    let told = PlannerUse {
        used: by.as_ref().map(|by| by.used).or(before.used),
        model: by
            .as_ref()
            .and_then(|by| by.model.clone())
            .or(before.model)
            .or_else(|| llm.named().filter(|_| sum.calls > 0).map(str::to_owned)),
        calls: u32::try_from(sum.calls).unwrap_or(u32::MAX),
        input_tokens: sum.input_tokens,
        output_tokens: sum.output_tokens,
        estimated: sum.estimated,
        cost: llm.has_prices().then(|| sum.cost_micros as f64 / 1e6),
        fallback: by.and_then(|by| by.fallback).or(before.fallback),
        ..PlannerUse::of(row.planner()?)
    };
    row.model.planning = Some(serde_json::to_string(&told)?);
    Ok(())
}

impl JobRow {
    /// Who planned the job, and what that cost.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn planning(&self) -> Result<PlannerUse, JobsError> {
        if let Some(told) = &self.model.planning {
            return Ok(serde_json::from_str(told)?);
        }
        let asked = self.planner()?;
        // The embedded planner is not asked twice and costs nothing: nobody writes that down.
        let planned = matches!(self.stage(), Some(stage) if stage != Stage::Planning)
            || self.model.bundle_sha256.is_some();
        let used = (planned && asked == PlannerChoice::Embedded).then_some(asked);
        Ok(PlannerUse {
            used,
            ..PlannerUse::of(asked)
        })
    }
}

pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
