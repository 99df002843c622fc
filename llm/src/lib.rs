//! Intents from a language model: any endpoint that speaks OpenAI's chat completions. Owns the words that the model is
//! told, the forms in which it can be asked, what is made of its answers, and how long and how often it is asked.
//!
//! The model's answer is data. Whatever it says, an [`Intent`](songwalker_schemas::Intent) comes out that its schema
//! holds, or a [`Fault`]; its texts are words that the caller knows, so that nothing it was told can be told on. No
//! database, no job, no lexicon: those are the caller's.

mod account;
mod answer;
mod ask;
mod breaker;
mod fault;
mod form;
mod messages;
mod model;
mod read;
mod schema;
mod transport;

pub use account::{Account, Call, Ended};
pub use answer::{Heard, Spent};
pub use ask::{Ask, Example, Outcome, Progress};
pub use breaker::Breaker;
pub use fault::Fault;
pub use form::Form;
pub use model::{Model, Settings, SetupError};
pub use schema::answer as answer_schema;
