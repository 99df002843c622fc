//! The `.vital` exporter against the laws of the file and of Vital's modulation.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use base64::Engine as _;
use proptest::prelude::*;
use serde_json::Value;
use songwalker_engine::{math, wavetable};
use songwalker_generator::export::{ExportError, vital::controls, vital::vital};
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::patch::lfo::{LfoShape, Points};
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::patch::voicing::VoicingMode;
use songwalker_schemas::patch::{MacroTarget, RoleId};
use songwalker_schemas::{Category, PatchSpec, params};

const CUTOFF: &str = "/modules/filter/0/cutoff_hz";

fn export(patch: &PatchSpec) -> Value {
    serde_json::from_slice(&vital(patch).unwrap().bytes).unwrap()
}

fn number(file: &Value, control: &str) -> f64 {
    file["settings"][control]
        .as_f64()
        .unwrap_or_else(|| panic!("no {control}"))
}

fn knob(patch: &mut PatchSpec, role: RoleId, default: f64, targets: &[(&str, f64, f64)]) {
    let slot = patch.macros.iter_mut().find(|slot| slot.role_id == role).unwrap();
    (slot.default, slot.value) = (default, default);
    slot.targets = targets
        .iter()
        .map(|(path, amount, curve)| MacroTarget {
            path: (*path).to_owned(),
            amount: *amount,
            curve: *curve,
        })
        .collect();
}

/// What a control is when a macro stands at `x`, by Vital's law (vital-laws §8): base + Σ amount · range · P(map(x), −power).
fn control_at(file: &Value, control: &str, macro_control: &str, x: f64) -> f64 {
    let range = controls::control(control).unwrap().range();
    let mut value = number(file, control);
    for (index, slot) in file["settings"]["modulations"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        if slot["source"] != macro_control || slot["destination"] != control {
            continue;
        }
        let own = |what: &str| number(file, &format!("modulation_{}_{what}", index + 1));
        let mapped = match slot.get("line_mapping") {
            None => x,
            Some(line) => {
                let points: Vec<(f64, f64)> = line["points"]
                    .as_array()
                    .unwrap()
                    .chunks(2)
                    .map(|pair| (pair[0].as_f64().unwrap(), 1.0 - pair[1].as_f64().unwrap()))
                    .collect();
                let after = points.iter().position(|point| point.0 >= x).unwrap().max(1);
                let (a, b) = (points[after - 1], points[after]);
                a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)
            }
        };
        value += own("amount") * range * math::curve(mapped, -own("power"));
    }
    value
}

#[test]
fn the_file_is_compact_alphabetical_json_with_all_772_values_in_range() {
    let patch = PatchSpec {
        name: "Test".to_owned(),
        ..PatchSpec::default()
    };
    let bytes = vital(&patch).unwrap().bytes;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("{\"author\":\"SongWalker\",\"comments\":"));
    assert!(text.len() > 5_000 && !text.contains('\n'));
    let file: Value = serde_json::from_str(&text).unwrap();
    let keys = [
        "\"author\"",
        "\"comments\"",
        "\"macro1\"",
        "\"preset_name\"",
        "\"preset_style\"",
        "\"settings\"",
        "\"synth_version\":\"1.0.7\"",
    ];
    let places: Vec<usize> = keys.iter().map(|key| text.find(key).unwrap()).collect();
    assert!(places.is_sorted());
    let settings = file["settings"].as_object().unwrap();
    let numbers = settings.iter().filter(|(_, value)| value.is_number());
    assert_eq!(numbers.clone().count(), 772);
    for (name, value) in numbers {
        let control = controls::control(name).unwrap();
        let value = value.as_f64().unwrap();
        assert!(
            value >= control.min - 1e-6 && value <= control.max + 1e-3,
            "{name}: {value}"
        );
        assert!(!control.discrete || value.fract() == 0.0, "{name}: {value}");
    }
    assert_eq!(settings["lfos"].as_array().unwrap().len(), 8);
    assert_eq!(settings["modulations"].as_array().unwrap().len(), 64);
    assert_eq!(settings["wavetables"].as_array().unwrap().len(), 3);
    assert_eq!(file["preset_name"], "Test");
}

