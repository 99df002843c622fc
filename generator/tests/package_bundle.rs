//! The bundle as a whole: made, read back, verified, damaged in every way.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use serde_json::{Value, json};
use songwalker_engine::audio::Audio;
use songwalker_engine::render::Note;
use songwalker_engine::{ENGINE_VERSION, math, noise};
use songwalker_generator::generator_version;
use songwalker_generator::package::{
    self, BundleParts, PackageError, PackedBundle, VariationPart, archive, layout, midi,
};
use songwalker_generator::verify::{BundleFault, verify};
use songwalker_schemas::limits::MAX_BUNDLE_BYTES;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::report::{LoudnessReport, Report};
use songwalker_schemas::variations::{Variation, VariationType};
use songwalker_schemas::{AudioAnalysis, Category, ErrorCode, Intent, PatchSpec, VariationsDiff};
use std::collections::BTreeMap;

/// Everything that goes into a bundle, owned.
struct Material {
    patch: PatchSpec,
    intent: Intent,
    analysis: Value,
    provenance: Provenance,
    preview: Audio,
    variations: Vec<(String, PatchSpec, Audio)>,
    diff: VariationsDiff,
}

impl Material {
    fn new() -> Self {
        let mut patch = PatchSpec {
            name: "Glass Tide / Größe".to_owned(),
            ..PatchSpec::default()
        };
        patch.meta.category = Category::Pad;
        let provenance = Provenance {
            schema_version: "1.0".to_owned(),
            engine_version: ENGINE_VERSION.to_owned(),
            generator_version: generator_version().to_owned(),
            planner: "embedded".to_owned(),
            template_id: "pad_warm".to_owned(),
            recipe_id: None,
            seed: 7,
            variations: 2,
            parent: None,
        };
        let mut material = Self {
            patch: PatchSpec::from_json(&patch.to_canonical()).unwrap_or(patch),
            intent: Intent::neutral(Category::Pad),
            analysis: report(),
            provenance,
            preview: tone(220.0, 3.0),
            variations: Vec::new(),
            diff: VariationsDiff::empty(),
        };
        material.patch.name = "Glass Tide".to_owned();
        for (kind, cutoff) in [(VariationType::Darker, 300.0), (VariationType::Brighter, 3_000.0)] {
            let mut changed = material.patch.clone();
            assert!(changed.set("/modules/filter/0/cutoff_hz", cutoff));
            let id = kind.name().to_owned();
            let patch = Variation::between(&material.patch, &changed).unwrap();
            material.diff.variations.push(Variation {
                id: id.clone(),
                kind,
                patch,
            });
            material.variations.push((id, changed, tone(cutoff, 1.0)));
        }
        material
    }

    fn pack(&self) -> Result<PackedBundle, PackageError> {
        let variations: Vec<VariationPart> = self
            .variations
            .iter()
            .map(|(id, patch, audio)| VariationPart { id, patch, audio })
            .collect();
        let notes = [Note {
            start_s: 0.0,
            hold_s: 2.0,
            key: 57,
            velocity: 0.8,
        }];
        package::bundle(&BundleParts {
            patch: &self.patch,
            intent: &self.intent,
            analysis: &self.analysis,
            provenance: &self.provenance,
            refinement: None,
            preview: &self.preview,
            notes: &notes,
            bpm: 120.0,
            variations: &variations,
            diff: &self.diff,
        })
    }
}

/// A report that keeps its schema.
fn report() -> Value {
    let report = Report {
        schema_version: "1.0".to_owned(),
        note: 60,
        hold_s: 1.0,
        analysis: AudioAnalysis::default(),
        loudness: LoudnessReport {
            lufs: -18.02,
            true_peak_db: -6.5,
            limited_by: "loudness".to_owned(),
        },
        asked: Vec::new(),
        corrections: 0,
        conflicts: Vec::new(),
    };
    serde_json::to_value(report).unwrap()
}

fn tone(hz: f64, seconds: f64) -> Audio {
    let frames = (seconds * 44_100.0) as usize;
    let wave = |phase: f64| {
        (0..frames)
            .map(|n| (0.4 * math::sin(2.0 * math::PI * (hz * n as f64 / 44_100.0 + phase))) as f32)
            .collect()
    };
    Audio {
        sample_rate: 44_100,
        left: wave(0.0),
        right: wave(0.1),
    }
}

