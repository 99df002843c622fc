//! What was measured in a sound (`meta/analysis.json`), in musicians' words. Reads only what it shows and passes over
//! what is missing, so that bundles of other versions have a page too.

use serde::Deserialize;

use super::figures::{short, span_ms};

/// One line: a name, a word, and the figure behind it where it says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What was measured.
    pub name: &'static str,
    /// What came out.
    pub word: String,
    /// The figure behind the word; may be empty.
    pub figure: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    analysis: Heard,
    #[serde(default)]
    loudness: Loudness,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Heard {
    attack_ms: Option<f64>,
    tail60_ms: Option<f64>,
    brightness_oct: Option<f64>,
    width: Option<f64>,
    movement: Option<f64>,
    mod_rate_hz: Option<f64>,
    pitch_cents: Option<f64>,
    envelope_shape: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Loudness {
    lufs: Option<f64>,
    true_peak_db: Option<f64>,
}

/// Kinds of sound that have no pitch to be in tune with.
const UNPITCHED: [&str; 2] = ["drum", "fx"];

/// The lines of a document, for a sound of that category.
pub fn of(document: &[u8], category: &str) -> Option<Vec<Measure>> {
    let Document { analysis, loudness } = serde_json::from_slice(document).ok()?;
    let line = |name, word: &str, figure: String| Measure {
        name,
        word: word.to_owned(),
        figure,
    };
    let lines = [
        analysis
            .envelope_shape
            .filter(|shape| shape.chars().all(|c| c.is_ascii_lowercase()))
            .map(|shape| line("Shape", &shape, String::new())),
        analysis
            .attack_ms
            .map(|ms| line("Attack", attack(ms), span_ms(ms))),
        analysis
            .tail60_ms
            // 0: it had ended before the key did.
            .filter(|ms| *ms > 0.0)
            .map(|ms| line("After the key", tail(ms), span_ms(ms))),
        analysis
            .brightness_oct
            .map(|octaves| line("Brightness", brightness(octaves), octaves_above(octaves))),
        analysis
            .width
            .map(|width| line("Stereo", stereo(width), String::new())),
        analysis
            .movement
            .map(|depth| movement(depth, analysis.mod_rate_hz)),
        analysis
            .pitch_cents
            .filter(|cents| cents.abs() <= 100.0 && !UNPITCHED.contains(&category))
            .map(|cents| line("Tuning", tuning(cents), cents_off(cents))),
        loudness.lufs.map(|lufs| {
            let peak = loudness
                .true_peak_db
                .map(|db| format!("peak {} dBTP", short((db * 10.0).round() / 10.0)))
                .unwrap_or_default();
            Measure {
                name: "Loudness",
                word: format!("{} LUFS", short(lufs)),
                figure: peak,
            }
        }),
    ];
    Some(lines.into_iter().flatten().collect())
}

fn attack(ms: f64) -> &'static str {
    match ms {
        ms if ms < 8.0 => "instant",
        ms if ms < 40.0 => "fast",
        ms if ms < 150.0 => "soft",
        ms if ms < 600.0 => "slow",
        _ => "very slow",
    }
}

fn tail(ms: f64) -> &'static str {
    match ms {
        ms if ms < 120.0 => "stops at once",
        ms if ms < 600.0 => "short",
        ms if ms < 2_000.0 => "rings on",
        _ => "long",
    }
}

fn brightness(octaves: f64) -> &'static str {
    match octaves {
        octaves if octaves < 0.6 => "dark",
        octaves if octaves < 1.4 => "warm",
        octaves if octaves < 2.5 => "open",
        octaves if octaves < 3.6 => "bright",
        _ => "brilliant",
    }
}

/// Above the note, where there is a sign.
fn octaves_above(octaves: f64) -> String {
    let sign = if octaves > 0.0 { "+" } else { "" };
    format!("{sign}{} oct", short(octaves))
}

fn cents_off(cents: f64) -> String {
    let figure = short(cents);
    let unit = if matches!(figure.as_str(), "1" | "−1") {
        "cent"
    } else {
        "cents"
    };
    format!("{figure} {unit}")
}

fn stereo(width: f64) -> &'static str {
    match width {
        width if width < 0.005 => "mono",
        width if width < 0.08 => "narrow",
        width if width < 0.25 => "wide",
        _ => "very wide",
    }
}

fn movement(depth: f64, rate_hz: Option<f64>) -> Measure {
    let word = match depth {
        depth if depth < 0.06 => "still",
        depth if depth < 0.25 => "gentle",
        depth if depth < 0.6 => "lively",
        _ => "strong",
    };
    let figure = rate_hz
        .filter(|hz| *hz > 0.0 && depth >= 0.06)
        .map(|hz| format!("{} Hz", short(hz)))
        .unwrap_or_default();
    Measure {
        name: "Movement",
        word: word.to_owned(),
        figure,
    }
}

fn tuning(cents: f64) -> &'static str {
    match cents {
        cents if cents.abs() <= 5.0 => "in tune",
        cents if cents < 0.0 => "a little low",
        _ => "a little high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(document: &str, category: &str) -> Vec<String> {
        of(document.as_bytes(), category)
            .unwrap()
            .into_iter()
            .map(|m| format!("{} {} {}", m.name, m.word, m.figure))
            .collect()
    }

    #[test]
    fn measures_become_words_with_figures() {
        let document = r#"{"analysis":{"attack_ms":311.3,"tail60_ms":1456.7,"brightness_oct":0.98,"width":0.5,"movement":0.17,
            "mod_rate_hz":0.854,"pitch_cents":-1,"envelope_shape":"sustained"},"loudness":{"lufs":-18,"true_peak_db":-6.47}}"#;
        assert_eq!(
            words(document, "pad"),
            [
                "Shape sustained ",
                "Attack slow 311 ms",
                "After the key rings on 1.46 s",
                "Brightness warm +0.98 oct",
                "Stereo very wide ",
                "Movement gentle 0.85 Hz",
                "Tuning in tune −1 cent",
                "Loudness −18 LUFS peak −6.5 dBTP"
            ]
        );
    }

    #[test]
    fn what_is_missing_is_passed_over() {
        assert_eq!(
            words(r#"{"analysis":{"tail60_ms":null,"width":null}}"#, "pad"),
            [""; 0]
        );
        assert_eq!(words("{}", "pad"), [""; 0]);
        assert_eq!(of(b"nothing", "pad"), None);
    }

    #[test]
    fn a_drum_is_not_said_to_be_in_tune() {
        assert_eq!(words(r#"{"analysis":{"pitch_cents":0}}"#, "drum"), [""; 0]);
    }

    #[test]
    fn a_shape_that_is_no_word_is_not_shown() {
        assert_eq!(
            words(r#"{"analysis":{"envelope_shape":"<b>loud</b>"}}"#, "pad"),
            [""; 0]
        );
    }
}