#[test]
fn the_same_patch_gives_the_same_bytes() {
    let patch = PatchSpec::default();
    assert_eq!(vital(&patch).unwrap(), vital(&patch).unwrap());
}

#[test]
fn values_are_on_vitals_own_scales() {
    let mut patch = PatchSpec::default();
    for (pointer, value) in [
        (CUTOFF, 440.0),
        ("/modules/env/0/attack_s", 0.0625),
        ("/modules/voicing/master_db", 0.0),
        ("/modules/osc/1/transpose", -12.0),
        ("/modules/lfo/2/rate/hz", 8.0),
    ] {
        assert!(patch.set(pointer, value), "{pointer}");
    }
    patch.modules.voicing.mode = VoicingMode::Mono;
    patch.modules.filter[1].from_filter_0 = true;
    patch.meta.tempo_bpm = Some(90.0);
    let file = export(&patch);
    for (control, value) in [
        ("filter_1_cutoff", 69.0),
        ("env_1_attack", 0.5),
        ("volume", 6_400.0),
        ("osc_2_transpose", -12.0),
        ("lfo_3_frequency", 3.0),
        ("polyphony", 1.0),
        ("filter_2_filter_input", 1.0),
        ("beats_per_minute", 1.5),
    ] {
        assert!(
            (number(&file, control) - value).abs() < 1e-4,
            "{control}: {}",
            number(&file, control)
        );
    }
}

#[test]
fn more_voices_than_vital_has_are_clamped_and_said() {
    let mut patch = PatchSpec::default();
    patch.modules.voicing.voices = 48;
    let made = vital(&patch).unwrap();
    assert_eq!(made.lost.len(), 1, "{:?}", made.lost);
    let file: Value = serde_json::from_slice(&made.bytes).unwrap();
    assert_eq!(number(&file, "polyphony"), 32.0);
    assert!(file["comments"].as_str().unwrap().contains("Not carried"));
}

