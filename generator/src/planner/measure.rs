//! Numbers with units: `250 ms`, `2-4 Hz`, `1/8`, `16ths`, `dotted eighth`, `4 bar`, `7 voices`, `C2 to C4`.
//! Says what was measured, not what it belongs to.

use super::lexicon::Lexicon;
use super::text::{Token, TokenKind};
use super::vocabulary::{Class, Language};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Hertz,
    Decibels,
    Percent,
    Bpm,
    /// Bars of four beats.
    Bars,
    Cents,
    Octaves,
    Voices,
    Oscillators,
    /// No unit was given.
    Bare,
}

/// A measured thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measure {
    /// A value in its unit.
    Value(f64, Unit),
    /// A musical length in Vital's words (`1/8`), and its mode.
    Length(String, LengthMode),
    /// The lowest and highest note, MIDI.
    Notes(u8, u8),
}

/// Straight, dotted or triplet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LengthMode {
    Straight,
    Dotted,
    Triplet,
}

/// The unit of a folded word, and what one of it is in that unit's base.
fn unit(word: &str, glued: bool) -> Option<(Unit, f64)> {
    Some(match word {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" | "millisekunden"
        | "milisegundos" | "millisecondes" => (Unit::Seconds, 0.001),
        "s" | "sec" | "secs" | "second" | "seconds" | "sekunde" | "sekunden" | "segundo" | "segundos"
        | "seconde" | "secondes" | "秒" | "सेकंड" | "सेकेंड" => (Unit::Seconds, 1.0),
        "minute" | "minutes" => (Unit::Seconds, 60.0),
        "hz" | "hertz" | "ヘルツ" | "हर्ट्ज" => (Unit::Hertz, 1.0),
        "khz" | "kilohertz" => (Unit::Hertz, 1000.0),
        "k" if glued => (Unit::Hertz, 1000.0),
        "db" | "decibel" | "decibels" => (Unit::Decibels, 1.0),
        // A pole is 6 dB per octave.
        "pole" | "poles" | "polig" => (Unit::Decibels, 6.0),
        "%" | "percent" | "pct" | "prozent" => (Unit::Percent, 1.0),
        "bpm" => (Unit::Bpm, 1.0),
        "bar" | "bars" | "takt" | "takte" | "compas" | "compases" | "mesures" | "compassos" | "小節" => {
            (Unit::Bars, 1.0)
        }
        "beat" | "beats" => (Unit::Bars, 0.25),
        "cent" | "cents" | "ct" | "cts" => (Unit::Cents, 1.0),
        "octave" | "octaves" | "oct" | "oktave" | "oktaven" | "octava" | "octavas" | "オクターブ" => {
            (Unit::Octaves, 1.0)
        }
        "semitone" | "semitones" | "semi" | "semis" | "st" | "halbtone" => (Unit::Octaves, 1.0 / 12.0),
        "voice" | "voices" | "v" | "stimmen" | "voces" | "voix" | "vozes" | "stimmig" => (Unit::Voices, 1.0),
        "x" if glued => (Unit::Voices, 1.0),
        "osc" | "oscs" | "oscillator" | "oscillators" | "oszillatoren" | "osciladores" | "oscillateurs" => {
            (Unit::Oscillators, 1.0)
        }
        _ => return None,
    })
}

/// The measure that starts at `tokens[0]`, and its length in tokens. `before`: the token before it.
pub(super) fn measure(
    tokens: &[Token],
    before: Option<&Token>,
    lexicon: &Lexicon,
) -> Option<(usize, Measure)> {
    tempo(tokens)
        .or_else(|| times_a_second(tokens, lexicon))
        .or_else(|| notes(tokens, before))
        .or_else(|| length(tokens))
        .or_else(|| {
            let (used, found) = value(tokens, lexicon)?;
            let Measure::Value(octaves, Unit::Octaves) = found else {
                return Some((used, found));
            };
            // `12 semitones down`, `down an octave`, `tuned up two octaves`.
            let side = |t: Option<&Token>| match t.map(|t| t.text.as_str()) {
                Some("up" | "higher" | "above") => Some(1.0),
                Some("down" | "lower" | "below" | "minus") => Some(-1.0),
                _ => None,
            };
            let after = side(tokens.get(used));
            let sign = after.or_else(|| side(before)).unwrap_or(1.0);
            Some((
                used + usize::from(after.is_some()),
                Measure::Value(sign * octaves, Unit::Octaves),
            ))
        })
}

/// `4 times a second`, `twice per second`: hertz.
fn times_a_second(tokens: &[Token], lexicon: &Lexicon) -> Option<(usize, Measure)> {
    let (used, times) = match tokens.first()?.text.as_str() {
        "once" => (1, 1.0),
        "twice" => (1, 2.0),
        _ => {
            let (used, times) = number(tokens, lexicon)?;
            let counts = |t: &Token| matches!(t.text.as_str(), "times" | "cycles" | "x");
            tokens.get(used).filter(|t| counts(t))?;
            (used + 1, times)
        }
    };
    let word = |at: usize| tokens.get(at).map(|t| t.text.as_str());
    let is_second = matches!(word(used), Some("a" | "per" | "every" | "each" | "/"))
        && matches!(word(used + 1), Some("second" | "sec"));
    is_second.then_some((used + 2, Measure::Value(times, Unit::Hertz)))
}

