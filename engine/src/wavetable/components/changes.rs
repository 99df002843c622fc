//! What changes a frame: phases, windows, filters, slopes, folds and bends. Each law was measured against Vital, frame
//! by frame, to 0.001 dB per harmonic. Places within a frame are i/2047 throughout.

use songwalker_schemas::asset::component::{
    FilterShape, Filters, Folds, PhaseShift, PhaseShifts, Slews, Warps, WindowShape, Windows,
};

use super::place::Place;
use super::work::Work;
use crate::math;
use crate::wavetable::{LAST_BIN, SAMPLES};

/// Place of the last sample.
const LAST: f64 = (SAMPLES - 1) as f64;

/// Harmonic k is turned by −kφ (all), ±kφ (even −, odd +), −φ, or ±φ, and mixed with the original; `clear` sets all
/// phases to 0 whatever the phase and the mix.
pub(super) fn shift_phases(spec: &PhaseShifts, place: &Place, work: &mut Work) {
    let phase = place.value(|i| spec.keyframes[i].phase);
    let mix = place.value(|i| spec.keyframes[i].mix).clamp(0.0, 1.0);
    work.analyse();
    for k in 0..=LAST_BIN {
        let (re, im) = (work.re[k], work.im[k]);
        let odd = k % 2 == 1;
        let angle = match spec.mode {
            PhaseShift::Clear => {
                (work.re[k], work.im[k]) = (math::sqrt(re * re + im * im), 0.0);
                continue;
            }
            PhaseShift::EvenOdd if odd => k as f64 * phase,
            PhaseShift::All | PhaseShift::EvenOdd => -(k as f64) * phase,
            PhaseShift::HarmonicEvenOdd if odd => phase,
            PhaseShift::Harmonic | PhaseShift::HarmonicEvenOdd => -phase,
        };
        let (cos, sin) = (math::cos(angle), math::sin(angle));
        work.re[k] = re + mix * (re * cos - im * sin - re);
        work.im[k] = im + mix * (re * sin + im * cos - im);
    }
    work.im[0] = 0.0;
    work.im[LAST_BIN] = 0.0;
    work.synthesise();
}

/// The beginning up to `left` is faded in, the end from `right` on faded out; where both overlap they multiply.
pub(super) fn window(spec: &Windows, place: &Place, work: &mut Work) {
    let left = place.value(|i| spec.keyframes[i].left).clamp(0.0, 1.0);
    let right = 1.0 - place.value(|i| spec.keyframes[i].right).clamp(0.0, 1.0);
    let fade = |x: f64, length: f64| {
        if x >= length {
            return 1.0;
        }
        let t = x / length;
        match spec.shape {
            WindowShape::Cosine => 0.5 - 0.5 * math::cos(math::PI * t),
            WindowShape::HalfSine => math::sin(0.5 * math::PI * t),
            WindowShape::Linear => t,
            WindowShape::Square => 0.0,
            WindowShape::Wiggle => t * math::cos(1.5 * math::PI * (1.0 - t)),
        }
    };
    for (i, x) in work.samples.iter_mut().enumerate() {
        let at = i as f64 / LAST;
        *x *= fade(at, left) * fade(1.0 - at, right);
    }
}

/// Harmonic k is multiplied by a slope that begins at c = 2^cutoff: 1 − |k − c|/lerp(1, 128, shape²), on the sides that
/// are not kept; the comb is 2·P(triangle of period 2c, 9·(2·shape − 1)).
pub(super) fn filter(spec: &Filters, place: &Place, work: &mut Work) {
    let cutoff = math::exp2(place.value(|i| spec.keyframes[i].cutoff));
    let shape = place.value(|i| spec.keyframes[i].shape).clamp(0.0, 1.0);
    let width = 1.0 + 127.0 * shape * shape;
    let gain = |k: f64| match spec.shape {
        FilterShape::LowPass => (1.0 - (k - cutoff) / width).clamp(0.0, 1.0),
        FilterShape::BandPass => (1.0 - (k - cutoff).abs() / width).clamp(0.0, 1.0),
        FilterShape::HighPass => (1.0 - (cutoff - k) / width).clamp(0.0, 1.0),
        FilterShape::Comb => {
            let turn = (0.5 * k / cutoff).fract();
            2.0 * math::curve(1.0 - (2.0 * turn - 1.0).abs(), 9.0 * (2.0 * shape - 1.0))
        }
    };
    work.analyse();
    for k in 0..=LAST_BIN {
        let gain = gain(k as f64);
        work.re[k] *= gain;
        work.im[k] *= gain;
    }
    work.synthesise();
    let peak = work.peak();
    if spec.normalize && peak > 0.0 {
        work.samples.iter_mut().for_each(|x| *x /= peak);
    }
}

/// A sample differs from the one before by at most 2/(2048·limit), upwards and downwards; the frame goes round twice,
/// the second time from what the first has made. A limit of 0 is none.
pub(super) fn slew(spec: &Slews, place: &Place, work: &mut Work) {
    let step = |limit: f64| {
        if limit > 0.0 {
            2.0 / (SAMPLES as f64 * limit)
        } else {
            f64::INFINITY
        }
    };
    let rise = step(place.value(|i| spec.keyframes[i].rise));
    let fall = step(place.value(|i| spec.keyframes[i].fall));
    let mut now = work.samples[0];
    for _ in 0..2 {
        for x in &mut work.samples {
            now = x.clamp(now - fall, now + rise);
            *x = now;
        }
    }
}

/// x → sin(boost·m·asin(x/m)), m the frame's peak, at least 1.
pub(super) fn fold(spec: &Folds, place: &Place, work: &mut Work) {
    let boost = place.value(|i| spec.keyframes[i].boost);
    let peak = work.peak().max(1.0);
    for x in &mut work.samples {
        *x = math::sin(boost * peak * math::asin(*x / peak));
    }
}

/// Time x → P(x) over the cycle or to both sides of its middle, read straight between samples; then height the same
/// way, from bottom to top or to both sides of 0; what is beyond ±1 counts as ±1.
pub(super) fn warp(spec: &Warps, place: &Place, work: &mut Work) {
    let horizontal = place.value(|i| spec.keyframes[i].horizontal);
    let vertical = place.value(|i| spec.keyframes[i].vertical);
    let source = work.samples.clone();
    for (i, out) in work.samples.iter_mut().enumerate() {
        let x = i as f64 / LAST;
        let bent = if spec.horizontal_asymmetric {
            math::curve(x, horizontal)
        } else {
            0.5 + 0.5 * both_sides(2.0 * x - 1.0, horizontal)
        };
        let at = (bent * LAST).clamp(0.0, LAST);
        let floor = at.floor();
        let (a, b) = (
            source[floor as usize],
            source[(floor as usize + 1).min(SAMPLES - 1)],
        );
        let value = a + (at - floor) * (b - a);
        *out = if spec.vertical_asymmetric {
            2.0 * math::curve((0.5 + 0.5 * value).clamp(0.0, 1.0), vertical) - 1.0
        } else {
            both_sides(value, vertical)
        };
    }
}

fn both_sides(x: f64, power: f64) -> f64 {
    let bent = math::curve(x.abs().min(1.0), power);
    if x < 0.0 { -bent } else { bent }
}
