//! What parent and child say to each other: one JSON line a message, both ways. A `done` line is followed by the bundle's
//! bytes, as many as it says.
//!
//! The first line is the child's limits; it answers `ready`. Then one order after the other: progress lines, then one
//! last answer. `cancel` asks for an early last answer and means nothing between orders. The end of the child's input
//! ends the child.

use std::fmt;

use serde::{Deserialize, Serialize};
use songwalker_generator::refine::Parent;
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::{Category, Intent, Stage};

/// Longest line, with its end, in bytes. A prompt and its tags take at most 22 kB, a patch that we made some 40 kB.
pub const MAX_LINE_BYTES: usize = 262_144;

/// The argument that makes the program a child.
pub const ARGUMENT: &str = "child";

/// What a child may use, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildLimits {
    /// Address space, bytes: it counts what is reserved too.
    pub memory_bytes: u64,
    /// Cores that it may compute on at a time.
    pub cores: usize,
    /// Which of the worker's slots it fills: neighbours get other cores, as far as there are any.
    pub slot: usize,
}

/// Words to be understood.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanOrder {
    /// What the sound should be, in its normal form.
    pub prompt: String,
    /// The user's own words.
    pub tags: Vec<String>,
    /// The template to start from.
    pub template_id: Option<String>,
    /// The request's seed.
    pub seed: u64,
}

/// An intent to be made into a bundle.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateOrder {
    /// What was understood.
    pub intent: Intent,
    /// The request's seed.
    pub seed: u64,
    /// How many variations.
    pub variations: usize,
    /// `bundle_sha256` of the bundle this one is made from.
    pub parent: Option<String>,
    /// Whose intent it is.
    pub planner: PlannerChoice,
}

/// Words about a sound that is there, to be made into another one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefineOrder {
    /// What is to change, in its normal form.
    pub words: String,
    /// The sound.
    pub parent: Parent,
    /// The request's seed.
    pub seed: u64,
    /// How many variations.
    pub variations: usize,
}

/// From parent to child.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// The first line.
    Limits(ChildLimits),
    /// Answered by [`Answer::Planned`].
    Plan(PlanOrder),
    /// Answered by [`Answer::Done`].
    Generate(Box<GenerateOrder>),
    /// Answered by [`Answer::Done`].
    Refine(Box<RefineOrder>),
    /// Ends the order at hand early.
    Cancel,
    /// How to go wrong at the next order.
    #[cfg(feature = "failpoints")]
    Misbehave(super::misbehaviour::Misbehaviour),
}

/// A bundle, whose bytes follow the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The sound's name.
    pub name: String,
    /// The patch's category.
    pub category: Category,
    /// SHA-256 of the bundle's bytes, lower-case hex.
    pub sha256: String,
    /// The manifest's `bundle_sha256`.
    pub manifest_sha256: String,
    /// Contradictions that were settled.
    pub conflicts: usize,
    /// Bytes that follow.
    pub bundle_bytes: usize,
}

/// From child to parent.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Everything is read and warm.
    Ready {
        /// The child's version of the generator; it must be the parent's.
        generator_version: String,
    },
    /// How far it is.
    Progress {
        /// The stage.
        stage: Stage,
        /// Its share done, 0..1.
        share: f64,
    },
    /// What was understood. Last.
    Planned {
        /// The intent.
        intent: Box<Intent>,
    },
    /// It is made. Last.
    Done(Done),
    /// It is not. Last.
    Failed(ErrorBody),
}

impl fmt::Debug for PlanOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanOrder").finish_non_exhaustive()
    }
}

impl fmt::Debug for GenerateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerateOrder").finish_non_exhaustive()
    }
}

impl fmt::Debug for RefineOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefineOrder").finish_non_exhaustive()
    }
}

/// A message as a line.
///
/// # Errors
/// Nothing where it would be longer than [`MAX_LINE_BYTES`].
pub fn line<T: Serialize>(message: &T) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(message).ok()?;
    line.push(b'\n');
    (line.len() <= MAX_LINE_BYTES).then_some(line)
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::limits::{MAX_PROMPT_CHARS, MAX_TAG_CHARS, MAX_TAGS};

    use super::*;

    #[test]
    fn the_largest_request_fits_a_line() {
        let order = Order::Plan(PlanOrder {
            prompt: "\u{10ffff}".repeat(MAX_PROMPT_CHARS),
            tags: vec!["\u{10ffff}".repeat(MAX_TAG_CHARS); MAX_TAGS],
            template_id: Some("x".repeat(64)),
            seed: u64::MAX,
        });
        assert!(line(&order).expect("fits").len() < MAX_LINE_BYTES / 2);
    }

    #[test]
    fn debug_output_of_orders_holds_no_words() {
        let order = PlanOrder {
            prompt: "canary".to_owned(),
            tags: vec!["canary".to_owned()],
            template_id: None,
            seed: 0,
        };
        assert!(!format!("{order:?}").contains("canary"));
    }

    #[test]
    fn an_unknown_message_is_refused() {
        for text in [
            "{}",
            "[]",
            "1",
            r#"{"plan":{}}"#,
            r#"{"cancel":{"x":1}}"#,
            r#""stop""#,
        ] {
            assert!(serde_json::from_str::<Order>(text).is_err(), "{text}");
        }
        assert!(matches!(serde_json::from_str(r#""cancel""#), Ok(Order::Cancel)));
    }
}
