//! The words the planner knows: reads the embedded data files once, and finds phrases in them by exact form and by
//! stem. Owns the shape of the files and the index; what an entry does is in [`effect`](super::effect), how entries
//! combine is in [`grammar`](super::grammar).

use super::effect::{Effect, Exact, parse_effects};
use super::stem::stem;
use super::text::{Token, TokenKind, tokens};
use serde::Deserialize;
use songwalker_schemas::intent::MovementTarget;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::OnceLock;

/// The files of `data/lexicon`: the language of their words, and their text.
const FILES: &[(Language, &str, &str)] = &[
    (
        Language::English,
        "grammar.toml",
        include_str!("../../data/lexicon/grammar.toml"),
    ),
    (
        Language::English,
        "roles.toml",
        include_str!("../../data/lexicon/roles.toml"),
    ),
    (
        Language::English,
        "adjectives.toml",
        include_str!("../../data/lexicon/adjectives.toml"),
    ),
    (
        Language::English,
        "sizes.toml",
        include_str!("../../data/lexicon/sizes.toml"),
    ),
    (
        Language::English,
        "nouns.toml",
        include_str!("../../data/lexicon/nouns.toml"),
    ),
    (
        Language::English,
        "styles.toml",
        include_str!("../../data/lexicon/styles.toml"),
    ),
    (
        Language::English,
        "scenes.toml",
        include_str!("../../data/lexicon/scenes.toml"),
    ),
    (
        Language::English,
        "emoji.toml",
        include_str!("../../data/lexicon/emoji.toml"),
    ),
    (
        Language::English,
        "stopwords.toml",
        include_str!("../../data/lexicon/stopwords.toml"),
    ),
    (
        Language::German,
        "de.toml",
        include_str!("../../data/lexicon/de.toml"),
    ),
    (
        Language::Spanish,
        "es.toml",
        include_str!("../../data/lexicon/es.toml"),
    ),
    (
        Language::French,
        "fr.toml",
        include_str!("../../data/lexicon/fr.toml"),
    ),
    (
        Language::Portuguese,
        "pt.toml",
        include_str!("../../data/lexicon/pt.toml"),
    ),
    (
        Language::Japanese,
        "ja.toml",
        include_str!("../../data/lexicon/ja.toml"),
    ),
    (
        Language::Hindi,
        "hi.toml",
        include_str!("../../data/lexicon/hi.toml"),
    ),
];

/// The longest phrase looked for, in tokens.
const MAX_PHRASE: usize = 12;

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
    const NAMES: [(&'static str, Self); 5] = [
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

/// The entries of a form, shared by all forms of a line.
type Ids = Arc<[usize]>;

/// Looked up, never walked through: its order means nothing.
type Table<T> = HashMap<String, T, BuildHasherDefault<Fnv>>;

/// FNV-1a: short keys, and the same everywhere.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// The phrases of one language.
#[derive(Debug, Default)]
struct Index {
    exact: Table<Ids>,
    /// By stem, where that is not itself a form.
    stems: Table<Ids>,
    /// The longest phrase that begins with this stem, in tokens.
    longest: Table<usize>,
}

impl Index {
    fn stemmed(&self, stem: &str) -> Option<&[usize]> {
        self.stems
            .get(stem)
            .or_else(|| self.exact.get(stem))
            .map(|ids| &**ids)
    }
}

/// All that the planner knows of words.
#[derive(Debug)]
pub(super) struct Lexicon {
    pub entries: Vec<Entry>,
    languages: Vec<Index>,
    stopwords: BTreeSet<String>,
    /// Single words of letters, for the spelling: form and entries, by language.
    pub forms: Vec<(Language, String, Ids)>,
    /// Adjectives for names of sounds that nothing else names.
    pub fallback_names: Vec<String>,
    /// What is wrong with the files; empty in every tested build.
    pub faults: Vec<String>,
}

/// A data file as TOML.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    words: BTreeMap<String, String>,
    styles: BTreeMap<String, String>,
    sizes: BTreeMap<String, String>,
    degrees: BTreeMap<String, f64>,
    grammar: BTreeMap<String, String>,
    numbers: BTreeMap<String, f64>,
    lengths: BTreeMap<String, String>,
    fillers: Vec<String>,
    stopwords: Vec<String>,
    names: Vec<String>,
    aliases: BTreeMap<String, String>,
    noun: Vec<NounRow>,
}

/// A noun as TOML.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NounRow {
    words: String,
    amount: String,
    always: String,
    speed: String,
    length: String,
    size: String,
    height: String,
    hardness: String,
    none: String,
    seconds: Option<String>,
    hertz: Option<String>,
    percent: Option<String>,
    cents: Option<String>,
    bare: Option<String>,
    kind: NounKind,
    target: Option<String>,
}

