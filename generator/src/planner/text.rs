//! Cuts a prompt into tokens: folded words, numbers, single CJK characters, emoji, and the breaks between clauses.
//! Owns folding (case, accents, apostrophes) so that lexicon and prompt are always cut by the same rule. It does not
//! know any word. Every token remembers its bytes in the source.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Letters of one word, folded.
    Word,
    /// Digits with at most one decimal point.
    Number,
    /// One of `/ % # + - °`, where it can mean something.
    Symbol,
    /// One emoji or another pictograph.
    Emoji,
    /// A comma, a bracket, a dash: ends a phrase.
    WeakBreak,
    /// A full stop, an exclamation mark, a new line: ends a sentence.
    StrongBreak,
}

/// A piece of the prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// Folded text: lower case, Latin letters without accents, no apostrophes.
    pub text: String,
    pub kind: TokenKind,
    /// First byte in the source.
    pub start: usize,
    /// One past the last byte in the source.
    pub end: usize,
    /// Nothing stands between this token and the one before it.
    pub glued: bool,
}

/// Lower case; Latin letters lose their accents, other scripts keep their marks; letters of another width or typeface
/// (`ｗｉｄｅ`, `𝐩𝐚𝐝`) are the plain ones (NFKC).
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkc() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
            continue;
        }
        for lower in c.to_lowercase() {
            match lower {
                'ß' => folded.push_str("ss"),
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'ø' => folded.push('o'),
                // Latin Extended Additional and Latin-1/Extended-A/B: the letter below the accent.
                '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                    folded.extend(std::iter::once(lower).nfd().filter(|d| !is_latin_mark(*d)));
                }
                _ => folded.push(lower),
            }
        }
    }
    folded.nfc().filter(|c| !is_latin_mark(*c)).collect()
}

/// Combining diacritical marks, which only Latin, Greek and Cyrillic letters wear.
fn is_latin_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Scripts written without spaces: each character is a token, and phrases are found by longest match.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}')
}

/// Vowel signs and other marks that belong to the letter before them (Devanagari and its like).
fn is_joined_mark(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{951}'..='\u{957}' | '\u{962}'..='\u{963}' | '\u{200c}' | '\u{200d}')
        || is_latin_mark(c)
}

fn is_word_char(c: char) -> bool {
    (c.is_alphabetic() && !is_unspaced(c)) || is_joined_mark(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ')
}

/// Emoji and dingbats; their modifiers (skin, variation, joiner) are dropped.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Cuts `source` into tokens. Never fails; what it does not know is left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<(usize, char)> = source.char_indices().collect();
    let end_of = |i: usize| chars.get(i).map_or(source.len(), |(at, _)| *at);
    let mut out: Vec<Token> = Vec::new();
    let mut i = 0;
    let mut last_end = usize::MAX;
    while i < chars.len() {
        let (start, c) = chars[i];
        let next = chars.get(i + 1).map(|(_, n)| *n);
        let mut stop = i + 1;
        let kind = if is_unspaced(c) {
            Some(TokenKind::Word)
        } else if c.is_ascii_digit() {
            stop = number_end(&chars, i);
            Some(TokenKind::Number)
        } else if is_word_char(c) {
            while chars.get(stop).is_some_and(|(_, n)| {
                is_word_char(*n)
                    || (is_apostrophe(*n) && chars.get(stop + 1).is_some_and(|(_, m)| is_word_char(*m)))
            }) {
                stop += 1;
            }
            Some(TokenKind::Word)
        } else {
            let before = out.last().filter(|_| last_end == start).map(|t| t.kind);
            mark_kind(c, next, before)
        };
        let Some(kind) = kind else {
            if is_pictograph(c) {
                let grapheme = source[start..].graphemes(true).next().unwrap_or_default();
                let text: String = grapheme.chars().filter(|p| is_pictograph(*p)).take(1).collect();
                let end = start + grapheme.len().max(c.len_utf8());
                out.push(Token {
                    text,
                    kind: TokenKind::Emoji,
                    start,
                    end,
                    glued: false,
                });
                while i < chars.len() && chars[i].0 < end {
                    i += 1;
                }
                continue;
            }
            i += 1;
            continue;
        };
        let end = end_of(stop);
        let text = match kind {
            TokenKind::Word if source[start..end].contains(is_apostrophe) => {
                fold(&source[start..end].replace(is_apostrophe, ""))
            }
            TokenKind::Word => fold(&source[start..end]),
            TokenKind::Number => decimal(&source[start..end]),
            _ => c.to_string(),
        };
        if !text.is_empty() {
            out.push(Token {
                text,
                kind,
                start,
                end,
                glued: last_end == start,
            });
        }
        last_end = end;
        i = stop;
    }
    out
}