fn hiss(seed: u64, seconds: f64) -> Audio {
    let frames = (seconds * 44_100.0) as u64;
    let wave = |seed| {
        (0..frames)
            .map(|n| (noise::unit(noise::hash(seed, n)) * 1.8 - 0.9) as f32)
            .collect()
    };
    Audio {
        sample_rate: 44_100,
        left: wave(seed),
        right: wave(seed + 1_000),
    }
}

/// The faults of these files as a zip, with the manifest as it is among them.
fn faults_of(files: &BTreeMap<String, Vec<u8>>) -> Vec<BundleFault> {
    verify(&archive::write(files).unwrap()).unwrap_err().faults
}

/// The faults when the manifest is made anew, as a forger would.
fn faults_of_forged(mut files: BTreeMap<String, Vec<u8>>) -> Vec<BundleFault> {
    let manifest = package::manifest_of(&files);
    files.insert(
        layout::MANIFEST.to_owned(),
        songwalker_schemas::canonical::to_bytes(&manifest).unwrap(),
    );
    faults_of(&files)
}

#[test]
fn a_bundle_holds_everything_and_verifies() {
    let material = Material::new();
    let bundle = material.pack().unwrap();
    let expected = [
        "README.txt",
        "meta/analysis.json",
        "meta/intent.json",
        "meta/manifest.json",
        "meta/provenance.json",
        "meta/variations_diff.json",
        "patch.json",
        "preview/preview.flac",
        "preview/preview.mid",
        "preview/spectrogram.png",
        "preview/waveform.json",
        "songwalker/preset.json",
        "variations/brighter.flac",
        "variations/brighter.vital",
        "variations/darker.flac",
        "variations/darker.vital",
        "vital/Glass Tide.vital",
    ];
    assert_eq!(
        bundle.files.keys().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(archive::read(&bundle.zip).unwrap(), bundle.files);
    let report = verify(&bundle.zip).unwrap();
    assert_eq!(report.patch, material.patch);
    assert_eq!(report.intent, material.intent);
    assert_eq!(report.manifest, bundle.manifest);
    assert_eq!(report.variations.len(), 2);
    assert!(report.notes.is_empty());
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    assert_eq!(
        Material::new().pack().unwrap().zip,
        Material::new().pack().unwrap().zip
    );
}

#[test]
fn the_manifest_lists_every_file_but_itself() {
    let bundle = Material::new().pack().unwrap();
    let listed: Vec<_> = bundle
        .manifest
        .files
        .iter()
        .map(|file| file.path.clone())
        .collect();
    let there: Vec<_> = bundle
        .files
        .keys()
        .filter(|path| *path != layout::MANIFEST)
        .cloned()
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn the_flac_holds_the_sound_to_the_last_bit_of_sixteen() {
    let material = Material::new();
    let bundle = material.pack().unwrap();
    let mut reader = claxon::FlacReader::new(&bundle.files[layout::PREVIEW_FLAC][..]).unwrap();
    let info = reader.streaminfo();
    assert_eq!(
        (info.sample_rate, info.channels, info.bits_per_sample),
        (44_100, 2, 16)
    );
    let samples: Vec<i32> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 2 * material.preview.frames());
    for (frame, pair) in samples.chunks(2).enumerate() {
        for (found, wanted) in pair
            .iter()
            .zip([material.preview.left[frame], material.preview.right[frame]])
        {
            assert!(
                (*found as f32 - wanted * 32_768.0).abs() <= 0.501,
                "frame {frame}"
            );
        }
    }
}

#[test]
fn silence_noise_and_odd_lengths_survive_flac() {
    let short = |frames| hiss(5, frames as f64 / 44_100.0 + 1e-9);
    for audio in [
        Audio::silence(44_100, 10_000),
        hiss(3, 0.5),
        tone(50.0, 0.1),
        short(4_096 + 5),
        short(16),
        short(4_097),
    ] {
        let bytes = package::flac::encode(&audio).unwrap();
        let samples: Vec<i32> = claxon::FlacReader::new(&bytes[..])
            .unwrap()
            .samples()
            .map(Result::unwrap)
            .collect();
        assert_eq!(samples.len(), 2 * audio.frames(), "{}", audio.frames());
    }
    // Shorter than the shortest block that FLAC knows: padded with silence.
    let bytes = package::flac::encode(&short(3)).unwrap();
    assert_eq!(
        claxon::FlacReader::new(&bytes[..]).unwrap().samples().count(),
        2 * 16
    );
}

#[test]
fn a_long_preview_is_cut_with_a_fade() {
    let mut material = Material::new();
    material.preview = tone(220.0, 9.0);
    let bundle = material.pack().unwrap();
    let mut reader = claxon::FlacReader::new(&bundle.files[layout::PREVIEW_FLAC][..]).unwrap();
    let samples: Vec<i32> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 2 * 8 * 44_100);
    assert!(samples[samples.len() - 20..].iter().all(|x| x.abs() < 200));
    assert!(verify(&bundle.zip).is_ok());
}

