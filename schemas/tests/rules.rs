//! One fixture for each rule of the seed and of the patch format, each breaking exactly that rule.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use serde_json::{Value, json};
use songwalker_schemas::template::MacroTemplate;
use songwalker_schemas::variations::{Variation, VariationsDiff};
use songwalker_schemas::{Category, Faults, Intent, Manifest, PatchSpec, json_schema, structure};

/// The default patch with some values replaced.
fn patch_with(changes: &[(&str, Value)]) -> Value {
    let mut value = PatchSpec::default().to_value();
    for (pointer, new) in changes {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        match value.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")) {
            Value::Object(map) => {
                map.insert(key.to_owned(), new.clone());
            }
            Value::Array(items) => items[key.parse::<usize>().expect("an index")] = new.clone(),
            _ => panic!("{pointer}"),
        }
    }
    value
}

fn pointers(faults: &Faults) -> Vec<&str> {
    faults
        .as_slice()
        .iter()
        .map(|fault| fault.pointer.as_str())
        .collect()
}

fn assert_fault(value: Value, pointer: &str, part: &str) {
    let faults = PatchSpec::from_value(value).expect_err(pointer);
    let found = faults
        .as_slice()
        .iter()
        .find(|fault| fault.pointer == pointer)
        .unwrap_or_else(|| panic!("{pointer} is not among {faults}"));
    assert!(found.problem.contains(part), "{pointer}: {}", found.problem);
}

fn route(source: &str, target: &str) -> Value {
    json!({ "source": source, "target": target, "amount": 0.5, "polarity": "unipolar", "curve": 0, "map": null, "stereo": false, "bypass": false })
}

