//! A wavetable oscillator.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::table::{Described, module};

choice! {
    /// Where a signal goes.
    Destination {
        /// Into filter 0.
        Filter1 = "filter_1",
        /// Into filter 1.
        Filter2 = "filter_2",
        /// Into both filters.
        Both = "both",
        /// Past the filters into the effects.
        Effects = "effects",
        /// Past the effects.
        Direct = "direct",
        /// Straight into the chorus.
        Chorus = "chorus",
        /// Straight into the compressor.
        Compressor = "compressor",
        /// Straight into the delay.
        Delay = "delay",
        /// Straight into the distortion.
        Distortion = "distortion",
        /// Straight into the equaliser.
        Eq = "eq",
        /// Straight into the effect filter.
        FxFilter = "filter",
        /// Straight into the flanger.
        Flanger = "flanger",
        /// Straight into the phaser.
        Phaser = "phaser",
        /// Straight into the reverb.
        Reverb = "reverb",
    }
}

choice! {
    /// What intervals the unison voices stand in.
    Stack {
        /// All at the same pitch.
        Unison = "unison",
        /// The centre an octave down.
        CenterDrop12 = "center_drop_12",
        /// The centre two octaves down.
        CenterDrop24 = "center_drop_24",
        /// Octaves.
        Octave = "octave",
        /// Up to two octaves.
        Octave2 = "octave_2",
        /// Fifths.
        PowerChord = "power_chord",
        /// Fifths over two octaves.
        PowerChord2 = "power_chord_2",
        /// Major chord.
        MajorChord = "major_chord",
        /// Minor chord.
        MinorChord = "minor_chord",
        /// Harmonics.
        Harmonics = "harmonics",
        /// Odd harmonics.
        OddHarmonics = "odd_harmonics",
    }
}

choice! {
    /// How the phase is bent before the table is read.
    WarpMode {
        /// Not at all.
        None = "none",
        /// Hard sync.
        Sync = "sync",
        /// Sync under a window.
        Formant = "formant",
        /// Steps.
        Quantize = "quantize",
        /// To one side.
        Bend = "bend",
        /// To the middle.
        Squeeze = "squeeze",
        /// Shorter pulse.
        Pulse = "pulse",
        /// Frequency modulation by the first other oscillator.
        FmA = "fm_a",
        /// Frequency modulation by the second other oscillator.
        FmB = "fm_b",
        /// Frequency modulation by the sample.
        FmSample = "fm_sample",
        /// Ring modulation by the first other oscillator.
        RmA = "rm_a",
        /// Ring modulation by the second other oscillator.
        RmB = "rm_b",
        /// Ring modulation by the sample.
        RmSample = "rm_sample",
    }
}

choice! {
    /// How the harmonics are moved.
    SpectralMode {
        /// Not at all.
        None = "none",
        /// Formants fixed in hertz.
        Vocode = "vocode",
        /// Formants follow the amount.
        FormantScale = "formant_scale",
        /// Partials stretched evenly.
        HarmonicStretch = "harmonic_stretch",
        /// Partials stretched unevenly.
        InharmonicStretch = "inharmonic_stretch",
        /// Amplitudes run into each other.
        Smear = "smear",
        /// Amplitudes scattered.
        RandomAmplitudes = "random_amplitudes",
        /// High partials removed.
        LowPass = "low_pass",
        /// Low partials removed.
        HighPass = "high_pass",
        /// Phases spread.
        PhaseDisperse = "phase_disperse",
        /// Endless glide.
        Shepard = "shepard",
        /// Partials from different frames.
        TimeSkew = "time_skew",
    }
}

choice! {
    /// Where a wavetable comes from.
    WavetableSource {
        /// One that the engine computes, by name.
        Named = "named",
        /// An imported one beside the patch, by hash.
        Asset = "asset",
    }
}

/// Name of a wavetable: of a computed one, or the SHA-256 of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TableName(pub String);

impl Default for TableName {
    fn default() -> Self {
        Self("basic_shapes".to_owned())
    }
}

impl Described for TableName {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^[a-z0-9_]{1,64}$", "description": "Name of a computed wavetable, or the SHA-256 of an asset." })
    }
}

/// The level whose square is half: √½ in canonical form.
pub(crate) const HALF_POWER: f64 = 707_107.0 / 1_000_000.0;