#[test]
fn a_bundle_that_is_too_large_loses_its_variations_sound_from_the_last() {
    let mut material = Material::new();
    material.preview = hiss(1, 8.0);
    let (base, diff) = (
        material.variations[0].clone(),
        material.diff.variations[0].clone(),
    );
    material.variations.clear();
    material.diff.variations.clear();
    for index in 0..5 {
        let id = format!("v{index}");
        material
            .variations
            .push((id.clone(), base.1.clone(), hiss(10 + index, 4.0)));
        material.diff.variations.push(Variation { id, ..diff.clone() });
    }
    let bundle = material.pack().unwrap();
    assert!(bundle.zip.len() <= MAX_BUNDLE_BYTES);
    assert_eq!(bundle.dropped_previews.first().map(String::as_str), Some("v4"));
    assert!(
        bundle.files.contains_key("variations/v0.flac") && !bundle.files.contains_key("variations/v4.flac")
    );
    assert!(bundle.files.contains_key("variations/v4.vital"));
    assert!(verify(&bundle.zip).is_ok());
}

#[test]
fn what_cannot_be_made_small_enough_is_an_error() {
    let mut material = Material::new();
    let noise: String = (0..9_000_000)
        .map(|n| char::from(b'0' + (noise::hash(1, n) % 74) as u8))
        .collect();
    material.analysis = json!({ "noise": noise });
    let error = material.pack().unwrap_err();
    assert_eq!(error.code(), ErrorCode::BundleTooLarge);
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let mut material = Material::new();
    material.preview.sample_rate = 48_000;
    assert!(matches!(material.pack(), Err(PackageError::SampleRate(48_000))));
    let mut material = Material::new();
    material.variations.swap(0, 1);
    assert!(matches!(material.pack(), Err(PackageError::Variations)));
    let mut material = Material::new();
    material.patch.modules.osc[0].wavetable.name.0 = "no_such_table".to_owned();
    assert_eq!(material.pack().unwrap_err().code(), ErrorCode::InvalidPatch);
}

