//! What a text says: walks over the items with their marks and bindings and writes down every effect, scaled by its
//! degree and turned by its negation, with the word that said it. Settles nothing; that is [`draft`](super::draft).

use super::binding::{Bindings, bind, exact_of, noun_at, reaction};
use super::effect::{Axis, Effect, Exact};
use super::lexicon::Lexicon;
use super::matcher::{Item, Placed, items};
use super::measure::{LengthMode, Measure, Unit};
use super::said::{Heard, Mention, Reading, Said, Strength};
use super::scope::{Mark, marks};
use super::vocabulary::{Class, Context, Dimension, Entry, Grammar, Noun, NounKind};
use songwalker_schemas::Category;
use songwalker_schemas::intent::{MovementTarget, Waveform};
use songwalker_schemas::patch::voicing::VoicingMode;

/// From which value on an adjective means an axis, and does not only tint it.
const CLAIM: f64 = 0.45;
/// What a kind of sound weighs that is not written so: one that is written out beside it is the head.
const GUESSED: f64 = 0.83;

/// Reads `text` and adds what it says. A `side` text (tags) only tints and suggests.
pub(super) fn read(lexicon: &Lexicon, text: &str, side: bool, reading: &mut Reading) {
    let matched = items(lexicon, text);
    let marks = marks(lexicon, &matched.items);
    let bindings = bind(lexicon, &matched.items, &marks);
    reading.strange.extend(&matched.unknown);
    reading.known += matched.known;
    let mut reader = Reader {
        lexicon,
        items: &matched.items,
        marks: &marks,
        bindings: &bindings,
        side,
        at_large: false,
        reading,
    };
    for i in 0..matched.items.len() {
        reader.item(i);
    }
}

struct Reader<'a> {
    lexicon: &'a Lexicon,
    items: &'a [Placed],
    marks: &'a [Mark],
    bindings: &'a Bindings,
    side: bool,
    /// The word at hand is a size said of nothing in particular.
    at_large: bool,
    reading: &'a mut Reading,
}