/// What a mark between words means. `before`: the token it follows without a space.
fn mark_kind(c: char, next: Option<char>, before: Option<TokenKind>) -> Option<TokenKind> {
    match c {
        ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '、' | '，' | '；' | '—' | '…' | '|' | '،' => {
            Some(TokenKind::WeakBreak)
        }
        '.' | '!' | '?' | '\n' | '。' | '！' | '？' | '।' | '؟' => Some(TokenKind::StrongBreak),
        '/' | '%' | '#' | '♯' | '♭' | '&' | '+' | '–' | '×' => Some(TokenKind::Symbol),
        // A minus before a number, the hyphen of a range, or a dash between spaces; after a letter it only joins.
        '-' if before == Some(TokenKind::Word) => None,
        '-' if next.is_some_and(|n| n.is_ascii_digit()) => Some(TokenKind::Symbol),
        '-' if before.is_none() && next.is_some_and(char::is_whitespace) => Some(TokenKind::WeakBreak),
        _ => None,
    }
}

/// One past the last digit of the number at `i`: `12`, `3.5`, `2,5`, `1,000`.
fn number_end(chars: &[(usize, char)], i: usize) -> usize {
    let digit = |k: usize| chars.get(k).is_some_and(|(_, c)| c.is_ascii_digit());
    let mut k = i;
    while digit(k) {
        k += 1;
    }
    if chars.get(k).is_some_and(|(_, c)| matches!(c, '.' | ',')) && digit(k + 1) {
        k += 1;
        while digit(k) {
            k += 1;
        }
    }
    k
}

/// `2,5` is two and a half; `1,000` is a thousand.
fn decimal(number: &str) -> String {
    match number.split_once(',') {
        Some((whole, part)) if part.len() == 3 => format!("{whole}{part}"),
        Some((whole, part)) => format!("{whole}.{part}"),
        None => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn words_lose_case_accents_and_apostrophes_and_hyphens_join() {
        assert_eq!(
            texts("Don’t RÉVERBÉRATION Hi-Hat"),
            ["dont", "reverberation", "hi", "hat"]
        );
        assert_eq!(texts("TB-303 dx7 80s"), ["tb", "303", "dx", "7", "80", "s"]);
    }

    #[test]
    fn numbers_keep_their_decimals_in_both_notations() {
        assert_eq!(
            texts("3.5 2,5 1,000 400Hz 1/8"),
            ["3.5", "2.5", "1000", "400", "hz", "1", "/", "8"]
        );
    }

    #[test]
    fn japanese_is_cut_by_character_hindi_by_word_and_emoji_stand_alone() {
        assert_eq!(texts("暗い"), ["暗", "い"]);
        assert_eq!(texts("धीमा पैड"), ["धीमा", "पैड"]);
        assert_eq!(texts("❄️🌊"), ["❄", "🌊"]);
    }

    #[test]
    fn spans_point_into_the_source() {
        let source = "big  Röhre";
        let found = tokens(source);
        assert_eq!(&source[found[1].start..found[1].end], "Röhre");
    }
}
