//! What of a patch this engine version does not play: said, never hidden.

use songwalker_schemas::{PatchSpec, params};

use crate::filter;
use crate::modulation::Matrix;
use crate::voice::plan::sided;

/// Where the right side follows its own values.
const SIDED: [&str; 9] = [
    "/modules/osc/",
    "/modules/filter/",
    "/modules/env/0/",
    "/modules/voicing/velocity_to_amp",
    "/modules/voicing/master_db",
    "/modules/fx/compressor/",
    "/modules/fx/distortion/",
    "/modules/fx/eq/",
    "/modules/fx/filter/",
];

/// The features of a patch that this engine version does not play, in words. They pass or keep silent instead.
#[must_use]
pub fn unsupported(patch: &PatchSpec) -> Vec<String> {
    let mut missing = Vec::new();
    let modules = &patch.modules;
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
        if !SIDED.iter().any(|below| path.starts_with(below)) {
            missing.push(format!("{path}: both sides follow the left one"));
        }
    }
    missing
}