impl Reader<'_> {
    fn item(&mut self, i: usize) {
        self.reading.sources += 1;
        match &self.items[i].item {
            Item::Word {
                id,
                form,
                like,
                guess,
            } => {
                let lexicon = self.lexicon;
                let entry = &lexicon.entries[*id];
                if matches!(entry.class, Class::Grammar(Grammar::Order)) {
                    self.reading.orders += 1;
                }
                if matches!(self.marks[i].context, Some(Context::Comparison | Context::Reason)) {
                    self.compared(i, entry);
                    return;
                }
                let first = self.reading.says.len();
                let mentions = self.reading.mentions.len();
                let roles = mentions + self.reading.excluded.len();
                match &entry.class {
                    Class::Noun(noun) => self.noun(i, entry, noun),
                    Class::Plain | Class::Style => self.plain(i, entry, *like),
                    Class::Size(_) if !self.bindings.bound[i] => {
                        self.at_large = true;
                        self.plain(i, entry, false);
                        self.at_large = false;
                    }
                    Class::Size(_) => {}
                    _ => return,
                }
                self.hear(i, entry, form.as_deref(), first, roles);
                if let (true, Some(heard)) = (*guess, self.reading.heard.last_mut()) {
                    heard.guess = true;
                    for mention in self.reading.mentions.iter_mut().skip(mentions) {
                        mention.score *= GUESSED;
                        mention.weight *= GUESSED;
                    }
                }
            }
            Item::Measure(measure) => self.measure(i, measure),
            Item::Break { .. } | Item::Unknown => {}
        }
    }

    /// `darker than a normal bass` is about a bass, whatever else it is not.
    fn compared(&mut self, i: usize, entry: &Entry) {
        if self.marks[i].context != Some(Context::Comparison) {
            return;
        }
        // `than a normal saw lead`: its wave is meant too, unless the wave is all there is to compare with.
        let of_a_kind = matches!(entry.effects.first(), Some(Effect::Wave(_))) && self.kind_follows(i);
        if entry.role_weight() < 0.4 && !of_a_kind {
            return;
        }
        for effect in &entry.effects {
            match effect {
                Effect::Role {
                    category,
                    sub,
                    weight,
                } if *weight >= 0.4 => self.role(i, entry, (*category, sub.as_deref(), *weight), false),
                Effect::Wave(_) => self.say(effect, 1.0, Strength::Inherent, false, &entry.name),
                _ => {}
            }
        }
    }

    fn kind_follows(&self, i: usize) -> bool {
        self.items.get(i + 1).is_some_and(|next| {
            matches!(next.item, Item::Word { id, .. } if self.lexicon.entries[id].role_weight() >= 0.8)
        })
    }

    /// Notes what was understood at `i`.
    fn hear(&mut self, i: usize, entry: &Entry, form: Option<&str>, first: usize, roles: usize) {
        let said = &self.reading.says[first..];
        let mut effects: Vec<String> = said.iter().map(|s| s.effect.describe(s.scale)).collect();
        if self.reading.mentions.len() + self.reading.excluded.len() > roles {
            let roles = entry.effects.iter().filter(|e| matches!(e, Effect::Role { .. }));
            let not = if self.marks[i].negated.is_some() {
                "not "
            } else {
                ""
            };
            effects.splice(0..0, roles.map(|e| format!("{not}{}", e.describe(1.0))));
        }
        let participle = form.is_some_and(|f| f.ends_with("ing") || f.ends_with("ed"));
        let adjective = match entry.class {
            Class::Noun(_) => participle,
            _ => entry.role_weight() < 0.8,
        };
        let owner = self.bindings.sizes.iter().position(|sizes| sizes.contains(&i));
        if let Some(Item::Word { id, .. }) = owner.map(|k| &self.items[k].item) {
            effects.push(format!("of {}", self.lexicon.entries[*id].name));
        }
        self.reading.heard.push(Heard {
            span: self.items[i].span,
            entry: entry.name.clone(),
            form: form.unwrap_or(&entry.name).to_owned(),
            effect: effects.join(", "),
            guess: false,
            names: adjective
                && owner.is_none()
                && self.marks[i].negated.is_none()
                && self.marks[i].degree.is_none_or(|d| d > 0.0)
                && !self.side,
        });
    }

    fn say(&mut self, effect: &Effect, scale: f64, strength: Strength, moderates: bool, word: &str) {
        let strength = if self.side { Strength::Tint } else { strength };
        self.reading.says.push(Said {
            effect: effect.clone(),
            scale,
            strength,
            moderates,
            at_large: self.at_large,
            word: word.to_owned(),
            source: self.reading.sources,
        });
    }

    /// Adjectives, roles, styles, and sizes standing alone.
    fn plain(&mut self, i: usize, entry: &Entry, like: bool) {
        let mark = &self.marks[i];
        let role_weight = entry.role_weight();
        let aside = matches!(mark.context, Some(Context::Purpose | Context::With)) && role_weight >= 0.8;
        for effect in &entry.effects {
            match effect {
                Effect::Role {
                    category,
                    sub,
                    weight,
                } => self.role(i, entry, (*category, sub.as_deref(), *weight), like),
                Effect::Degree(_, value) if !aside => {
                    let means = value.abs() >= CLAIM;
                    let strength = match entry.class {
                        Class::Style => Strength::Tint,
                        _ if role_weight >= 0.7 => Strength::Inherent,
                        _ if means => Strength::Claim,
                        _ => Strength::Tint,
                    };
                    match (mark.negated, mark.degree) {
                        (Some(_), degree) if means && role_weight < 0.8 && strength != Strength::Tint => {
                            let scale = if degree.is_some() { -0.5 } else { -0.6 };
                            self.say(effect, scale, Strength::Claim, true, &entry.name);
                        }
                        (Some(_), _) => {}
                        (None, Some(degree)) if degree < 0.0 && means => {
                            self.say(effect, -0.7, strength, true, &entry.name);
                        }
                        (None, degree) => {
                            let scale = degree.map_or(1.0, |d| d.max(0.0) / 0.5);
                            self.say(effect, scale, strength, false, &entry.name);
                        }
                    }
                }
                Effect::Wave(Waveform::Pulse) if self.follows_length(i) => {
                    // `16th note pulse` is a rhythm, not a wave.
                    self.say(
                        &Effect::Degree(Axis::Movement, 0.7),
                        1.0,
                        Strength::Claim,
                        false,
                        &entry.name,
                    );
                    self.say(
                        &Effect::MoveTarget(MovementTarget::Level),
                        1.0,
                        Strength::Claim,
                        false,
                        &entry.name,
                    );
                }
                Effect::Voicing(VoicingMode::Mono) if mark.negated.is_some() => {
                    // `not mono`: many voices, unless the kind of sound knows better.
                    let many = Effect::Voicing(VoicingMode::Poly);
                    self.say(&many, 1.0, Strength::Inherent, false, &entry.name);
                }
                _ if mark.negated.is_some() || aside => {}
                _ => {
                    let strength = match entry.class {
                        Class::Style => Strength::Tint,
                        _ if role_weight >= 0.3 => Strength::Inherent,
                        // `glass` suggests a wave, `saw` is one.
                        _ if matches!(effect, Effect::Wave(_)) && entry.effects.first() != Some(effect) => {
                            Strength::Tint
                        }
                        _ => Strength::Claim,
                    };
                    self.say(effect, 1.0, strength, false, &entry.name);
                }
            }
        }
    }

    fn follows_length(&self, i: usize) -> bool {
        i > 0 && matches!(self.items[i - 1].item, Item::Measure(Measure::Length(..)))
    }

    fn role(
        &mut self,
        i: usize,
        entry: &Entry,
        (category, sub, weight): (Category, Option<&str>, f64),
        like: bool,
    ) {
        let mark = &self.marks[i];
        if mark.negated.is_some() {
            if weight >= 0.7 {
                self.reading.excluded.push((category, entry.name.clone()));
            }
            return;
        }
        let context = match mark.context {
            Some(Context::Purpose) => 0.25,
            Some(Context::Comparison) => 0.35,
            Some(Context::With) => 0.4,
            Some(Context::Reference) => 0.5,
            _ => 1.0,
        };
        let wish = if mark.wished { 1.25 } else { 1.0 };
        let likeness = if like { 0.6 } else { 1.0 };
        let aside = if self.side { 0.5 } else { 1.0 };
        // Of two that are equal, the one said first.
        let order = 1.0 - 0.02 * (mark.clause.min(10) as f64);
        self.reading.mentions.push(Mention {
            category,
            sub: sub.map(str::to_owned),
            score: weight * context * wish * likeness * aside * order,
            weight,
            phrase: mark.phrase,
            word: entry.name.clone(),
            direct: context == 1.0 && !like && !self.side,
        });
    }

    /// A thing with what is said of it.
    fn noun(&mut self, i: usize, entry: &Entry, noun: &Noun) {
        if self.bindings.taken[i] && self.bindings.sizes[i].is_empty() && self.bindings.measures[i].is_empty()
        {
            return;
        }
        if self.marks[i].negated.is_some() || self.has_none_of(i, noun) {
            self.unwanted(i, entry, noun);
        } else {
            self.wanted(i, entry, noun);
        }
    }

    /// `reverb 0 %`, where that is a share of it and no value of its own.
    fn has_none_of(&self, i: usize, noun: &Noun) -> bool {
        noun.percent.is_none()
            && self.bindings.measures[i].iter().any(|k| {
                let item = &self.items[*k].item;
                matches!(item, Item::Measure(Measure::Value(percent, Unit::Percent)) if *percent == 0.0)
            })
    }

    fn unwanted(&mut self, i: usize, entry: &Entry, noun: &Noun) {
        let sizes = &self.bindings.sizes[i];
        if !sizes.is_empty() {
            for k in sizes {
                let Some((word, value, dimension)) = self.size(*k, noun) else {
                    continue;
                };
                let held = self.marks[*k].degree.is_some();
                let factor = if held { 0.5 } else { 0.7 };
                self.react(i, noun, dimension, -value * factor, held, &word);
            }
            return;
        }
        if self.marks[i].degree.is_some() {
            // `not too much reverb` still is some.
            for effect in &noun.amount {
                self.say(effect, 0.25, Strength::Claim, false, &entry.name);
            }
            return;
        }
        let compound = self
            .marks
            .get(i + 1)
            .is_some_and(|m| m.negated.is_some() && m.phrase == self.marks[i].phrase)
            && noun_at(self.lexicon, self.items, i + 1).is_some();
        if compound {
            return;
        }
        let softly = i > 0
            && self.marks[i - 1].negated.is_some()
            && self.marks[i - 1].phrase == self.marks[i].phrase
            && matches!(&self.items[i - 1].item, Item::Word { id, .. } if matches!(self.lexicon.entries[*id].class, Class::Plain));
        for effect in &noun.none {
            if softly && !matches!(effect, Effect::Degree(..)) {
                continue;
            }
            self.say(
                effect,
                if softly { 0.4 } else { 1.0 },
                Strength::Bound,
                false,
                &entry.name,
            );
        }
    }

    fn wanted(&mut self, i: usize, entry: &Entry, noun: &Noun) {
        for effect in &noun.always {
            if let Effect::Role {
                category,
                sub,
                weight,
            } = effect
            {
                self.role(i, entry, (*category, sub.as_deref(), *weight), false);
            } else {
                self.say(effect, 1.0, Strength::Inherent, false, &entry.name);
            }
        }
        if let Some(target) = self.bindings.moves[i] {
            self.say(
                &Effect::MoveTarget(target),
                1.0,
                Strength::Bound,
                false,
                &entry.name,
            );
        }
        let mut amount = self.marks[i].degree;
        self.much_of_a_stage(i, entry, noun);
        for k in self.bindings.sizes[i].clone() {
            let Some((word, value, dimension)) = self.size(k, noun) else {
                continue;
            };
            if dimension == Dimension::Size && !noun.reacts.contains_key(&dimension) {
                amount = Some((0.5 * (1.0 + value)).max(0.1));
            } else {
                self.react(i, noun, dimension, value, false, &word);
            }
        }
        let mut exact_only = false;
        for k in self.bindings.measures[i].clone() {
            let Item::Measure(measure) = &self.items[k].item else {
                continue;
            };
            match (measure, exact_of(noun, measure)) {
                (Measure::Length(length, mode), _) => {
                    let length = with_mode(length, *mode);
                    let effect = if noun.kind == NounKind::Delay {
                        Effect::DelaySync(length)
                    } else {
                        Effect::MoveSync(length)
                    };
                    self.say(&effect, 1.0, Strength::Bound, false, &entry.name);
                }
                (Measure::Value(bars, Unit::Bars), Some(Exact::MoveRate)) => {
                    if let Some(length) = bars_length(*bars) {
                        self.say(
                            &Effect::MoveSync(length),
                            1.0,
                            Strength::Bound,
                            false,
                            &entry.name,
                        );
                    }
                }
                (Measure::Value(..), _) if self.bindings.of_filter[i] => {}
                (Measure::Value(percent, Unit::Percent), None) => {
                    amount = Some((percent / 100.0).clamp(0.0, 1.0))
                }
                (Measure::Value(value, unit), Some(exact)) => {
                    let value = match unit {
                        Unit::Percent => value / 100.0,
                        Unit::Bare if matches!(exact, Exact::Sustain | Exact::Resonance) && *value > 1.0 => {
                            (value / 100.0).min(1.0)
                        }
                        // At 120 beats per minute; the draft stretches it to the tempo asked for.
                        Unit::Bars => value * 2.0,
                        _ => *value,
                    };
                    exact_only |= matches!(
                        exact,
                        Exact::Resonance | Exact::CutoffHz | Exact::Sustain | Exact::FilterSlope
                    );
                    self.say(
                        &Effect::Exact(exact, value),
                        1.0,
                        Strength::Bound,
                        false,
                        &entry.name,
                    );
                }
                _ => {}
            }
        }
        if exact_only {
            return;
        }
        let level = amount.unwrap_or(0.5);
        for effect in &noun.amount {
            let side = matches!(effect, Effect::Degree(_, value) if value.abs() < 0.6);
            let strength = if side { Strength::Tint } else { Strength::Claim };
            self.say(effect, level, strength, level < 0.0, &entry.name);
        }
    }

    /// `hardly any release`, `lots of decay`: a stage of an envelope has no amount, but it has a size.
    fn much_of_a_stage(&mut self, i: usize, entry: &Entry, noun: &Noun) {
        let bare = self.bindings.sizes[i].is_empty() && self.bindings.measures[i].is_empty();
        let Some(degree) = self.marks[i].degree.filter(|_| bare && noun.amount.is_empty()) else {
            return;
        };
        if noun.kind != NounKind::Envelope {
            return;
        }
        let much = if degree < 0.3 { -0.5 } else { degree.max(0.5) - 0.1 };
        let dimension = [Dimension::Size, Dimension::Length]
            .into_iter()
            .find(|d| noun.reacts.contains_key(d));
        if let Some(dimension) = dimension {
            self.react(i, noun, dimension, much, false, &entry.name);
        }
    }

    /// The word of size at `k` as it concerns a noun: its name, value with degree, dimension.
    fn size(&self, k: usize, noun: &Noun) -> Option<(String, f64, Dimension)> {
        let Item::Word { id, .. } = self.items[k].item else {
            return None;
        };
        let entry = &self.lexicon.entries[id];
        let Class::Size(dimensions) = &entry.class else {
            return None;
        };
        let (dimension, value) = reaction(noun, dimensions)?;
        let degree = self.marks[k].degree.map_or(1.0, |d| d / 0.5);
        Some((entry.name.clone(), (value * degree).clamp(-1.0, 1.0), dimension))
    }

    fn react(
        &mut self,
        i: usize,
        noun: &Noun,
        dimension: Dimension,
        value: f64,
        moderates: bool,
        word: &str,
    ) {
        let Some(effects) = noun.reacts.get(&dimension) else {
            let level = (0.5 * (1.0 + value)).max(0.1);
            for effect in &noun.amount {
                self.say(effect, level, Strength::Claim, moderates, word);
            }
            return;
        };
        for effect in effects {
            let effect = match effect {
                // The filter's own envelope: shorter is more of a pluck in the tone.
                Effect::Degree(Axis::Length, v) if self.bindings.of_filter[i] => {
                    Effect::Degree(Axis::FilterDecay, -v)
                }
                Effect::Degree(Axis::Attack, v) if self.bindings.of_filter[i] => {
                    Effect::Degree(Axis::FilterDecay, -v * 0.5)
                }
                other => other.clone(),
            };
            self.say(&effect, value, Strength::Bound, moderates, word);
        }
    }

    /// A measure that no noun took.
    fn measure(&mut self, i: usize, measure: &Measure) {
        if self.bindings.measured[i] || self.marks[i].context == Some(Context::Reason) {
            return;
        }
        if let Measure::Value(count, Unit::Bare) = measure {
            let wave = self.items[i + 1..].iter().take(3).find_map(|p| match p.item {
                Item::Word { id, .. } => {
                    let entry = &self.lexicon.entries[id];
                    entry
                        .effects
                        .iter()
                        .any(|e| matches!(e, Effect::Wave(_)))
                        .then(|| entry.name.clone())
                }
                _ => None,
            });
            if let Some(word) = wave.filter(|_| *count >= 1.0) {
                let exact = if *count <= 3.0 {
                    Exact::Oscillators
                } else {
                    Exact::UnisonVoices
                };
                self.say(
                    &Effect::Exact(exact, count.round()),
                    1.0,
                    Strength::Claim,
                    false,
                    &word,
                );
            }
            return;
        }
        self.reading.loose.push(measure.clone());
    }
}

/// A note value with its mode behind it, as [`Effect::MoveSync`] carries it.
pub(super) fn with_mode(length: &str, mode: LengthMode) -> String {
    match mode {
        LengthMode::Straight => length.to_owned(),
        LengthMode::Dotted => format!("{length} dotted"),
        LengthMode::Triplet => format!("{length} triplet"),
    }
}

/// A number of bars as Vital's note value, rounded down to what it has.
pub(super) fn bars_length(bars: f64) -> Option<String> {
    let quarters = bars * 4.0;
    [
        (128.0, "32/1"),
        (64.0, "16/1"),
        (32.0, "8/1"),
        (16.0, "4/1"),
        (8.0, "2/1"),
        (4.0, "1/1"),
        (2.0, "1/2"),
        (1.0, "1/4"),
    ]
    .iter()
    .find(|(least, _)| quarters >= *least)
    .map(|(_, name)| (*name).to_owned())
}