/// The lexicon, read at the first call.
pub(super) fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(Lexicon::read)
}

impl Lexicon {
    fn read() -> Self {
        let mut lexicon = Self {
            entries: Vec::new(),
            languages: Language::ALL.iter().map(|_| Index::default()).collect(),
            stopwords: BTreeSet::new(),
            forms: Vec::new(),
            fallback_names: Vec::new(),
            faults: Vec::new(),
        };
        for (language, name, source) in FILES {
            match toml::from_str::<File>(source) {
                Ok(file) => lexicon.add_file(*language, name, file),
                Err(error) => lexicon.faults.push(format!("{name}: {error}")),
            }
        }
        lexicon
    }

    fn add_file(&mut self, language: Language, name: &str, file: File) {
        for (forms, effects) in &file.words {
            self.add(language, name, forms, Class::Plain, effects);
        }
        for (forms, effects) in &file.styles {
            self.add(language, name, forms, Class::Style, effects);
        }
        for (forms, source) in &file.sizes {
            let (dimensions, alone) = source.split_once('|').unwrap_or((source, ""));
            match parse_dimensions(dimensions) {
                Ok(dimensions) => self.add(language, name, forms, Class::Size(dimensions), alone),
                Err(fault) => self.faults.push(format!("{name}: {forms}: {fault}")),
            }
        }
        for (forms, level) in &file.degrees {
            self.add(language, name, forms, Class::Degree(*level), "");
        }
        for (forms, source) in &file.grammar {
            match parse_grammar(source) {
                Some(grammar) => self.add(language, name, forms, Class::Grammar(grammar), ""),
                None => self
                    .faults
                    .push(format!("{name}: {forms}: unknown grammar `{source}`")),
            }
        }
        for (forms, value) in &file.numbers {
            self.add(language, name, forms, Class::Number(*value), "");
        }
        for (forms, sync) in &file.lengths {
            self.add(language, name, forms, Class::Length(sync.clone()), "");
        }
        for forms in &file.fillers {
            self.add(language, name, forms, Class::Filler, "");
        }
        for row in &file.noun {
            match parse_noun(row) {
                Ok(noun) => self.add(language, name, &row.words, Class::Noun(Box::new(noun)), ""),
                Err(fault) => self.faults.push(format!("{name}: {}: {fault}", row.words)),
            }
        }
        for line in &file.stopwords {
            self.stopwords.extend(line.split_whitespace().map(str::to_owned));
        }
        self.fallback_names.extend(file.names);
        for (forms, targets) in &file.aliases {
            let found: Option<Vec<usize>> = targets
                .split('+')
                .map(|target| self.entry_named(target.trim()))
                .collect();
            match found {
                Some(ids) => self.index(language, name, forms, &ids),
                None => self.faults.push(format!("{name}: {forms}: no entry `{targets}`")),
            }
        }
    }

    fn entry_named(&self, phrase: &str) -> Option<usize> {
        let ids = self.languages[Language::English as usize]
            .exact
            .get(&key(&tokens(phrase)))?;
        if let [id] = &**ids { Some(*id) } else { None }
    }

    fn add(&mut self, language: Language, file: &str, forms: &str, class: Class, effects: &str) {
        match parse_effects(effects) {
            Ok(effects) => {
                let name = forms.split(',').next().unwrap_or_default().trim().to_owned();
                self.entries.push(Entry { name, class, effects });
                let id = self.entries.len() - 1;
                self.index(language, file, forms, &[id]);
            }
            Err(fault) => self.faults.push(format!("{file}: {forms}: {fault}")),
        }
    }

