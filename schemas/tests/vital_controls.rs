//! The parameter table against the facts known of Vital's controls: every control named exists there, has the same
//! raw range and default, and is a destination of modulation exactly where the table says so.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use songwalker_schemas::params::table;
use songwalker_schemas::table::Kind;

fn shared(name: &str) -> Value {
    let path = format!("{}/../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_row_agrees_with_vital_on_range_default_and_modulation() {
    let controls = shared("vital-controls.json");
    let controls: BTreeMap<&str, &Value> = controls["controls"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| (c["name"].as_str().expect("a name"), c))
        .collect();
    let modulation = shared("vital-modulation.json");
    let destinations: BTreeSet<&str> = modulation["destinations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut wrong = Vec::new();
    for row in table().iter().filter(|row| !row.vital.is_empty()) {
        let Some(control) = controls.get(row.vital.as_str()) else {
            wrong.push(format!("{}: no control {}", row.path, row.vital));
            continue;
        };
        let close = |a: f64, b: f64| (a - b).abs() <= 2e-4 * a.abs().max(b.abs()).max(1.0);
        let (min, max, default) = (
            control["min"].as_f64(),
            control["max"].as_f64(),
            control["default_value"].as_f64(),
        );
        let ours = row.law.to_raw(row.default, 2.0);
        let excused = row.path == "/modules/voicing/voices"
            || row.path.ends_with("/style")
            || row.path == "/modules/osc/0/enabled";
        let same_range =
            close(row.raw_min(), min.unwrap_or(f64::NAN)) && close(row.raw_max(), max.unwrap_or(f64::NAN));
        if !excused && !same_range {
            wrong.push(format!(
                "{}: raw range {}..{}, Vital has {min:?}..{max:?}",
                row.path,
                row.raw_min(),
                row.raw_max()
            ));
        }
        // A new patch routes every oscillator into filter 0; Vital's second and third go elsewhere.
        let off_in_ours =
            row.kind == Kind::Flag && row.path.ends_with("/enabled") || row.path.ends_with("/destination");
        if !off_in_ours
            && row.path != "/modules/voicing/glide_s"
            && (ours - default.unwrap_or(f64::NAN)).abs() > 2e-2
        {
            wrong.push(format!("{}: raw default {ours}, Vital has {default:?}", row.path));
        }
        if row.modulatable != destinations.contains(row.vital.as_str())
            && matches!(row.kind, Kind::Continuous | Kind::Integer)
            && row.path != "/modules/voicing/voices"
        {
            wrong.push(format!(
                "{}: modulatable is {}, in Vital it is not",
                row.path, row.modulatable
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
