//! One streamed answer: its text, how it ended, what it cost.

use std::fmt;

use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The most bytes of text that are read of one answer; an intent has about two thousand.
const MOST_BYTES: usize = 64 * 1024;
/// Characters of a token, where the endpoint does not count.
const CHARS_PER_TOKEN: u64 = 4;

/// What was asked and answered in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Requests that were sent.
    pub calls: u32,
    /// Tokens that it read.
    pub input_tokens: u64,
    /// Tokens that it wrote.
    pub output_tokens: u64,
    /// Some of the tokens were guessed from the length: the endpoint did not count them.
    pub estimated: bool,
}

/// An answer as it came: what a caller puts by so that nobody asks for it again. Its `Debug` shows nothing of it (R10).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// What it says; at most some 64 KiB.
    pub text: String,
    /// It was cut by the number of tokens or by ours of bytes.
    pub cut: bool,
    /// It says that it will not.
    pub refused: bool,
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard")
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// What came.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) heard: Heard,
    usage: Option<Usage>,
}

/// What of a chunk counts; what else vendors put into it does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chunk {
    choices: Vec<Part>,
    usage: Option<Usage>,
    /// Some endpoints tell of a fault in the middle of the stream.
    error: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    index: u32,
    delta: Option<Delta>,
    /// In place of `delta` where the endpoint does not stream.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolCall {
    index: u32,
    function: Option<Function>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function {
    arguments: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl Answer {
    /// Reads a stream to its end; tells the bytes so far.
    pub(crate) async fn collect<E: Into<Fault>>(
        mut stream: impl Stream<Item = Result<Chunk, E>> + Unpin,
        mut progress: impl FnMut(usize),
    ) -> Result<Self, Fault> {
        let mut answer = Self::default();
        let mut ended = false;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(Into::into)?;
            if chunk.error.is_some() {
                return Err(Fault::Unreachable);
            }
            ended |= answer.take(chunk);
            progress(answer.heard.text.len());
            if answer.heard.text.len() > MOST_BYTES {
                answer.heard.cut = true;
                return Ok(answer);
            }
        }
        // A connection that ends in the middle of an answer.
        if ended {
            Ok(answer)
        } else {
            Err(Fault::Unreachable)
        }
    }

    /// Takes a chunk in; whether it was the last one of the answer.
    fn take(&mut self, chunk: Chunk) -> bool {
        self.usage = chunk.usage.or(self.usage);
        let mut ended = false;
        for part in chunk.choices.into_iter().filter(|part| part.index == 0) {
            let delta = part.delta.or(part.message).unwrap_or_default();
            self.heard
                .text
                .push_str(delta.content.as_deref().unwrap_or_default());
            self.heard.refused |= delta.refusal.is_some_and(|words| !words.trim().is_empty());
            for call in delta
                .tool_calls
                .into_iter()
                .flatten()
                .filter(|call| call.index == 0)
            {
                let arguments = call.function.and_then(|function| function.arguments);
                self.heard.text.push_str(arguments.as_deref().unwrap_or_default());
            }
            match part.finish_reason.as_deref() {
                None => {}
                Some("length") => (self.heard.cut, ended) = (true, true),
                Some("content_filter") => (self.heard.refused, ended) = (true, true),
                Some(_) => ended = true,
            }
        }
        ended
    }

    /// Puts what the endpoint counted in place of what was guessed when it was asked.
    pub(crate) fn pay(&self, cost: &mut Spent) {
        match self.usage.filter(|usage| usage.completion_tokens > 0) {
            Some(usage) => {
                cost.estimated = false;
                cost.input_tokens = usage.prompt_tokens;
                cost.output_tokens = usage.completion_tokens;
            }
            None => cost.output_tokens = tokens(self.heard.text.len()),
        }
    }
}

/// About so many tokens are so many bytes.
pub(crate) const fn tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(CHARS_PER_TOKEN)
}

impl Spent {
    /// A question of so many bytes goes out: it costs, whatever comes back.
    pub(crate) fn of_question(bytes: usize) -> Self {
        Self {
            calls: 1,
            input_tokens: tokens(bytes),
            output_tokens: 0,
            estimated: true,
        }
    }

    /// One call more.
    pub(crate) fn add(&mut self, call: &Self) {
        self.calls += call.calls;
        self.input_tokens += call.input_tokens;
        self.output_tokens += call.output_tokens;
        self.estimated |= call.estimated;
    }
}
