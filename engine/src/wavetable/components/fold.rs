//! Change: the wave is folded by a sine: x → sin(boost·m·asin(x/m)), m = the frame's peak, at least 1.

use songwalker_schemas::asset::component::Folds;

use super::place::Place;
use super::work::Work;
use crate::math;

pub(super) fn apply(spec: &Folds, place: &Place, work: &mut Work) {
    let boost = place.value(|i| spec.keyframes[i].boost);
    let peak = work.peak().max(1.0);
    for x in &mut work.samples {
        *x = math::sin(boost * peak * math::asin(*x / peak));
    }
}
