//! The embedded planner: from a text to an [`Intent`], by a lexicon and a small grammar. Deterministic, offline, well
//! under 10 ms. It answers for understanding words; what an intent does to a patch is the mapper's.
//!
//! The way of a prompt: [`text`] cuts it into tokens, [`matcher`] finds the known words and [`measure`]s, [`scope`] and
//! [`binding`] decide what belongs to what, [`reading`] writes down what each word says, [`draft`] settles it, [`roles`]
//! chooses the category, [`fit`] fits the rest to it, [`assemble`] and [`naming`] make the intent. Words live in `data/lexicon`, never in code.

mod assemble;
mod binding;
mod draft;
mod effect;
mod examples;
mod fit;
mod hybrid;
mod lexicon;
mod lexicon_file;
mod matcher;
mod measure;
mod naming;
mod reading;
mod relative;
mod roles;
mod said;
mod scope;
mod spelling;
mod stages;
mod stem;
mod text;
mod vocabulary;

pub(crate) use effect::{Axis, Effect, parse_effects};
pub use examples::{Example, examples};
pub use hybrid::{alone, complete, knows};
pub(crate) use lexicon::texts as lexicon_texts;
pub use relative::{Change, change};
pub(crate) use text::fold;

use draft::Draft;
use roles::Choice;
use said::Reading;

use crate::recipes::{self, Recipe};
use songwalker_schemas::Intent;
use songwalker_schemas::intent::Invariant;
use songwalker_schemas::limits::MAX_TAGS;

/// What is asked of the planner.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanRequest<'a> {
    /// The prompt, normalised to NFC and trimmed.
    pub prompt: &'a str,
    /// The user's own words, read after the prompt and with less weight.
    pub tags: &'a [String],
    /// A template chosen by name; passed through.
    pub template_id: Option<&'a str>,
    /// Chooses among names where no word offers one; nothing else.
    pub seed: u64,
}

/// An intent and what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What was understood.
    pub intent: Intent,
    /// The words of the prompt that said something, in order.
    pub understood: Vec<Understood>,
    /// The words of the prompt that neither the lexicon nor the list of ordinary words knows, in order.
    pub unknown: Vec<NotUnderstood>,
}

/// A word of the prompt that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// Its bytes in the prompt.
    pub span: (usize, usize),
    /// As written.
    pub word: String,
    /// Its entry in the lexicon.
    pub entry: String,
    /// What it did.
    pub effect: String,
    /// It is not written so: the entry is the nearest word there is.
    pub guess: bool,
}

/// A word of the prompt that said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// Its bytes in the prompt.
    pub span: (usize, usize),
    /// As written.
    pub word: String,
}

/// Plans a sound. Every text has a plan; how much of it was understood is in `confidence`.
#[must_use]
pub fn plan(request: &PlanRequest) -> Plan {
    let lexicon = lexicon::lexicon();
    let mut reading = Reading::default();
    reading::read(lexicon, request.prompt, false, &mut reading);
    let (own, strange) = (reading.heard.len(), reading.strange.len());
    for tag in request.tags.iter().take(MAX_TAGS) {
        reading::read(lexicon, tag, true, &mut reading);
    }
    let mut draft = draft::settle(&reading);
    let choice = roles::choose(&reading, &mut draft);
    let (register, tempo_bpm) = fit::place_loose(&reading, choice.category, &mut draft);
    fit::settle_styles(choice.category, &mut draft);
    fit::settle_envelope(&choice, &mut draft);
    let voicing = fit::voicing(&choice, &draft);
    let mut descriptors = assemble::descriptors(&choice, &draft, tempo_bpm);
    fit::usual_target(&choice, &mut descriptors);
    report_lone_axes(&mut draft);
    let understood = reading.heard[..own]
        .iter()
        .map(|heard| Understood {
            span: heard.span,
            word: request
                .prompt
                .get(heard.span.0..heard.span.1)
                .unwrap_or_default()
                .to_owned(),
            entry: heard.entry.clone(),
            effect: heard.effect.clone(),
            guess: heard.guess,
        })
        .collect();
    let unknown = reading.strange[..strange]
        .iter()
        .map(|span| NotUnderstood {
            span: *span,
            word: request.prompt.get(span.0..span.1).unwrap_or_default().to_owned(),
        })
        .collect();
    draft.conflicts.truncate(32);
    let intent = Intent {
        name: naming::name(lexicon, &reading, &choice, request.prompt, request.seed),
        subcategory: choice.sub.clone(),
        template_id: request.template_id.map(str::to_owned),
        voicing,
        register,
        rationale: naming::rationale(&reading, &choice, &descriptors, &draft.conflicts),
        descriptors,
        invariants: draft
            .invariants
            .iter()
            .copied()
            .chain([Invariant::NonSilent])
            .take(16)
            .collect(),
        avoid: draft.avoid.iter().copied().collect(),
        tempo_bpm,
        tags: tags(&reading, &choice, request.prompt, own),
        confidence: confidence(&reading, &choice, &draft),
        conflicts: draft.conflicts,
        ..Intent::neutral(choice.category)
    };
    Plan {
        intent,
        understood,
        unknown,
    }
}

