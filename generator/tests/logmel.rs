//! The distance of two sounds is the one that `tests/conformance/logmel.py` measures: `data/logmel.json` holds its
//! figures, and how they were made.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use serde_json::Value;
use songwalker_engine::render::{RenderRequest, render};
use songwalker_generator::logmel::LogMel;
use songwalker_schemas::PatchSpec;

const FIGURES: &str = include_str!("data/logmel.json");

fn put(patch: &mut Value, changes: &Value) {
    for (pointer, value) in changes.as_object().expect("pointers with values") {
        *patch.pointer_mut(pointer).expect("a parameter") = value.clone();
    }
}

fn heard(changes: &[&Value]) -> LogMel {
    let mut value = PatchSpec::default().to_value();
    for set in changes {
        put(&mut value, set);
    }
    let patch: PatchSpec = serde_json::from_value(value).expect("a patch");
    let request = RenderRequest::note(48, 0.8, 1.0, 1.5);
    LogMel::of(&render(&patch, &request, &|| false).expect("renders"))
}

#[test]
fn distances_are_those_of_the_reference() {
    let figures: Value = serde_json::from_str(FIGURES).expect("JSON");
    let base = heard(&[&figures["base"]]);
    let rows = figures["rows"].as_array().expect("rows");
    assert_eq!(rows[0]["name"], "darker");
    let darker = heard(&[&figures["base"], &rows[0]["set"]]);
    for row in rows {
        let sound = heard(&[&figures["base"], &row["set"]]);
        for (from, name) in [(&base, "from_base_db"), (&darker, "from_darker_db")] {
            let (want, got) = (row[name].as_f64().expect("a number"), from.distance(&sound, 0.0));
            assert!(
                (want - got).abs() < 0.001,
                "{} {name}: {got} for {want}",
                row["name"]
            );
        }
    }
}

#[test]
fn a_sound_that_is_only_softer_is_no_other_sound_at_the_same_loudness() {
    let figures: Value = serde_json::from_str(FIGURES).expect("JSON");
    let base = heard(&[&figures["base"]]);
    let rows = figures["rows"].as_array().expect("rows");
    let softer = rows
        .iter()
        .find(|row| row["name"] == "softer")
        .expect("the softer one");
    let sound = heard(&[&figures["base"], &softer["set"]]);
    // The gain is the square of the level: ½ of √½ is 6.02 dB less.
    assert!(base.distance(&sound, 0.0) > 5.5);
    assert!(base.distance(&sound, songwalker_engine::math::gain_to_db(2.0)) < 0.1);
}

#[test]
fn distance_is_zero_to_itself_and_the_same_both_ways() {
    let figures: Value = serde_json::from_str(FIGURES).expect("JSON");
    let base = heard(&[&figures["base"]]);
    let other = heard(&[&figures["base"], &figures["rows"][1]["set"]]);
    assert_eq!(base.distance(&base, 0.0), 0.0);
    assert!((base.distance(&other, 0.0) - other.distance(&base, 0.0)).abs() < 1e-9);
    assert!(base.distance(&other, 0.0) > 0.5);
}
