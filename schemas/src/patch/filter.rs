//! A filter of a voice.

use crate::choice::choice;
use crate::table::module;

choice! {
    /// How the filter is built.
    FilterModel {
        /// Two poles with a saturated loop.
        Analog = "analog",
        /// The same, driven.
        Dirty = "dirty",
        /// Four saturated poles.
        Ladder = "ladder",
        /// A clean state-variable filter.
        Digital = "digital",
        /// Coupled poles.
        Diode = "diode",
        /// Vowels.
        Formant = "formant",
        /// A tuned delay.
        Comb = "comb",
        /// All-passes.
        Phaser = "phaser",
    }
}

choice! {
    /// Slope or kind, as the model allows. Diode: low_shelf, low_cut (0, 1); comb: 0 to 5; formant: 0, 1.
    FilterStyle {
        /// 12 dB an octave (diode: low shelf; comb: low and high blend).
        Db12 = "12",
        /// 24 dB an octave (diode: low cut; comb: flange up).
        Db24 = "24",
        /// Low-pass to notch to high-pass (comb: flange down).
        NotchBlend = "notch_blend",
        /// Notches that move apart (comb: band spread).
        NotchSpread = "notch_spread",
        /// Band-pass to peak to notch (comb: band spread, flange up).
        Bpn = "bpn",
        /// Comb: band spread, flange down.
        Comb6 = "comb_6",
    }
}

module! {
    /// The formant model's own parameters.
    Formant {
        x: real(0.0, 1.0, 0.5, "", Linear, true) "formant_x" "Formant x" "Vowel, left to right.";
        y: real(0.0, 1.0, 0.5, "", Linear, true) "formant_y" "Formant y" "Vowel, bottom to top.";
        transpose: real(-12.0, 12.0, 0.0, "semitones", Linear, true) "formant_transpose" "Formant transpose" "Size of the mouth.";
        resonance: real(0.3, 1.0, 0.85, "", Linear, true) "formant_resonance" "Formant resonance" "Sharpness of the formants.";
        spread: real(-1.0, 1.0, 0.0, "", Linear, true) "formant_spread" "Formant spread" "Distance of the formants.";
    }
}

module! {
    /// A filter of a voice.
    Filter {
        enabled: flag(false) "on" "Filter" "Switches the filter on.";
        model: choice(FilterModel::Analog) "model" "Model" "How the filter is built.";
        style: choice(FilterStyle::Db12) "style" "Style" "Slope, or kind of the model.";
        cutoff_hz: real(12.978272, 21096.163762, 261.625565, "Hz", Note, true) "cutoff" "Cutoff" "Where the filter begins to act.";
        resonance: real(0.0, 1.0, 0.5, "", Linear, true) "resonance" "Resonance" "Emphasis at the cutoff.";
        drive_db: real(0.0, 20.0, 0.0, "dB", Linear, true) "drive" "Drive" "Level into the filter's saturation.";
        blend: real(0.0, 2.0, 0.0, "", Linear, true) "blend" "Blend" "Low-pass 0, band-pass 1, high-pass 2.";
        blend_transpose: real(0.0, 84.0, 42.0, "semitones", Linear, true) "blend_transpose" "Comb blend offset" "Offset of the comb's colour.";
        keytrack: real(-1.0, 1.0, 0.0, "", Linear, true) "keytrack" "Keytrack" "How the cutoff follows the note, around note 60.";
        mix: real(0.0, 1.0, 1.0, "", Linear, true) "mix" "Mix" "Filtered against unfiltered.";
        formant: group(Formant) "" "Formant" "The formant model's own parameters.";
        from_filter_0: flag(false) "filter_input" "From filter 0" "Filter 1 only: takes filter 0's output, so that they stand in series.";
    }
}
