//! The words the planner knows: reads the embedded data files once, and finds phrases in them by exact form and by
//! stem. Owns the index; what an entry can be is in [`vocabulary`](super::vocabulary), the shape of the files in
//! [`lexicon_file`](super::lexicon_file).

use super::effect::parse_effects;
use super::lexicon_file::{File, parse_dimensions, parse_grammar, parse_noun};
use super::stem::stem;
use super::text::{Token, TokenKind, tokens};
use super::vocabulary::{Class, Entry, Language};
use std::collections::{BTreeSet, HashMap};
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
        "instruments.toml",
        include_str!("../../data/lexicon/instruments.toml"),
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

/// The text of every data file.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(_, _, text)| *text)
}
/// The longest phrase looked for, in tokens.
const MAX_PHRASE: usize = 12;

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
            // `notes really` is not `not really`.
            let bends = |ids: &&[usize]| inflected && !(n > 1 && ids.iter().any(|id| self.orders(*id)));
            if let Some(ids) = index.stemmed(&stem_key(phrase, language)).filter(bends) {
                return Some((n, ids));
            }
        }
        None
    }

    /// Whether an entry only orders other words.
    fn orders(&self, id: usize) -> bool {
        matches!(self.entries[id].class, Class::Grammar(_) | Class::Degree(_))
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
            || word
                .strip_suffix('s')
                .is_some_and(|one| self.stopwords.contains(one))
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
