//! What the server does with one question.

use std::time::Duration;

/// What is said, and in which dress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// A text, or the arguments of the tool where a tool was asked for.
    Text(String),
    /// In its own field: that it will not.
    Refusal(String),
    /// So many tokens that mean nothing, whatever limit the question has.
    Nonsense(usize),
    /// Everything that it was told by the system message, as text.
    SystemPrompt,
}

/// One way to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Streams it to its end.
    Stream(Says),
    /// The same as one document, though a stream was asked for.
    Whole(Says),
    /// Streams it with `finish_reason: length` after so many characters.
    Truncate(Says, usize),
    /// Streams so many characters, then drops the connection.
    CutOff(Says, usize),
    /// Streams so many characters, then says nothing any more.
    Stall(Says, usize),
    /// Says nothing at all, not even a status.
    Silence,
    /// A status with an error in the body that quotes the question, and with a `Retry-After` of so long.
    Status(u16, Option<Duration>),
    /// Events whose data is no JSON.
    Garbage,
    /// A page in place of an answer.
    Page,
    /// Sends the question elsewhere.
    Redirect(String),
    /// An error in the middle of the stream.
    ErrorEvent,
    /// Refuses structured answers with 400, and then tools, as older endpoints do; answers plain questions.
    OnlyPlain(Says),
    /// Refuses structured answers with 400; answers with a tool call.
    OnlyTools(Says),
}