/// `tempo 92`, `bpm 140`.
fn tempo(tokens: &[Token]) -> Option<(usize, Measure)> {
    tokens
        .first()
        .filter(|t| matches!(t.text.as_str(), "tempo" | "bpm"))?;
    let (used, bpm) = digits(&tokens[1..])?;
    let unit = tokens.get(1 + used).is_some_and(|t| t.text == "bpm");
    Some((1 + used + usize::from(unit), Measure::Value(bpm, Unit::Bpm)))
}

/// `C2 to C4`, `F#1-F#3`, `around C3`.
fn notes(tokens: &[Token], before: Option<&Token>) -> Option<(usize, Measure)> {
    let (used, low) = note(tokens)?;
    let joined = usize::from(
        tokens
            .get(used)
            .is_some_and(|t| matches!(t.text.as_str(), "to" | "-" | "–" | "and" | "bis")),
    );
    if let Some((more, high)) = note(&tokens[used + joined..]) {
        return Some((used + joined + more, Measure::Notes(low.min(high), low.max(high))));
    }
    let placed = before.is_some_and(|t| {
        matches!(
            t.text.as_str(),
            "at" | "around" | "on" | "near" | "note" | "about"
        )
    });
    placed.then(|| {
        (
            used,
            Measure::Notes(low.saturating_sub(12), low.saturating_add(12).min(127)),
        )
    })
}

/// A note name with its octave, C4 = 60.
fn note(tokens: &[Token]) -> Option<(usize, u8)> {
    let letter = tokens.first().filter(|t| t.kind == TokenKind::Word)?;
    let (name, flat) = match letter.text.as_str() {
        "eb" | "bb" | "ab" | "db" | "gb" | "cb" | "fb" => (&letter.text[..1], -1),
        name => (name, 0),
    };
    let base: i32 = match name {
        "c" => 0,
        "d" => 2,
        "e" => 4,
        "f" => 5,
        "g" => 7,
        "a" => 9,
        "b" => 11,
        _ => return None,
    };
    let sharp = usize::from(
        tokens
            .get(1)
            .is_some_and(|t| t.glued && matches!(t.text.as_str(), "#" | "♯")),
    );
    let octave = tokens
        .get(1 + sharp)
        .filter(|t| t.glued && t.kind == TokenKind::Number)?;
    let octave: i32 = octave.text.parse().ok().filter(|o| (0..=8).contains(o))?;
    let midi = (octave + 1) * 12 + base + flat + i32::from(sharp == 1);
    u8::try_from(midi)
        .ok()
        .filter(|m| *m <= 127)
        .map(|m| (2 + sharp, m))
}

/// `1/8`, `dotted 1/8`, `1/8 triplet`, `1/16d`, `16ths`, `8th notes`.
fn length(tokens: &[Token]) -> Option<(usize, Measure)> {
    let mode_of = |t: Option<&Token>| match t.map(|t| t.text.as_str()) {
        Some("dotted" | "d" | "punktiert" | "punktierte") => Some(LengthMode::Dotted),
        Some("triplet" | "triplets" | "t" | "triolen") => Some(LengthMode::Triplet),
        _ => None,
    };
    let is_note = |t: Option<&Token>| t.is_some_and(|t| matches!(t.text.as_str(), "note" | "notes"));
    let leading = mode_of(tokens.first()).filter(|_| tokens[0].text.len() > 1);
    let mut used = usize::from(leading.is_some());
    let number = tokens.get(used).filter(|t| t.kind == TokenKind::Number)?;
    let count: u32 = number.text.parse().ok()?;
    let musical = |n: u32| matches!(n, 1 | 2 | 4 | 8 | 16 | 32 | 64);
    let slash = tokens.get(used + 1).filter(|t| t.glued && t.text == "/");
    let ordinal = tokens
        .get(used + 1)
        .filter(|t| t.glued && matches!(t.text.as_str(), "th" | "ths"));
    let words = if slash.is_some() {
        let below: u32 = tokens
            .get(used + 2)
            .filter(|t| t.glued && t.kind == TokenKind::Number)?
            .text
            .parse()
            .ok()?;
        let fits = (count == 1 && musical(below)) || (below == 1 && musical(count) && count <= 32);
        used += 3;
        fits.then(|| format!("{count}/{below}"))?
    } else {
        ordinal?;
        used += 2;
        let sure = matches!(count, 8 | 16 | 32 | 64) || (musical(count) && is_note(tokens.get(used)));
        sure.then(|| format!("1/{count}"))?
    };
    let mut mode = leading;
    for _ in 0..2 {
        if is_note(tokens.get(used)) {
            used += 1;
        } else if mode.is_none() && mode_of(tokens.get(used)).is_some() {
            mode = mode_of(tokens.get(used));
            used += 1;
        }
    }
    Some((used, Measure::Length(words, mode.unwrap_or(LengthMode::Straight))))
}

