//! How far little words reach: which items a degree, a negator, a context or a wish covers, and where phrases end.
//! Reads items from left to right once; knows classes of words, not what they do to a sound.

use super::lexicon::Lexicon;
use super::matcher::{Item, Placed};
use super::measure::{Measure, Unit};
use super::vocabulary::{Class, Context, Grammar, Negation};

/// What covers one item.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark {
    /// The degree said of it.
    pub degree: Option<f64>,
    pub negated: Option<Negation>,
    pub context: Option<Context>,
    /// It follows `I want`, `is a`.
    pub wished: bool,
    /// Items of one noun phrase share a number.
    pub phrase: usize,
    /// Items between two breaks share a number.
    pub clause: usize,
}

/// What a negator has covered so far.
#[derive(Clone, Copy, PartialEq)]
enum Covered {
    Nothing,
    Adjective,
    /// A noun or a role: what follows without `or` is free again.
    Head,
}

/// One mark for every item.
pub(super) fn marks(lexicon: &Lexicon, items: &[Placed]) -> Vec<Mark> {
    let mut marks = vec![Mark::default(); items.len()];
    let mut state = Mark::default();
    let mut covered = Covered::Nothing;
    for (i, placed) in items.iter().enumerate() {
        match &placed.item {
            Item::Break { strong } => {
                let keeps = !strong && state.negated.is_some() && list_goes_on(lexicon, &items[i + 1..]);
                if keeps {
                    covered = Covered::Nothing;
                } else {
                    state.negated = None;
                }
                state.degree = None;
                state.wished = false;
                if *strong || state.context != Some(Context::Reason) {
                    state.context = None;
                }
                state.phrase += 1;
                state.clause += 1;
            }
            Item::Measure(measure) => {
                if !matches!(measure, Measure::Value(_, Unit::Bare)) {
                    state.phrase += 1;
                    state.degree = None;
                }
            }
            Item::Unknown => {}
            Item::Word { id, .. } => match &lexicon.entries[*id].class {
                Class::Degree(level) => match behind(lexicon, items, &marks, &state, i) {
                    Some(before) => marks[before].degree = Some(combine(marks[before].degree, *level)),
                    None => state.degree = Some(combine(state.degree, *level)),
                },
                Class::Grammar(grammar) => {
                    step(*grammar, &mut state, &mut covered, || {
                        next_kind(lexicon, &items[i + 1..])
                    });
                }
                class => {
                    let kind = kind_of(class, lexicon.entries[*id].role_weight());
                    if state.negated.is_some() && !still_covers(covered, kind, items.get(i - 1), lexicon) {
                        state.negated = None;
                    }
                    marks[i] = state.clone();
                    if state.negated.is_some() {
                        covered = if kind == Kind::Adjective {
                            Covered::Adjective
                        } else {
                            Covered::Head
                        };
                    }
                    if kind == Kind::Role {
                        state.wished = false;
                    }
                    state.degree = None;
                    continue;
                }
            },
        }
        marks[i] = Mark {
            degree: None,
            ..state.clone()
        };
    }
    negate_before(lexicon, items, &mut marks);
    marks
}

/// `as dark as possible`, `wide, but warm a lot`: with nothing behind it, a degree is said of the word before it.
fn behind(lexicon: &Lexicon, items: &[Placed], marks: &[Mark], state: &Mark, i: usize) -> Option<usize> {
    let last = match items.get(i + 1).map(|next| &next.item) {
        None | Some(Item::Break { .. }) => true,
        Some(Item::Word { id, .. }) => matches!(
            lexicon.entries[*id].class,
            Class::Grammar(Grammar::And | Grammar::Or | Grammar::But | Grammar::Context(_))
        ),
        Some(_) => false,
    };
    let before = i.checked_sub(1)?;
    let Item::Word { id, .. } = items[before].item else {
        return None;
    };
    let entry = &lexicon.entries[id];
    let says = match &entry.class {
        Class::Noun(_) | Class::Size(_) => true,
        Class::Plain | Class::Style => entry.role_weight() < 0.8,
        _ => false,
    };
    (last && says && state.negated.is_none() && marks[before].negated.is_none()).then_some(before)
}

/// What a word is to a negator.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Adjective,
    Noun,
    Role,
}

fn kind_of(class: &Class, role_weight: f64) -> Kind {
    match class {
        Class::Noun(_) => Kind::Noun,
        Class::Plain | Class::Style if role_weight >= 0.8 => Kind::Role,
        _ => Kind::Adjective,
    }
}

