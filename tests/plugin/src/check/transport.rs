//! The host's song: its tempo, places that it jumps to, and that nothing drifts from it.

use anyhow::{Result, ensure};
use songwalker_engine::render::render;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::lfo::LfoMode;
use songwalker_schemas::patch::rate::{RateMode, Sync};
use songwalker_schemas::patch::{Route, Source};

use super::{events, frames, peak, request, same};
use crate::host::{Event, File, Instance, Song};
use crate::states;

const RATE: u32 = 48_000;
/// Quarters a minute, unlike every patch's own.
const BPM: f64 = 93.0;
/// How far two sounds may be apart whose song times are the same numbers but for their last places.
const ROUNDING: f32 = 1e-4;

/// A tone whose level follows the song: a whole bar of a sine.
fn swaying() -> Result<PatchSpec> {
    let mut patch = PatchSpec::default();
    let modules = &mut patch.modules;
    modules.osc[0].phase_randomness = 0.0;
    modules.osc[0].level = 0.3;
    modules.lfo[0].mode = LfoMode::Sync;
    (modules.lfo[0].rate.mode, modules.lfo[0].rate.sync) = (RateMode::Tempo, Sync::Whole);
    let routes = &mut patch.modulation.routes;
    routes.push(Route::new(Source::Lfo0, "/modules/osc/0/level", 0.5));
    states::as_read(&patch)
}

fn playing(file: &File, patch: &PatchSpec, song: Option<Song>) -> Result<Instance> {
    let mut instance = super::playing(file, patch, RATE, 512)?;
    instance.song = song;
    Ok(instance)
}

/// A tempo reaches what is synced: the bits of a render at that tempo.
pub fn tempo(file: &File) -> Result<String> {
    let mut compared = 0;
    for patch in super::patches()?.iter().chain([&swaying()?]) {
        let song = Song { bpm: BPM, beats: 0.0 };
        let mut instance = playing(file, patch, Some(song))?;
        let played = instance.perform(frames(RATE), &[512, 100], &events(RATE))?;
        let mut request = request(patch, RATE);
        request.bpm = BPM;
        let wanted = render(patch, &request, &|| false)?;
        ensure!(
            same(&played, &[wanted.left, wanted.right]),
            "{} differs at {BPM} a minute",
            patch.name
        );
        compared += 1;
    }
    Ok(format!(
        "{compared} patches at {BPM} a minute: the bits of a render"
    ))
}

fn note(instance: &mut Instance) -> Result<[Vec<f32>; 2]> {
    let on = Event::On {
        key: 60,
        velocity: 0.8,
    };
    instance.perform(frames(RATE), &[512], &[(0, on)])
}

fn furthest(one: &[Vec<f32>; 2], other: &[Vec<f32>; 2]) -> f32 {
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    pairs.fold(0.0, |furthest, (one, other)| (one - other).abs().max(furthest))
}

/// After a song of many tempi and after a jump, what follows the song stands where a host that begins there has it.
pub fn places(file: &File) -> Result<String> {
    let patch = swaying()?;
    let begun = |beats: f64| note(&mut playing(file, &patch, Some(Song { bpm: BPM, beats }))?);
    let mut instance = playing(
        file,
        &patch,
        Some(Song {
            bpm: 60.0,
            beats: 0.0,
        }),
    )?;
    for round in 0..60 {
        if let Some(song) = &mut instance.song {
            song.bpm = 60.0 + f64::from(round * 7 % 90);
        }
        instance.perform(frames(RATE) / 2, &[512, 17], &[])?;
    }
    let mut at = 0.0;
    if let Some(song) = &mut instance.song {
        (song.bpm, at) = (BPM, song.beats);
    }
    let drifted = furthest(&note(&mut instance)?, &begun(at)?);
    ensure!(drifted < ROUNDING, "after half a minute it is {drifted} off");

    let mut instance = playing(file, &patch, Some(Song { bpm: BPM, beats: 0.0 }))?;
    instance.perform(1_024, &[512], &[])?;
    if let Some(song) = &mut instance.song {
        song.beats = 18.5;
    }
    let played = note(&mut instance)?;
    let (there, elsewhere) = (begun(18.5)?, begun(20.5)?);
    let off = furthest(&played, &there);
    ensure!(off < ROUNDING, "after a jump it is {off} off");
    ensure!(peak(&there[0]) > 0.01, "silence");
    ensure!(
        furthest(&there, &elsewhere) > 0.1 * peak(&there[0]),
        "it sounds the same everywhere in the song"
    );
    Ok(format!(
        "sixty tempi over {at:.1} beats, a jump: off by {drifted:.0e} and {off:.0e} of full scale"
    ))
}
