//! What a `.vital` file carries beside numbers: wavetables, LFO shapes, the sample.

use super::file::{Group, Keyframe, Line, Sample, WaveSource, Wavetable};
use super::{ExportError, SYNTH_VERSION, assets};
use crate::assets::PatchAssets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use songwalker_engine::{noise, wavetable};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::Osc;
use songwalker_schemas::patch::lfo::LfoShape;
use songwalker_schemas::patch::osc::WavetableSource;
use songwalker_schemas::patch::sample::{SampleOsc, SampleSource};

/// What stands in for a table that cannot be carried.
const FALLBACK_TABLE: &str = "saw";

/// Sample frames per second of the noise loop.
const NOISE_RATE: u32 = 44_100;

/// The wavetables of the three oscillators. One that is off carries only the first wave of its table.
pub fn wavetables(
    patch: &PatchSpec,
    assets: &PatchAssets,
    lost: &mut Vec<String>,
) -> Result<Vec<Value>, ExportError> {
    patch
        .modules
        .osc
        .iter()
        .enumerate()
        .map(|(index, osc)| wavetable(index, osc, assets, lost))
        .collect()
}

fn wavetable(
    index: usize,
    osc: &Osc,
    assets: &PatchAssets,
    lost: &mut Vec<String>,
) -> Result<Value, ExportError> {
    let imported = osc.wavetable.source == WavetableSource::Asset;
    if let Some(asset) = assets.wavetable(&osc.wavetable.name.0).filter(|_| imported) {
        return Ok(assets::wavetable(asset));
    }
    if imported && osc.enabled {
        lost.push(format!(
            "the imported wavetable of oscillator {} (a saw stands in)",
            index + 1
        ));
    }
    let name = if imported {
        FALLBACK_TABLE
    } else {
        &osc.wavetable.name.0
    };
    let mut waves =
        wavetable::keyframes(name).ok_or_else(|| ExportError::UnknownWavetable(name.to_owned()))?;
    if !osc.enabled {
        waves.truncate(1);
    }
    let keyframes = waves
        .iter()
        .map(|(position, wave)| {
            let bytes: Vec<u8> = wave.iter().flat_map(|x| x.to_le_bytes()).collect();
            Keyframe {
                position: *position,
                wave_data: STANDARD.encode(bytes),
            }
        })
        .collect();
    let source = WaveSource {
        interpolation: 1,
        interpolation_style: 1,
        keyframes,
        r#type: "Wave Source",
    };
    let table = Wavetable {
        author: "",
        // The keyframes are at the engine's own scale already.
        full_normalize: false,
        groups: [Group { components: [source] }],
        name: name.to_owned(),
        remove_all_dc: false,
        version: SYNTH_VERSION,
    };
    Ok(serde_json::to_value(table)?)
}

/// The shapes of the eight LFOs.
pub fn lfos(patch: &PatchSpec) -> Vec<Line> {
    patch
        .modules
        .lfo
        .iter()
        .map(|lfo| {
            let points = lfo.points.0.iter().map(|point| (point.x, point.y, point.power));
            Line::new(shape_name(lfo.shape), points, lfo.smooth_shape)
        })
        .collect()
}

fn shape_name(shape: LfoShape) -> &'static str {
    match shape {
        LfoShape::Triangle => "Triangle",
        LfoShape::Sine => "Sin",
        LfoShape::SawUp => "Saw Up",
        LfoShape::SawDown => "Saw Down",
        LfoShape::Square => "Square",
        LfoShape::Custom => "Custom",
    }
}

/// The sample slot: the engine's own noise where it sounds, else nothing.
pub fn sample(patch: &PatchSpec, assets: &PatchAssets, lost: &mut Vec<String>) -> Sample {
    let slot = &patch.modules.sample;
    if let Some(asset) = assets
        .sample(&slot.asset.0)
        .filter(|_| slot.source == SampleSource::Asset)
    {
        return assets::sample(asset);
    }
    let Some((name, color)) = noise_of(slot, lost) else {
        return Sample {
            length: 0,
            name: String::new(),
            sample_rate: NOISE_RATE,
            samples: String::new(),
            samples_stereo: None,
        };
    };
    let frames = noise::noise_loop(color);
    let bytes: Vec<u8> = frames.iter().flat_map(|x| x.to_le_bytes()).collect();
    Sample {
        length: frames.len(),
        name: name.to_owned(),
        sample_rate: NOISE_RATE,
        samples: STANDARD.encode(bytes),
        samples_stereo: None,
    }
}

fn noise_of(slot: &SampleOsc, lost: &mut Vec<String>) -> Option<(&'static str, f64)> {
    match slot.source {
        _ if !slot.enabled => None,
        SampleSource::White => Some(("White Noise", 0.0)),
        SampleSource::Colored => Some(("Coloured Noise", slot.color)),
        SampleSource::Asset => {
            lost.push("the imported sample".to_owned());
            None
        }
    }
}
