//! A name and a short reason for an intent, made of words of the lexicon only: nothing of the prompt that was not
//! understood can come out here.

use super::lexicon::Lexicon;
use super::roles::Choice;
use super::said::Reading;
use songwalker_schemas::intent::{Conflict, Descriptors};
use songwalker_schemas::limits::MAX_NAME_CHARS;

/// The most characters of a rationale.
const MAX_RATIONALE: usize = 280;

/// A title of one to four words: up to two adjectives, the finer kind, the category.
pub(super) fn name(lexicon: &Lexicon, reading: &Reading, choice: &Choice, prompt: &str, seed: u64) -> String {
    let mut words: Vec<String> = Vec::new();
    for heard in reading.heard.iter().filter(|h| h.names && h.form.is_ascii()) {
        let word = title(&heard.form);
        let fits = !word.is_empty() && word.len() <= 14 && !words.contains(&word);
        if fits && words.len() < 2 {
            words.push(word);
        }
    }
    if words.is_empty() {
        let names = &lexicon.fallback_names;
        let pick = usize::try_from(hash(prompt, seed) % (names.len().max(1) as u64)).unwrap_or(0);
        words.extend(names.get(pick).map(|n| title(n)));
    }
    for word in [
        choice.sub.as_deref().map(spoken),
        Some(choice.category.name().to_owned()),
    ]
    .into_iter()
    .flatten()
    {
        let word = title(&word);
        // `Plucky Pluck`, `Sub Bass Bass` say nothing twice.
        if !words
            .iter()
            .any(|w| w.contains(word.as_str()) || (word.contains(w.as_str()) && w.len() > 3))
        {
            words.push(word);
        }
    }
    let mut name = words.join(" ");
    while name.len() > MAX_NAME_CHARS {
        words.remove(0);
        name = words.join(" ");
        if words.len() <= 1 {
            name.truncate(MAX_NAME_CHARS);
        }
    }
    if name.is_empty() {
        "Untitled".to_owned()
    } else {
        name
    }
}

/// Snake case as people write it.
fn spoken(word: &str) -> String {
    match word {
        "fx" => "FX".to_owned(),
        other => other.replace('_', " "),
    }
}

/// Title case; only letters, digits and blanks.
fn title(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    let words = clean.split_whitespace().map(|word| {
        let mut chars = word.chars();
        chars
            .next()
            .map(|c| c.to_ascii_uppercase().to_string() + chars.as_str())
            .unwrap_or_default()
    });
    let joined = words.collect::<Vec<_>>().join(" ");
    if joined == "Fx" { "FX".to_owned() } else { joined }
}

/// FNV-1a over the prompt and the seed.
fn hash(prompt: &str, seed: u64) -> u64 {
    let bytes = prompt.bytes().chain(seed.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What was understood, in one line.
pub(super) fn rationale(
    reading: &Reading,
    choice: &Choice,
    descriptors: &Descriptors,
    conflicts: &[Conflict],
) -> String {
    let mut line = choice.category.name().to_owned();
    if let Some(sub) = &choice.sub {
        line.push_str(&format!(" ({})", spoken(sub)));
    }
    if choice.word.is_empty() {
        line.push_str(", guessed");
    }
    let mut heard: Vec<&str> = Vec::new();
    for h in &reading.heard {
        if !h.effect.is_empty() && !heard.contains(&h.entry.as_str()) {
            heard.push(&h.entry);
        }
    }
    if heard.is_empty() && *descriptors == Descriptors::default() {
        line.push_str(": as it usually sounds");
    } else {
        line.push_str(": ");
        line.push_str(&heard.join(", "));
    }
    for conflict in conflicts {
        line.push_str(&format!("; {}: kept {}", conflict.about, conflict.kept));
    }
    line.chars().take(MAX_RATIONALE).collect()
}
