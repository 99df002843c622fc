//! What slots cost: processor time as a share of real time, in blocks of 64 frames at 48 kHz.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;
use songwalker_generator::templates;

use crate::host::{Event, File};
use crate::states;

const SECONDS: f64 = 5.0;
/// Held by every slot.
const KEY: u8 = 48;

/// Writes a template's patch as a file.
pub fn patch(out: &Path, template: &str) -> Result<()> {
    let entry = templates::by_id(template).with_context(|| format!("there is no template {template}"))?;
    Ok(std::fs::write(out, entry.template.base.to_canonical())?)
}

/// Measures 1, 8 and 16 slots of a template, each with a held note, and prints one line of JSON for each.
pub fn run(plugin: &Path, template: &str) -> Result<()> {
    let entry = templates::by_id(template).with_context(|| format!("there is no template {template}"))?;
    let patch = states::as_read(&entry.template.base)?;
    let file = File::load(plugin)?;
    for slots in [1usize, 8, 16] {
        let mut instance = file.instance()?;
        instance.load(&states::framed(&vec![patch.clone(); slots])?)?;
        instance.start(48_000.0, 64)?;
        let note = Event::On {
            key: KEY,
            velocity: 0.8,
        };
        instance.play(64, &[(0, note)])?;
        let blocks = (SECONDS * 48_000.0 / 64.0) as usize;
        let mut worst = 0.0f64;
        let began = Instant::now();
        for _ in 0..blocks {
            let block = Instant::now();
            instance.play(64, &[])?;
            worst = worst.max(block.elapsed().as_secs_f64());
        }
        let share = began.elapsed().as_secs_f64() / SECONDS;
        println!(
            "{}",
            json!({ "slots": slots, "share": share, "worst_block_ms": worst * 1e3 })
        );
    }
    Ok(())
}
