//! The words of a refinement: what is to change, read by the planner, and what is to stay, from `data/refine.toml`.
//! `warmer but keep the attack` is a change and a promise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use songwalker_schemas::intent::Conflict;
use songwalker_schemas::{Category, ErrorCode, Faults, text};

use super::step::Aspect;
use crate::error::GenerateError;
use crate::planner::{self, Change};

const FILE: &str = include_str!("../../data/refine.toml");

/// The data file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    keep: Vec<String>,
    fill: BTreeSet<String>,
    say: BTreeMap<String, String>,
    things: BTreeMap<String, Vec<String>>,
}

/// What the words ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wish {
    /// What is to change.
    pub change: Change,
    /// What is to stay.
    pub kept: BTreeSet<Aspect>,
}

fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| toml::from_str(FILE).unwrap_or_default())
}

/// Reads the words for a sound of that kind.
///
/// # Errors
/// Text that is no prompt; words of which nothing was understood (`planner_refused`); another kind of sound
/// (`conflict`).
pub fn wish(said: &str, category: Category, subcategory: Option<&str>) -> Result<Wish, GenerateError> {
    let said = text::prompt(said).map_err(crate::pipeline::refused)?;
    let (spoken, kept) = split(&said.to_lowercase());
    let mut change = planner::change(&spoken, category, subcategory);
    if let Some((kind, word)) = &change.kind {
        let what = if *kind == category {
            word.as_str()
        } else {
            kind.name()
        };
        return Err(refused(
            ErrorCode::Conflict,
            format!("{what} is another kind of sound than this {category}: ask for a new sound"),
        ));
    }
    if change.is_empty() {
        return Err(refused(
            ErrorCode::PlannerRefused,
            "nothing understood: no word says how this sound is to change".to_owned(),
        ));
    }
    for aspect in &kept {
        if aspect.is_asked(&change) {
            aspect.take_back(&mut change);
            change.conflicts.push(Conflict {
                about: aspect.name().to_owned(),
                asked: vec!["change".to_owned(), "keep".to_owned()],
                kept: "keep".to_owned(),
            });
        }
    }
    if change.is_empty() {
        return Err(refused(
            ErrorCode::PlannerRefused,
            "nothing understood: all that is to change is also to stay".to_owned(),
        ));
    }
    Ok(Wish { change, kept })
}

fn refused(code: ErrorCode, message: String) -> GenerateError {
    let mut faults = Faults::new();
    faults.push("/prompt", message.clone());
    GenerateError::Request {
        code,
        message,
        faults,
    }
}

/// The words that say a change, and the things that stay.
fn split(said: &str) -> (String, BTreeSet<Aspect>) {
    let all: Vec<&str> = said.split_whitespace().collect();
    let mut spoken: Vec<&str> = Vec::new();
    let mut kept = BTreeSet::new();
    let mut at = 0;
    while at < all.len() {
        let Some(used) = keeper(&all[at..]) else {
            spoken.push(all[at]);
            at += 1;
            continue;
        };
        let (more, things) = things(&all[at + used..]);
        if things.is_empty() {
            spoken.push(all[at]);
            at += 1;
            continue;
        }
        kept.extend(things);
        at += used + more;
        if !spoken.is_empty() {
            spoken.push(";");
        }
    }
    (say(&spoken.join(" ")), kept)
}

/// How many words begin a list of what stays, where one begins here.
fn keeper(words: &[&str]) -> Option<usize> {
    let begins = |phrase: &str| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        (words.len() >= parts.len() && parts.iter().zip(words).all(|(part, word)| bare(word) == *part))
            .then_some(parts.len())
    };
    self::words()
        .keep
        .iter()
        .filter_map(|phrase| begins(phrase))
        .max()
}

/// The things that are named from here on, and how many words that takes.
fn things(words: &[&str]) -> (usize, BTreeSet<Aspect>) {
    let mut found = BTreeSet::new();
    let mut used = 0;
    for (place, word) in words.iter().enumerate() {
        let bare = bare(word);
        let two = words
            .get(place + 1)
            .map(|next| format!("{bare} {}", self::bare(next)));
        let thing = two.and_then(|two| thing(&two)).or_else(|| thing(bare));
        match thing {
            Some(aspect) => {
                found.insert(aspect);
                used = place + 1;
            }
            None if self::words().fill.contains(bare) => {}
            None => break,
        }
        if word.ends_with(['.', ';', '!']) {
            break;
        }
    }
    // `as it is` behind the last thing.
    let behind = words[used..]
        .iter()
        .take_while(|word| self::words().fill.contains(bare(word)) && !matches!(bare(word), "and" | "or"))
        .count();
    (used + if found.is_empty() { 0 } else { behind }, found)
}

fn thing(word: &str) -> Option<Aspect> {
    words()
        .things
        .iter()
        .find(|(_, all)| all.iter().any(|one| one == word))
        .and_then(|(name, _)| Aspect::from_name(name))
}

/// A word without its punctuation.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | ':' | '!' | '?' | '"' | '(' | ')'))
}

/// The text with each pair's first words in the place of its second.
fn say(spoken: &str) -> String {
    let mut text = format!(" {spoken} ");
    let mut pairs: Vec<(&String, &String)> = words().say.iter().collect();
    pairs.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    for (from, to) in pairs {
        for end in [" ", ",", ";", ".", "!"] {
            text = text.replace(&format!(" {from}{end}"), &format!(" {to}{end}"));
        }
    }
    // A pair may lead to another one.
    if let Some(to) = words().say.get(text.trim()) {
        return to.clone();
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(said: &str) -> (String, Vec<&'static str>) {
        let (spoken, kept) = split(said);
        (spoken, kept.into_iter().map(Aspect::name).collect())
    }

    #[test]
    fn the_data_file_is_read_and_names_known_things() {
        let words: Words = toml::from_str(FILE).expect("the file is sound");
        assert!(words.things.keys().all(|name| Aspect::from_name(name).is_some()));
    }

    #[test]
    fn what_stays_is_no_change() {
        let (spoken, kept) = of("warmer but keep the attack");
        assert_eq!((spoken.as_str(), kept), ("warmer but ;", vec!["attack"]));
        let (spoken, kept) = of("keep the attack and the width, make it darker");
        assert_eq!(
            (spoken.as_str(), kept),
            ("make it darker", vec!["attack", "width"])
        );
        let (spoken, kept) = of("don't touch the reverb, shorter");
        assert_eq!((spoken.as_str(), kept), ("shorter", vec!["space"]));
        let (spoken, kept) = of("keep it dark");
        assert_eq!((spoken.as_str(), kept), ("keep it dark", vec![]));
    }

    #[test]
    fn what_is_kept_wins_over_what_is_asked_and_that_is_said() {
        let wish = wish(
            "darker and a slower attack, but keep the attack",
            Category::Pad,
            None,
        )
        .expect("understood");
        assert!(wish.change.descriptors.attack.is_none() && wish.change.descriptors.brightness.is_some());
        assert_eq!(wish.change.conflicts[0].about, "attack");
    }

    #[test]
    fn nothing_understood_and_another_kind_are_told_apart() {
        let code = |words: &str| wish(words, Category::Pad, None).expect_err("refused").code();
        assert_eq!(code("blorf xyzzy"), ErrorCode::PlannerRefused);
        assert_eq!(code("make it a bass"), ErrorCode::Conflict);
        assert_eq!(code("  "), ErrorCode::InvalidRequest);
        assert!(wish("more bass", Category::Pad, None).is_ok());
    }
}
