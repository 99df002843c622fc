//! Who pays: asked before each call, told of each that ended. What a caller needs so that no budget is overdrawn and no
//! answer that came is asked for again.

use std::future::Future;

use crate::answer::{Heard, Spent};
use crate::fault::Fault;

/// A call that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Which of this asking, from 1.
    pub number: u32,
    /// About so many tokens will be read.
    pub input_tokens: u64,
    /// At most so many tokens will be written.
    pub output_tokens: u64,
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended<'a> {
    /// What was answered, or why there is no answer.
    pub outcome: Result<&'a Heard, &'a Fault>,
    /// What the call cost.
    pub cost: Spent,
}

/// Keeps account of calls. What it refuses ends the asking with its fault: [`Fault::NotAllowed`] where it is none of the
/// endpoint's.
pub trait Account {
    /// A call is about to be made.
    fn begins(&mut self, call: &Call) -> impl Future<Output = Result<(), Fault>>;

    /// It ended, well or not.
    fn ended(&mut self, call: &Call, end: Ended<'_>) -> impl Future<Output = Result<(), Fault>>;
}

/// Nobody's account: everything is allowed, nothing is kept.
impl Account for () {
    async fn begins(&mut self, _: &Call) -> Result<(), Fault> {
        Ok(())
    }

    async fn ended(&mut self, _: &Call, _: Ended<'_>) -> Result<(), Fault> {
        Ok(())
    }
}
