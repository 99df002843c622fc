//! Which noun a word of size or a number belongs to: `slow` in `slow attack`, `250 ms` in `attack of 250 ms`, and what
//! a movement moves in `lfo on the cutoff`. Decides from places and classes only.

use super::effect::{Effect, Exact};
use super::lexicon::Lexicon;
use super::matcher::{Item, Placed};
use super::measure::{Measure, Unit};
use super::scope::Mark;
use super::vocabulary::{Class, Context, Dimension, Grammar, Noun, NounKind};
use songwalker_schemas::intent::MovementTarget;

/// What belongs to whom; all vectors have one element per item.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// Of a noun: the words of size said of it.
    pub sizes: Vec<Vec<usize>>,
    /// Of a word of size: it belongs to a noun and says nothing by itself.
    pub bound: Vec<bool>,
    /// Of a noun: the measures said of it.
    pub measures: Vec<Vec<usize>>,
    /// Of a measure: it belongs to a noun.
    pub measured: Vec<bool>,
    /// Of a movement noun: what it moves.
    pub moves: Vec<Option<MovementTarget>>,
    /// Of a target noun: a movement beside it took it.
    pub taken: Vec<bool>,
    /// Of an envelope noun: it is the filter's.
    pub of_filter: Vec<bool>,
}

/// The noun at `i`, if one stands there.
pub(super) fn noun_at<'a>(lexicon: &'a Lexicon, items: &[Placed], i: usize) -> Option<&'a Noun> {
    match items.get(i)?.item {
        Item::Word { id, .. } => match &lexicon.entries[id].class {
            Class::Noun(noun) => Some(noun),
            _ => None,
        },
        _ => None,
    }
}

/// The first dimension of a word of size to which a noun reacts, and the value there.
pub(super) fn reaction(noun: &Noun, dimensions: &[(Dimension, f64)]) -> Option<(Dimension, f64)> {
    dimensions
        .iter()
        .find(|(d, _)| noun.reacts.contains_key(d) || (*d == Dimension::Size && !noun.amount.is_empty()))
        .copied()
}

/// As [`reaction`], for the noun as it stands at `i`: a participle is an adjective too, so only its speed and length
/// can be meant (`slowly pulsing`); in `soft evolving pad` the pad is soft.
pub(super) fn reaction_at(
    items: &[Placed],
    i: usize,
    noun: &Noun,
    dimensions: &[(Dimension, f64)],
) -> Option<(Dimension, f64)> {
    let participle = matches!(&items.get(i)?.item, Item::Word { form: Some(form), .. }
        if form.ends_with("ing") || form.ends_with("ed"));
    let fitting: Vec<(Dimension, f64)> = dimensions
        .iter()
        .filter(|(d, _)| !participle || matches!(d, Dimension::Speed | Dimension::Length))
        .copied()
        .collect();
    reaction(noun, &fitting)
}

/// Binds sizes, targets and measures.
pub(super) fn bind(lexicon: &Lexicon, items: &[Placed], marks: &[Mark]) -> Bindings {
    let n = items.len();
    let mut bindings = Bindings {
        sizes: vec![Vec::new(); n],
        bound: vec![false; n],
        measures: vec![Vec::new(); n],
        measured: vec![false; n],
        moves: vec![None; n],
        taken: vec![false; n],
        of_filter: vec![false; n],
    };
    bind_targets(lexicon, items, &mut bindings);
    for i in 0..n {
        if let Item::Word { id, .. } = items[i].item
            && let Class::Size(dimensions) = &lexicon.entries[id].class
            && let Some(noun) = noun_of_size(lexicon, items, marks, &bindings, i, dimensions)
        {
            bindings.sizes[noun].push(i);
            bindings.bound[i] = true;
        }
    }
    for i in 0..n {
        if let Item::Measure(measure) = &items[i].item
            && let Some(noun) = noun_of_measure(lexicon, items, marks, &bindings, i, measure)
        {
            bindings.measures[noun].push(i);
            bindings.measured[i] = true;
        }
    }
    bindings
}