#[test]
fn each_rule_of_a_patch_has_a_fixture_that_breaks_it() {
    let knob = |i: usize, key: &str, value: f64| (format!("/macros/{i}/{key}"), json!(value));
    assert_fault(
        patch_with(&[("/schema_version", json!("2.0"))]),
        "/schema_version",
        "1.0",
    );
    assert_fault(
        patch_with(&[("/engine_version", json!("new"))]),
        "/engine_version",
        "match",
    );
    assert_fault(
        patch_with(&[("/synth_target", json!("serum"))]),
        "/synth_target",
        "vital",
    );
    assert_fault(patch_with(&[("/name", json!(""))]), "/name", "short");
    assert_fault(patch_with(&[("/name", json!("a\u{0}b"))]), "/name", "match");
    assert_fault(
        patch_with(&[("/meta/license", json!("do what you want!"))]),
        "/meta/license",
        "match",
    );
    assert_fault(
        patch_with(&[("/meta/category", json!("noise"))]),
        "/meta/category",
        "one of",
    );
    assert_fault(
        patch_with(&[("/modules/osc", json!([]))]),
        "/modules/osc",
        "items",
    );
    assert_fault(
        patch_with(&[("/modules/osc/0/enabled", json!(false))]),
        "/modules/osc",
        "nothing sounds",
    );
    assert_fault(
        patch_with(&[("/modules/env", json!([]))]),
        "/modules/env",
        "items",
    );
    assert_fault(
        patch_with(&[("/modules/voicing/mode", json!("duo"))]),
        "/modules/voicing/mode",
        "one of",
    );
    assert_fault(
        patch_with(&[("/modules/voicing/voices", json!(2.5))]),
        "/modules/voicing/voices",
        "integer",
    );
    assert_fault(
        patch_with(&[("/modules/filter/0/cutoff_hz", json!(99_999))]),
        "/modules/filter/0/cutoff_hz",
        "outside",
    );
    assert_fault(
        patch_with(&[("/modules/filter/0/colour", json!(1))]),
        "/modules/filter/0/colour",
        "unknown",
    );
    assert_fault(
        patch_with(&[("/modules/filter/0/from_filter_0", json!(true))]),
        "/modules/filter/0/from_filter_0",
        "itself",
    );
    assert_fault(
        patch_with(&[("/modules/osc/1/unison/detune_cents", json!(300))]),
        "/modules/osc/1/unison/detune_cents",
        "wider",
    );
    assert_fault(
        patch_with(&[("/modules/osc/1/wavetable/source", json!("asset"))]),
        "/modules/osc/1/wavetable/name",
        "SHA-256",
    );
    assert_fault(
        patch_with(&[("/modules/sample/source", json!("asset"))]),
        "/modules/sample/asset",
        "SHA-256",
    );
    assert_fault(
        patch_with(&[(
            "/modules/fx/1",
            PatchSpec::default().to_value()["modules"]["fx"][0].clone(),
        )]),
        "/modules/fx/1/type",
        "twice",
    );
    assert_fault(
        patch_with(&[(
            "/modules/lfo/2/points",
            json!([{ "x": 0.1, "y": 0, "power": 0 }, { "x": 1, "y": 0, "power": 0 }]),
        )]),
        "/modules/lfo/2/points",
        "begin at 0",
    );
    assert_fault(
        patch_with(&[(
            "/modules/lfo/2/points",
            json!([{ "x": 0, "y": 0, "power": 0 }, { "x": 0.8, "y": 0, "power": 0 }, { "x": 0.4, "y": 0, "power": 0 }, { "x": 1, "y": 0, "power": 0 }]),
        )]),
        "/modules/lfo/2/points/2/x",
        "falls",
    );
    assert_fault(
        patch_with(&[(
            "/modulation/routes",
            json!([route("lfo/9", "/modules/osc/0/level")]),
        )]),
        "/modulation/routes/0/source",
        "one of",
    );
    assert_fault(
        patch_with(&[(
            "/modulation/routes",
            json!([route("lfo/0", "/modules/osc/9/level")]),
        )]),
        "/modulation/routes/0/target",
        "dangles",
    );
    assert_fault(
        patch_with(&[(
            "/modulation/routes",
            json!([route("lfo/0", "/modules/fx/09/mix")]),
        )]),
        "/modulation/routes/0/target",
        "dangles",
    );
    assert_fault(
        patch_with(&[(
            "/modulation/routes",
            json!([route("lfo/0", "/modules/filter/0/model")]),
        )]),
        "/modulation/routes/0/target",
        "cannot be modulated",
    );
    assert_fault(
        patch_with(&[(
            "/modulation/routes",
            json!([route("lfo/0", "/modulation/routes/1/amount")]),
        )]),
        "/modulation/routes/0/target",
        "no such route",
    );
    assert_fault(
        patch_with(&[(
            "/modulation/routes",
            json!([
                route("lfo/0", "/modulation/routes/1/amount"),
                route("lfo/0", "/modulation/routes/0/amount")
            ]),
        )]),
        "/modulation/routes/0/target",
        "its own amount",
    );
    let many: Vec<Value> = (0..65).map(|_| route("lfo/0", "/modules/osc/0/level")).collect();
    assert_fault(
        patch_with(&[("/modulation/routes", json!(many))]),
        "/modulation/routes",
        "65 items",
    );
    assert_fault(patch_with(&[("/macros", json!([]))]), "/macros", "items");
    assert_fault(
        patch_with(&[("/macros/1/role_id", json!("TONE_BRIGHTNESS"))]),
        "/macros/1/role_id",
        "twice",
    );
    assert_fault(
        patch_with(&[("/macros/1/role_id", json!("TONE_BRIGHTNESS"))]),
        "/macros",
        "AMP_PUNCH is missing",
    );
    assert_fault(
        patch_with(&[("/macros/0/role_id", json!("FREE"))]),
        "/macros/0/role_id",
        "imported",
    );
    let (pointer, value) = knob(2, "min", 0.5);
    assert_fault(patch_with(&[(&pointer, value)]), "/macros/2/default", "between");
    let (pointer, value) = knob(2, "value", 1.5);
    assert_fault(patch_with(&[(&pointer, value)]), "/macros/2/value", "outside");
    let target = json!([{ "path": "/modules/osc/0/nothing", "amount": 0.1, "curve": 0 }]);
    assert_fault(
        patch_with(&[("/macros/3/targets", target)]),
        "/macros/3/targets/0/path",
        "dangles",
    );
}

#[test]
fn an_imported_patch_may_have_free_macros() {
    let mut changes = vec![("/meta/imported".to_owned(), json!(true))];
    changes.extend((0..8).map(|i| (format!("/macros/{i}/role_id"), json!("FREE"))));
    let changes: Vec<(&str, Value)> = changes
        .iter()
        .map(|(pointer, value)| (pointer.as_str(), value.clone()))
        .collect();
    assert!(PatchSpec::from_value(patch_with(&changes)).is_ok());
}