#[test]
fn lfo_shapes_stand_upside_down() {
    let mut patch = PatchSpec::default();
    patch.modules.lfo[0].set_shape(LfoShape::SawUp);
    patch.modules.lfo[1].set_shape(LfoShape::Sine);
    let file = export(&patch);
    assert_eq!(
        file["settings"]["lfos"][0]["points"],
        serde_json::json!([0.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    );
    assert_eq!(file["settings"]["lfos"][0]["num_points"], 3);
    assert_eq!(file["settings"]["lfos"][1]["smooth"], true);
}

#[test]
fn every_wavetable_can_be_carried_and_holds_2048_floats_a_frame() {
    for name in wavetable::names() {
        let mut patch = PatchSpec::default();
        patch.modules.osc[0].wavetable.name.0 = name.to_owned();
        let file = export(&patch);
        let table = &file["settings"]["wavetables"][0];
        assert_eq!(table["name"], name);
        let keyframes = table["groups"][0]["components"][0]["keyframes"]
            .as_array()
            .unwrap();
        assert_eq!(keyframes.len(), wavetable::keyframes(name).unwrap().len());
        for key in keyframes {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(key["wave_data"].as_str().unwrap())
                .unwrap();
            assert_eq!(bytes.len(), 4 * 2_048);
        }
    }
    let mut patch = PatchSpec::default();
    patch.modules.osc[2].wavetable.name.0 = "no_such_table".to_owned();
    assert!(matches!(vital(&patch), Err(ExportError::UnknownWavetable(name)) if name == "no_such_table"));
}

#[test]
fn noise_is_carried_only_where_it_sounds() {
    let mut patch = PatchSpec::default();
    assert_eq!(export(&patch)["settings"]["sample"]["length"], 0);
    patch.modules.sample.enabled = true;
    patch.modules.sample.source = SampleSource::Colored;
    patch.modules.sample.color = -0.5;
    let sample = export(&patch)["settings"]["sample"].clone();
    assert_eq!(sample["length"], 44_100);
    assert_eq!(sample["samples"].as_str().unwrap().len(), 117_600);
}

#[test]
fn routes_become_slots_of_their_number() {
    let mut patch = PatchSpec::default();
    let mut route = Route::bipolar(Source::Lfo0, "/modules/osc/0/transpose", 0.25);
    route.map = Some(Points::straight(&[(0.0, 0.0), (1.0, 0.5)]));
    route.stereo = true;
    patch.modulation.routes.push(route);
    patch.modulation.routes.push(Route {
        curve: 3.0,
        bypass: true,
        ..Route::new(Source::Env1, "/modulation/routes/0/amount", -0.5)
    });
    let fx = patch.pointer("/modules/fx/reverb/mix").unwrap();
    patch
        .modulation
        .routes
        .push(Route::new(Source::ModWheel, fx, 1.0));
    let file = export(&patch);
    let slots = &file["settings"]["modulations"];
    assert_eq!(
        (&slots[0]["source"], &slots[0]["destination"]),
        (&"lfo_1".into(), &"osc_1_transpose".into())
    );
    assert_eq!(
        slots[0]["line_mapping"]["points"],
        serde_json::json!([0.0, 1.0, 1.0, 0.5])
    );
    assert_eq!(
        (&slots[1]["source"], &slots[1]["destination"]),
        (&"env_2".into(), &"modulation_1_amount".into())
    );
    assert_eq!(
        (&slots[2]["source"], &slots[2]["destination"]),
        (&"mod_wheel".into(), &"reverb_dry_wet".into())
    );
    assert_eq!(slots[3]["source"], "");
    for (control, value) in [
        ("modulation_1_amount", 0.25),
        ("modulation_1_bipolar", 1.0),
        ("modulation_1_stereo", 1.0),
        ("modulation_2_amount", -0.5),
        ("modulation_2_power", 3.0),
        ("modulation_2_bypass", 1.0),
        ("modulation_3_amount", 1.0),
    ] {
        assert_eq!(number(&file, control), value, "{control}");
    }
}

#[test]
fn eight_knobs_become_four_with_joined_labels() {
    let mut patch = PatchSpec::default();
    knob(&mut patch, RoleId::ToneBrightness, 0.5, &[(CUTOFF, 0.3, 0.0)]);
    knob(
        &mut patch,
        RoleId::Character,
        0.0,
        &[("/modules/osc/0/wavetable/position", 0.5, 0.0)],
    );
    knob(
        &mut patch,
        RoleId::Width,
        0.3,
        &[("/modules/voicing/stereo_width", -0.2, 0.0)],
    );
    let file = export(&patch);
    assert_eq!(file["macro1"], "Brightness + Character");
    assert_eq!(file["macro2"], "Punch + Drive");
    assert_eq!(file["macro3"], "Movement");
    assert_eq!(file["macro4"], "Width");
    assert_eq!(number(&file, "macro_control_1"), 0.5);
    assert!((number(&file, "macro_control_4") - 0.3).abs() < 1e-6);
}

#[test]
fn a_knob_that_vital_cannot_move_is_said() {
    let mut patch = PatchSpec::default();
    knob(&mut patch, RoleId::Drive, 0.0, &[("/modules/no/such", 0.3, 0.0)]);
    assert_eq!(vital(&patch).unwrap().lost.len(), 1);
}

#[test]
fn macros_that_find_no_slot_are_said_and_leave_the_sound() {
    let mut patch = PatchSpec::default();
    for _ in 0..64 {
        patch
            .modulation
            .routes
            .push(Route::new(Source::Velocity, "/modules/osc/0/pan", 0.01));
    }
    knob(&mut patch, RoleId::ToneBrightness, 0.5, &[(CUTOFF, 0.3, 0.0)]);
    let made = vital(&patch).unwrap();
    assert_eq!(made.lost.len(), 1, "{:?}", made.lost);
    let file: Value = serde_json::from_slice(&made.bytes).unwrap();
    assert!((number(&file, "filter_1_cutoff") - 60.0).abs() < 1e-4);
}

#[test]
fn a_free_knob_keeps_its_place() {
    let mut patch = PatchSpec::default();
    patch.meta.imported = true;
    for (index, slot) in patch.macros.iter_mut().enumerate() {
        slot.role_id = RoleId::Free;
        slot.label = format!("KNOB {}", index + 1);
    }
    let still = vital(&patch).unwrap();
    assert_eq!(still.lost.len(), 0, "a knob that moves nothing is not missed");
    for slot in &mut patch.macros {
        slot.targets.push(MacroTarget {
            path: "/modules/filter/0/cutoff_hz".into(),
            amount: 0.1,
            curve: 0.0,
        });
    }
    let made = vital(&patch).unwrap();
    let file: Value = serde_json::from_slice(&made.bytes).unwrap();
    assert_eq!([&file["macro1"], &file["macro4"]], ["KNOB 1", "KNOB 4"]);
    assert_eq!(made.lost.len(), 4);
}

#[test]
fn every_category_has_one_of_vitals_styles() {
    const STYLES: [&str; 9] = [
        "Bass",
        "Lead",
        "Keys",
        "Pad",
        "Percussion",
        "Sequence",
        "Experiment",
        "SFX",
        "Template",
    ];
    for category in Category::ALL {
        let mut patch = PatchSpec::default();
        patch.meta.category = *category;
        assert!(STYLES.contains(&export(&patch)["preset_style"].as_str().unwrap()));
    }
}

/// A knob: default, min and max as shares, amount, curve.
fn any_knob() -> impl Strategy<Value = (f64, f64, f64, f64, f64)> {
    (0.0..=1.0, 0.0..=1.0, 0.0..=1.0, -0.4..0.4_f64, -6.0..6.0_f64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_folded_knob_moves_the_control_as_the_patch_says(a in any_knob(), b in any_knob(), simple in any::<bool>(), x in 0.0..=1.0_f64) {
        let mut patch = PatchSpec::default();
        patch.set(CUTOFF, 700.0);
        for (role, (default, min, max, amount, curve)) in [(RoleId::ToneBrightness, a), (RoleId::Character, b)] {
            knob(&mut patch, role, default, &[(CUTOFF, amount, curve)]);
            let slot = patch.macros.iter_mut().find(|slot| slot.role_id == role).unwrap();
            if !simple {
                (slot.min, slot.max) = (min * default, default + max * (1.0 - default));
            }
        }
        let file = export(&patch);
        let place = a.0;
        let base = 69.0 + 12.0 * math::log2(700.0 / 440.0);
        let wanted: f64 = base + patch.macros.iter().map(|slot| {
            let at = if x < place { slot.min + (slot.value - slot.min) * x / place }
                else if x > place { slot.value + (slot.max - slot.value) * (x - place) / (1.0 - place) }
                else { slot.value };
            slot.targets.iter().map(|target| {
                let way = math::curve(at, -target.curve) - math::curve(slot.default, -target.curve);
                target.amount * 128.0 * way
            }).sum::<f64>()
        }).sum::<f64>();
        let found = control_at(&file, "filter_1_cutoff", "macro_control_1", x);
        // Bent ways are drawn in straight steps; where the control's range ends, the way is shortened.
        if wanted > 8.0 && wanted < 136.0 {
            prop_assert!((found - wanted).abs() < 1.0, "at {x}: {found} instead of {wanted}");
        }
        let rest = control_at(&file, "filter_1_cutoff", "macro_control_1", place);
        prop_assert!((rest - base).abs() < 2e-3, "at rest: {rest} instead of {base}");
    }

    #[test]
    fn any_patch_of_the_table_exports_inside_the_ranges(values in proptest::collection::vec((0..params::table().len(), 0.0..=1.0_f64), 0..40), polarity in any::<bool>()) {
        let mut patch = PatchSpec::default();
        for (index, share) in values {
            let row = &params::table()[index];
            let pointer = patch.pointer(&row.path).unwrap();
            patch.set(&pointer, row.min + (row.max - row.min) * share);
            if row.modulatable && patch.modulation.routes.len() < 64 {
                let mut route = Route::new(Source::Lfo3, pointer, share * 2.0 - 1.0);
                route.polarity = if polarity { Polarity::Bipolar } else { Polarity::Unipolar };
                patch.modulation.routes.push(route);
            }
        }
        // The name of an imported table is not known here.
        for osc in &mut patch.modules.osc {
            osc.wavetable = Default::default();
        }
        let file = export(&patch);
        for control in controls::all().values() {
            let value = number(&file, &control.name);
            prop_assert!(value >= control.min - 1e-6 && value <= control.max + 1e-3, "{}: {value}", control.name);
        }
    }
}
