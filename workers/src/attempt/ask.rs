//! Asks a language model for an intent, on the job's account: each call is written down before it is made and its answer
//! put by before anything is made of it, so that no later attempt asks for it again. Whatever goes wrong with the model,
//! the embedded planner's own intent takes its place and the job says why; what goes wrong with the job ends the attempt.
//! What was asked and answered is said to nobody (R10).

mod account;

use songwalker_generator::planner::{self, alone, complete, examples};
use songwalker_jobs::attempt as rows;
use songwalker_jobs::planning::PlannedBy;
use songwalker_llm::{Ask, Example, Fault, Heard, Model, Outcome, Progress};
use songwalker_schemas::job::{PlannerChoice, PlannerFallback};
use songwalker_schemas::{Faults, Intent, Stage, json_schema, structure};
use tokio::time::Instant;
use tracing::Instrument;

use super::plan::Planned;
use super::progress::whole;
use super::{Attempt, Failure};
use crate::model;
use account::Books;

/// How many examples a model is shown.
const EXAMPLES: usize = 4;
/// What of the asking must be done more before it is told: a stream comes in hundreds of pieces.
const STEP: f64 = 0.05;
/// About so many bytes are an intent.
const USUAL_BYTES: f64 = 1_500.0;

/// The intent of the model, completed by `own` as far as the job's planner says so; or `own`, and why.
///
/// # Errors
/// The attempt was stopped, or its row cannot be written: see [`Failure`].
pub async fn ask(attempt: &Attempt<'_>, asked: Option<&Model>, own: Intent) -> Result<Planned, Failure> {
    let choice = attempt.work.planner;
    let Some(asked) = asked else {
        return Ok(instead(own, None, PlannerFallback::NotConfigured));
    };
    let heard: Vec<Heard> = attempt
        .work
        .answers
        .as_deref()
        .and_then(|answers| serde_json::from_slice(answers).ok())
        .unwrap_or_default();
    let shown: Vec<Example> = examples(&own, EXAMPLES)
        .into_iter()
        .map(|example| Example::of(example.prompt, &example.intent))
        .collect();
    let question = Ask {
        prompt: &attempt.work.prompt,
        tags: &attempt.work.tags,
        seed: attempt.work.seed,
        examples: &shown,
        heard: &heard,
        knows: &planner::knows,
        deadline: Instant::now() + attempt.system.config.llm.deadline.duration(),
    };
    let mut books = Books::new(attempt, asked.name(), heard.clone());
    let began = Instant::now();
    let mut told = 0.0;
    let asking = asked.plan_on(&question, &mut books, |step| tell(attempt, step, &mut told));
    let outcome = tokio::select! {
        biased;
        () = attempt.sign.token().cancelled() => None,
        outcome = asking.instrument(tracing::info_span!("model", model.name = asked.name())) => Some(outcome),
    };
    let Some(outcome) = outcome else {
        books.give_up().await;
        return Err(Failure::Stopped);
    };
    metrics::histogram!("songwalker_model_seconds").record(began.elapsed().as_secs_f64());
    model::show(!asked.rests());
    let Outcome { intent, spent } = outcome;
    let refused = books.refused()?;
    let name = Some(asked.name().to_owned());
    let fault = match intent {
        Ok(said) => {
            tracing::info!(
                job.id = %attempt.own.job_id, model.calls = spent.calls, model.input_tokens = spent.input_tokens,
                model.output_tokens = spent.output_tokens, "model answered"
            );
            let intent = if choice == PlannerChoice::Llm {
                alone(said, &own)
            } else {
                complete(said, &own)
            };
            if holds(&intent) {
                let by = PlannedBy {
                    used: choice,
                    model: name,
                    fallback: None,
                };
                return Ok(Planned { intent, by });
            }
            Fault::Unusable
        }
        Err(fault) => fault,
    };
    let why = refused.unwrap_or_else(|| fault.fallback());
    tracing::warn!(
        job.id = %attempt.own.job_id, model.calls = spent.calls, planner.fallback = why.name(),
        "model not used, the embedded planner takes over"
    );
    Ok(instead(own, name, why))
}

/// Whether an intent keeps every rule of its schema: what the child would refuse must not come to it.
fn holds(intent: &Intent) -> bool {
    let mut faults = Faults::new();
    match serde_json::to_value(intent) {
        Ok(value) => structure::check(&value, json_schema::intent(), &mut faults),
        Err(_) => return false,
    }
    faults.is_empty()
}

/// The embedded planner's intent in a model's place.
pub(super) fn instead(own: Intent, model: Option<String>, why: PlannerFallback) -> Planned {
    metrics::counter!("songwalker_planner_fallbacks_total", "code" => why.name()).increment(1);
    let by = PlannedBy {
        used: PlannerChoice::Embedded,
        model,
        fallback: Some(why),
    };
    Planned { intent: own, by }
}

/// How far the asking is, as far as anybody can know that; where that is hardly further than what was `told`, nothing.
fn tell(attempt: &Attempt<'_>, step: Progress, told: &mut f64) {
    let share = match step {
        Progress::Asked(_) => 0.1,
        Progress::Heard(bytes) => 0.2 + 0.7 * (bytes as f64 / USUAL_BYTES).min(1.0),
        Progress::Repairs(_) => 0.2,
    };
    if (share - *told).abs() < STEP {
        return;
    }
    *told = share;
    let progress = whole(Stage::Planning, share);
    (attempt.report)(Stage::Planning, progress);
    rows::tell_progress(attempt.system, attempt.own, Stage::Planning, progress);
}
