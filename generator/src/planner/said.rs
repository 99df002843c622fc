//! What was said, before anything is settled: effects with their strength, categories named, words heard.

use super::effect::{Axis, Effect};
use super::measure::Measure;
use songwalker_schemas::Category;

/// How much an effect counts against others on its axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A habit of a style, or a side of a word's meaning.
    Tint,
    /// What the named kind of sound brings with it.
    Inherent,
    /// A word said just this.
    Claim,
    /// A word said just this of the very thing: `slow` in `slow attack`.
    Bound,
}

/// One effect as said.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub effect: Effect,
    /// Factor on the effect's own value.
    pub scale: f64,
    pub strength: Strength,
    /// It only holds back: `not too bright`.
    pub moderates: bool,
    /// A word of size said of nothing in particular: `slow` in `slow pad`.
    pub at_large: bool,
    /// The word, by its name in the lexicon.
    pub word: String,
    /// Which word of the reading said it: what one thing and its adjectives say is one claim.
    pub source: usize,
}

impl Said {
    /// The value it asks for on an axis.
    pub(super) fn degree(&self) -> Option<(Axis, f64)> {
        match self.effect {
            Effect::Degree(axis, value) => Some((axis, (value * self.scale).clamp(-1.0, 1.0))),
            _ => None,
        }
    }
}

/// A category named or suggested.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub category: Category,
    pub sub: Option<String>,
    /// Weight after context.
    pub score: f64,
    /// Its own weight in the lexicon.
    pub weight: f64,
    pub phrase: usize,
    pub word: String,
    /// It stands in the description itself, not in a comparison, a purpose or an addition.
    pub direct: bool,
}

/// A word that was understood, for names and explanations.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub span: (usize, usize),
    /// Its name in the lexicon.
    pub entry: String,
    /// The form of the lexicon in which it was said, else its name.
    pub form: String,
    pub effect: String,
    /// It was not written so: the nearest word there is.
    pub guess: bool,
    /// An adjective or a style said without negation: fit for a name.
    pub names: bool,
}

/// All that a text says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub says: Vec<Said>,
    pub mentions: Vec<Mention>,
    /// Categories the text does not want, with the word.
    pub excluded: Vec<(Category, String)>,
    /// Measures that belong to no noun.
    pub loose: Vec<Measure>,
    pub heard: Vec<Heard>,
    /// Words counted so far, to tell their claims apart.
    pub sources: usize,
    /// Phrases that give orders to a machine.
    pub orders: usize,
    pub known: usize,
    /// The bytes of each word that nobody knows.
    pub strange: Vec<(usize, usize)>,
}
