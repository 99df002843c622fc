//! The asking: a question, at most two repairs, other forms where the endpoint does not take the first, one more try
//! where it breaks down, all before a deadline.

use std::time::Duration;

use async_openai::error::OpenAIError;
use serde_json::Value;
use songwalker_schemas::Intent;
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Chunk, Spent};
use crate::fault::Fault;
use crate::form::Form;
use crate::messages;
use crate::model::Model;
use crate::read::{Read, read};

/// How often the model is told what is wrong with its answer.
const REPAIRS: u32 = 2;
/// How often a question is sent again because the endpoint broke down or was busy.
const RETRIES: u32 = 2;
/// The first wait before such a try; the next is twice as long.
const WAIT: Duration = Duration::from_millis(250);

/// What is asked.
pub struct Ask<'a> {
    /// The prompt.
    pub prompt: &'a str,
    /// The user's own words.
    pub tags: &'a [String],
    /// Passed to the endpoint: the same question has the same answer where it can.
    pub seed: u64,
    /// Questions with good answers, shown before this one.
    pub examples: &'a [Example],
    /// Whether a word, in lower case, may stand in a name or a tag.
    pub knows: &'a (dyn Fn(&str) -> bool + Sync),
    /// When an answer is of no use any more.
    pub deadline: Instant,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The prompt.
    pub prompt: String,
    /// What [`answer_schema`](crate::answer_schema) holds.
    pub answer: Value,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A question is on its way; its number, from 1.
    Asked(u32),
    /// So many bytes of its answer have come.
    Heard(usize),
    /// The answer is no intent; the model is told what is wrong, for the so-many-th time.
    Repairs(u32),
}

/// What came of it, and what it cost either way.
#[derive(Debug)]
pub struct Outcome {
    /// The intent, or why there is none.
    pub intent: Result<Intent, Fault>,
    /// What was spent.
    pub spent: Spent,
}

impl Model {
    /// Asks for an intent. A future that is dropped closes its connection.
    pub async fn plan(&self, ask: &Ask<'_>, mut progress: impl FnMut(Progress)) -> Outcome {
        let mut spent = Spent::default();
        let permit = match self.breaker.admit() {
            Ok(permit) => permit,
            Err(fault) => {
                return Outcome {
                    intent: Err(fault),
                    spent,
                };
            }
        };
        let intent = match timeout_at(ask.deadline, self.converse(ask, &mut spent, &mut progress)).await {
            Ok(intent) => intent,
            Err(_) => Err(Fault::OutOfTime),
        };
        match &intent {
            Err(fault) if fault.of_endpoint() => permit.failed(),
            _ => permit.answered(),
        }
        Outcome { intent, spent }
    }

    async fn converse(
        &self,
        ask: &Ask<'_>,
        spent: &mut Spent,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Intent, Fault> {
        let mut form = self.form.get();
        let mut messages = messages::question(ask, form);
        let (mut repairs, mut retries, mut asked) = (0, 0, 0);
        loop {
            asked += 1;
            progress(Progress::Asked(asked));
            let answer = match self.call(form, &messages, ask.seed, spent, progress).await {
                Ok(answer) => answer,
                Err(Fault::Form) => {
                    form = form.next().ok_or(Fault::Settings(400))?;
                    messages = messages::question(ask, form);
                    continue;
                }
                Err(fault) => {
                    wait(&fault, retries, ask.deadline).await?;
                    retries += 1;
                    continue;
                }
            };
            self.form.set(form);
            if answer.refused {
                return Err(Fault::Refused);
            }
            let faults = match read(&answer.text, ask.knows) {
                Read::Intent(intent) => return Ok(*intent),
                Read::Faults(_) if answer.cut => vec!["it is too long and was cut: be brief".to_owned()],
                Read::Faults(faults) => faults,
            };
            if repairs == REPAIRS {
                return Err(Fault::Unusable);
            }
            repairs += 1;
            progress(Progress::Repairs(repairs));
            messages.extend(messages::repair(&answer.text, &faults));
        }
    }

    /// One question and its whole answer.
    async fn call(
        &self,
        form: Form,
        messages: &[Value],
        seed: u64,
        spent: &mut Spent,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Answer, Fault> {
        let settings = &self.settings;
        let request = form.request(&settings.model, messages, settings.answer_tokens, seed);
        let before = *spent;
        spent.asking(request.to_string().len());
        let stream = self
            .client
            .chat()
            .create_stream_byot::<_, Chunk>(request)
            .await
            .map_err(Fault::from)?;
        let answer = Answer::collect(stream, |bytes| progress(Progress::Heard(bytes))).await?;
        answer.pay(before, spent);
        Ok(answer)
    }
}

/// Waits before the next try.
///
/// # Errors
/// The fault itself, where another try is of no use or would come too late.
async fn wait(fault: &Fault, retries: u32, deadline: Instant) -> Result<(), Fault> {
    let usual = WAIT * 2u32.pow(retries.min(8));
    let pause = match fault {
        Fault::Limited(after) => after.unwrap_or(usual).max(usual),
        Fault::Unreachable => usual,
        _ => return Err(fault.clone()),
    };
    let late = Instant::now()
        .checked_add(pause)
        .is_none_or(|then| then >= deadline);
    if retries >= RETRIES || late {
        return Err(fault.clone());
    }
    tokio::time::sleep(pause).await;
    Ok(())
}

impl From<OpenAIError> for Fault {
    fn from(error: OpenAIError) -> Self {
        match error {
            OpenAIError::Boxed(error) => error.downcast::<Self>().map_or(Self::Unreachable, |fault| *fault),
            // An answer that the protocol does not know is one of an endpoint that is not what it says.
            _ => Self::Unreachable,
        }
    }
}