/// Axes that no descriptor carries still can contradict themselves; what they say otherwise is in other words.
fn report_lone_axes(draft: &mut Draft) {
    let hard = draft.claimed(Axis::Hardness).unwrap_or(0.0);
    if hard < 0.0
        && draft.claimed(Axis::Drive).is_some_and(|v| v > 0.3)
        && draft.word(Axis::Hardness) != draft.word(Axis::Drive)
    {
        let (soft, driven) = (
            draft.word(Axis::Hardness).to_owned(),
            draft.word(Axis::Drive).to_owned(),
        );
        draft.conflict("drive", &[&soft, &driven], &driven);
    }
}

/// A text's words and numbers, folded, each with its bytes.
pub(crate) fn word_spans(source: &str) -> Vec<(String, (usize, usize))> {
    text::tokens(source)
        .into_iter()
        .filter(|token| matches!(token.kind, text::TokenKind::Word | text::TokenKind::Number))
        .map(|token| (token.text, (token.start, token.end)))
        .collect()
}

/// The recipe that the prompt names: not one that it refuses, and not by a piece of a longer name.
fn recipe(reading: &Reading, choice: &Choice, prompt: &str, own: usize) -> Option<&'static Recipe> {
    let heard = &reading.heard[..own];
    recipes::named_in(prompt, choice.category)
        .into_iter()
        .find(|(_, name)| {
            heard
                .iter()
                .filter(|heard| heard.span.0 < name.1 && name.0 < heard.span.1)
                .all(|heard| {
                    heard.span.0 >= name.0
                        && heard.span.1 <= name.1
                        && !heard.effect.starts_with("not ")
                        && !heard.effect.is_empty()
                })
        })
        .map(|(recipe, _)| recipe)
}

/// Words to find the sound by: the category, the recipe, the finer kind, and what was said of it.
fn tags(reading: &Reading, choice: &Choice, prompt: &str, own: usize) -> Vec<String> {
    let mut tags = vec![choice.category.name().to_owned()];
    tags.extend(recipe(reading, choice, prompt, own).map(Recipe::tag));
    let said = reading.heard.iter().filter(|h| h.names).map(|h| h.entry.clone());
    for tag in choice.sub.clone().into_iter().chain(said) {
        if tags.len() < 8 && !tags.contains(&tag) && tag.chars().count() <= 64 {
            tags.push(tag);
        }
    }
    tags
}

/// How sure: the category, the share of words that were understood, contradictions, and orders to a machine.
fn confidence(reading: &Reading, choice: &Choice, draft: &Draft) -> f64 {
    let (known, unknown) = (reading.known as f64, reading.strange.len() as f64);
    let share = if known + unknown > 0.0 {
        known / (known + unknown)
    } else {
        0.0
    };
    let mut sure = choice.confidence * (0.6 + 0.4 * share);
    if !draft.conflicts.is_empty() {
        sure *= 0.85;
    }
    if reading.orders > 0 {
        sure *= 0.3;
    }
    (sure.clamp(0.0, 1.0) * 1000.0).round() / 1000.0
}
