//! What the oscillators and the sample slot read: tables and noise that we compute are named again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use songwalker_engine::wavetable;

use super::Warnings;
use super::preset::Preset;

/// What stands in for a table that is not there.
const FALLBACK_TABLE: &str = "saw";

/// Writes the three wavetables into a patch's document.
pub fn wavetables(preset: &Preset, document: &mut Value, warnings: &mut Warnings) {
    for index in 0..3 {
        let table = preset.wavetables.get(index);
        let reference = &mut document["modules"]["osc"][index]["wavetable"];
        if let Some(name) = table.and_then(named) {
            reference["name"] = json!(name);
            continue;
        }
        reference["name"] = json!(FALLBACK_TABLE);
        warnings.add(
            format!("wavetable {}", index + 1),
            format!("it is not carried over yet; {FALLBACK_TABLE} stands in"),
        );
    }
}

/// The name of a table that our export wrote: the same keyframes, or the first of them where the oscillator was off.
fn named(table: &Value) -> Option<&'static str> {
    let told = table.get("name")?.as_str()?;
    let name = wavetable::names().find(|name| *name == told)?;
    let components = table.pointer("/groups/0/components")?.as_array()?;
    let [component] = &components[..] else { return None };
    let as_written = component["type"] == "Wave Source"
        && component["interpolation"] == 1
        && component["interpolation_style"] == 1
        && table["full_normalize"] == false
        && table["remove_all_dc"] == false
        && table["groups"].as_array()?.len() == 1;
    let frames = component["keyframes"].as_array()?;
    let ours = wavetable::keyframes(name)?;
    let whole = frames.len() == ours.len() || frames.len() == 1;
    let same = frames.iter().zip(&ours).all(|(theirs, (position, wave))| {
        let bytes: Vec<u8> = wave.iter().flat_map(|x| x.to_le_bytes()).collect();
        theirs["position"] == *position && theirs["wave_data"] == STANDARD.encode(bytes)
    });
    (as_written && whole && same).then_some(name)
}

/// Writes the sample into a patch's document.
pub fn sample(preset: &Preset, document: &mut Value, warnings: &mut Warnings) {
    let Some(sample) = &preset.sample else { return };
    let length = sample.get("length").and_then(Value::as_f64).unwrap_or(0.0);
    let name = sample.get("name").and_then(Value::as_str).unwrap_or_default();
    let slot = &mut document["modules"]["sample"];
    if length <= 0.0 || name == "White Noise" {
        slot["source"] = json!("white");
        return;
    }
    warnings.add(
        "sample",
        format!("{name:?} is not carried over yet; white noise stands in"),
    );
}
