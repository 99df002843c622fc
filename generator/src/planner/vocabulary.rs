//! What an entry of the lexicon can be: a plain word, a style, a word of size, a noun with what it reacts to, a word of
//! grammar. Only the types; the words are data.

use super::effect::{Effect, Exact};
use serde::Deserialize;
use songwalker_schemas::intent::MovementTarget;
use std::collections::BTreeMap;

/// A language with a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    English,
    German,
    Spanish,
    French,
    Portuguese,
    Japanese,
    Hindi,
}

impl Language {
    pub(super) const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::Spanish,
        Self::French,
        Self::Portuguese,
        Self::Japanese,
        Self::Hindi,
    ];
}

/// What a word of size can be about; the noun it belongs to decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dimension {
    /// Slow −, fast +.
    Speed,
    /// Short −, long +.
    Length,
    /// Small −, big +.
    Size,
    /// Low −, high +.
    Height,
    /// Soft −, hard +.
    Hardness,
}

impl Dimension {
    pub(super) const NAMES: [(&'static str, Self); 5] = [
        ("speed", Self::Speed),
        ("length", Self::Length),
        ("size", Self::Size),
        ("height", Self::Height),
        ("hardness", Self::Hardness),
    ];
}

/// How much of its scope a negator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negation {
    /// `no`, `without`: there is none of it.
    No,
    /// `not`, `don't`: it is otherwise.
    Not,
}

/// Why a phrase is said, where it does not describe the sound itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// `for future bass`: where it will be used.
    Purpose,
    /// `like guitar feedback`: what it resembles.
    Reference,
    /// `than mono`, `instead of a pad`: what it is not.
    Comparison,
    /// `because the drums are mono`: about something else.
    Reason,
    /// `with bells`: what is added.
    With,
}

/// Words that order other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Negator(Negation),
    /// Negates what stands before it: `reverb free`, `なし`.
    NegatorAfter,
    /// As `NegatorAfter`, of a thing: `highs rolled off`.
    Removed,
    And,
    Or,
    But,
    Context(Context),
    /// `I want`, `is a`: what follows names the sound.
    Boost,
    /// `-like`, `style`: what stands before is only resembled.
    Likeness,
    /// Text that gives orders to a machine.
    Order,
}

/// A thing that adjectives and numbers attach to: `attack`, `reverb`, `movement`.
#[derive(Debug, Default)]
pub(super) struct Noun {
    /// Per unit of amount, 0..1, when it is merely mentioned (0.5) or given an amount.
    pub amount: Vec<Effect>,
    /// Whatever is said of it, as long as it is wanted.
    pub always: Vec<Effect>,
    /// Per unit −1..1 of a dimension.
    pub reacts: BTreeMap<Dimension, Vec<Effect>>,
    /// When it is not wanted.
    pub none: Vec<Effect>,
    pub seconds: Option<Exact>,
    pub hertz: Option<Exact>,
    pub percent: Option<Exact>,
    pub cents: Option<Exact>,
    /// A number without a unit.
    pub bare: Option<Exact>,
    pub kind: NounKind,
    /// What a movement noun beside it moves.
    pub target: Option<MovementTarget>,
}

/// What else a noun can do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NounKind {
    #[default]
    Other,
    /// Takes a target and musical lengths.
    Movement,
    /// Takes musical lengths.
    Delay,
    /// A stage of an envelope: `decay on the filter` is another decay.
    Envelope,
}

/// What an entry is.
#[derive(Debug)]
pub(super) enum Class {
    /// Says what it says: adjectives, roles, waves.
    Plain,
    /// Genres, instruments by name, scenes: tints that any plain word overrules.
    Style,
    /// A word of size: its dimensions here, what it says standing alone in the effects.
    Size(Vec<(Dimension, f64)>),
    /// See [`Noun`].
    Noun(Box<Noun>),
    /// How much: −1 (less) … 0.25 slightly, 0.5 plain, 0.75 very, 1 extremely.
    Degree(f64),
    /// See [`Grammar`].
    Grammar(Grammar),
    /// A number written as a word.
    Number(f64),
    /// A musical length written as a word: `eighths`.
    Length(String),
    /// Known, and says nothing.
    Filler,
}

/// One entry of the lexicon.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its first form, which is also what explanations and names show.
    pub name: String,
    pub class: Class,
    pub effects: Vec<Effect>,
}

impl Entry {
    /// The heaviest role it names or suggests.
    pub(super) fn role_weight(&self) -> f64 {
        self.effects
            .iter()
            .map(|e| {
                if let Effect::Role { weight, .. } = e {
                    *weight
                } else {
                    0.0
                }
            })
            .fold(0.0, f64::max)
    }
}
