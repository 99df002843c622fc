//! Cuts endings off words, so that `brighter`, `brightness` and `bright` meet in one stem. Both sides of a comparison
//! are cut by the same rules, so a stem need not be a word. Light on purpose: what is irregular stands in the lexicon.

use super::vocabulary::Language;

/// English endings, longest first; a word keeps at least three letters.
const ENGLISH: &[&str] = &[
    "iness", "ingly", "edly", "ness", "iest", "ing", "est", "ier", "ies", "ily", "ers", "ish", "ed", "er",
    "es", "ly", "y", "s", "e",
];
const GERMAN: &[&str] = &[
    "eren", "erer", "eres", "ere", "es", "en", "em", "er", "e", "s", "n",
];
const ROMANCE: &[&str] = &["amente", "mente", "ment", "es", "as", "os", "s", "e", "a", "o"];
/// Dependent vowel signs with which Hindi inflects adjectives and nouns.
const HINDI: &[&str] = &["ों", "ें", "ा", "ी", "े", "ो", "ि", "ं"];

/// The stem of a folded word in one language.
pub(super) fn stem(word: &str, language: Language) -> &str {
    match language {
        Language::English => strip(strip(word, ENGLISH, 3, true), ENGLISH, 4, true),
        Language::German => strip(word, GERMAN, 3, false),
        Language::Spanish | Language::French | Language::Portuguese => {
            strip(strip(word, ROMANCE, 3, false), ROMANCE, 3, false)
        }
        Language::Hindi => strip(word, HINDI, 2, false),
        Language::Japanese => word,
    }
}

/// Takes the first ending that fits and leaves `least` letters; then a doubled last consonant becomes single.
fn strip<'a>(word: &'a str, endings: &[&str], least: usize, undouble: bool) -> &'a str {
    // `bass` and `glass` keep their s.
    if undouble && word.ends_with("ss") {
        return word;
    }
    let last = word.as_bytes().last();
    for ending in endings {
        // Most endings are ruled out by one letter.
        if ending.as_bytes().last() != last {
            continue;
        }
        let Some(rest) = word.strip_suffix(ending) else {
            continue;
        };
        if rest.chars().count() < least {
            continue;
        }
        let bytes = rest.as_bytes();
        if let (true, [.., a, b]) = (undouble && *ending != "s" && *ending != "e", bytes)
            && a == b
            && rest.is_ascii()
            && !matches!(b, b's' | b'l' | b'e' | b'o' | b'z')
        {
            return &rest[..rest.len() - 1];
        }
        return rest;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_meet_in_one_stem() {
        for (a, b) in [
            ("brighter", "bright"),
            ("wider", "wide"),
            ("fatter", "fat"),
            ("pulsing", "pulse"),
            ("noisy", "noise"),
            ("evolving", "evolve"),
            ("chorused", "chorus"),
            ("filtered", "filter"),
            ("detuning", "detuned"),
        ] {
            assert_eq!(stem(a, Language::English), stem(b, Language::English), "{a} {b}");
        }
        assert_eq!(
            stem("langsamer", Language::German),
            stem("langsam", Language::German)
        );
        assert_eq!(
            stem("gordas", Language::Spanish),
            stem("gordo", Language::Spanish)
        );
        assert_eq!(stem("धीमी", Language::Hindi), stem("धीमा", Language::Hindi));
    }

    #[test]
    fn short_words_and_double_s_stay_whole() {
        assert_eq!(stem("bass", Language::English), "bass");
        assert_eq!(stem("hat", Language::English), "hat");
    }
}