/// A number, digits or word, with its unit if it has one. A bare word (`one`) counts too: the grammar decides.
fn value(tokens: &[Token], lexicon: &Lexicon) -> Option<(usize, Measure)> {
    let mut used = 0;
    let mut sign = 1.0;
    if tokens
        .first()
        .is_some_and(|t| t.kind == TokenKind::Symbol && matches!(t.text.as_str(), "-" | "+"))
    {
        sign = if tokens[0].text == "-" { -1.0 } else { 1.0 };
        used = 1;
    }
    let (more, first) = number(&tokens[used..], lexicon)?;
    used += more;
    let mut number_value = first;
    // `2-4 Hz`, `2 to 4 Hz`: the middle.
    if tokens
        .get(used)
        .is_some_and(|t| matches!(t.text.as_str(), "-" | "–" | "to" | "bis"))
        && let Some((more, second)) = digits(&tokens[used + 1..])
        && unit_at(tokens, used + 1 + more).is_some()
    {
        number_value = f64::midpoint(first, second);
        used += 1 + more;
    }
    if let Some((unit, base)) = unit_at(tokens, used) {
        // `24 dB/oct`: a slope, not an interval.
        let mut end = used + 1;
        if unit == Unit::Decibels && tokens.get(end).is_some_and(|t| t.text == "/") {
            end += 2;
        }
        return Some((
            end.min(tokens.len()),
            Measure::Value(sign * number_value * base, unit),
        ));
    }
    Some((used, Measure::Value(sign * number_value, Unit::Bare)))
}

fn unit_at(tokens: &[Token], at: usize) -> Option<(Unit, f64)> {
    tokens.get(at).and_then(|t| unit(&t.text, t.glued))
}

fn digits(tokens: &[Token]) -> Option<(usize, f64)> {
    let token = tokens.first().filter(|t| t.kind == TokenKind::Number)?;
    Some((1, token.text.parse().ok().filter(|v: &f64| v.is_finite())?))
}

/// Digits, or a number word; `a second` and `an octave` are one of them.
fn number(tokens: &[Token], lexicon: &Lexicon) -> Option<(usize, f64)> {
    if let Some(found) = digits(tokens) {
        return Some(found);
    }
    let first = tokens.first().filter(|t| t.kind == TokenKind::Word)?;
    let one = matches!(
        first.text.as_str(),
        "a" | "an" | "einer" | "un" | "una" | "une" | "um" | "uma"
    );
    let counted = matches!(
        unit_at(tokens, 1),
        Some((Unit::Seconds | Unit::Octaves | Unit::Bars, _))
    );
    if one && counted && tokens.get(1).is_some_and(|t| t.text.len() > 3) {
        return Some((1, 1.0));
    }
    let (used, ids) = lexicon.longest(tokens, Language::English)?;
    match lexicon.entries[*ids.first()?].class {
        Class::Number(value) => Some((used, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::lexicon;
    use super::super::text::tokens;
    use super::*;

    fn read(text: &str) -> Option<(usize, Measure)> {
        measure(&tokens(text), None, lexicon())
    }

    #[test]
    fn values_come_in_base_units() {
        let value = |text| match read(text) {
            Some((_, Measure::Value(v, u))) => (v, u),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(value("250 ms"), (0.25, Unit::Seconds));
        assert_eq!(value("2,5 s"), (2.5, Unit::Seconds));
        assert_eq!(value("half a second"), (0.5, Unit::Seconds));
        assert_eq!(value("a second or so"), (1.0, Unit::Seconds));
        assert_eq!(value("1.2kHz"), (1200.0, Unit::Hertz));
        assert_eq!(value("2-4 Hz"), (3.0, Unit::Hertz));
        assert_eq!(value("24 dB/oct"), (24.0, Unit::Decibels));
        assert_eq!(value("30%"), (30.0, Unit::Percent));
        assert_eq!(value("-12 semitones"), (-1.0, Unit::Octaves));
        assert_eq!(value("seven voices"), (7.0, Unit::Voices));
        assert_eq!(value("4 bar"), (4.0, Unit::Bars));
        assert_eq!(value("4 times a second"), (4.0, Unit::Hertz));
        assert_eq!(value("twice per second"), (2.0, Unit::Hertz));
        assert_eq!(value("tempo 92"), (92.0, Unit::Bpm));
        assert_eq!(value("bpm: 140"), (140.0, Unit::Bpm));
    }

    #[test]
    fn musical_lengths_and_notes_are_read() {
        use LengthMode::{Dotted, Straight, Triplet};
        let length = |text| match read(text) {
            Some((_, Measure::Length(words, mode))) => (words, mode),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(length("1/8 delay"), ("1/8".to_owned(), Straight));
        assert_eq!(length("dotted 1/8 note"), ("1/8".to_owned(), Dotted));
        assert_eq!(length("1/16t"), ("1/16".to_owned(), Triplet));
        assert_eq!(length("16ths"), ("1/16".to_owned(), Straight));
        assert_eq!(read("C2 to C4"), Some((5, Measure::Notes(36, 60))));
        assert_eq!(read("F#1-Eb3"), Some((5, Measure::Notes(30, 51))));
    }
}
