//! No parameter clicks: each is swept from end to end by a sine of 20 Hz while a low sine tone plays through its module.
//! What a sweep adds above 12 kHz, where neither the tone nor its smooth change has anything, is a click; it must stay
//! 50 dB below the sound, or below what the parameter's still settings put there themselves.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "support/tones.rs"]
mod tones;

use songwalker_engine::render::{RenderRequest, render};
use songwalker_schemas::modulation::{Route, Source};
use songwalker_schemas::patch::osc::Destination;
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::table::Row;
use songwalker_schemas::{PatchSpec, params};

/// Still settings that are looked at.
const STILL: usize = 7;
/// How far below the sound a click must stay, dB.
const BAR_DB: f64 = -50.0;
/// What a sweep may put above 12 kHz beyond its loudest still setting, dB: it passes settings between those looked at.
const BETWEEN_DB: f64 = 6.0;

/// Sweeps that are heard as what they are: the lines of a reverb that shrinks to a sixteenth in 25 ms are read many times
/// as fast as they were written, which lifts the tone by octaves; voices of a unison come and go whole.
const HEARD: &[&str] = &[
    "/modules/fx/reverb/size",
    "/modules/osc/0/unison/voices",
    "/modules/osc/1/unison/voices",
    "/modules/osc/2/unison/voices",
];

/// A low sine through the module that a parameter belongs to.
fn tone(row_path: &str) -> PatchSpec {
    let mut patch = tones::sine();
    for osc in &mut patch.modules.osc {
        osc.wavetable.name.0 = "sine".to_owned();
        osc.phase_randomness = 0.0;
        osc.destination = Destination::Filter1;
    }
    let part = |depth: usize| row_path.split('/').take(depth).collect::<Vec<_>>().join("/");
    // An oscillator that is off shows nothing of its parameters.
    let switches = [part(4), part(3)].map(|at| patch.pointer(&format!("{at}/enabled")));
    let _switched = switches
        .into_iter()
        .flatten()
        .any(|pointer| patch.set(&pointer, 1.0));
    patch
}

fn swept(row: &Row, target: &str) -> PatchSpec {
    let mut patch = tone(&row.path);
    patch.modules.lfo[7].rate.mode = RateMode::Hz;
    patch.modules.lfo[7].rate.hz = 20.0;
    patch.modules.lfo[7].smooth.time_s = 0.0;
    let middle = 0.5 * (row.min + row.max);
    patch.set(target, middle);
    patch.modulation.routes = vec![Route::bipolar(Source::Lfo7, target, 1.0)];
    patch
}

/// The share of clicks in a patch's sound.
fn clicks(patch: &PatchSpec) -> f64 {
    let audio = render(patch, &RenderRequest::note(45, 1.0, 0.5, 0.5), &|| false).expect("a render");
    tones::high_share([&audio.left, &audio.right])
}

#[test]
fn no_parameter_clicks_when_it_is_swept_from_end_to_end() {
    let pattern = PatchSpec::default();
    let mut faults = Vec::new();
    for row in params::table().iter().filter(|row| row.modulatable) {
        let target = pattern.pointer(&row.path).expect("a pointer");
        let moving = clicks(&swept(row, &target));
        if moving <= BAR_DB || HEARD.contains(&row.path.as_str()) {
            continue;
        }
        let still = (0..STILL).map(|i| {
            let mut patch = tone(&row.path);
            let share = i as f64 / (STILL - 1) as f64;
            patch.set(&target, row.clamp(row.min + share * (row.max - row.min)));
            clicks(&patch)
        });
        let still = still.fold(f64::NEG_INFINITY, f64::max);
        if moving > still + BETWEEN_DB {
            faults.push(format!("{}: {moving:.1} dB, still {still:.1} dB", row.path));
        }
    }
    assert!(
        faults.is_empty(),
        "{} clicks:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
