//! Files of assets: what is written is read again, and what was touched is told.

use super::*;
use songwalker_schemas::asset::component::{Component, LineKey, LinePoint, Lines, Path as Way};
use songwalker_schemas::asset::{Group, SampleAsset, WavetableAsset};
use songwalker_schemas::patch::osc::TableName;
use songwalker_schemas::patch::sample::AssetName;

fn ramp() -> WavetableAsset {
    let point = |x, y| LinePoint { x, y, power: 0.0 };
    let key = LineKey {
        position: 0,
        pull: 0.0,
        smooth: false,
        points: vec![point(0.0, 0.0), point(1.0, 1.0)],
    };
    WavetableAsset {
        schema_version: "1.0".to_owned(),
        name: "Ramp".to_owned(),
        author: "Nobody".to_owned(),
        normalize: true,
        remove_dc: true,
        groups: vec![Group {
            components: vec![Component::Lines(Lines {
                path: Way::Linear,
                keyframes: vec![key],
            })],
        }],
    }
}

fn sample(frames: usize, stereo: bool) -> SampleAsset {
    let channel = |salt: i32| {
        (0..frames as i32)
            .map(|i| ((i * 7919 + salt) % 65_536 - 32_768) as i16)
            .collect()
    };
    SampleAsset {
        name: "Köln = 1".to_owned(),
        sample_rate: 48_000,
        left: channel(0),
        right: stereo.then(|| channel(333)),
    }
}

/// A patch that plays both.
fn patch(wavetable: &str, sample: &str) -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].wavetable.source = WavetableSource::Asset;
    patch.modules.osc[0].wavetable.name = TableName(wavetable.to_owned());
    patch.modules.sample.enabled = true;
    patch.modules.sample.source = SampleSource::Asset;
    patch.modules.sample.asset = AssetName(sample.to_owned());
    patch
}

#[test]
fn samples_of_any_length_and_form_come_back_to_the_bit() {
    for frames in [1, 2, 15, 16, 17, 4096, 10_000] {
        for stereo in [false, true] {
            let asset = sample(frames, stereo);
            let bytes = flac::encode(&asset).unwrap();
            assert_eq!(flac::decode(&bytes).unwrap(), asset, "{frames} {stereo}");
            assert_eq!(flac::encode(&asset).unwrap(), bytes);
        }
    }
}

#[test]
fn assets_written_beside_a_patch_are_read_again() {
    let mut assets = PatchAssets::default();
    let wavetable = assets.add_wavetable(ramp()).unwrap();
    let sound = assets.add_sample(sample(500, true)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    assets.write_beside(folder.path()).unwrap();
    let patch = patch(&wavetable, &sound);
    let again = PatchAssets::read_beside(&patch, folder.path()).unwrap();
    assert_eq!(again.wavetable(&wavetable), Some(&ramp()));
    assert_eq!(again.sample(&sound), Some(&sample(500, true)));
    assert!(again.files().eq(assets.files()));
    let engine = again.for_engine();
    assert!(engine.wavetable(&wavetable).is_some() && engine.sample(&sound).is_some());
}

#[test]
fn missing_damaged_and_oversized_assets_are_told_by_name() {
    let mut assets = PatchAssets::default();
    let wavetable = assets.add_wavetable(ramp()).unwrap();
    let sound = assets.add_sample(sample(500, false)).unwrap();
    let patch = patch(&wavetable, &sound);
    type Change<'a> = &'a dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>>;
    let read = |change: Change<'_>| {
        PatchAssets::read(&patch, |path, _| {
            let bytes = assets
                .files()
                .find(|file| file.0 == path)
                .map(|file| file.1.to_vec());
            Ok(bytes.and_then(|bytes| change(path, bytes)))
        })
    };
    assert!(read(&|_, bytes| Some(bytes)).is_ok());
    let missing = read(&|path, bytes| (!path.ends_with("flac")).then_some(bytes)).unwrap_err();
    assert!(missing.to_string().contains(&sound), "{missing}");
    let damaged = read(&|_, mut bytes| {
        bytes[60] ^= 1;
        Some(bytes)
    });
    assert!(matches!(damaged, Err(AssetError::Damaged { .. })));
    let large = read(&|_, _| Some(vec![0; MAX_ASSET_BYTES + 1]));
    assert!(matches!(large, Err(AssetError::TooLarge { .. })));
}

#[test]
fn a_missing_asset_of_a_slot_that_is_off_is_no_error() {
    let mut patch = patch(&"a".repeat(64), &"b".repeat(64));
    patch.modules.osc[0].enabled = false;
    patch.modules.sample.enabled = false;
    assert!(PatchAssets::read(&patch, |_, _| Ok(None)).unwrap().is_empty());
}

#[test]
fn noise_in_place_of_flac_is_refused() {
    for bytes in [&b"fLaC"[..], &[0; 64], &[0xff; 4096]] {
        assert!(flac::decode(bytes).is_err());
    }
    let whole = flac::encode(&sample(5_000, false)).unwrap();
    for cut in [10, 45, whole.len() / 2] {
        assert!(flac::decode(&whole[..cut]).is_err(), "{cut}");
    }
}
