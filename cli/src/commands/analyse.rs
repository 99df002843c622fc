//! `songwalker analyse`: the measures of one recorded note.

use serde_json::Value;
use songwalker_engine::{analysis, math};
use songwalker_schemas::{AudioAnalysis, ErrorCode};

use crate::args::Analyse;
use crate::failure::Failure;
use crate::table::Table;
use crate::terminal::{self, BOLD, DIM};
use crate::wav;

/// A measure that people read: its key, name, unit and decimals.
type Shown = (&'static str, &'static str, &'static str, usize);

/// Measures that belong together, under one word.
type Group = (&'static str, &'static [Shown]);

/// What people read, with its unit and decimals; `--json` has everything.
const SHOWN: [Group; 6] = [
    (
        "level",
        &[
            ("lufs", "loudness", "LUFS", 1),
            ("true_peak_db", "true peak", "dBTP", 1),
            ("crest_db", "crest", "dB", 1),
            ("sustain_db", "sustain", "dB", 1),
        ],
    ),
    (
        "time",
        &[
            ("onset_ms", "onset", "ms", 0),
            ("attack_ms", "attack", "ms", 0),
            ("decay20_ms", "decay to −20 dB", "ms", 0),
            ("decay60_ms", "decay to −60 dB", "ms", 0),
            ("release20_ms", "release to −20 dB", "ms", 0),
            ("tail60_ms", "tail to −60 dB", "ms", 0),
        ],
    ),
    (
        "colour",
        &[
            ("centroid_hz", "centroid", "Hz", 0),
            ("brightness_oct", "brightness", "octaves above the note", 2),
            ("rolloff95_hz", "rolloff 95 %", "Hz", 0),
            ("flatness_db", "flatness", "dB", 1),
            ("low_ratio", "below 150 Hz", "of the power", 2),
            ("roughness", "roughness", "", 3),
        ],
    ),
    (
        "pitch",
        &[
            ("dominant_freq_hz", "strongest partial", "Hz", 1),
            ("pitch_cents", "deviation", "cents", 1),
            ("nonharm_db", "off the harmonics", "dB", 1),
        ],
    ),
    (
        "stereo",
        &[
            ("width", "width", "", 2),
            ("corr", "correlation", "", 2),
            ("mono_loss_db", "lost in mono", "dB", 1),
        ],
    ),
    (
        "movement",
        &[
            ("movement", "movement", "", 2),
            ("mod_rate_hz", "rate", "Hz", 2),
            ("vibrato_rate_hz", "vibrato", "Hz", 2),
            ("vibrato_cents", "its depth", "cents", 1),
        ],
    ),
];

/// Measures and prints.
pub fn run(args: &Analyse) -> Result<(), Failure> {
    let audio = wav::read(&args.file)?;
    let measured = analysis::analyse(&audio, math::note_to_hz(f64::from(args.note)), args.hold);
    let value = as_json(&measured)?;
    if args.json {
        return terminal::print_json(&value);
    }
    let mut text = table(&value);
    if !measured.finite {
        text.push_str("\nSome samples are no numbers, so nothing else was measured.\n");
    }
    terminal::print(&text)
}

/// Measures as a JSON object.
pub fn as_json(measured: &AudioAnalysis) -> Result<Value, Failure> {
    serde_json::to_value(measured).map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
}

/// Measures as a table for people.
pub fn table(measured: &Value) -> String {
    let mut table = Table::new();
    let shape = measured["envelope_shape"].as_str().unwrap_or_default();
    table.row([
        (BOLD, "shape".into()),
        (DIM, "envelope".into()),
        (BOLD, shape.to_owned()),
    ]);
    for (group, measures) in SHOWN {
        for (index, (key, name, unit, decimals)) in measures.iter().enumerate() {
            let group = if index == 0 { group } else { "" };
            let figure = in_words(&measured[*key], unit, *decimals);
            table.row([
                (BOLD, group.to_owned()),
                (DIM, (*name).to_owned()),
                (anstyle::Style::new(), figure),
            ]);
        }
    }
    table.text(0)
}

/// A figure with its unit; `never` for what was not reached.
fn in_words(value: &Value, unit: &str, decimals: usize) -> String {
    match value.as_f64() {
        Some(x) => format!("{x:.decimals$} {unit}").trim_end().replace('-', "−"),
        None => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_measure_that_is_shown_exists() {
        let value = as_json(&AudioAnalysis::default()).unwrap();
        for (key, ..) in SHOWN.iter().flat_map(|(_, measures)| measures.iter()) {
            assert!(value.get(*key).is_some(), "{key}");
        }
    }

    #[test]
    fn what_is_never_reached_is_said_in_words_and_null_in_json() {
        let value = as_json(&AudioAnalysis::default()).unwrap();
        assert_eq!(value["decay20_ms"], json!(null));
        assert_eq!(in_words(&value["decay20_ms"], "ms", 0), "never");
        assert_eq!(in_words(&json!(-12.345), "dB", 1), "−12.3 dB");
    }
}
