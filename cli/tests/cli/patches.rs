//! Patches that break a rule: every fault with its pointer, quickly, and nothing written.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use songwalker_schemas::PatchSpec;

use crate::workbench::{Workbench, pointers};

fn patch() -> Value {
    serde_json::from_slice(&PatchSpec::default().to_canonical()).unwrap()
}

/// Renders and exports what is no patch; both must be refused in the same words.
fn refused(content: &[u8]) -> Value {
    let bench = Workbench::new();
    let file = bench.file("patch.json", content);
    let error = bench
        .run(&["render", &file, "--out", "x.wav", "--json"])
        .fails_as("invalid_patch", 3);
    let again = bench
        .run(&["export", "vital", &file, "-o", "x.vital", "--json"])
        .fails_as("invalid_patch", 3);
    assert_eq!(error, again);
    assert_eq!(bench.names("."), ["patch.json"]);
    error
}

#[test]
fn values_out_of_range_and_unknown_fields_are_all_listed() {
    let mut patch = patch();
    patch["modules"]["filter"][0]["cutoff_hz"] = json!(1e9);
    patch["modules"]["osc"][2]["level"] = json!(-1);
    patch["modules"]["surprise"] = json!(1);
    patch["macros"][0]["value"] = json!("loud");
    let error = refused(patch.to_string().as_bytes());
    let found = pointers(&error);
    for wanted in [
        "/modules/filter/0/cutoff_hz",
        "/modules/osc/2/level",
        "/modules/surprise",
        "/macros/0/value",
    ] {
        assert!(found.contains(&wanted), "{wanted} is not among {found:?}");
    }
}

#[test]
fn a_pointer_that_dangles_is_found() {
    let mut patch = patch();
    patch["modulation"]["routes"] = json!([{
        "source": "lfo/0", "target": "/modules/filter/7/cutoff_hz", "amount": 0.5, "polarity": "unipolar", "curve": 0,
        "map": null, "stereo": false, "bypass": false
    }]);
    let error = refused(patch.to_string().as_bytes());
    assert!(
        pointers(&error)
            .iter()
            .any(|pointer| pointer.starts_with("/modulation/routes/0")),
        "{error}"
    );
}

#[test]
fn a_million_routes_are_one_clear_error_at_once() {
    let mut patch = patch();
    patch["modulation"]["routes"] = json!(["routes"]);
    let text = patch
        .to_string()
        .replace("\"routes\"]", &format!("{}{{}}]", "{},".repeat(999_999)));
    let started = Instant::now();
    let error = refused(text.as_bytes());
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(pointers(&error), ["/modulation/routes"], "{error}");

    // Whole routes are more bytes than a patch may have; they are not even parsed.
    let route = r#"{"source":"lfo/0","target":"/modules/filter/0/cutoff_hz","amount":0.5,"polarity":"unipolar","curve":0},"#;
    let text = patch
        .to_string()
        .replace("\"routes\"]", &format!("{}{{}}]", route.repeat(999_999)));
    let started = Instant::now();
    let error = refused(text.as_bytes());
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert!(
        error["message"].as_str().unwrap().contains("longer than"),
        "{error}"
    );
}

#[test]
fn what_is_no_json_is_refused() {
    for content in [
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        "[".repeat(100_000).as_bytes(),
    ] {
        refused(content);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let bench = Workbench::new();
    let ended = bench.run(&["render", "nothing.json", "--out", "x.wav"]);
    assert_eq!(ended.code, 3);
    assert!(ended.err.contains("nothing.json"), "{ended:?}");
    bench
        .run(&["render", "nothing.json", "--out", "x.wav", "--json"])
        .fails_as("not_found", 3);
}

#[test]
fn hostile_field_names_cannot_command_the_terminal() {
    let mut patch = patch();
    patch["modules"]["\u{1b}]0;owned\u{7}"] = json!(1);
    let bench = Workbench::new();
    let file = bench.file("patch.json", patch.to_string());
    let ended = bench.run(&["render", &file, "--out", "x.wav"]);
    assert_eq!(ended.code, 3);
    assert!(!ended.err.contains(['\u{1b}', '\u{7}']), "{ended:?}");
}
