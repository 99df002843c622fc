//! Property tests over random patches: any value from the strategy round-trips, and canonical bytes are a fixed point.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use proptest::prelude::*;
use serde_json::Value;
use songwalker_schemas::intent::{Conflict, Feature, Invariant, Movement, Register, Waveform};
use songwalker_schemas::params::table;
use songwalker_schemas::patch::fx::Fx;
use songwalker_schemas::patch::lfo::{LfoShape, Points};
use songwalker_schemas::patch::rate::Sync;
use songwalker_schemas::patch::{MacroTarget, Route, Source};
use songwalker_schemas::table::Kind;
use songwalker_schemas::variations::{Variation, VariationType};
use songwalker_schemas::{Category, Intent, PatchSpec, canonical, json_schema};

/// A patch with every parameter drawn from its own range, effects in any order, routes and macros on anything that
/// may be moved.
fn patches() -> impl Strategy<Value = PatchSpec> {
    let values = proptest::collection::vec(0.0..=1.0_f64, table().len());
    let order = Just(Fx::musical_order().to_vec()).prop_shuffle();
    let routes = proptest::collection::vec(
        (
            0..Source::ALL.len(),
            any::<prop::sample::Index>(),
            -1.0..=1.0_f64,
            -10.0..=10.0_f64,
            any::<bool>(),
        ),
        0..12,
    );
    let targets =
        proptest::collection::vec((0..8_usize, any::<prop::sample::Index>(), -1.0..=1.0_f64), 0..16);
    (
        values,
        order,
        routes,
        targets,
        "[A-Za-z][A-Za-z0-9 äöü'-]{0,40}[a-z]",
    )
        .prop_map(|(values, order, routes, targets, name)| {
            let mut patch = PatchSpec {
                name,
                ..PatchSpec::default()
            };
            patch.modules.fx = order.try_into().expect("nine effects");
            let mut json = patch.to_value();
            for (row, unit) in table().iter().zip(values) {
                let x = row.clamp(row.min + unit * (row.max - row.min));
                let value = match row.kind {
                    Kind::Continuous => Value::from(x),
                    Kind::Integer => Value::from(x as i64),
                    Kind::Choice(names) => Value::from(names[x as usize]),
                    Kind::Flag => Value::from(x >= 0.5),
                };
                *json
                    .pointer_mut(&patch.pointer(&row.path).expect("a pointer"))
                    .expect("there") = value;
            }
            json["modules"]["osc"][0]["enabled"] = true.into();
            json["modules"]["filter"][0]["from_filter_0"] = false.into();
            json["modules"]["sample"]["source"] = "white".into();
            for i in 0..3 {
                json["modules"]["osc"][i]["wavetable"]["source"] = "named".into();
                let range = json["modules"]["osc"][i]["unison"]["detune_range_st"]
                    .as_f64()
                    .expect("a number");
                let cents = json["modules"]["osc"][i]["unison"]["detune_cents"]
                    .as_f64()
                    .expect("a number");
                json["modules"]["osc"][i]["unison"]["detune_cents"] =
                    canonical::quantise(cents.min(100.0 * range) * 0.999).into();
            }
            let mut patch: PatchSpec = serde_json::from_value(json).expect("a patch");
            let movable: Vec<String> = table()
                .iter()
                .filter(|row| row.modulatable)
                .filter_map(|row| patch.pointer(&row.path))
                .collect();
            for (source, target, amount, curve, bypass) in routes {
                let mut route = Route::new(
                    Source::ALL[source],
                    target.get(&movable).clone(),
                    canonical::quantise(amount),
                );
                route.curve = canonical::quantise(curve);
                route.bypass = bypass;
                route.map = bypass.then(|| Points::of(LfoShape::SawUp));
                patch.modulation.routes.push(route);
            }
            for (slot, target, amount) in targets {
                patch.macros[slot].targets.push(MacroTarget {
                    path: target.get(&movable).clone(),
                    amount: canonical::quantise(amount),
                    curve: 0.0,
                });
            }
            patch
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_patch_round_trips_and_its_canonical_bytes_are_a_fixed_point(patch in patches()) {
        let bytes = patch.to_canonical();
        let read = match PatchSpec::from_json(&bytes) {
            Ok(read) => read,
            Err(faults) => return Err(TestCaseError::fail(faults.to_string())),
        };
        prop_assert_eq!(&read, &patch);
        prop_assert_eq!(read.to_canonical(), bytes);
        prop_assert_eq!(read.sound_hash(), patch.sound_hash());
    }

    #[test]
    fn the_difference_of_two_patches_applies_cleanly_and_gives_the_other(patch in patches(), level in 0.0..=1.0_f64, cutoff in 20.0..=20_000.0_f64) {
        let mut other = patch.clone();
        other.modules.osc[0].level = canonical::quantise(level);
        other.modules.filter[1].cutoff_hz = canonical::quantise(cutoff);
        let operations = Variation::between(&patch, &other).expect("only values differ");
        let variation = Variation { id: "v".to_owned(), kind: VariationType::Darker, patch: operations };
        prop_assert_eq!(variation.apply(&patch, "").expect("applies"), other);
    }

    #[test]
    fn our_checker_and_a_full_validator_agree_on_damaged_patches(patch in patches(), place in any::<prop::sample::Index>(), damage in 0..5_usize) {
        fn leaves(value: &Value, at: String, out: &mut Vec<String>) {
            match value {
                Value::Object(map) => map.iter().for_each(|(k, v)| leaves(v, format!("{at}/{k}"), out)),
                Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| leaves(v, format!("{at}/{i}"), out)),
                _ => out.push(at),
            }
        }
        let mut value = patch.to_value();
        let mut all = Vec::new();
        leaves(&value, String::new(), &mut all);
        let pointer = place.get(&all).clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a leaf has a parent");
        match damage {
            0 => *value.pointer_mut(&pointer).expect("there") = Value::Null,
            1 => *value.pointer_mut(&pointer).expect("there") = Value::from(1e9),
            2 => *value.pointer_mut(&pointer).expect("there") = Value::from("no such word!"),
            3 => match value.pointer_mut(parent).expect("there") {
                Value::Object(map) => { map.remove(key); }
                Value::Array(items) => { items.clear(); }
                _ => {}
            },
            _ => if let Some(Value::Object(map)) = value.pointer_mut(parent) { map.insert("unknown".to_owned(), Value::from(1)); },
        }
        let full = jsonschema::options().build(json_schema::patch()).expect("a valid schema");
        let mut faults = songwalker_schemas::Faults::new();
        songwalker_schemas::structure::check(&value, json_schema::patch(), &mut faults);
        prop_assert_eq!(full.is_valid(&value), faults.is_empty(), "{} at {}: {}", damage, pointer, faults);
    }
}

/// An intent with anything that a planner may say.
fn intents() -> impl Strategy<Value = Intent> {
    let degree = || proptest::option::of((-1.0..=1.0_f64).prop_map(canonical::quantise));
    let seconds = || proptest::option::of((0.0..=16.0_f64).prop_map(canonical::quantise));
    let words = proptest::collection::vec("[a-z]{1,12}", 0..6);
    (
        (
            0..Category::ALL.len(),
            degree(),
            degree(),
            degree(),
            degree(),
            seconds(),
            seconds(),
        ),
        (
            0..Waveform::ALL.len(),
            1..=16_i64,
            any::<bool>(),
            proptest::sample::subsequence(Invariant::ALL, 0..6),
        ),
        (
            proptest::sample::subsequence(Feature::ALL, 0..6),
            words,
            "[A-Za-z0-9 '-]{1,48}",
            0.0..=1.0_f64,
        ),
    )
        .prop_map(|(sound, source, rest)| {
            let (category, brightness, width, drive, movement_amount, attack_s, glide_s) = sound;
            let (waveform, voices, moves, invariants) = source;
            let (avoid, tags, name, confidence) = rest;
            let mut intent = Intent::neutral(Category::ALL[category]);
            let asked = &mut intent.descriptors;
            (asked.brightness, asked.width, asked.drive, asked.movement_amount) =
                (brightness, width, drive, movement_amount);
            (asked.attack_s, asked.glide_s) = (attack_s, glide_s);
            asked.waveform = Some(Waveform::ALL[waveform]);
            asked.unison_voices = Some(voices);
            asked.movement = moves.then(|| Movement {
                rate_sync: Some(Sync::Eighth),
                depth: Some(0.5),
                ..Movement::default()
            });
            intent.register = moves.then_some(Register {
                low_note: 36,
                high_note: 72,
            });
            intent.conflicts = vec![Conflict {
                about: "brightness".to_owned(),
                asked: tags.clone(),
                kept: "dark".to_owned(),
            }];
            intent.invariants = invariants;
            intent.avoid = avoid;
            intent.tags = tags;
            intent.name = name;
            intent.confidence = canonical::quantise(confidence);
            intent
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_intent_keeps_its_schema_and_round_trips(intent in intents()) {
        let bytes = canonical::to_bytes(&intent).expect("JSON");
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        let mut faults = songwalker_schemas::Faults::new();
        songwalker_schemas::structure::check(&value, json_schema::intent(), &mut faults);
        prop_assert!(faults.is_empty(), "{}", faults);
        let read: Intent = serde_json::from_value(value).expect("an intent");
        prop_assert_eq!(&read, &intent);
        prop_assert_eq!(canonical::to_bytes(&read).expect("JSON"), bytes);
    }
}

#[test]
fn every_schema_is_a_valid_schema() {
    for (name, schema) in json_schema::all() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
}
