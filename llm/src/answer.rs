//! One streamed answer: its text, how it ended, what it cost.

use futures::{Stream, StreamExt};
use serde::Deserialize;

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

/// What came.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// It was cut by the number of tokens or by ours of bytes.
    pub(crate) cut: bool,
    /// It says that it will not.
    pub(crate) refused: bool,
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
            progress(answer.text.len());
            if answer.text.len() > MOST_BYTES {
                answer.cut = true;
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
            self.text.push_str(delta.content.as_deref().unwrap_or_default());
            self.refused |= delta.refusal.is_some_and(|words| !words.trim().is_empty());
            for call in delta
                .tool_calls
                .into_iter()
                .flatten()
                .filter(|call| call.index == 0)
            {
                let arguments = call.function.and_then(|function| function.arguments);
                self.text.push_str(arguments.as_deref().unwrap_or_default());
            }
            match part.finish_reason.as_deref() {
                None => {}
                Some("length") => (self.cut, ended) = (true, true),
                Some("content_filter") => (self.refused, ended) = (true, true),
                Some(_) => ended = true,
            }
        }
        ended
    }

    /// Puts what the endpoint counted in place of what was guessed when it was asked.
    pub(crate) fn pay(&self, before: Spent, spent: &mut Spent) {
        match self.usage.filter(|usage| usage.completion_tokens > 0) {
            Some(usage) => {
                spent.estimated = before.estimated;
                spent.input_tokens = before.input_tokens + usage.prompt_tokens;
                spent.output_tokens = before.output_tokens + usage.completion_tokens;
            }
            None => spent.output_tokens += (self.text.len() as u64).div_ceil(CHARS_PER_TOKEN),
        }
    }
}

impl Spent {
    /// A question of so many characters goes out: it costs, whatever comes back.
    pub(crate) fn asking(&mut self, chars: usize) {
        self.calls += 1;
        self.input_tokens += (chars as u64).div_ceil(CHARS_PER_TOKEN);
        self.estimated = true;
    }
}
