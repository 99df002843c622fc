//! Importing: a preset becomes a patch with its assets beside it, which every command that reads a patch finds.

use std::fs;

use serde_json::{Value, json};
use songwalker_generator::export;
use songwalker_schemas::PatchSpec;

use crate::workbench::Workbench;

/// A preset made from a patch of ours, with a wavetable that is not ours.
fn preset() -> Value {
    let bytes = export::vital(&PatchSpec::default()).unwrap().bytes;
    let mut preset: Value = serde_json::from_slice(&bytes).unwrap();
    preset["author"] = json!("somebody");
    preset["comments"] = json!("Soft.");
    preset["preset_name"] = json!("Soft Keys");
    for n in 0..3 {
        preset["settings"]["wavetables"][n]["name"] = json!("Mine");
    }
    preset
}

fn imported(bench: &Workbench) -> Value {
    let file = bench.file("keys.vital", preset().to_string().as_bytes());
    bench
        .run(&["import", "vital", &file, "-o", "keys.json", "--json"])
        .json()
}

#[test]
fn a_preset_becomes_a_patch_that_renders_and_goes_back() {
    let bench = Workbench::new();
    let said = imported(&bench);
    assert_eq!(said["patch"], "keys.json");
    assert_eq!(said["warnings"], json!([]));
    let asset = said["assets"][0].as_str().unwrap().to_owned();
    assert!(bench.path(&asset).is_file());
    bench
        .run(&[
            "render",
            "keys.json",
            "--hold",
            "0.2",
            "--tail",
            "0.2",
            "--out",
            "keys.wav",
            "--json",
        ])
        .json();
    let lost = bench
        .run(&["export", "vital", "keys.json", "-o", "again.vital", "--json"])
        .json();
    assert_eq!(lost["lost"], json!([]));
    let again: Value = serde_json::from_slice(&fs::read(bench.path("again.vital")).unwrap()).unwrap();
    assert_eq!(
        again["settings"]["wavetables"],
        preset()["settings"]["wavetables"]
    );
    assert_eq!(again["preset_name"], "Soft Keys");
}

#[test]
fn a_missing_and_a_damaged_asset_are_named() {
    let bench = Workbench::new();
    imported(&bench);
    // That of the oscillator that sounds: a patch plays without those of the others.
    let patch: Value = serde_json::from_slice(&fs::read(bench.path("keys.json")).unwrap()).unwrap();
    let hash = patch["modules"]["osc"][0]["wavetable"]["name"].as_str().unwrap();
    let asset = format!("assets/{hash}.json");
    fs::write(bench.path(&asset), b"{}").unwrap();
    let render = ["render", "keys.json", "--out", "x.wav", "--json"];
    let error = bench.run(&render).fails_as("verification_failed", 7);
    assert!(error["message"].as_str().unwrap().contains(&asset), "{error}");
    fs::remove_file(bench.path(&asset)).unwrap();
    let error = bench.run(&render).fails_as("not_found", 3);
    assert!(error["message"].as_str().unwrap().contains(&asset), "{error}");
    bench
        .run(&["export", "vital", "keys.json", "-o", "x.vital", "--json"])
        .fails_as("not_found", 3);
    assert!(!bench.path("x.wav").exists() && !bench.path("x.vital").exists());
}

#[test]
fn another_patch_is_replaced_only_when_that_is_asked_for() {
    let bench = Workbench::new();
    imported(&bench);
    let other = bench.file(
        "other.vital",
        preset().to_string().replace("Soft Keys", "Other").as_bytes(),
    );
    let again = ["import", "vital", "keys.vital", "-o", "keys.json", "--json"];
    bench.run(&again).json();
    let import = ["import", "vital", &other, "-o", "keys.json", "--json"];
    bench.run(&import).fails_as("conflict", 3);
    bench.run(&[&import[..], &["--force"]].concat()).json();
}

#[test]
fn what_is_no_preset_is_refused_and_nothing_is_written() {
    let bench = Workbench::new();
    let cases: [(&[u8], &str); 5] = [
        (b"not json", "invalid_json"),
        (b"{\"a\": 1}", "invalid_patch"),
        (b"PK\x03\x04bank", "invalid_patch"),
        (
            b"{\"settings\": {\"volume\": \"loud\"}, \"synth_version\": \"1.0.7\"}",
            "invalid_patch",
        ),
        (
            b"{\"settings\": {\"volume\": 1}, \"synth_version\": \"2.1.0\"}",
            "invalid_patch",
        ),
    ];
    for (content, code) in cases {
        let file = bench.file("x.vital", content);
        bench
            .run(&["import", "vital", &file, "-o", "x.json", "--json"])
            .fails_as(code, 3);
    }
    bench
        .run(&["import", "vital", "nowhere.vital", "-o", "x.json", "--json"])
        .fails_as("not_found", 3);
    let file = bench.file("x.vital", preset().to_string().as_bytes());
    for out in ["nowhere/x.json", "."] {
        bench
            .run(&["import", "vital", &file, "-o", out, "--json"])
            .fails_as("storage_unavailable", 6);
    }
    assert_eq!(bench.names("."), ["x.vital"]);
}
