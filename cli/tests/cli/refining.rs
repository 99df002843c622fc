//! Changing a sound that is there by words about it.

use std::fs;

use serde_json::Value;
use songwalker_schemas::PatchSpec;

use crate::workbench::{Workbench, bundle, zip};

fn read(path: &Value) -> Value {
    serde_json::from_slice(&fs::read(path.as_str().unwrap()).unwrap()).unwrap()
}

/// The cutoff of the first filter that is on.
fn cutoff(patch: &Value) -> f64 {
    let filters = patch["modules"]["filter"].as_array().unwrap();
    let on = filters.iter().find(|filter| filter["enabled"] == true).unwrap();
    on["cutoff_hz"].as_f64().unwrap()
}

#[test]
fn a_job_is_refined_by_a_job_that_names_it() {
    let bench = Workbench::with_a_sound();
    let parent = bench.only_job();
    let told = bench
        .run(&[
            "refine",
            "last",
            "darker",
            "and",
            "shorter",
            "--variations",
            "0",
            "--json",
        ])
        .json();
    let job = bench.run(&["show", "last", "--json"]).json();
    assert_eq!(job["job"]["parent_job_id"], parent["id"]);
    assert!(told["refinement"]["patch"].as_array().unwrap().len() > 1);
    assert!(
        told["analysis"]["asked"][0]["what"]
            .as_str()
            .unwrap()
            .contains("than it was")
    );
    let again = bench.run(&["show", "last", "--command"]).out;
    assert!(
        again.contains(" refine ") && again.contains("darker and shorter"),
        "{again}"
    );
}

#[test]
fn a_bundle_and_a_bare_patch_are_refined_without_a_job() {
    let bench = Workbench::new();
    let patch = bundle().join("patch.json");
    let was: Value = serde_json::from_slice(&fs::read(&patch).unwrap()).unwrap();
    for (what, out, is_bundle) in [(zip(), "a", true), (patch, "b", false)] {
        let what = what.to_str().unwrap();
        let told = bench
            .run(&[
                "refine",
                what,
                "darker",
                "--variations",
                "0",
                "--out",
                out,
                "--json",
            ])
            .json();
        let is = read(&told["patch"]);
        assert!(cutoff(&is) < cutoff(&was), "{} and {}", cutoff(&is), cutoff(&was));
        assert_eq!(told["refinement"]["parent"].is_string(), is_bundle);
        assert!(told["job_id"].is_null());
        PatchSpec::from_value(is).unwrap();
        bench
            .run(&["verify", told["bundle"].as_str().unwrap(), "--json"])
            .json();
    }
}

#[test]
fn words_that_say_nothing_and_other_kinds_of_sound_are_refused_and_nothing_is_written() {
    let bench = Workbench::new();
    let what = zip();
    let what = what.to_str().unwrap();
    bench
        .run(&["refine", what, "blorf xyzzy", "--json"])
        .fails_as("planner_refused", 4);
    bench
        .run(&["refine", what, "make it a kick drum", "--json"])
        .fails_as("conflict", 3);
    bench
        .run(&["refine", "nowhere.json", "darker", "--json"])
        .fails_as("not_found", 3);
    assert!(bench.names(".").is_empty(), "{:?}", bench.names("."));
}
