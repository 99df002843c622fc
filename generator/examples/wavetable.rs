//! Imported wavetables as a process that stays warm, for scripts that measure: one request as a line of JSON in, one
//! answer as a line of JSON out.
//!
//! `{"wavetable": …, "frames": [0, 128], "to": FILE}` takes an element of a `.vital` file's `settings.wavetables`, writes
//! the 2,048 float32 samples of each frame, and answers `{"warnings", "bytes", "load_ms", "exported"}`: memory, the time
//! that computing the frames took, and the table as the export writes it.

use std::error::Error;
use std::io::{BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};
use songwalker_engine::wavetable::{Drawer, LAST_BIN, Morph, Wave, Wavetable};
use songwalker_generator::import::tables;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    wavetable: Value,
    frames: Vec<u16>,
    to: String,
}

fn answer(line: &str) -> Result<Value, Box<dyn Error>> {
    let asked: Asked = serde_json::from_str(line)?;
    let (asset, warnings) = tables::wavetable(&asked.wavetable)?;
    let started = std::time::Instant::now();
    let table = Wavetable::of_asset(&asset);
    let load_ms = 1000.0 * started.elapsed().as_secs_f64();
    let (mut drawer, mut wave) = (Drawer::new(), Wave::silent());
    let mut bytes = Vec::new();
    for frame in asked.frames {
        drawer.draw(&table, frame, LAST_BIN, Morph::NONE, &mut wave);
        bytes.extend(wave.samples().iter().flat_map(|x| x.to_le_bytes()));
    }
    std::fs::write(&asked.to, bytes)?;
    Ok(json!({ "warnings": warnings, "bytes": table.bytes(), "load_ms": load_ms }))
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
