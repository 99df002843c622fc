//! The job's account with the model: leave before each call, and what it took and brought behind it, in the database.

use std::time::Duration;

use songwalker_jobs::JobsError;
use songwalker_jobs::planning::{self, Leave, Tokens};
use songwalker_llm::{Account, Call, Ended, Fault, Heard};
use songwalker_schemas::job::PlannerFallback;
use uuid::Uuid;

use crate::attempt::{Attempt, Failure};

/// How long a call that is given up is written down for: shorter than any grace.
const WRITING: Duration = Duration::from_millis(300);

/// The account of one attempt.
pub(super) struct Books<'a> {
    attempt: &'a Attempt<'a>,
    model: &'a str,
    /// Every answer so far, those of earlier attempts first.
    heard: Vec<Heard>,
    /// The call that is under way.
    open: Option<Uuid>,
    /// Why a call was not allowed.
    refused: Option<PlannerFallback>,
    /// The row could not be written, or is another's.
    broken: Option<JobsError>,
}

impl<'a> Books<'a> {
    pub(super) const fn new(attempt: &'a Attempt<'a>, model: &'a str, heard: Vec<Heard>) -> Self {
        Self {
            attempt,
            model,
            heard,
            open: None,
            refused: None,
            broken: None,
        }
    }

    /// The attempt ends in the middle of a call.
    pub(super) async fn give_up(&mut self) {
        let Some(call) = self.open.take() else { return };
        let Attempt { system, own, .. } = self.attempt;
        let written = tokio::time::timeout(WRITING, planning::give_up_call(system, own, call)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!(job.id = %own.job_id, "end of a call not written");
        }
    }

    /// Why a call was not allowed, where one was not.
    ///
    /// # Errors
    /// The row could not be written, or is another's.
    pub(super) fn refused(self) -> Result<Option<PlannerFallback>, Failure> {
        match self.broken {
            Some(error) => Err(error.into()),
            None => Ok(self.refused),
        }
    }

    fn broke(&mut self, error: JobsError) -> Fault {
        self.broken = Some(error);
        Fault::NotAllowed
    }
}

impl Account for Books<'_> {
    async fn begins(&mut self, call: &Call) -> Result<(), Fault> {
        let Attempt { system, own, .. } = self.attempt;
        let most = Tokens {
            input: call.input_tokens,
            output: call.output_tokens,
            estimated: true,
        };
        match planning::begin_call(system, own, self.model, most).await {
            Ok(Leave::Given(id)) => {
                self.open = Some(id);
                Ok(())
            }
            Ok(Leave::Refused(why)) => {
                self.refused = Some(why);
                Err(Fault::NotAllowed)
            }
            Err(error) => Err(self.broke(error)),
        }
    }

    async fn ended(&mut self, _: &Call, end: Ended<'_>) -> Result<(), Fault> {
        let Some(call) = self.open else { return Ok(()) };
        let Attempt { system, own, .. } = self.attempt;
        let outcome = match end.outcome {
            Ok(heard) => {
                self.heard.push(heard.clone());
                "answered"
            }
            Err(Fault::Form) => "other_form",
            Err(fault) => fault.fallback().name(),
        };
        let answers = match (end.outcome, serde_json::to_vec(&self.heard)) {
            (Ok(_), Ok(answers)) => Some(answers),
            _ => None,
        };
        let took = Tokens {
            input: end.cost.input_tokens,
            output: end.cost.output_tokens,
            estimated: end.cost.estimated,
        };
        metrics::counter!("songwalker_model_calls_total", "outcome" => outcome).increment(1);
        metrics::counter!("songwalker_model_tokens_total", "direction" => "input").increment(took.input);
        metrics::counter!("songwalker_model_tokens_total", "direction" => "output").increment(took.output);
        let written = planning::end_call(system, own, call, took, outcome, answers.as_deref()).await;
        self.open = None;
        written.map_err(|error| self.broke(error))
    }
}