/// Whether a negator that has covered something also covers this: `no harsh highs` does, `not too bright pad` and
/// `no reverb wide` do not.
fn still_covers(covered: Covered, kind: Kind, before: Option<&Placed>, lexicon: &Lexicon) -> bool {
    let before = before.and_then(|p| match p.item {
        Item::Word { id, .. } => Some(&lexicon.entries[id].class),
        _ => None,
    });
    let after_adjective = matches!(before, Some(Class::Size(_) | Class::Plain));
    let after_noun = matches!(before, Some(Class::Noun(_)));
    match covered {
        Covered::Nothing => true,
        Covered::Adjective => kind == Kind::Noun && after_adjective,
        // `no attack click`, `no reverb tail` are one thing.
        Covered::Head => kind == Kind::Noun && after_noun,
    }
}

/// What a word of grammar does to everything after it.
fn step(grammar: Grammar, state: &mut Mark, covered: &mut Covered, next: impl Fn() -> Option<Kind>) {
    match grammar {
        Grammar::Negator(negation) => {
            state.negated = Some(negation);
            state.degree = None;
            *covered = Covered::Nothing;
        }
        Grammar::Or => *covered = Covered::Nothing,
        Grammar::And => {
            let goes_on = match *covered {
                Covered::Head => next() == Some(Kind::Noun),
                Covered::Adjective => state.negated == Some(Negation::Not) && next() == Some(Kind::Adjective),
                Covered::Nothing => true,
            };
            if goes_on {
                *covered = Covered::Nothing;
            } else {
                state.negated = None;
            }
            state.phrase += 1;
            state.degree = None;
        }
        Grammar::But => {
            state.negated = None;
            state.context = None;
            state.degree = None;
            state.phrase += 1;
        }
        Grammar::Context(context) => {
            if context != Context::Reference {
                state.negated = None;
            }
            if state.context != Some(Context::Reason) {
                state.context = Some(context);
            }
            state.phrase += 1;
        }
        Grammar::Boost => {
            // `don't give me a bass`: the wish itself is refused.
            if *covered != Covered::Nothing || state.negated == Some(Negation::No) {
                state.negated = None;
            }
            state.context = None;
            state.wished = true;
            state.phrase += 1;
        }
        Grammar::NegatorAfter | Grammar::Removed | Grammar::Likeness | Grammar::Order => {}
    }
}

/// `very very`, `a lot less`: the stronger one, and a lessening stays one.
fn combine(first: Option<f64>, second: f64) -> f64 {
    match first {
        Some(first) if first < 0.0 || second < 0.0 => -first.abs().max(second.abs()),
        Some(first) => first.max(second),
        None => second,
    }
}

/// The kind of the next word that says something, unless a break comes first.
fn next_kind(lexicon: &Lexicon, rest: &[Placed]) -> Option<Kind> {
    for placed in rest {
        match &placed.item {
            Item::Word { id, .. } => match &lexicon.entries[*id].class {
                Class::Degree(_) => {}
                Class::Grammar(_) => return None,
                class => return Some(kind_of(class, lexicon.entries[*id].role_weight())),
            },
            Item::Unknown => {}
            Item::Break { .. } | Item::Measure(_) => return None,
        }
    }
    None
}

/// After `no reverb,`: whether bare nouns follow up to an `or` or `and` with a noun behind it.
fn list_goes_on(lexicon: &Lexicon, rest: &[Placed]) -> bool {
    for (i, placed) in rest.iter().enumerate() {
        match &placed.item {
            Item::Break { strong: false } => {}
            Item::Word { id, .. } => match &lexicon.entries[*id].class {
                Class::Noun(_) => {}
                Class::Grammar(Grammar::Or | Grammar::And) => {
                    return next_kind(lexicon, &rest[i + 1..]) == Some(Kind::Noun);
                }
                _ => return false,
            },
            _ => return false,
        }
    }
    false
}

/// `reverb free`, `リバーブなし`, `highs rolled off`: the item just before is not wanted.
fn negate_before(lexicon: &Lexicon, items: &[Placed], marks: &mut [Mark]) {
    for i in 1..items.len() {
        let Item::Word { id, .. } = items[i].item else {
            continue;
        };
        let Class::Grammar(grammar @ (Grammar::NegatorAfter | Grammar::Removed)) = lexicon.entries[id].class
        else {
            continue;
        };
        let last = (0..i).rev().find(|k| items[*k].item != Item::Unknown);
        if let Some(k) = last
            && let Item::Word { id, .. } = items[k].item
            && (matches!(lexicon.entries[id].class, Class::Noun(_))
                || grammar == Grammar::NegatorAfter && (!lexicon.entries[id].name.is_ascii() || i - k <= 2))
        {
            marks[k].negated = Some(Negation::No);
        }
    }
}
