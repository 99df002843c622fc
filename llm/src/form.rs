//! The forms in which an endpoint can be asked for JSON, from the strictest to the one that every model understands.

use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::{Value, json};

use crate::schema;

/// The name of the tool that a model calls with its answer.
const TOOL: &str = "describe_sound";

/// How the answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As an answer that holds a JSON Schema (`response_format`).
    Schema,
    /// As the arguments of a tool that it must call.
    Tool,
    /// As text that is to be JSON.
    Plain,
}

impl Form {
    /// The next one to try where an endpoint does not take this.
    pub(crate) const fn next(self) -> Option<Self> {
        match self {
            Self::Schema => Some(Self::Tool),
            Self::Tool => Some(Self::Plain),
            Self::Plain => None,
        }
    }

    /// The whole request, streamed.
    pub(crate) fn request(self, model: &str, messages: &[Value], answer_tokens: u32, seed: u64) -> Value {
        let mut request = json!({
            "model": model,
            "messages": messages,
            "stream": true,
            "stream_options": { "include_usage": true },
            "temperature": 0,
            "seed": seed,
            "max_tokens": answer_tokens,
        });
        match self {
            Self::Schema => {
                request["response_format"] = json!({
                    "type": "json_schema",
                    "json_schema": { "name": TOOL, "strict": true, "schema": schema::answer() }
                });
            }
            Self::Tool => {
                request["tools"] = json!([{ "type": "function", "function": {
                    "name": TOOL, "description": "Says what the sound should be.", "parameters": schema::answer()
                } }]);
                request["tool_choice"] = json!({ "type": "function", "function": { "name": TOOL } });
            }
            // The least that any endpoint takes: neither a number of tokens in the stream nor a seed.
            Self::Plain => {
                for key in ["stream_options", "seed"] {
                    if let Some(object) = request.as_object_mut() {
                        object.remove(key);
                    }
                }
            }
        }
        request
    }
}

/// The form that an endpoint was found to take.
#[derive(Debug, Default)]
pub(crate) struct Found(AtomicU8);

impl Found {
    pub(crate) fn get(&self) -> Form {
        match self.0.load(Ordering::Relaxed) {
            0 => Form::Schema,
            1 => Form::Tool,
            _ => Form::Plain,
        }
    }

    pub(crate) fn set(&self, form: Form) {
        let number = match form {
            Form::Schema => 0,
            Form::Tool => 1,
            Form::Plain => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }
}
