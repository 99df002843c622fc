//! What of a patch this engine version does not play: said, never hidden.

use songwalker_schemas::patch::osc::SpectralMode;
use songwalker_schemas::{PatchSpec, params};

use crate::modulation::Matrix;
use crate::voice::plan::sided;
use crate::{filter, warp, wavetable};

/// The features of a patch that this engine version does not play, in words. They pass or keep silent instead.
#[must_use]
pub fn unsupported(patch: &PatchSpec) -> Vec<String> {
    let mut missing = Vec::new();
    let modules = &patch.modules;
    for (i, osc) in modules.osc.iter().enumerate().filter(|(_, osc)| osc.enabled) {
        if !warp::is_supported(osc.warp.mode) {
            missing.push(format!("/modules/osc/{i}: warp {} is not played", osc.warp.mode));
        }
        if osc.spectral.mode != SpectralMode::None && !wavetable::spectral::is_supported(osc.spectral.mode) {
            missing.push(format!(
                "/modules/osc/{i}: spectral morph {} is not played",
                osc.spectral.mode
            ));
        }
    }
    let effect = modules.fx.iter().enumerate().filter_map(|(i, fx)| match fx {
        songwalker_schemas::patch::Fx::Filter(spec) => {
            Some((format!("/modules/fx/{i}"), spec.enabled, spec.model, spec.style))
        }
        _ => None,
    });
    let voice = modules.filter.iter().enumerate();
    let voice = voice.map(|(i, spec)| {
        (
            format!("/modules/filter/{i}"),
            spec.enabled,
            spec.model,
            spec.style,
        )
    });
    for (at, enabled, model, style) in voice.chain(effect) {
        if enabled && !filter::is_supported(model, style) {
            missing.push(format!(
                "{at}: filter {model} {style} is passed through or played as its nearest style"
            ));
        }
    }
    for id in sided(patch, &Matrix::new(patch)) {
        let path = &params::table()[id].path;
        if !path.starts_with("/modules/filter/") && !path.starts_with("/modules/osc/") {
            missing.push(format!("{path}: both sides follow the left one"));
        }
    }
    missing
}
