//! A language model for tests: a local server that speaks OpenAI's chat completions, plays recorded answers, and distorts
//! them in the ways that real endpoints do. It keeps what it was asked.

mod act;
mod server;

pub use act::{Act, Says};
pub use server::ModelServer;
