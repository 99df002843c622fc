//! The asking: a question, at most two repairs, other forms where the endpoint does not take the first, one more try
//! where it breaks down, all before a deadline. An [`Account`] is asked before each call and told of each answer; answers
//! that came before are read again, not asked for again.

use std::time::Duration;

use async_openai::error::OpenAIError;
use serde_json::Value;
use songwalker_schemas::Intent;
use tokio::time::{Instant, timeout_at};

use crate::account::{Account, Call, Ended};
use crate::answer::{Answer, Chunk, Heard, Spent, tokens};
use crate::breaker::Permit;
use crate::fault::Fault;
use crate::messages;
use crate::model::Model;
use crate::read::{Read, read};
use crate::schema;

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
    /// What was answered to this question before, in order: read again before anything is asked.
    pub heard: &'a [Heard],
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

impl Example {
    /// A prompt whose meaning is known.
    #[must_use]
    pub fn of(prompt: &str, intent: &Intent) -> Self {
        Self {
            prompt: prompt.to_owned(),
            answer: schema::answer_of(intent),
        }
    }
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

/// What has been spent, and the call that is under way.
#[derive(Default)]
struct Bill {
    spent: Spent,
    open: Option<(Call, Spent)>,
}

impl Bill {
    /// The call that was under way is over; what it cost.
    fn close(&mut self) -> Option<(Call, Spent)> {
        let (call, cost) = self.open.take()?;
        self.spent.add(&cost);
        Some((call, cost))
    }
}

impl Model {
    /// Asks for an intent, on nobody's account. A future that is dropped closes its connection.
    pub async fn plan(&self, ask: &Ask<'_>, progress: impl FnMut(Progress)) -> Outcome {
        self.plan_on(ask, &mut (), progress).await
    }

    /// Asks for an intent on an account. A future that is dropped closes its connection; its last call is then not ended.
    pub async fn plan_on(
        &self,
        ask: &Ask<'_>,
        account: &mut impl Account,
        mut progress: impl FnMut(Progress),
    ) -> Outcome {
        let mut bill = Bill::default();
        let mut permit = None;
        let asking = self.converse(ask, account, &mut bill, &mut permit, &mut progress);
        let intent = match timeout_at(ask.deadline, asking).await {
            Ok(intent) => intent,
            Err(_) => Err(Fault::OutOfTime),
        };
        if let Some((call, cost)) = bill.close() {
            // What is too late is too late, whatever the account says to it.
            let outcome = Err(&Fault::OutOfTime);
            let _ = account.ended(&call, Ended { outcome, cost }).await;
        }
        if let Some(permit) = permit {
            match &intent {
                Err(fault) if fault.of_endpoint() => permit.failed(),
                Err(Fault::NotAllowed) => {}
                _ => permit.answered(),
            }
        }
        Outcome {
            intent,
            spent: bill.spent,
        }
    }

    async fn converse<'a>(
        &'a self,
        ask: &Ask<'_>,
        account: &mut impl Account,
        bill: &mut Bill,
        permit: &mut Option<Permit<'a>>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Intent, Fault> {
        let mut form = self.form.get();
        let mut messages = messages::question(ask, form);
        let (mut repairs, mut retries, mut asked) = (0, 0, 0);
        let mut earlier = ask.heard.iter();
        loop {
            let heard = if let Some(heard) = earlier.next() {
                heard.clone()
            } else {
                if permit.is_none() {
                    *permit = Some(self.breaker.admit()?);
                }
                asked += 1;
                progress(Progress::Asked(asked));
                let request = form.request(
                    &self.settings.model,
                    &messages,
                    self.settings.answer_tokens,
                    ask.seed,
                );
                match self.call(asked, request, account, bill, progress).await {
                    Ok(heard) => heard,
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
                }
            };
            self.form.set(form);
            if heard.refused {
                return Err(Fault::Refused);
            }
            let faults = match read(&heard.text, ask.knows) {
                Read::Intent(intent) => return Ok(*intent),
                Read::Faults(_) if heard.cut => vec!["it is too long and was cut: be brief".to_owned()],
                Read::Faults(faults) => faults,
            };
            if repairs == REPAIRS {
                return Err(Fault::Unusable);
            }
            repairs += 1;
            progress(Progress::Repairs(repairs));
            messages.extend(messages::repair(&heard.text, &faults));
        }
    }

    /// One question and its whole answer, on the account.
    async fn call(
        &self,
        number: u32,
        request: Value,
        account: &mut impl Account,
        bill: &mut Bill,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Heard, Fault> {
        let cost = Spent::of_question(request.to_string().len());
        let call = Call {
            number,
            input_tokens: cost.input_tokens,
            output_tokens: u64::from(self.settings.answer_tokens),
        };
        account.begins(&call).await?;
        bill.open = Some((call, cost));
        let answer = self.answer(request, bill, progress).await;
        let Some((call, cost)) = bill.close() else {
            return answer;
        };
        let outcome = answer.as_ref();
        account.ended(&call, Ended { outcome, cost }).await?;
        answer
    }

    async fn answer(
        &self,
        request: Value,
        bill: &mut Bill,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Heard, Fault> {
        let stream = self
            .client
            .chat()
            .create_stream_byot::<_, Chunk>(request)
            .await
            .map_err(Fault::from)?;
        let answer = Answer::collect(stream, |bytes| {
            if let Some((_, cost)) = &mut bill.open {
                cost.output_tokens = tokens(bytes);
            }
            progress(Progress::Heard(bytes));
        })
        .await?;
        if let Some((_, cost)) = &mut bill.open {
            answer.pay(cost);
        }
        Ok(answer.heard)
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
