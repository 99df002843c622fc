//! The shape of a lexicon file (TOML), and the small notations inside its strings: sizes, grammar, nouns. Every fault
//! is a text that names the piece.

use super::effect::{Exact, parse_effects};
use super::vocabulary::{Context, Dimension, Grammar, Negation, Noun, NounKind};
use serde::Deserialize;
use songwalker_schemas::intent::MovementTarget;
use std::collections::BTreeMap;

/// A data file as TOML.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) words: BTreeMap<String, String>,
    pub(super) styles: BTreeMap<String, String>,
    pub(super) sizes: BTreeMap<String, String>,
    pub(super) degrees: BTreeMap<String, f64>,
    pub(super) grammar: BTreeMap<String, String>,
    pub(super) numbers: BTreeMap<String, f64>,
    pub(super) lengths: BTreeMap<String, String>,
    pub(super) fillers: Vec<String>,
    pub(super) stopwords: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) noun: Vec<NounRow>,
}

/// A noun as TOML.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NounRow {
    pub(super) words: String,
    pub(super) amount: String,
    pub(super) always: String,
    pub(super) speed: String,
    pub(super) length: String,
    pub(super) size: String,
    pub(super) height: String,
    pub(super) hardness: String,
    pub(super) none: String,
    pub(super) seconds: Option<String>,
    pub(super) hertz: Option<String>,
    pub(super) percent: Option<String>,
    pub(super) cents: Option<String>,
    pub(super) bare: Option<String>,
    pub(super) kind: NounKind,
    pub(super) target: Option<String>,
}

pub(super) fn parse_dimensions(source: &str) -> Result<Vec<(Dimension, f64)>, String> {
    let mut out = Vec::new();
    for piece in source.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let bad = || format!("unknown dimension `{piece}`");
        let (name, value) = piece.split_once(' ').ok_or_else(bad)?;
        let (_, dimension) = Dimension::NAMES
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(bad)?;
        out.push((*dimension, value.trim().parse().map_err(|_| bad())?));
    }
    Ok(out)
}

pub(super) fn parse_grammar(source: &str) -> Option<Grammar> {
    Some(match source {
        "no" => Grammar::Negator(Negation::No),
        "not" => Grammar::Negator(Negation::Not),
        "negator after" => Grammar::NegatorAfter,
        "removed" => Grammar::Removed,
        "and" => Grammar::And,
        "or" => Grammar::Or,
        "but" => Grammar::But,
        "purpose" => Grammar::Context(Context::Purpose),
        "reference" => Grammar::Context(Context::Reference),
        "comparison" => Grammar::Context(Context::Comparison),
        "reason" => Grammar::Context(Context::Reason),
        "with" => Grammar::Context(Context::With),
        "boost" => Grammar::Boost,
        "likeness" => Grammar::Likeness,
        "order" => Grammar::Order,
        _ => return None,
    })
}

pub(super) fn parse_noun(row: &NounRow) -> Result<Noun, String> {
    let exact = |name: &Option<String>| -> Result<Option<Exact>, String> {
        let Some(name) = name else { return Ok(None) };
        Exact::from_name(name)
            .map(Some)
            .ok_or_else(|| format!("unknown value `{name}`"))
    };
    let mut reacts = BTreeMap::new();
    for (dimension, source) in [
        (Dimension::Speed, &row.speed),
        (Dimension::Length, &row.length),
        (Dimension::Size, &row.size),
        (Dimension::Height, &row.height),
        (Dimension::Hardness, &row.hardness),
    ] {
        if !source.is_empty() {
            reacts.insert(dimension, parse_effects(source)?);
        }
    }
    let target = match &row.target {
        Some(name) => {
            Some(MovementTarget::from_name(name).ok_or_else(|| format!("unknown target `{name}`"))?)
        }
        None => None,
    };
    Ok(Noun {
        amount: parse_effects(&row.amount)?,
        always: parse_effects(&row.always)?,
        reacts,
        none: parse_effects(&row.none)?,
        seconds: exact(&row.seconds)?,
        hertz: exact(&row.hertz)?,
        percent: exact(&row.percent)?,
        cents: exact(&row.cents)?,
        bare: exact(&row.bare)?,
        kind: row.kind,
        target,
    })
}
