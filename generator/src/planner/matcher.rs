//! From tokens to items: the known words (longest phrase first, then spelling), the measures, the breaks, and a mark
//! where something stood that nobody knows. Owns the choice of language; gives no word a meaning.

use super::lexicon::{Lexicon, key};
use super::measure::{LengthMode, Measure, Unit, measure};
use super::spelling::{Correction, camel, correct};
use super::stages::stages;
use super::text::{Token, TokenKind, tokens};
use super::vocabulary::{Class, Grammar, Language};

/// At most this many unknown words of one prompt are looked at for slips.
const MAX_CORRECTIONS: usize = 64;

/// What stands at one place of the prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// A lexicon entry; `form`: the form of it that stands here, if the lexicon has just this; `like`: only resembled
    /// (`kalimba-like`); `guess`: not written so, but the nearest word there is.
    Word {
        id: usize,
        form: Option<String>,
        like: bool,
        guess: bool,
    },
    Measure(Measure),
    Break {
        strong: bool,
    },
    /// Words that say nothing to the planner.
    Unknown,
}

/// An item and the bytes of the prompt it came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub item: Item,
    pub span: (usize, usize),
}

/// What the matcher made of a text.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub items: Vec<Placed>,
    /// Words that carry a meaning for sound.
    pub known: usize,
    /// The bytes of words that neither the lexicon nor the list of ordinary words knows.
    pub unknown: Vec<(usize, usize)>,
}

/// Reads a text; fillers are left out.
pub(super) fn items(lexicon: &Lexicon, text: &str) -> Matched {
    let tokens = tokens(text);
    let languages = languages(lexicon, &tokens);
    let mut out = Matched::default();
    let mut corrections = 0;
    let mut i = 0;
    while i < tokens.len() {
        let token = &tokens[i];
        let rest = &tokens[i..];
        if matches!(token.kind, TokenKind::WeakBreak | TokenKind::StrongBreak) {
            let strong = token.kind == TokenKind::StrongBreak;
            out.items.push(Placed {
                item: Item::Break { strong },
                span: (token.start, token.end),
            });
            i += 1;
            continue;
        }
        if let Some((used, found)) = stages(rest, lexicon) {
            for (word, value, at) in found {
                let span = (rest[at.start].start, rest[at.end - 1].end);
                let ids = lexicon.form(word, Language::English).unwrap_or_default();
                push_words(lexicon, &mut out, (ids, None, false), span, false);
                out.known += 1;
                out.items.push(Placed {
                    item: Item::Measure(value),
                    span,
                });
            }
            i += used;
            continue;
        }
        let phrase = longest(lexicon, rest, &languages);
        let before = i.checked_sub(1).map(|b| &tokens[b]);
        let measured = measure(rest, before, lexicon).filter(|(used, m)| match (m, phrase) {
            (Measure::Value(_, Unit::Bare), Some((n, _))) => *used > n,
            // `808s` and `80s` are names where they are written as one.
            (_, Some((n, _))) => n < *used || rest[1..n].iter().any(|t| !t.glued),
            _ => true,
        });
        if let Some((used, found)) = measured {
            out.known += usize::from(!matches!(found, Measure::Value(_, Unit::Bare)));
            out.items.push(Placed {
                item: Item::Measure(found),
                span: (token.start, rest[used - 1].end),
            });
            i += used;
            continue;
        }
        if let Some((used, ids)) = phrase {
            let span = (token.start, rest[used - 1].end);
            let hyphenated = before.is_some_and(|b| &text[b.end..token.start] == "-");
            let form = Some(key(&rest[..used]))
                .filter(|f| lexicon.has_form(f) && !f.contains(|c: char| c.is_ascii_digit()));
            push_words(lexicon, &mut out, (ids, form, false), span, hyphenated);
            i += used;
            continue;
        }
        i += 1;
        if token.kind != TokenKind::Word {
            continue;
        }
        let ordinary = lexicon.is_stopword(&token.text);
        let corrected = if ordinary || corrections >= MAX_CORRECTIONS {
            None
        } else {
            corrections += 1;
            let written = &text[token.start..token.end];
            camel(lexicon, written)
                .or_else(|| correct(lexicon, &token.text, &languages[..languages.len().min(2)]))
        };
        match corrected {
            Some(Correction { ids, guess }) => {
                push_words(
                    lexicon,
                    &mut out,
                    (&ids, None, guess),
                    (token.start, token.end),
                    false,
                );
            }
            None => {
                if !ordinary {
                    out.unknown.push((token.start, token.end));
                }
                out.items.push(Placed {
                    item: Item::Unknown,
                    span: (token.start, token.end),
                });
            }
        }
    }
    out
}