#[test]
fn every_damaged_file_is_named() {
    let bundle = Material::new().pack().unwrap();
    for path in bundle.files.keys().filter(|path| *path != layout::MANIFEST) {
        let mut files = bundle.files.clone();
        let bytes = files.get_mut(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert!(
            faults_of(&files).contains(&BundleFault::WrongHash(path.clone())),
            "{path}"
        );

        let mut files = bundle.files.clone();
        files.remove(path);
        assert!(
            faults_of(&files).contains(&BundleFault::Missing(path.clone())),
            "{path}"
        );

        let mut files = bundle.files.clone();
        files.get_mut(path).unwrap().push(b' ');
        assert!(
            faults_of(&files)
                .iter()
                .any(|fault| matches!(fault, BundleFault::WrongSize { path: p, .. } if p == path))
        );
    }
}

#[test]
fn every_fault_is_listed_not_only_the_first() {
    let mut files = Material::new().pack().unwrap().files;
    files.remove(layout::README);
    files.remove(layout::PROVENANCE);
    files.insert("extra.txt".to_owned(), b"x".to_vec());
    files.insert(layout::WAVEFORM.to_owned(), b"{".to_vec());
    let codes: Vec<_> = faults_of(&files).iter().map(BundleFault::code).collect();
    assert_eq!(
        codes.iter().filter(|code| **code == "missing").count(),
        2,
        "{codes:?}"
    );
    for code in ["unexpected", "wrong_hash", "wrong_size", "invalid"] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    let error = verify(&archive::write(&files).unwrap()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::VerificationFailed);
    assert_eq!(error.details().len(), error.faults.len());
}

#[test]
fn a_manifest_that_is_missing_or_lies_is_a_fault() {
    let bundle = Material::new().pack().unwrap();
    let mut files = bundle.files.clone();
    files.remove(layout::MANIFEST);
    assert_eq!(
        faults_of(&files),
        [BundleFault::Missing(layout::MANIFEST.to_owned())]
    );
    let mut files = bundle.files;
    let text = String::from_utf8(files[layout::MANIFEST].clone()).unwrap();
    let hash = &bundle.manifest.bundle_sha256;
    files.insert(
        layout::MANIFEST.to_owned(),
        text.replace(hash, &"0".repeat(64)).into_bytes(),
    );
    assert!(matches!(faults_of(&files)[..], [BundleFault::Manifest(_)]));
}

#[test]
fn a_forged_bundle_is_found_out_by_what_the_patch_makes() {
    let bundle = Material::new().pack().unwrap();
    for path in ["vital/Glass Tide.vital", "variations/darker.vital"] {
        let mut files = bundle.files.clone();
        let text = String::from_utf8(files[path].clone()).unwrap();
        files.insert(
            path.to_owned(),
            text.replace("\"osc_1_pan\":0.0", "\"osc_1_pan\":0.5")
                .into_bytes(),
        );
        assert_eq!(faults_of_forged(files), [BundleFault::Mismatch(path.to_owned())]);
    }
    let mut files = bundle.files.clone();
    let mut other = Material::new().patch;
    other.modules.osc[0].pan = 0.5;
    files.insert(
        layout::PRESET.to_owned(),
        package::songwalker_preset::write(&other),
    );
    assert_eq!(
        faults_of_forged(files),
        [BundleFault::Mismatch(layout::PRESET.to_owned())]
    );

    let mut files = bundle.files.clone();
    let mut spaced = files[layout::PATCH].clone();
    spaced.push(b'\n');
    files.insert(layout::PATCH.to_owned(), spaced);
    assert_eq!(
        faults_of_forged(files),
        [BundleFault::NotCanonical(layout::PATCH.to_owned())]
    );

    let mut files = bundle.files.clone();
    let text = String::from_utf8(files[layout::PATCH].clone()).unwrap();
    files.insert(
        layout::PATCH.to_owned(),
        text.replace("\"level\":0.707107", "\"level\":7").into_bytes(),
    );
    let faults = faults_of_forged(files);
    assert!(
        faults.iter().filter(|fault| fault.code() == "invalid").count() >= 3,
        "{faults:?}"
    );

    let mut files = bundle.files;
    files.insert(
        layout::PREVIEW_FLAC.to_owned(),
        package::flac::encode(&tone(1.0, 9.0)).unwrap(),
    );
    files.insert(layout::PREVIEW_MID.to_owned(), b"MThd".to_vec());
    files.insert(layout::SPECTROGRAM.to_owned(), b"GIF89a".to_vec());
    assert_eq!(faults_of_forged(files).len(), 3);
}

#[test]
fn what_is_no_bundle_gives_the_archives_fault_alone() {
    assert!(matches!(
        verify(b"no zip").unwrap_err().faults[..],
        [BundleFault::Archive(_)]
    ));
    assert!(verify(&archive::write(&BTreeMap::new()).unwrap()).is_err());
}

#[test]
fn the_preview_notes_can_be_read_back() {
    let bundle = Material::new().pack().unwrap();
    let notes = midi::decode(&bundle.files[layout::PREVIEW_MID]).unwrap();
    assert_eq!((notes.len(), notes[0].key), (1, 57));
}

#[test]
fn the_readme_names_its_files_and_licence() {
    let bundle = Material::new().pack().unwrap();
    let text = String::from_utf8(bundle.files[layout::README].clone()).unwrap();
    for wanted in [
        "Glass Tide",
        "vital/Glass Tide.vital",
        "songwalker/preset.json",
        "CC0-1.0",
        "variations/darker.vital",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
}

/// The faults of a sound bundle in which one file is another.
fn faults_with(path: &str, bytes: &[u8]) -> Vec<BundleFault> {
    let mut files = Material::new().pack().unwrap().files;
    files.insert(path.to_owned(), bytes.to_vec());
    faults_of_forged(files)
}

/// Whether these are one fault of an invalid file.
fn one_invalid(faults: &[BundleFault], wanted: &str) -> bool {
    matches!(faults, [BundleFault::Invalid { path, .. }] if path == wanted)
}

#[test]
fn json_and_notes_that_are_too_large_are_not_parsed() {
    // Too varied to be a bomb.
    let brackets: Vec<u8> = (0..2_000_001)
        .map(|n| b"[{"[noise::hash(1, n) as usize % 2])
        .collect();
    for path in [layout::WAVEFORM, layout::ANALYSIS, layout::PRESET, layout::PATCH] {
        let faults = faults_with(path, &brackets);
        assert!(
            faults
                .iter()
                .any(|fault| fault.to_string().contains("more than 2000000")),
            "{path}: {faults:?}"
        );
    }
    let notes = vec![
        Note {
            start_s: 0.0,
            hold_s: 1.0,
            key: 60,
            velocity: 0.5,
        };
        20_000
    ];
    let faults = faults_with(layout::PREVIEW_MID, &midi::encode(&notes, 120.0));
    assert!(one_invalid(&faults, layout::PREVIEW_MID), "{faults:?}");
}

#[test]
fn a_zip_over_16_megabytes_is_not_unpacked() {
    let bytes = vec![0; (16 << 20) + 1];
    assert_eq!(
        verify(&bytes).unwrap_err().faults,
        [BundleFault::TooLarge(bytes.len())]
    );
}

#[test]
fn a_forged_readme_is_found_out() {
    assert_eq!(
        faults_with(layout::README, b"Licence: mine"),
        [BundleFault::Mismatch(layout::README.to_owned())]
    );
}

#[test]
fn assets_are_named_by_hash_and_kind() {
    let hash = "0123456789abcdef".repeat(4);
    let mut files = Material::new().pack().unwrap().files;
    let good = [format!("assets/{hash}.json"), format!("assets/{hash}.flac")];
    let bad = [
        "assets/run.exe".to_owned(),
        format!("assets/{hash}.exe"),
        format!("assets/{}.json", &hash[1..]),
        format!("assets/{}g.json", &hash[1..]),
    ];
    for path in good.iter().chain(&bad) {
        files.insert(path.clone(), b"{}".to_vec());
    }
    let faults = faults_of_forged(files);
    assert_eq!(faults.len(), bad.len(), "{faults:?}");
    for path in bad {
        assert!(faults.contains(&BundleFault::Unexpected(path)));
    }
}

#[test]
fn a_flac_without_sound_is_refused() {
    let sound = package::flac::encode(&tone(220.0, 0.1)).unwrap();
    let mut no_frames = sound.clone();
    no_frames[21] &= 0xf0;
    no_frames[22..26].fill(0);
    let header: [&[u8]; 3] = [b"fLaC\x80", &sound[5..42], b""];
    for bytes in [no_frames, header.concat()] {
        let faults = faults_with(layout::PREVIEW_FLAC, &bytes);
        assert!(one_invalid(&faults, layout::PREVIEW_FLAC), "{faults:?}");
    }
}

#[test]
fn an_analysis_that_breaks_its_schema_is_refused() {
    let faults = faults_with(layout::ANALYSIS, b"{}");
    assert!(
        !faults.is_empty() && faults.iter().all(|fault| fault.code() == "invalid"),
        "{faults:?}"
    );
}

#[test]
fn a_variation_that_changes_nothing_is_refused() {
    let mut material = Material::new();
    material.diff.variations[0].patch.clear();
    material.variations[0].1 = material.patch.clone();
    let faults = verify(&material.pack().unwrap().zip).unwrap_err().faults;
    assert!(one_invalid(&faults, layout::VARIATIONS_DIFF), "{faults:?}");
}
