//! Reads misspelt words: repeated letters, a final z, two known words written as one, vowels left out, and a slip of
//! one or two letters. Only for words that neither the lexicon nor the list of ordinary words knows.

use super::effect::Effect;
use super::lexicon::Lexicon;
use super::vocabulary::{Class, Grammar, Language};
use songwalker_schemas::Category;

/// Words longer than this are not corrected: nobody's slip, and the cost grows with length.
const MAX_LETTERS: usize = 24;

/// What a word is taken for that is not in the lexicon as it stands.
#[derive(Debug, PartialEq)]
pub(super) struct Correction {
    pub ids: Vec<usize>,
    /// Only resembles its entries; what is written out beside it is surer.
    pub guess: bool,
}

impl Correction {
    fn sure(ids: Vec<usize>) -> Self {
        Self { ids, guess: false }
    }

    fn guess(ids: Vec<usize>) -> Self {
        Self { ids, guess: true }
    }
}

/// What a word that is not in the lexicon as it stands was meant to be, or nothing.
pub(super) fn correct(lexicon: &Lexicon, word: &str, languages: &[Language]) -> Option<Correction> {
    let letters = word.chars().count();
    if !(3..=MAX_LETTERS).contains(&letters) || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    repeated(lexicon, word, languages)
        .or_else(|| lacking(lexicon, word))
        .or_else(|| compound(lexicon, word, languages))
        .map(Correction::sure)
        .or_else(|| {
            ending(lexicon, word)
                .or_else(|| skeleton(lexicon, word))
                .or_else(|| nearest(lexicon, word, languages))
                .map(Correction::guess)
        })
}

/// `AlterHarp`, `RoboTalker`: the known ones of words that are told apart by their capitals.
pub(super) fn camel(lexicon: &Lexicon, written: &str) -> Option<Correction> {
    let bytes = written.as_bytes();
    let mut cuts = vec![0];
    cuts.extend(
        (1..bytes.len()).filter(|i| bytes[*i].is_ascii_uppercase() && bytes[i - 1].is_ascii_lowercase()),
    );
    if cuts.len() < 2 || !written.is_ascii() {
        return None;
    }
    cuts.push(bytes.len());
    let ids: Vec<usize> = cuts
        .windows(2)
        .filter_map(|cut| {
            let part = written[cut[0]..cut[1]].to_ascii_lowercase();
            let ids = lexicon
                .word(&part, Language::English)
                .filter(|_| part.len() >= 3)?;
            ids.iter()
                .all(|id| says(&lexicon.entries[*id].class))
                .then_some(ids)
        })
        .flatten()
        .copied()
        .collect();
    (!ids.is_empty()).then(|| Correction::sure(ids))
}

/// Whether a part of a word may be such an entry.
fn says(class: &Class) -> bool {
    !matches!(class, Class::Filler | Class::Grammar(_))
}

/// `Barbrass`, `Psyvoice`: an instrument of five letters and more with something unknown before it. Drums and effects
/// are called by too many ordinary words (`toothbrush`, `surprise`).
fn ending(lexicon: &Lexicon, word: &str) -> Option<Vec<usize>> {
    let instrument = |effect: &Effect| {
        matches!(effect, Effect::Role { category, weight, .. }
        if *weight >= 0.95 && !matches!(category, Category::Drum | Category::Fx))
    };
    let cuts = (3..word.len().saturating_sub(4)).filter(|at| word.is_char_boundary(*at));
    cuts.into_iter().find_map(|at| {
        let ids = lexicon.form(&word[at..], Language::English)?;
        let role = ids
            .iter()
            .any(|id| lexicon.entries[*id].effects.iter().any(instrument));
        role.then(|| ids.to_vec())
    })
}

/// `drk`, `shrt`, `brght`: the shortest word of these consonants, if there is only one.
fn skeleton(lexicon: &Lexicon, word: &str) -> Option<Vec<usize>> {
    let vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u');
    if word.bytes().any(vowel) || !word.is_ascii() {
        return None;
    }
    let fitting = lexicon.forms.iter().filter(|(language, form, ids)| {
        *language == Language::English
            && form.as_bytes().first() == word.as_bytes().first()
            && form.len() <= word.len() + 2
            && form.bytes().filter(|b| !vowel(*b)).eq(word.bytes())
            && ids.iter().all(|id| correctable(&lexicon.entries[*id].class))
    });
    let found: Vec<(usize, &[usize])> = fitting.map(|(_, form, ids)| (form.len(), &**ids)).collect();
    let (shortest, ids) = *found.iter().min_by_key(|(length, _)| *length)?;
    let one = found
        .iter()
        .all(|(length, other)| *length > shortest || *other == ids);
    one.then(|| ids.to_vec())
}

/// `waaaarm`, `bassss`: runs of three and more stand for one letter or two; `keyz`: a z for an s.
fn repeated(lexicon: &Lexicon, word: &str, languages: &[Language]) -> Option<Vec<usize>> {
    let plural = word.strip_suffix('z').map(|stem| format!("{stem}s"));
    let squeezed = [2, 1].into_iter().map(|keep| squeeze(word, keep));
    squeezed.chain(plural).find_map(|shorter| {
        (shorter != word).then_some(())?;
        languages
            .iter()
            .find_map(|l| lexicon.word(&shorter, *l))
            .map(<[usize]>::to_vec)
    })
}

/// `reverbless`, `driftless`: something, and that it is not there.
fn lacking(lexicon: &Lexicon, word: &str) -> Option<Vec<usize>> {
    let thing = word.strip_suffix("less").filter(|thing| thing.len() >= 4)?;
    let ids = lexicon.form(thing, Language::English)?;
    let free = lexicon.form("free", Language::English)?;
    let says = ids.iter().all(|id| says(&lexicon.entries[*id].class));
    says.then(|| [ids, free].concat())
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
        let says = ids.iter().all(|id| says(&lexicon.entries[*id].class));
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
/// letters, a wrong one from six, two from nine (`barking` is not `banging`, `wandering` not `wavering`).
fn bearable(word: &str, form: &str, distance: usize) -> bool {
    let shortest = word.len().min(form.len());
    match distance {
        1 if anagrams(word, form) => true,
        1 if word.len() == form.len() => shortest >= 6,
        1 => shortest >= 4 && word.len() >= 5,
        _ => shortest >= 9,
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
        let found = correct(lexicon(), word, &[Language::English])?;
        Some(
            found
                .ids
                .iter()
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
            ("keyz", "keys"),
            ("drk", "dark"),
            ("brght", "bright"),
            ("barbrass", "brass"),
        ] {
            assert_eq!(corrected(slip).as_deref(), Some(word), "{slip}");
        }
    }

    #[test]
    fn words_run_together_are_told_apart_by_their_capitals() {
        let found = camel(lexicon(), "AlterHarp").unwrap();
        assert_eq!(lexicon().entries[found.ids[0]].name, "harp");
        assert_eq!(camel(lexicon(), "Harp"), None);
    }

    #[test]
    fn a_written_word_is_surer_than_a_guessed_one() {
        let guess = |word: &str| correct(lexicon(), word, &[Language::English]).map(|c| c.guess);
        assert_eq!((guess("bassss"), guess("padbass")), (Some(false), Some(false)));
        assert_eq!((guess("revreb"), guess("drk")), (Some(true), Some(true)));
    }

    #[test]
    fn what_is_far_from_everything_stays_unknown() {
        for word in [
            "parliament",
            "xqzzt",
            "umbrella",
            "qwertyuiop",
            "wandering",
            "chowning",
        ] {
            assert_eq!(corrected(word), None, "{word}");
        }
    }
}