#[test]
fn every_fault_is_listed_not_only_the_first_and_not_a_million() {
    let faults = PatchSpec::from_value(patch_with(&[
        ("/name", json!(7)),
        ("/synth_target", json!("x")),
        ("/modules/lfo", json!(null)),
    ]))
    .expect_err("three faults");
    assert_eq!(pointers(&faults), ["/modules/lfo", "/name", "/synth_target"]);
    let million: Vec<Value> = (0..1_000_000).map(|_| Value::Null).collect();
    let faults = PatchSpec::from_value(patch_with(&[("/modulation/routes", Value::Array(million))]))
        .expect_err("too many");
    assert_eq!(pointers(&faults), ["/modulation/routes"]);
    let unknown: serde_json::Map<String, Value> =
        (0..5_000).map(|i| (format!("k{i}"), Value::Null)).collect();
    let faults = PatchSpec::from_value(Value::Object(unknown)).expect_err("nothing known");
    assert_eq!(faults.as_slice().len(), 100);
    assert!(faults.to_string().ends_with("more"));
}

#[test]
fn text_that_is_no_json_or_too_long_is_refused_with_a_reason() {
    assert!(
        PatchSpec::from_json(b"{")
            .expect_err("no JSON")
            .to_string()
            .contains("not JSON")
    );
    assert!(PatchSpec::from_json(b"{\"name\": NaN}").is_err());
    assert!(
        PatchSpec::from_json(&vec![b' '; 17_000_000])
            .expect_err("too long")
            .to_string()
            .contains("longer")
    );
}

fn template() -> MacroTemplate {
    let base = PatchSpec::default();
    let roles = base.macros.iter().map(|slot| {
        json!({ "role_id": slot.role_id, "label": slot.label, "default": 0.5, "min": 0, "max": 1,
            "behavior": { "curve": "linear", "bipolar": true, "steps": 0 },
            "targets": [{ "path": "/modules/osc/0/level", "amount": 0.2, "min": 0, "max": 1, "curve": 0, "weight": 1 }],
            "constraints": { "requires": [], "forbids": [], "invariants": ["non_silent"] }, "conflicts": [] })
    });
    let value = json!({ "schema_version": "1.0", "id": "init", "name": "Init", "category": "lead", "subcategory": null, "version": 1,
        "description": "A plain wave.", "roles": roles.collect::<Vec<_>>(), "base": base.to_value() });
    MacroTemplate::from_value(value).expect("a sound template")
}

#[test]
fn each_rule_of_a_template_has_a_fixture_that_breaks_it() {
    let broken = |pointer: &str, new: Value| {
        let mut value = serde_json::to_value(template()).expect("JSON");
        *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = new;
        MacroTemplate::from_value(value).expect_err(pointer)
    };
    let cases = [
        ("/schema_version", json!("0.9"), "/schema_version", "1.0"),
        ("/id", json!("Has Blanks"), "/id", "match"),
        ("/roles", json!([]), "/roles", "items"),
        (
            "/roles/0/role_id",
            json!("DRIVE"),
            "/roles",
            "TONE_BRIGHTNESS is missing",
        ),
        ("/roles/3/role_id", json!("FREE"), "/roles/3/role_id", "one of"),
        ("/roles/0/default", json!(1.2), "/roles/0/default", "outside"),
        ("/roles/0/min", json!(0.9), "/roles/0/default", "between"),
        ("/roles/0/max", json!(0.8), "/roles/0/behavior/bipolar", "centre"),
        (
            "/roles/0/targets/0/path",
            json!("/modules/osc/0/nothing"),
            "/roles/0/targets/0/path",
            "dangles",
        ),
        (
            "/roles/0/targets/0/min",
            json!(2.0),
            "/roles/0/targets/0/min",
            "greater",
        ),
        (
            "/roles/0/targets/0/max",
            json!(7.0),
            "/roles/0/targets/0/min",
            "outside",
        ),
        (
            "/roles/0/targets/0/weight",
            json!(2.0),
            "/roles/0/targets/0/weight",
            "outside",
        ),
        (
            "/roles/0/constraints/requires",
            json!([{ "pointer": "/modules/filter/0/enabled", "op": "eq", "value": 1 }]),
            "/roles/0/constraints/requires/0",
            "does not hold",
        ),
        (
            "/roles/0/constraints/forbids",
            json!([{ "pointer": "/modules/osc/0/enabled", "op": "eq", "value": 1 }]),
            "/roles/0/constraints/forbids/0",
            "holds",
        ),
        (
            "/roles/0/conflicts",
            json!(["DRIVE"]),
            "/roles/0/targets/0/path",
            "same way",
        ),
        (
            "/roles/0/conflicts",
            json!(["TONE_BRIGHTNESS"]),
            "/roles/0/conflicts",
            "itself",
        ),
        (
            "/base/meta/category",
            json!("bass"),
            "/base/meta/category",
            "differs",
        ),
        (
            "/base/modules/osc/0/enabled",
            json!(false),
            "/base/modules/osc",
            "nothing sounds",
        ),
    ];
    for (pointer, new, at, part) in cases {
        let faults = broken(pointer, new);
        assert!(
            faults
                .as_slice()
                .iter()
                .any(|f| f.pointer == at && f.problem.contains(part)),
            "{pointer}: {faults}"
        );
    }
}

