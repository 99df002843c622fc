//! Envelopes written as letters and numbers: `A: 5ms D: 300ms S: 0 R: 100ms`, `ADSR 10/200/50/300`. Says which stage has
//! which value, and leaves the rest to the words for the stages.

use super::lexicon::Lexicon;
use super::measure::{Measure, Unit, measure};
use super::text::{Token, TokenKind};

/// The stages in their order: letter, and word of the lexicon.
const STAGES: [(&str, &str); 4] = [
    ("a", "attack"),
    ("d", "decay"),
    ("s", "sustain"),
    ("r", "release"),
];

/// A stage by its word, its value, and the tokens of both, counted from the first.
pub(super) type Stage = (&'static str, Measure, std::ops::Range<usize>);

/// The envelope that starts at `tokens[0]`, and its length in tokens; at least three stages, in order.
pub(super) fn stages(tokens: &[Token], lexicon: &Lexicon) -> Option<(usize, Vec<Stage>)> {
    let first = tokens.first().filter(|t| t.kind == TokenKind::Word)?;
    let (used, found) = match first.text.as_str() {
        "adsr" => numbers(tokens),
        "a" | "d" => letters(tokens, lexicon),
        _ => return None,
    };
    (found.len() >= 3).then_some((used, found))
}

fn letters(tokens: &[Token], lexicon: &Lexicon) -> (usize, Vec<Stage>) {
    let mut found: Vec<Stage> = Vec::new();
    let (mut at, mut used, mut next) = (0, 0, 0);
    while let Some(token) = tokens.get(at) {
        if token.kind == TokenKind::WeakBreak || token.text == "/" {
            at += 1;
            continue;
        }
        let stage = STAGES
            .iter()
            .skip(next)
            .position(|(letter, _)| token.text == *letter);
        let Some((stage, (more, value))) = stage.zip(value(&tokens[at + 1..], lexicon)) else {
            break;
        };
        next += stage;
        let word = STAGES[next].1;
        let end = at + 1 + more;
        found.push((word, in_seconds(word, value), at..end));
        (at, used, next) = (end, end, next + 1);
    }
    (used, found)
}

/// The value behind a letter. In `d300 s0` the s is the next stage, no second.
fn value(tokens: &[Token], lexicon: &Lexicon) -> Option<(usize, Measure)> {
    let number = tokens.first().filter(|t| t.kind == TokenKind::Number)?;
    let stage_follows = tokens
        .get(1)
        .is_some_and(|t| STAGES.iter().any(|(letter, _)| t.text == *letter))
        && tokens.get(2).is_some_and(|t| t.kind == TokenKind::Number);
    if stage_follows {
        return Some((1, Measure::Value(number.text.parse().ok()?, Unit::Bare)));
    }
    measure(tokens, None, lexicon)
}

/// `ADSR 10/200/50/300`: milliseconds, and a share for the sustain.
fn numbers(tokens: &[Token]) -> (usize, Vec<Stage>) {
    let mut found: Vec<Stage> = Vec::new();
    let mut used = 1;
    for (at, token) in tokens.iter().enumerate().skip(1) {
        match (token.kind, token.text.parse::<f64>(), STAGES.get(found.len())) {
            (TokenKind::Number, Ok(value), Some((_, word))) => {
                let value = in_seconds(word, Measure::Value(value, Unit::Bare));
                found.push((word, value, at..at + 1));
                used = at + 1;
            }
            (TokenKind::Symbol | TokenKind::WeakBreak, ..) => {}
            _ => break,
        }
    }
    (used, found)
}

/// A time without a unit is in milliseconds.
fn in_seconds(word: &str, value: Measure) -> Measure {
    match value {
        Measure::Value(ms, Unit::Bare) if word != "sustain" => Measure::Value(ms / 1000.0, Unit::Seconds),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::lexicon;
    use super::super::text::tokens;
    use super::*;

    fn read(text: &str) -> Option<Vec<(&'static str, f64)>> {
        let (_, found) = stages(&tokens(text), lexicon())?;
        let value = |measure: &Measure| match measure {
            Measure::Value(value, _) => *value,
            other => panic!("{text}: {other:?}"),
        };
        Some(
            found
                .iter()
                .map(|(word, measure, _)| (*word, value(measure)))
                .collect(),
        )
    }

    #[test]
    fn letters_and_numbers_are_stages() {
        let whole = [
            ("attack", 0.005),
            ("decay", 0.3),
            ("sustain", 0.0),
            ("release", 0.1),
        ];
        for text in [
            "A: 5ms D: 300ms S: 0 R: 100ms",
            "a5 d300 s0 r100 pluck",
            "A=5ms, D=0.3s, S=0, R=0.1s",
        ] {
            assert_eq!(read(text).as_deref(), Some(&whole[..]), "{text}");
        }
        assert_eq!(read("ADSR 10/200/50/300").map(|s| s[2]), Some(("sustain", 50.0)));
    }

    #[test]
    fn a_word_that_is_only_a_letter_is_no_stage() {
        for text in ["a 2 s attack", "a pad", "d minor", "adsr", "a 808"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