module! {
    /// What wave is read, and where.
    WavetableRef {
        source: choice(WavetableSource::Named) "" "Wavetable source" "Whether the table is computed or imported.";
        name: data(TableName) "" "Wavetable" "The table.";
        position: real(0.0, 256.0, 0.0, "frames", Linear, true) "wave_frame" "Wavetable position" "Which frame of the table sounds.";
    }
}

module! {
    /// Several voices of the oscillator at once.
    Unison {
        voices: int(1, 16, 1, "voices", true) "unison_voices" "Unison voices" "How many voices play at once.";
        detune_cents: real(0.0, 4800.0, 40.0, "cents", Detune, true) "unison_detune" "Unison detune" "How far the outermost voice is off on each side.";
        detune_power: real(-5.0, 5.0, 1.5, "", Linear, true) "detune_power" "Detune power" "How the detuning is spread over the inner voices.";
        detune_range_st: real(0.0, 48.0, 2.0, "semitones", Linear, true) "detune_range" "Detune range" "What full detuning means.";
        blend: real(0.0, 1.0, 0.8, "", Linear, true) "unison_blend" "Unison blend" "Level of the outer voices against the centre.";
        stereo_spread: real(0.0, 1.0, 1.0, "", Linear, true) "stereo_spread" "Unison width" "How far the voices stand apart in stereo.";
        frame_spread: real(-128.0, 128.0, 0.0, "frames", Linear, true) "frame_spread" "Frame spread" "How far the voices stand apart in the table.";
        warp_spread: real(-0.5, 0.5, 0.0, "", Linear, true) "distortion_spread" "Warp spread" "How far the voices stand apart in warp.";
        spectral_spread: real(-0.5, 0.5, 0.0, "", Linear, true) "spectral_morph_spread" "Spectral spread" "How far the voices stand apart in spectral morph.";
        stack: choice(Stack::Unison) "stack_style" "Stack" "What intervals the voices stand in.";
    }
}

module! {
    /// Bending of the wave as it is read.
    Warp {
        mode: choice(WarpMode::None) "distortion_type" "Warp mode" "How the wave is bent.";
        amount: real(0.0, 1.0, 0.5, "", Linear, true) "distortion_amount" "Warp amount" "How much it is bent.";
        phase: real(0.0, 1.0, 0.5, "cycles", Linear, true) "distortion_phase" "Warp phase" "Where in the wave the bending lies.";
    }
}

module! {
    /// Moving of the wave's harmonics.
    Spectral {
        mode: choice(SpectralMode::None) "spectral_morph_type" "Spectral mode" "How the harmonics are moved.";
        amount: real(0.0, 1.0, 0.5, "", Linear, true) "spectral_morph_amount" "Spectral amount" "How much they are moved.";
    }
}

module! {
    /// A wavetable oscillator.
    Osc {
        enabled: flag(false) "on" "Oscillator" "Switches the oscillator on.";
        wavetable: group(WavetableRef) "" "Wavetable" "What wave is read, and where.";
        level: real(0.0, 1.0, HALF_POWER, "", Linear, true) "level" "Level" "How loud the oscillator is; the gain is its square.";
        pan: real(-1.0, 1.0, 0.0, "", Linear, true) "pan" "Pan" "Left to right, constant power.";
        transpose: int(-48, 48, 0, "semitones", true) "transpose" "Transpose" "Pitch in semitones.";
        tune_cents: real(-100.0, 100.0, 0.0, "cents", Hundredth, true) "tune" "Tune" "Pitch in cents.";
        phase: real(0.0, 1.0, 0.5, "cycles", Linear, true) "phase" "Phase" "Where in the wave a note starts.";
        phase_randomness: real(0.0, 1.0, 1.0, "", Linear, true) "random_phase" "Phase randomness" "How much the start differs from note to note.";
        unison: group(Unison) "" "Unison" "Several voices at once.";
        warp: group(Warp) "" "Warp" "Bending of the wave.";
        spectral: group(Spectral) "" "Spectral morph" "Moving of the harmonics.";
        midi_track: flag(true) "midi_track" "Keytrack" "Whether the pitch follows the note.";
        destination: choice(Destination::Filter1) "destination" "Destination" "Where the oscillator's sound goes.";
    }
}
