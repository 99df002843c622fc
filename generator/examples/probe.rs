//! The engine, the export and the import as a process that stays warm, for scripts that measure: one request as a line
//! of JSON in, one answer as a line of JSON out.
//!
//! - `{"render": PATCH, "to": FILE, "note": 60, "velocity": 0.8, "hold": 1.0, "total": 2.0, "warm_up": 8.0, "bpm": 120,
//!   "rate": 44100, "seed": 0}` writes both channels of float32, left first, and answers `{"frames", "cpu_ms"}`; `notes`
//!   (`[[start_s, hold_s, key, velocity], …]`) in place of `note` plays several, `macros` (`[[slot, value], …]`) turns knobs.
//! - `{"default": true, "to": ""}` answers `{"patch"}`: the patch that nobody touched.
//! - `{"export": PATCH, "to": FILE}` writes a `.vital` file and answers `{"lost"}`.
//! - `{"import": FILE}` reads a `.vital` file and answers `{"patch", "warnings"}`; its assets stay in memory for renders
//!   and exports to come.
//!
//! A request that fails answers `{"error"}`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};
use songwalker_engine::assets::Assets;
use songwalker_engine::render::{Note, RenderRequest, render_with};
use songwalker_generator::assets::{self, AssetError, PatchAssets};
use songwalker_generator::{export, import};
use songwalker_schemas::PatchSpec;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    default: bool,
    render: Option<Value>,
    export: Option<Value>,
    import: Option<PathBuf>,
    #[serde(default)]
    to: PathBuf,
    #[serde(default = "middle_c")]
    note: u8,
    notes: Option<Vec<(f64, f64, u8, f64)>>,
    #[serde(default)]
    macros: Vec<(usize, f64)>,
    #[serde(default = "velocity")]
    velocity: f64,
    #[serde(default = "one")]
    hold: f64,
    #[serde(default = "one")]
    total: f64,
    #[serde(default)]
    warm_up: f64,
    #[serde(default = "tempo")]
    bpm: f64,
    #[serde(default = "rate")]
    rate: u32,
    #[serde(default)]
    seed: u64,
}

fn middle_c() -> u8 {
    60
}
fn velocity() -> f64 {
    0.8
}
fn one() -> f64 {
    1.0
}
fn tempo() -> f64 {
    120.0
}
fn rate() -> u32 {
    44_100
}

/// Seconds of processor time that this process has used.
fn cpu_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn patch(value: &Value) -> Result<PatchSpec, Box<dyn Error>> {
    PatchSpec::from_json(&serde_json::to_vec(value)?).map_err(|faults| format!("{faults:?}").into())
}

/// The assets of everything that was imported.
#[derive(Default)]
struct Memory {
    /// By path beside a patch.
    files: BTreeMap<String, Vec<u8>>,
    /// Those of the last render, as the engine reads them, with the paths that they came from.
    computed: (Vec<String>, Assets),
}

impl Memory {
    /// What a patch names.
    fn assets(&self, patch: &PatchSpec) -> Result<PatchAssets, AssetError> {
        PatchAssets::read(patch, |path, _| Ok(self.files.get(path).cloned()))
    }

    /// The same for the engine, computed anew only where it is others.
    fn for_engine(&mut self, patch: &PatchSpec) -> Result<&Assets, AssetError> {
        let paths: Vec<String> = assets::named(patch).into_iter().map(|named| named.path).collect();
        if self.computed.0 != paths {
            self.computed = (paths, self.assets(patch)?.for_engine());
        }
        Ok(&self.computed.1)
    }
}

fn answer(line: &str, memory: &mut Memory) -> Result<Value, Box<dyn Error>> {
    let asked: Asked = serde_json::from_str(line)?;
    if asked.default {
        return Ok(json!({ "patch": PatchSpec::default().to_value() }));
    }
    if let Some(path) = &asked.import {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let made = import::vital(&std::fs::read(path)?, stem)?;
        let kept = made
            .assets
            .files()
            .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
        memory.files.extend(kept);
        return Ok(json!({ "patch": made.patch.to_value(), "warnings": made.warnings }));
    }
    if let Some(value) = &asked.export {
        let patch = patch(value)?;
        let made = export::vital_with(&patch, &memory.assets(&patch)?)?;
        std::fs::write(&asked.to, &made.bytes)?;
        return Ok(json!({ "lost": made.lost }));
    }
    let Some(value) = &asked.render else {
        return Err("nothing to do: render, export or import".into());
    };
    let notes = asked
        .notes
        .unwrap_or_else(|| vec![(0.0, asked.hold, asked.note, asked.velocity)]);
    let request = RenderRequest {
        sample_rate: asked.rate,
        bpm: asked.bpm,
        seed: asked.seed,
        notes: notes
            .into_iter()
            .map(|(start_s, hold_s, key, velocity)| Note {
                start_s,
                hold_s,
                key,
                velocity,
            })
            .collect(),
        seconds: asked.total,
        warm_up_s: asked.warm_up,
        macros: asked.macros,
    };
    let patch = patch(value)?;
    let assets = memory.for_engine(&patch)?;
    let started = cpu_s();
    let audio = render_with(&patch, assets, &request, &|| false)?;
    let cpu_ms = 1000.0 * (cpu_s() - started);
    let bytes: Vec<u8> = audio
        .left
        .iter()
        .chain(&audio.right)
        .flat_map(|x| x.to_le_bytes())
        .collect();
    std::fs::write(&asked.to, bytes)?;
    Ok(json!({ "frames": audio.frames(), "cpu_ms": cpu_ms }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut memory = Memory::default();
    for line in std::io::stdin().lock().lines() {
        let answer =
            answer(&line?, &mut memory).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