fn push_words(
    lexicon: &Lexicon,
    out: &mut Matched,
    (ids, form, guess): (&[usize], Option<String>, bool),
    span: (usize, usize),
    hyphenated: bool,
) {
    for id in ids {
        let item = match &lexicon.entries[*id].class {
            Class::Filler => continue,
            Class::Number(value) => Item::Measure(Measure::Value(*value, Unit::Bare)),
            Class::Length(words) => Item::Measure(length_of(words)),
            Class::Grammar(grammar) => {
                let glued_like = hyphenated && lexicon.entries[*id].name == "like";
                if *grammar == Grammar::Likeness || glued_like {
                    if let Some(Placed {
                        item: Item::Word { like, .. },
                        ..
                    }) = out.items.last_mut()
                    {
                        *like = true;
                    }
                    continue;
                }
                Item::Word {
                    id: *id,
                    form: None,
                    like: false,
                    guess,
                }
            }
            _ => {
                out.known += 1;
                Item::Word {
                    id: *id,
                    form: form.clone(),
                    like: false,
                    guess,
                }
            }
        };
        out.items.push(Placed { item, span });
    }
}

/// `1/8`, `1/8 dotted`, `1/8 triplet` as the lexicon writes them.
fn length_of(words: &str) -> Measure {
    let (length, mode) = words.split_once(' ').unwrap_or((words, ""));
    let mode = match mode {
        "dotted" => LengthMode::Dotted,
        "triplet" => LengthMode::Triplet,
        _ => LengthMode::Straight,
    };
    Measure::Length(length.to_owned(), mode)
}

/// The longest phrase over all languages; the first language wins ties.
fn longest<'a>(lexicon: &'a Lexicon, rest: &[Token], languages: &[Language]) -> Option<(usize, &'a [usize])> {
    let mut best: Option<(usize, &[usize])> = None;
    for (rank, language) in languages.iter().enumerate() {
        // Behind English stands what no English sentence would say.
        let behind = languages[..rank].contains(&Language::English);
        if behind
            && rest[0].kind == TokenKind::Word
            && rest[0].text.is_ascii()
            && (rest[0].text.len() < 4 || lexicon.is_stopword(&rest[0].text))
        {
            continue;
        }
        if let Some(found) = lexicon.longest(rest, *language)
            && !(behind && rest[0].text.is_ascii() && inflected_noun(lexicon, rest, found, *language))
            && best.is_none_or(|(n, _)| found.0 > n)
        {
            best = Some(found);
        }
    }
    best
}

/// Whether a phrase of another language is a noun that stands here in a form that its file does not have: in an English
/// sentence that is another word (`Geiger` is no `Geige`, `Fundament` no `fundo`), where an adjective may be inflected.
fn inflected_noun(lexicon: &Lexicon, rest: &[Token], found: (usize, &[usize]), language: Language) -> bool {
    let exact = lexicon.form(&key(&rest[..found.0]), language).is_some();
    let noun = |id: &usize| {
        let entry = &lexicon.entries[*id];
        matches!(entry.class, Class::Noun(_)) || entry.role_weight() >= 0.8
    };
    !exact && found.1.iter().any(noun)
}

/// The languages to look in, the prompt's own first: the one that knows most of its words. What another language has
/// only by stem counts half, and not at all where it has none of them as written.
fn languages(lexicon: &Lexicon, tokens: &[Token]) -> Vec<Language> {
    let words: Vec<&Token> = tokens
        .iter()
        .filter(|t| t.kind == TokenKind::Word)
        .take(200)
        .collect();
    let stemmed = |language: Language| {
        let known = |t: &&&Token| lexicon.word(&t.text, language).is_some();
        words.iter().filter(known).count()
    };
    let known = |language: Language| {
        let exact = words
            .iter()
            .filter(|t| lexicon.form(&t.text, language).is_some())
            .count();
        if exact == 0 { 0 } else { exact + stemmed(language) }
    };
    let ordinary = words
        .iter()
        .filter(|t| lexicon.is_stopword(&t.text) && lexicon.word(&t.text, Language::English).is_none())
        .count();
    let mut own = Language::English;
    let mut most = 2 * (stemmed(own) + ordinary);
    for language in [
        Language::Spanish,
        Language::Portuguese,
        Language::French,
        Language::German,
    ] {
        let count = known(language);
        if count > most {
            (own, most) = (language, count);
        }
    }
    let mut order = vec![own];
    order.extend(Language::ALL.into_iter().filter(|l| *l != own));
    order
}
