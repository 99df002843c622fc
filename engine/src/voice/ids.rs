//! Where each module finds its controls among the raw values, resolved once when a patch is loaded.

use songwalker_schemas::params;

/// The place of a canonical path. Every path asked for here is a row of the table (a test walks them all); one that
/// is not would read the first value.
fn place(path: &str) -> usize {
    let id = params::id(path);
    debug_assert!(id.is_some(), "{path} is in no row");
    id.map_or(0, |id| id.index())
}

macro_rules! ids {
    ($(#[$meta:meta])* $name:ident { $($field:ident = $path:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name { $(pub $field: usize,)+ }

        impl $name {
            pub(crate) fn below(base: &str) -> Self {
                Self { $($field: place(&format!("{base}/{}", $path)),)+ }
            }
        }
    };
}

ids! {
    /// An oscillator.
    OscIds {
        level = "level",
        pan = "pan",
        transpose = "transpose",
        tune = "tune_cents",
        position = "wavetable/position",
        phase = "phase",
        phase_randomness = "phase_randomness",
        voices = "unison/voices",
        detune = "unison/detune_cents",
        detune_power = "unison/detune_power",
        detune_range = "unison/detune_range_st",
        blend = "unison/blend",
        stereo_spread = "unison/stereo_spread",
        frame_spread = "unison/frame_spread",
        warp_spread = "unison/warp_spread",
        spectral_spread = "unison/spectral_spread",
        warp_amount = "warp/amount",
        warp_phase = "warp/phase",
        spectral_amount = "spectral/amount",
    }
}

ids! {
    /// The noise and sample slot.
    SampleIds {
        level = "level",
        pan = "pan",
        transpose = "transpose",
        tune = "tune_cents",
    }
}

ids! {
    /// A filter.
    FilterIds {
        cutoff = "cutoff_hz",
        resonance = "resonance",
        drive = "drive_db",
        blend = "blend",
        keytrack = "keytrack",
        mix = "mix",
        blend_transpose = "blend_transpose",
        formant_x = "formant/x",
        formant_y = "formant/y",
        formant_transpose = "formant/transpose",
        formant_resonance = "formant/resonance",
        formant_spread = "formant/spread",
    }
}

ids! {
    /// An envelope.
    EnvelopeIds {
        delay = "delay_s",
        attack = "attack_s",
        attack_power = "attack_power",
        hold = "hold_s",
        decay = "decay_s",
        decay_power = "decay_power",
        sustain = "sustain",
        release = "release_s",
        release_power = "release_power",
    }
}

ids! {
    /// A rate.
    RateIds {
        hz = "rate/hz",
        sync = "rate/sync",
        transpose = "rate/transpose",
        tune = "rate/tune_cents",
    }
}

ids! {
    /// An LFO, but for its rate.
    LfoIds {
        phase = "phase",
        delay = "delay_s",
        smooth = "smooth/time_s",
        fade = "smooth/fade_s",
        stereo = "stereo",
    }
}

ids! {
    /// What all voices share.
    VoicingIds {
        glide = "glide_s",
        glide_slope = "glide_slope",
        bend_range = "bend_range_st",
        velocity = "velocity_to_amp",
        transpose = "voice_transpose",
        tune = "voice_tune_cents",
        width = "stereo_width",
        volume = "master_db",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_a_row() {
        for i in 0..3 {
            OscIds::below(&format!("/modules/osc/{i}"));
        }
        SampleIds::below("/modules/sample");
        FilterIds::below("/modules/filter/1");
        EnvelopeIds::below("/modules/env/5");
        RateIds::below("/modules/lfo/7");
        LfoIds::below("/modules/lfo/7");
        RateIds::below("/modules/random/3");
        VoicingIds::below("/modules/voicing");
    }
}
