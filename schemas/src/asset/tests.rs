//! Reading and writing of wavetable assets: round trips, names, and a clear fault for each kind of bad input.

use serde_json::{Value, json};

use super::packed::Wave;
use super::*;

fn example() -> Value {
    component::example()
}

fn read(value: &Value) -> Result<WavetableAsset, Faults> {
    WavetableAsset::from_json(value.to_string().as_bytes())
}

fn waves(wave: Vec<f32>) -> Value {
    let mut value = example();
    value["groups"][0]["components"] = json!([{ "type": "waves", "path": "linear", "blend": "time",
        "keyframes": [{ "position": 0, "wave": Wave(wave).pack() }] }]);
    value
}

/// The first fault's pointer.
fn fault(value: &Value) -> String {
    let faults = read(value).expect_err("a fault");
    faults.as_slice()[0].pointer.clone()
}

#[test]
fn a_table_is_a_fixed_point_of_reading_and_writing() {
    let asset = read(&example()).unwrap();
    let bytes = asset.to_canonical();
    let again = WavetableAsset::from_json(&bytes).unwrap();
    assert_eq!(again, asset);
    assert_eq!(again.to_canonical(), bytes);
    assert_eq!(asset.sha256(), canonical::sha256_hex(&bytes));
}

#[test]
fn waves_keep_every_bit() {
    let wave: Vec<f32> = (0..WAVE_SAMPLES).map(|i| i as f32 * 1.234_567e-7).collect();
    let asset = read(&waves(wave.clone())).unwrap();
    let Component::Waves(source) = &asset.groups[0].components[0] else {
        panic!("no waves");
    };
    assert_eq!(source.keyframes[0].wave.0, wave);
}

#[test]
fn bad_tables_are_refused_with_the_place_of_the_fault() {
    assert_eq!(
        fault(&waves(vec![0.0; 2047])),
        "/groups/0/components/0/keyframes/0/wave"
    );
    let mut holed = vec![0.0; WAVE_SAMPLES];
    holed[7] = f32::NAN;
    assert_eq!(fault(&waves(holed)), "/groups/0/components/0/keyframes/0/wave");
    let line = "/groups/0/components/0/keyframes/0";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = example();
        change(&mut value);
        fault(&value)
    };
    assert_eq!(
        with(&|v| v["groups"][0]["components"][0]["keyframes"][0]["points"][1]["y"] = json!(7)),
        format!("{line}/points/1/y")
    );
    assert_eq!(
        with(&|v| v["groups"][0]["components"][0]["type"] = json!("granular")),
        "/groups/0/components/0"
    );
    assert_eq!(
        with(&|v| v["groups"][0]["components"][1]["keyframes"] = json!([])),
        "/groups/0/components/1/keyframes"
    );
    assert_eq!(
        with(&|v| v["groups"][0]["components"][1]["keyframes"][0]["position"] = json!(257)),
        "/groups/0/components/1/keyframes/0/position"
    );
    assert_eq!(
        with(&|v| {
            let key = v["groups"][0]["components"][1]["keyframes"][1].clone();
            v["groups"][0]["components"][1]["keyframes"] = json!([key, { "position": 3, "boost": 1 }]);
        }),
        "/groups/0/components/1/keyframes/1/position"
    );
    assert_eq!(
        with(&|v| {
            let component = v["groups"][0]["components"][1].clone();
            v["groups"] =
                json!([{ "components": vec![component.clone(); 40] }, { "components": vec![component; 40] }]);
        }),
        "/groups"
    );
    assert!(read(&json!({})).is_err() && WavetableAsset::from_json(b"{").is_err());
}

#[test]
fn a_sample_without_sound_or_with_uneven_channels_is_refused() {
    let good = SampleAsset {
        name: "A".to_owned(),
        sample_rate: 44_100,
        left: vec![1, 2, 3],
        right: Some(vec![4, 5, 6]),
    };
    assert_eq!(good.check(), Ok(()));
    for (bad, pointer) in [
        (
            SampleAsset {
                left: vec![],
                right: None,
                ..good.clone()
            },
            "/left",
        ),
        (
            SampleAsset {
                right: Some(vec![1]),
                ..good.clone()
            },
            "/right",
        ),
        (
            SampleAsset {
                sample_rate: 0,
                ..good.clone()
            },
            "/sample_rate",
        ),
        (
            SampleAsset {
                name: "x".repeat(201),
                ..good.clone()
            },
            "/name",
        ),
    ] {
        assert_eq!(bad.check().expect_err("a fault").as_slice()[0].pointer, pointer);
    }
}