    fn index(&mut self, language: Language, file: &str, forms: &str, ids: &[usize]) {
        let ids: Ids = ids.into();
        for form in forms.split(',').map(str::trim) {
            let cut = tokens(form);
            let index = &mut self.languages[language as usize];
            let Some(first) = cut.first() else {
                self.faults.push(format!("{file}: `{form}` has no words"));
                continue;
            };
            let exact = key(&cut);
            let stemmed = stem_key(&cut, language);
            // A form that is its own stem is found among the exact ones.
            if stemmed != exact {
                index.stems.entry(stemmed).or_insert_with(|| ids.clone());
            }
            let start = stem(&first.text, language);
            match index.longest.get_mut(start) {
                Some(longest) => *longest = cut.len().max(*longest),
                None => {
                    index.longest.insert(start.to_owned(), cut.len());
                }
            }
            if index
                .exact
                .insert(exact, ids.clone())
                .is_some_and(|old| *old != *ids)
            {
                self.faults.push(format!("{file}: `{form}` stands twice"));
            }
            if cut.len() == 1
                && first.kind == TokenKind::Word
                && first.text.is_ascii()
                && first.text.len() >= 4
            {
                self.forms.push((language, first.text.clone(), ids.clone()));
            }
        }
    }

    /// The longest phrase at the start of `tokens`: its length in tokens and its entries.
    pub(super) fn longest(&self, tokens: &[Token], language: Language) -> Option<(usize, &[usize])> {
        let index = &self.languages[language as usize];
        let first = tokens.first()?;
        let longest = *index.longest.get(stem(&first.text, language))?;
        let run = tokens
            .iter()
            .take_while(|t| !matches!(t.kind, TokenKind::WeakBreak | TokenKind::StrongBreak));
        for n in (1..=run.count().min(longest).min(MAX_PHRASE)).rev() {
            let phrase = &tokens[..n];
            if let Some(ids) = index.exact.get(&key(phrase)) {
                return Some((n, ids));
            }
            if n == 1 && self.is_stopword(&first.text) && language == Language::English {
                return None;
            }
            let inflected = phrase.iter().any(|t| t.text.chars().count() >= 3);
            if let Some(ids) = index.stemmed(&stem_key(phrase, language)).filter(|_| inflected) {
                return Some((n, ids));
            }
        }
        None
    }

    /// Whether English knows this phrase in just this form.
    pub(super) fn has_form(&self, phrase: &str) -> bool {
        self.languages[Language::English as usize]
            .exact
            .contains_key(phrase)
    }

    /// The entries of one word by form.
    pub(super) fn form(&self, word: &str, language: Language) -> Option<&[usize]> {
        self.languages[language as usize]
            .exact
            .get(word)
            .map(|ids| &**ids)
    }

    /// The entries of one word by form or stem.
    pub(super) fn word(&self, word: &str, language: Language) -> Option<&[usize]> {
        let index = &self.languages[language as usize];
        index
            .exact
            .get(word)
            .map(|ids| &**ids)
            .or_else(|| index.stemmed(stem(word, language)))
    }

    /// An ordinary English word that says nothing about sound and must not be corrected into one that does.
    pub(super) fn is_stopword(&self, word: &str) -> bool {
        self.stopwords.contains(word)
    }
}

/// Folded words with single spaces between them.
pub(super) fn key(phrase: &[Token]) -> String {
    let mut key = String::with_capacity(phrase.iter().map(|t| t.text.len() + 1).sum());
    for token in phrase {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&token.text);
    }
    key
}

fn stem_key(phrase: &[Token], language: Language) -> String {
    let mut key = String::with_capacity(phrase.iter().map(|t| t.text.len() + 1).sum());
    for token in phrase {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(stem(&token.text, language));
    }
    key
}

fn parse_dimensions(source: &str) -> Result<Vec<(Dimension, f64)>, String> {
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

fn parse_grammar(source: &str) -> Option<Grammar> {
    Some(match source {
        "no" => Grammar::Negator(Negation::No),
        "not" => Grammar::Negator(Negation::Not),
        "negator after" => Grammar::NegatorAfter,
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

fn parse_noun(row: &NounRow) -> Result<Noun, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_file_is_understood() {
        assert_eq!(lexicon().faults, Vec::<String>::new());
    }

    #[test]
    fn the_longest_phrase_wins_and_inflected_forms_are_found() {
        let found = |text: &str| {
            let cut = tokens(text);
            lexicon()
                .longest(&cut, Language::English)
                .map(|(n, ids)| (n, lexicon().entries[ids[0]].name.clone()))
        };
        assert_eq!(
            found("string machine pad"),
            Some((2, "string machine".to_owned()))
        );
        assert_eq!(found("brighter"), Some((1, "bright".to_owned())));
        assert_eq!(found("sample-and-hold"), Some((3, "sample and hold".to_owned())));
        assert_eq!(found("table"), None);
    }
}