/// `filter sweep`, `lfo on the cutoff`, `decay on the filter`: a target beside a movement or an envelope.
fn bind_targets(lexicon: &Lexicon, items: &[Placed], bindings: &mut Bindings) {
    for i in 0..items.len() {
        let Some(noun) = noun_at(lexicon, items, i) else {
            continue;
        };
        if noun.target.is_some() {
            continue;
        }
        // `lfo at 0.2 hz on the cutoff`: its rate may stand between.
        let after = (i + 1..items.len()).find(|k| !matches!(items[*k].item, Item::Measure(_)));
        let beside = [i.checked_sub(1), after];
        let target = beside.into_iter().flatten().find_map(|k| {
            let target = noun_at(lexicon, items, k)?.target?;
            (!bindings.taken[k]).then_some((k, target))
        });
        let Some((k, target)) = target else { continue };
        match noun.kind {
            NounKind::Movement => bindings.moves[i] = Some(target),
            NounKind::Envelope if target == MovementTarget::Filter => bindings.of_filter[i] = true,
            _ => continue,
        }
        bindings.taken[k] = true;
    }
}

fn noun_of_size(
    lexicon: &Lexicon,
    items: &[Placed],
    marks: &[Mark],
    bindings: &Bindings,
    i: usize,
    dimensions: &[(Dimension, f64)],
) -> Option<usize> {
    let ahead = noun_ahead(lexicon, items, i, dimensions);
    let behind = noun_behind(lexicon, items, marks, bindings, i, dimensions);
    match (ahead, behind) {
        // `attack fast release slow`: the noun ahead has a word of its own behind it.
        (Some(a), Some(b)) => {
            let own = items.get(a + 1).is_some_and(|p| match &p.item {
                Item::Word { id, .. } => matches!(lexicon.entries[*id].class, Class::Size(_)),
                Item::Measure(_) => true,
                _ => false,
            });
            Some(if own { b } else { a })
        }
        (a, b) => a.or(b),
    }
}

/// Forward over other adjectives, at most one unknown word, and nouns that are only targets.
fn noun_ahead(
    lexicon: &Lexicon,
    items: &[Placed],
    i: usize,
    dimensions: &[(Dimension, f64)],
) -> Option<usize> {
    let mut unknown = 0;
    for k in i + 1..items.len() {
        match &items[k].item {
            Item::Break { .. } => return None,
            Item::Unknown => {
                unknown += 1;
                if unknown > 1 {
                    return None;
                }
            }
            Item::Measure(_) => {}
            Item::Word { id, .. } => {
                let entry = &lexicon.entries[*id];
                match &entry.class {
                    Class::Noun(noun) => {
                        if reaction_at(items, k, noun, dimensions).is_some() && noun.target.is_none() {
                            return Some(k);
                        }
                        // `slow filter sweep`, `short pitch glide`: the target only says of what.
                        let thing_follows = noun.target.is_some()
                            && noun_at(lexicon, items, k + 1).is_some_and(|n| {
                                n.target.is_none() && reaction_at(items, k + 1, n, dimensions).is_some()
                            });
                        if !thing_follows {
                            return reaction_at(items, k, noun, dimensions).map(|_| k);
                        }
                    }
                    Class::Grammar(Grammar::And) => {
                        let adjective_follows = matches!(items.get(k + 1).map(|p| &p.item), Some(Item::Word { id, .. })
                            if matches!(lexicon.entries[*id].class, Class::Size(_) | Class::Plain)
                                && lexicon.entries[*id].role_weight() < 0.8);
                        if !adjective_follows {
                            return None;
                        }
                    }
                    Class::Grammar(_) => return None,
                    // `slow bow attack` goes on, `slow pad` stops.
                    Class::Plain | Class::Style if entry.role_weight() >= 0.8 => {
                        let next = noun_at(lexicon, items, k + 1)?;
                        return reaction_at(items, k + 1, next, dimensions).map(|_| k + 1);
                    }
                    _ => {}
                }
            }
        }
    }
    None
}

/// `attack slow`, `release is very long`: the noun just before, if it has no word of its own.
fn noun_behind(
    lexicon: &Lexicon,
    items: &[Placed],
    marks: &[Mark],
    bindings: &Bindings,
    i: usize,
    dimensions: &[(Dimension, f64)],
) -> Option<usize> {
    let mut k = i.checked_sub(1)?;
    while let Item::Word { id, .. } = items[k].item
        && matches!(lexicon.entries[id].class, Class::Degree(_))
    {
        k = k.checked_sub(1)?;
    }
    let noun = noun_at(lexicon, items, k)?;
    let free =
        bindings.sizes[k].is_empty() && marks[k].clause == marks[i].clause && marks[k].degree.is_none();
    (free && reaction_at(items, k, noun, dimensions).is_some()).then_some(k)
}

