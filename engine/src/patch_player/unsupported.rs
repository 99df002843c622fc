//! What of a patch this engine version does not play: said, never hidden.

use songwalker_schemas::{PatchSpec, params};

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
    for id in sided(patch, &Matrix::new(patch)) {
        let path = &params::table()[id].path;
        if !SIDED.iter().any(|below| path.starts_with(below)) {
            missing.push(format!("{path}: both sides follow the left one"));
        }
    }
    missing
}