#[test]
fn variations_may_only_replace_what_is_there_and_keep_the_order_of_effects() {
    let base = PatchSpec::default();
    let document = |op: &str, path: &str, value: Value| json!({ "schema_version": "1.0", "base_schema_version": "1.0", "variations": [{ "id": "v", "type": "darker", "patch": [{ "op": op, "path": path, "value": value }] }] });
    for op in ["add", "remove", "move", "copy", "test"] {
        let faults =
            VariationsDiff::from_value(document(op, "/modules/osc/0/level", json!(0.1))).expect_err(op);
        assert_eq!(pointers(&faults), ["/variations/0/patch/0/op"], "{op}");
    }
    let apply = |path: &str, value: Value| {
        let diff = VariationsDiff::from_value(document("replace", path, value))
            .expect("the document's own rules hold");
        diff.variations[0].apply(&base, "/variations/0")
    };
    assert!(apply("/modules/osc/0/level", json!(0.1)).is_ok());
    assert!(
        apply("/modules/osc/3/level", json!(0.1))
            .expect_err("missing")
            .to_string()
            .contains("not in the base patch")
    );
    assert!(
        apply("/name", json!("other"))
            .expect_err("not sound")
            .to_string()
            .contains("not part of the sound")
    );
    assert!(
        apply("/modules/osc/0/level", json!(7))
            .expect_err("range")
            .to_string()
            .contains("outside")
    );
    let swap = Variation {
        id: "v".to_owned(),
        kind: songwalker_schemas::variations::VariationType::Darker,
        patch: vec![
            songwalker_schemas::variations::Replace {
                op: "replace".to_owned(),
                path: "/modules/fx/0".to_owned(),
                value: base.to_value()["modules"]["fx"][1].clone(),
            },
            songwalker_schemas::variations::Replace {
                op: "replace".to_owned(),
                path: "/modules/fx/1".to_owned(),
                value: base.to_value()["modules"]["fx"][0].clone(),
            },
        ],
    };
    assert!(
        swap.apply(&base, "")
            .expect_err("reordered")
            .to_string()
            .contains("reorders")
    );
}

#[test]
fn an_intent_says_nothing_but_what_the_schema_knows() {
    let check = |value: &Value| {
        let mut faults = Faults::new();
        structure::check(value, json_schema::intent(), &mut faults);
        faults
    };
    let fine = serde_json::to_value(Intent::neutral(Category::Pad)).expect("JSON");
    assert!(check(&fine).is_empty(), "{}", check(&fine));
    for (pointer, key, value) in [
        ("", "run", json!("rm -rf /")),
        ("", "name", json!("<script>")),
        ("", "rationale", json!("x".repeat(281))),
        ("", "confidence", json!(1.5)),
        ("", "category", json!("everything")),
        ("/descriptors", "brightness", json!(9999)),
        ("/descriptors", "cutoff_hz", json!("http://example.com")),
        ("/descriptors", "set_every_parameter", json!(1)),
        ("", "invariants", json!(["loud"])),
        ("", "template_id", json!("../../etc/passwd")),
    ] {
        let mut broken = fine.clone();
        broken.pointer_mut(pointer).expect("there")[key] = value;
        assert!(!check(&broken).is_empty(), "{pointer}/{key}");
    }
}

#[test]
fn a_manifest_is_sorted_by_bytes_and_its_hash_covers_every_file() {
    let file = |path: &str| songwalker_schemas::manifest::ManifestFile {
        path: path.to_owned(),
        sha256: "0".repeat(64),
        bytes: 1,
    };
    let manifest = Manifest::new(vec![file("b"), file("a/z"), file("B"), file("a.b")]);
    let paths: Vec<&str> = manifest.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["B", "a.b", "a/z", "b"]);
    let mut other = manifest.files.clone();
    other[0].bytes = 2;
    assert_ne!(Manifest::hash(&other), manifest.bundle_sha256);
}
