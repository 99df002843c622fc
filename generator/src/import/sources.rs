//! What the oscillators and the sample slot read. Tables and noise that we compute ourselves are named again, all else
//! becomes assets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use songwalker_engine::{noise, wavetable};
use songwalker_schemas::Faults;

use super::preset::Preset;
use super::{ImportError, Warnings, sample as samples, tables};
use crate::assets::{AssetError, PatchAssets};

/// What stands in for a table that is not there.
const FALLBACK_TABLE: &str = "saw";

/// Writes the three wavetables into a patch's document, those that sound first: where the assets grow too large, the
/// others are left out.
pub fn wavetables(
    preset: &Preset,
    document: &mut Value,
    assets: &mut PatchAssets,
    warnings: &mut Warnings,
) -> Result<(), ImportError> {
    let is_on = |index: usize| preset.is_on(&format!("osc_{}_on", index + 1));
    let mut order = [0, 1, 2];
    order.sort_by_key(|index| !is_on(*index));
    for index in order {
        let reference = &mut document["modules"]["osc"][index]["wavetable"];
        reference["name"] = json!(FALLBACK_TABLE);
        let feature = format!("wavetable {}", index + 1);
        let Some(table) = preset.wavetables.get(index) else {
            if is_on(index) {
                warnings.add(feature, format!("it is missing; {FALLBACK_TABLE} stands in"));
            }
            continue;
        };
        if let Some(name) = named(table) {
            reference["name"] = json!(name);
            continue;
        }
        let (asset, said) = tables::wavetable(table)
            .map_err(|faults| not_a_preset(&format!("/settings/wavetables/{index}"), &faults))?;
        warnings.0.extend(said);
        match assets.add_wavetable(asset) {
            Ok(hash) => {
                reference["source"] = json!("asset");
                reference["name"] = json!(hash);
            }
            Err(error) => warnings.add(feature, format!("{}; {FALLBACK_TABLE} stands in", why(&error))),
        }
    }
    Ok(())
}

fn why(error: &AssetError) -> String {
    match error {
        AssetError::TooLarge { .. } => "the assets of a patch would become too large".to_owned(),
        other => other.to_string(),
    }
}

/// The faults of a part of the file.
fn not_a_preset(at: &str, found: &Faults) -> ImportError {
    let mut faults = Faults::new();
    for fault in found.as_slice() {
        faults.push(format!("{at}{}", fault.pointer), fault.problem.clone());
    }
    ImportError::NotPreset(faults)
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
pub fn sample(
    preset: &Preset,
    document: &mut Value,
    assets: &mut PatchAssets,
    warnings: &mut Warnings,
) -> Result<(), ImportError> {
    let slot = &mut document["modules"]["sample"];
    slot["source"] = json!("white");
    let Some(sample) = &preset.sample else {
        return Ok(());
    };
    let name = sample.get("name").and_then(Value::as_str).unwrap_or_default();
    // Every preset carries Vital's noise; where it is off, our own stands for it.
    if (!preset.is_on("sample_on") && name == "White Noise") || is_our_noise(sample) {
        return Ok(());
    }
    let (asset, said) =
        samples::sample(sample).map_err(|faults| not_a_preset("/settings/sample", &faults))?;
    warnings.0.extend(said);
    let Some(asset) = asset else {
        if preset.is_on("sample_on") {
            slot["enabled"] = json!(false);
            warnings.add(
                "sample_on",
                "the sample is on but empty, which is silent: it is off here",
            );
        }
        return Ok(());
    };
    match assets.add_sample(asset) {
        Ok(hash) => {
            slot["source"] = json!("asset");
            slot["asset"] = json!(hash);
        }
        Err(error) => {
            slot["enabled"] = json!(false);
            warnings.add("sample", format!("{}; it is off here", why(&error)));
        }
    }
    Ok(())
}

/// Whether our export wrote that sample: white noise as the engine makes it.
fn is_our_noise(sample: &Value) -> bool {
    if sample["name"] != "White Noise" || sample.get("samples_stereo").is_some() {
        return false;
    }
    let bytes: Vec<u8> = noise::noise_loop(0.0)
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    sample["samples"] == STANDARD.encode(bytes)
}
