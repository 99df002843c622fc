//! Reads misspelt words: repeated letters, two known words written as one, and a slip of one or two letters.
//! Only for words that neither the lexicon nor the list of ordinary words knows.

use super::lexicon::Lexicon;
use super::vocabulary::{Class, Grammar, Language};

/// Words longer than this are not corrected: nobody's slip, and the cost grows with length.
const MAX_LETTERS: usize = 24;

/// The entries of a word that is not in the lexicon as it stands, or nothing.
pub(super) fn correct(lexicon: &Lexicon, word: &str, languages: &[Language]) -> Option<Vec<usize>> {
    let letters = word.chars().count();
    if !(3..=MAX_LETTERS).contains(&letters) || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    repeated(lexicon, word, languages)
        .or_else(|| compound(lexicon, word, languages))
        .or_else(|| nearest(lexicon, word, languages))
}

/// `waaaarm`, `bassss`: runs of three and more stand for one letter or two.
fn repeated(lexicon: &Lexicon, word: &str, languages: &[Language]) -> Option<Vec<usize>> {
    [2, 1].into_iter().find_map(|keep| {
        let shorter = squeeze(word, keep);
        (shorter != word).then_some(())?;
        languages
            .iter()
            .find_map(|l| lexicon.word(&shorter, *l))
            .map(<[usize]>::to_vec)
    })
}

/// Shortens every run of three or more equal letters to `keep`.
fn squeeze(word: &str, keep: usize) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::new();
    let mut i = 0;
    while i < chars.len() {
        let run = chars[i..].iter().take_while(|c| **c == chars[i]).count();
        let times = if run >= 3 { keep } else { run };
        out.extend(std::iter::repeat_n(chars[i], times));
        i += run;
    }
    out
}

/// `padbass`, `Streicherpad`: two words that both say something, at least one of them a kind of sound or a thing.
fn compound(lexicon: &Lexicon, word: &str, languages: &[Language]) -> Option<Vec<usize>> {
    let cuts: Vec<usize> = word.char_indices().map(|(at, _)| at).skip(3).collect();
    let known = |part: &str| {
        let ids = languages.iter().find_map(|l| lexicon.form(part, *l))?;
        let says = ids
            .iter()
            .all(|id| !matches!(lexicon.entries[*id].class, Class::Filler | Class::Grammar(_)));
        says.then_some(ids)
    };
    let thing = |ids: &[usize]| {
        ids.iter().any(|id| {
            let entry = &lexicon.entries[*id];
            matches!(entry.class, Class::Noun(_)) || entry.role_weight() >= 0.8
        })
    };
    cuts.into_iter().rev().find_map(|at| {
        let (left, right) = word.split_at(at);
        // German joins with an s: `Bewegungsfläche`.
        let left_ids =
            known(left).or_else(|| left.strip_suffix('s').filter(|l| l.len() >= 4).and_then(known))?;
        let right_ids = (right.chars().count() >= 3).then(|| known(right)).flatten()?;
        (thing(left_ids) || thing(right_ids)).then(|| [left_ids, right_ids].concat())
    })
}

/// The nearest form with the same first letter, or with the first two swapped.
fn nearest(lexicon: &Lexicon, word: &str, languages: &[Language]) -> Option<Vec<usize>> {
    let length = word.len();
    if length < 4 || !word.is_ascii() {
        return None;
    }
    let allowed = if length <= 6 { 1 } else { 2 };
    let mask = letters_of(word);
    let squeezed = squeeze_pairs(word);
    let mut best: Option<(usize, usize, &str, &[usize])> = None;
    for (language, form, ids) in &lexicon.forms {
        let rank = languages.iter().position(|l| l == language);
        let Some(rank) = rank else { continue };
        let swapped = word.as_bytes().get(1) == form.as_bytes().first()
            && word.as_bytes().first() == form.as_bytes().get(1);
        let plausible = form.len().abs_diff(length) <= allowed
            && (form.as_bytes().first() == word.as_bytes().first() || swapped)
            && (mask ^ letters_of(form)).count_ones() as usize <= 2 * allowed;
        if !plausible || matches!(&**ids, [id] if !correctable(&lexicon.entries[*id].class)) {
            continue;
        }
        let distance = strsim::osa_distance(word, form);
        // Letters doubled or not doubled are the commonest slip of all.
        let doubled = squeezed == squeeze_pairs(form);
        if distance > allowed || !(doubled || bearable(word, form, distance)) {
            continue;
        }
        let cost = if doubled { 1 } else { 2 * distance };
        let candidate = (cost, rank, form.as_str(), &**ids);
        if best.is_none_or(|b| (candidate.0, candidate.1, candidate.2) < (b.0, b.1, b.2)) {
            best = Some(candidate);
        }
    }
    best.map(|(.., ids)| ids.to_vec())
}

/// How many slips a word bears before it is another word: swapped letters always, a lost or added one from five
/// letters, a wrong one from six, two from eight (`barking` is not `banging`).
fn bearable(word: &str, form: &str, distance: usize) -> bool {
    let shortest = word.len().min(form.len());
    match distance {
        1 if anagrams(word, form) => true,
        1 if word.len() == form.len() => shortest >= 6,
        1 => shortest >= 4 && word.len() >= 5,
        _ => shortest >= 8,
    }
}

/// Whether two words are made of the same letters.
fn anagrams(a: &str, b: &str) -> bool {
    let sorted = |word: &str| {
        let mut bytes = word.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    sorted(a) == sorted(b)
}

/// Whether a slip may lead to such an entry: an order or a filler is worth no guess.
fn correctable(class: &Class) -> bool {
    !matches!(
        class,
        Class::Filler
            | Class::Style
            | Class::Grammar(Grammar::Order | Grammar::Boost | Grammar::Context(_))
            | Class::Number(_)
    )
}

/// Every doubled letter once.
fn squeeze_pairs(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars().filter(|c| c.is_alphabetic()) {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

/// The set of letters, one bit each.
fn letters_of(word: &str) -> u32 {
    word.bytes()
        .filter(u8::is_ascii_lowercase)
        .fold(0, |mask, b| mask | 1 << (b - b'a'))
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::lexicon;
    use super::*;

    fn corrected(word: &str) -> Option<String> {
        let ids = correct(lexicon(), word, &[Language::English])?;
        Some(
            ids.iter()
                .map(|id| lexicon().entries[*id].name.as_str())
                .collect::<Vec<_>>()
                .join("+"),
        )
    }

    #[test]
    fn slips_of_the_keyboard_find_their_word() {
        for (slip, word) in [
            ("agresive", "aggressive"),
            ("distroted", "distortion"),
            ("revreb", "reverb"),
            ("brigth", "bright"),
            ("metalic", "metallic"),
            ("baaass", "bass"),
            ("padbass", "pad+bass"),
        ] {
            assert_eq!(corrected(slip).as_deref(), Some(word), "{slip}");
        }
    }

    #[test]
    fn what_is_far_from_everything_stays_unknown() {
        for word in ["helicopter", "xqzzt", "umbrella", "qwertyuiop"] {
            assert_eq!(corrected(word), None, "{word}");
        }
    }
}
