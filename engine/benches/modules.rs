//! What each module costs: a control block of 64 frames of a player that has one saw and this module. `cargo bench -p
//! songwalker-engine`; `saw` alone is what is to be taken off.

use criterion::{Criterion, criterion_group, criterion_main};
use songwalker_engine::BLOCK;
use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::osc::{SpectralMode, WarpMode};
use songwalker_schemas::patch::{FilterModel, Route, Source};

const KEYS: [u8; 8] = [48, 52, 55, 59, 60, 64, 67, 71];

fn saw() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].wavetable.name.0 = "saw".to_owned();
    patch
}

/// A block of a patch whose `notes` are held.
fn block(c: &mut Criterion, name: &str, patch: &PatchSpec, notes: usize) {
    let Ok(mut player) = PatchPlayer::new(patch, 44_100, 0) else {
        panic!("{name} cannot be played");
    };
    for key in KEYS.into_iter().take(notes) {
        player.handle(0, Event::NoteOn { key, velocity: 0.8 });
    }
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    c.bench_function(name, |b| b.iter(|| player.process(&mut left, &mut right)));
}

fn oscillators(c: &mut Criterion) {
    block(c, "saw", &saw(), 1);
    for voices in [7, 16] {
        let mut patch = saw();
        patch.modules.osc[0].unison.voices = voices;
        block(c, &format!("unison {voices}"), &patch, 1);
    }
    for &mode in WarpMode::ALL.iter().filter(|mode| **mode != WarpMode::None) {
        let mut patch = saw();
        patch.modules.osc[1].enabled = true;
        patch.modules.osc[1].level = 0.0;
        patch.modules.osc[0].warp.mode = mode;
        patch.modules.osc[0].warp.amount = 0.3;
        block(c, &format!("warp {mode}"), &patch, 1);
    }
    // The frame's harmonics are moved and drawn anew all the time.
    for &mode in SpectralMode::ALL {
        let mut patch = saw();
        patch.modules.osc[0].spectral.mode = mode;
        patch.modulation.routes = vec![
            Route::bipolar(Source::Lfo0, "/modules/osc/0/spectral/amount", 0.4),
            Route::bipolar(Source::Lfo0, "/modules/osc/0/wavetable/position", 0.4),
        ];
        block(c, &format!("spectral {mode}, moved"), &patch, 1);
    }
    let mut patch = saw();
    patch.modules.sample.enabled = true;
    block(c, "noise", &patch, 1);
}

fn filters(c: &mut Criterion) {
    for &model in FilterModel::ALL {
        let mut patch = saw();
        patch.modules.osc[0].destination = songwalker_schemas::patch::osc::Destination::Filter1;
        patch.modules.filter[0].enabled = true;
        patch.modules.filter[0].model = model;
        patch.modules.filter[0].cutoff_hz = 2000.0;
        for notes in [1, 8] {
            block(c, &format!("filter {model}, {notes} voices"), &patch, notes);
        }
        patch.modulation.routes = vec![Route::bipolar(Source::Lfo0, "/modules/filter/0/cutoff_hz", 0.2)];
        block(c, &format!("filter {model}, 8 voices, moved"), &patch, 8);
    }
}

fn effects(c: &mut Criterion) {
    for kind in [
        "chorus",
        "compressor",
        "delay",
        "distortion",
        "eq",
        "filter",
        "flanger",
        "phaser",
        "reverb",
    ] {
        let mut patch = saw();
        let pointer = patch.pointer(&format!("/modules/fx/{kind}/enabled"));
        assert!(pointer.is_some_and(|pointer| patch.set(&pointer, 1.0)), "{kind}");
        block(c, kind, &patch, 1);
    }
}

fn control(c: &mut Criterion) {
    let mut patch = saw();
    patch.modulation.routes = (0..8)
        .map(|i| Route::bipolar(Source::ALL[Source::Lfo0.index() + i], "/modules/osc/0/pan", 0.05))
        .chain((1..6).map(|i| Route::new(Source::ALL[i - 1], "/modules/osc/0/level", 0.05)))
        .collect();
    for notes in [1, 8] {
        block(
            c,
            &format!("8 LFOs and 5 envelopes, {notes} voices"),
            &patch,
            notes,
        );
    }
}

criterion_group!(modules, oscillators, filters, effects, control);
criterion_main!(modules);