/// The value that a measure sets in a noun, if it sets one.
pub(super) fn exact_of(noun: &Noun, measure: &Measure) -> Option<Exact> {
    match measure {
        Measure::Value(_, Unit::Seconds) => noun.seconds,
        Measure::Value(_, Unit::Bars) if noun.kind == NounKind::Movement => Some(Exact::MoveRate),
        Measure::Value(_, Unit::Bars) => noun.seconds,
        // Nobody means a cutoff below what can be heard.
        Measure::Value(hz, Unit::Hertz | Unit::Bare) if noun.bare == Some(Exact::CutoffHz) && *hz < 20.0 => {
            None
        }
        Measure::Value(_, Unit::Hertz) => noun.hertz,
        Measure::Value(_, Unit::Percent) => noun.percent,
        Measure::Value(_, Unit::Cents) => noun.cents,
        Measure::Value(_, Unit::Decibels) => noun.target.map(|_| Exact::FilterSlope),
        Measure::Value(_, Unit::Voices) if noun.bare == Some(Exact::UnisonVoices) => noun.bare,
        Measure::Value(_, Unit::Bare) => noun.bare,
        _ => None,
    }
}

/// Whether a noun can take a measure at all: a value, a musical length, or a share of its amount.
fn accepts(noun: &Noun, measure: &Measure) -> bool {
    exact_of(noun, measure).is_some()
        || match measure {
            Measure::Length(..) => noun.kind != NounKind::Other && noun.kind != NounKind::Envelope,
            Measure::Value(_, Unit::Percent) => noun.amount.iter().any(|e| matches!(e, Effect::Degree(..))),
            _ => false,
        }
}

/// The nearest noun of the clause that takes the measure: just before, else after, else anywhere before.
fn noun_of_measure(
    lexicon: &Lexicon,
    items: &[Placed],
    marks: &[Mark],
    bindings: &Bindings,
    i: usize,
    measure: &Measure,
) -> Option<usize> {
    let takes = |k: usize| {
        !bindings.taken[k]
            && noun_at(lexicon, items, k)
                .is_some_and(|noun| accepts(noun, measure) && marks[k].clause == marks[i].clause)
            && bindings.measures[k]
                .iter()
                .all(|m| !same_unit(&items[*m].item, measure))
    };
    // A number without a unit only means the noun it touches.
    if matches!(measure, Measure::Value(_, Unit::Bare)) {
        return i.checked_sub(1).filter(|k| takes(*k));
    }
    let before = (0..i).rev().take_while(|k| marks[*k].clause == marks[i].clause);
    let mut just_before = None;
    for k in before.clone() {
        match &items[k].item {
            Item::Measure(_) | Item::Unknown => {}
            Item::Word { id, .. } => {
                let class = &lexicon.entries[*id].class;
                if matches!(class, Class::Noun(_)) {
                    just_before = Some(k);
                    break;
                }
                if !matches!(
                    class,
                    Class::Degree(_) | Class::Size(_) | Class::Grammar(Grammar::Context(Context::Purpose))
                ) {
                    break;
                }
            }
            Item::Break { .. } => break,
        }
    }
    let after = (i + 1..items.len()).take_while(|k| marks[*k].clause == marks[i].clause);
    let movement_of_target = just_before.and_then(|k| {
        // `lfo on the cutoff around 2 hz`: the cutoff was only the lfo's target.
        (bindings.taken[k] && k > 0 && takes(k - 1)).then(|| k - 1)
    });
    // `sustain and a 10 second attack`: the noun that it touches.
    let touched = Some(i + 1).filter(|k| *k < items.len() && takes(*k) && just_before != i.checked_sub(1));
    movement_of_target
        .or(touched)
        .or(just_before.filter(|k| takes(*k) && !bindings.taken[*k]))
        .or_else(|| after.take(5).find(|k| takes(*k)))
        .or_else(|| before.clone().find(|k| takes(*k)))
}

fn same_unit(item: &Item, measure: &Measure) -> bool {
    match (item, measure) {
        (Item::Measure(Measure::Value(_, a)), Measure::Value(_, b)) => a == b,
        (Item::Measure(Measure::Length(..)), Measure::Length(..)) => true,
        _ => false,
    }
}
