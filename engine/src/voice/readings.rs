//! What each module reads from a voice's raw values.

use super::plan::{FilterPlan, OscPlan, SamplePlan};
use crate::filter::FilterControls;
use crate::noise::SampleControls;
use crate::oscillator::{OscControls, UNTRACKED_NOTE};
use crate::unison::UnisonControls;

pub(crate) fn osc_controls(plan: &OscPlan, raw: &[f32], pitch: f32) -> OscControls {
    let ids = &plan.ids;
    let at = |id: usize| raw[id];
    let played = if plan.tracks { pitch } else { UNTRACKED_NOTE };
    OscControls {
        note: played + at(ids.transpose) + at(ids.tune),
        level: at(ids.level),
        pan: at(ids.pan),
        position: at(ids.position),
        phase: at(ids.phase),
        phase_randomness: at(ids.phase_randomness),
        unison: UnisonControls {
            voices: at(ids.voices),
            detune: at(ids.detune),
            range_st: at(ids.detune_range),
            power: at(ids.detune_power),
            blend: at(ids.blend),
        },
        stereo_spread: at(ids.stereo_spread),
        frame_spread: at(ids.frame_spread),
        warp_spread: at(ids.warp_spread),
        spectral_spread: at(ids.spectral_spread),
        warp_amount: at(ids.warp_amount),
        warp_phase: at(ids.warp_phase),
        spectral_amount: at(ids.spectral_amount),
    }
}

pub(crate) fn sample_controls(plan: &SamplePlan, raw: &[f32], pitch: f32) -> SampleControls {
    let ids = &plan.ids;
    SampleControls {
        note: pitch,
        transpose: raw[ids.transpose],
        tune: raw[ids.tune],
        level: raw[ids.level],
        pan: raw[ids.pan],
    }
}

pub(crate) fn filter_controls(plan: &FilterPlan, values: &[Vec<f32>; 2], pitch: f32) -> [FilterControls; 2] {
    let ids = &plan.ids;
    let side = |raw: &[f32]| FilterControls {
        cutoff_note: raw[ids.cutoff] + raw[ids.keytrack] * (pitch - 60.0),
        resonance: raw[ids.resonance],
        drive_db: raw[ids.drive],
        blend: raw[ids.blend],
        mix: raw[ids.mix],
        blend_transpose: raw[ids.blend_transpose],
        formant_x: raw[ids.formant_x],
        formant_y: raw[ids.formant_y],
        formant_transpose: raw[ids.formant_transpose],
        formant_resonance: raw[ids.formant_resonance],
        formant_spread: raw[ids.formant_spread],
    };
    [side(&values[0]), side(&values[1])]
}
