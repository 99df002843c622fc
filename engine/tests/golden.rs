//! Golden renders: the sound of an engine version is fixed to the bit. A hash here changes only together with
//! `ENGINE_VERSION`.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

use songwalker_engine::ENGINE_VERSION;
use songwalker_engine::audio::Audio;
use songwalker_engine::render::{Note, RenderRequest, render};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::{FilterModel, FilterStyle, Route, Source};

/// FNV-1a over the bits of both channels.
fn hash(audio: &Audio) -> u64 {
    let words = audio
        .left
        .iter()
        .chain(&audio.right)
        .flat_map(|x| x.to_bits().to_le_bytes());
    words.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn chord(seconds: f64) -> RenderRequest {
    let notes = [48, 55, 64].map(|key| Note {
        start_s: 0.0,
        hold_s: 0.6 * seconds,
        key,
        velocity: 0.8,
    });
    RenderRequest {
        notes: notes.to_vec(),
        ..RenderRequest::note(60, 0.8, 1.0, seconds)
    }
}

fn with_effects(mut patch: PatchSpec, kinds: &[&str]) -> PatchSpec {
    for kind in kinds {
        let pointer = patch
            .pointer(&format!("/modules/fx/{kind}/enabled"))
            .expect("it is there");
        assert!(patch.set(&pointer, 1.0));
    }
    patch
}

fn pad() -> PatchSpec {
    let mut patch = PatchSpec::default();
    for osc in &mut patch.modules.osc[..2] {
        osc.enabled = true;
        osc.wavetable.name.0 = "saw".to_owned();
        osc.unison.voices = 7;
        osc.unison.detune_cents = 18.0;
    }
    patch.modules.filter[0].enabled = true;
    patch.modules.filter[0].style = FilterStyle::Db24;
    patch.modules.env[0].attack_s = 0.2;
    patch.modulation.routes = vec![Route::bipolar(Source::Lfo0, "/modules/filter/0/cutoff_hz", 0.2)];
    with_effects(patch, &["chorus", "reverb"])
}

fn bass() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].wavetable.name.0 = "square".to_owned();
    patch.modules.filter[0].enabled = true;
    patch.modules.filter[0].model = FilterModel::Ladder;
    patch.modules.filter[0].style = FilterStyle::Db24;
    patch.modules.filter[0].resonance = 0.6;
    patch.modules.env[1].decay_s = 0.3;
    patch.modules.env[1].sustain = 0.0;
    patch.modulation.routes = vec![Route::new(Source::Env1, "/modules/filter/0/cutoff_hz", 0.35)];
    with_effects(patch, &["distortion", "compressor", "eq"])
}

fn wind() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].enabled = false;
    patch.modules.sample.enabled = true;
    patch.modules.sample.destination = songwalker_schemas::patch::osc::Destination::Filter1;
    patch.modules.filter[0].enabled = true;
    patch.modules.filter[0].model = FilterModel::Digital;
    patch.modules.filter[0].blend = 1.0;
    patch.modulation.routes = vec![Route::bipolar(
        Source::Random0,
        "/modules/filter/0/cutoff_hz",
        0.4,
    )];
    with_effects(patch, &["delay", "phaser", "flanger"])
}

#[test]
fn renders_have_the_bits_of_this_engine_version() {
    assert_eq!(ENGINE_VERSION, "0.1.0", "a new version needs new hashes below");
    let found: Vec<(&str, u64)> = [("pad", pad()), ("bass", bass()), ("wind", wind())]
        .into_iter()
        .map(|(name, patch)| {
            (
                name,
                hash(&render(&patch, &chord(1.0), &|| false).expect("a render")),
            )
        })
        .collect();
    let expected = [
        ("pad", 0xe168fc7dd398cb92_u64),
        ("bass", 0x094c7868f9583219_u64),
        ("wind", 0xbd3b7ce7efc314a1_u64),
    ];
    assert_eq!(
        found, expected,
        "the sound changed: raise ENGINE_VERSION, then write these hashes here"
    );
}
