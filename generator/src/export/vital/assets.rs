//! Imported wavetables and samples in Vital's own words: component by component, as they were read.

use super::SYNTH_VERSION;
use super::file::Sample;
use serde_json::{Value, json};
use songwalker_schemas::asset::component::{Component, LineKey, WaveKey};
use songwalker_schemas::asset::packed::Recording;
use songwalker_schemas::asset::{SampleAsset, WavetableAsset};

/// A wavetable as an element of `settings.wavetables`.
pub fn wavetable(asset: &WavetableAsset) -> Value {
    let groups: Vec<Value> = asset
        .groups
        .iter()
        .map(|group| json!({ "components": group.components.iter().map(component).collect::<Vec<_>>() }))
        .collect();
    json!({
        "author": asset.author, "full_normalize": asset.normalize, "groups": groups, "name": asset.name,
        "remove_all_dc": asset.remove_dc, "version": SYNTH_VERSION,
    })
}

fn component(component: &Component) -> Value {
    match component {
        Component::Waves(waves) => json!({
            "type": "Wave Source", "interpolation": waves.blend.index(), "interpolation_style": waves.path.index(),
            "keyframes": waves.keyframes.iter().map(wave).collect::<Vec<_>>(),
        }),
        Component::Shepard(waves) => json!({
            "type": "Shepard Tone Source", "interpolation": waves.blend.index(),
            "interpolation_style": waves.path.index(),
            "keyframes": waves.keyframes.iter().map(wave).collect::<Vec<_>>(),
        }),
        Component::Lines(lines) => json!({
            "type": "Line Source", "interpolation_style": lines.path.index(),
            "num_points": lines.keyframes.first().map_or(0, |key| key.points.len()),
            "keyframes": lines.keyframes.iter().map(line).collect::<Vec<_>>(),
        }),
        Component::Cycles(cycles) => json!({
            "type": "Audio File Source", "interpolation_style": cycles.path.index(),
            "audio_file": cycles.recording.pack(), "audio_sample_rate": cycles.sample_rate,
            "fade_style": cycles.cut.index(), "normalize_gain": cycles.boost, "normalize_mult": cycles.normalize,
            "phase_style": cycles.phases.index(), "random_seed": cycles.seed, "window_size": cycles.cycle,
            "keyframes": cycles.keyframes.iter().map(|key| json!({
                "position": key.position, "start_position": key.start, "window_fade": key.fade,
                "window_size": key.window,
            })).collect::<Vec<_>>(),
        }),
        Component::PhaseShift(shifts) => json!({
            "type": "Phase Shift", "interpolation_style": shifts.path.index(), "style": shifts.mode.index(),
            "keyframes": shifts.keyframes.iter().map(|key| json!({
                "position": key.position, "phase": key.phase, "mix": key.mix,
            })).collect::<Vec<_>>(),
        }),
        Component::Window(windows) => json!({
            "type": "Wave Window", "interpolation_style": windows.path.index(),
            "window_shape": windows.shape.index(),
            "keyframes": windows.keyframes.iter().map(|key| json!({
                "position": key.position, "left_position": key.left, "right_position": key.right,
            })).collect::<Vec<_>>(),
        }),
        Component::Filter(filters) => json!({
            "type": "Frequency Filter", "interpolation_style": filters.path.index(),
            "style": filters.shape.index(), "normalize": filters.normalize,
            "keyframes": filters.keyframes.iter().map(|key| json!({
                "position": key.position, "cutoff": key.cutoff, "shape": key.shape,
            })).collect::<Vec<_>>(),
        }),
        Component::Slew(slews) => json!({
            "type": "Slew Limiter", "interpolation_style": slews.path.index(),
            "keyframes": slews.keyframes.iter().map(|key| json!({
                "position": key.position, "up_run_rise": key.rise, "down_run_rise": key.fall,
            })).collect::<Vec<_>>(),
        }),
        Component::Fold(folds) => json!({
            "type": "Wave Folder", "interpolation_style": folds.path.index(),
            "keyframes": folds.keyframes.iter().map(|key| json!({
                "position": key.position, "fold_boost": key.boost,
            })).collect::<Vec<_>>(),
        }),
        Component::Warp(warps) => json!({
            "type": "Wave Warp", "interpolation_style": warps.path.index(),
            "horizontal_asymmetric": warps.horizontal_asymmetric, "vertical_asymmetric": warps.vertical_asymmetric,
            "keyframes": warps.keyframes.iter().map(|key| json!({
                "position": key.position, "horizontal_power": key.horizontal, "vertical_power": key.vertical,
            })).collect::<Vec<_>>(),
        }),
    }
}

fn wave(key: &WaveKey) -> Value {
    json!({ "position": key.position, "wave_data": key.wave.pack() })
}

/// Vital counts y downwards from 1.
fn line(key: &LineKey) -> Value {
    let points: Vec<f64> = key
        .points
        .iter()
        .flat_map(|point| [point.x, 1.0 - point.y])
        .collect();
    let powers: Vec<f64> = key.points.iter().map(|point| point.power).collect();
    json!({
        "position": key.position, "pull_power": key.pull,
        "line": { "name": "Custom", "num_points": key.points.len(), "points": points, "powers": powers, "smooth": key.smooth },
    })
}

/// A sample as `settings.sample`.
pub fn sample(asset: &SampleAsset) -> Sample {
    Sample {
        length: asset.left.len(),
        name: asset.name.clone(),
        sample_rate: asset.sample_rate,
        samples: Recording(asset.left.clone()).pack(),
        samples_stereo: asset.right.clone().map(|right| Recording(right).pack()),
    }
}
