//! How notes become voices.

use crate::choice::choice;
use crate::table::module;

choice! {
    /// One voice or many.
    VoicingMode {
        /// One.
        Mono = "mono",
        /// Many.
        Poly = "poly",
    }
}

choice! {
    /// Which note is kept, or comes back, at the limit.
    Priority {
        /// The last pressed.
        Newest = "newest",
        /// The first pressed.
        Oldest = "oldest",
        /// The highest.
        Highest = "highest",
        /// The lowest.
        Lowest = "lowest",
        /// In turn.
        RoundRobin = "round_robin",
    }
}

choice! {
    /// What happens to a voice whose place is needed.
    Override {
        /// It fades within 50 ms and a new one starts.
        Kill = "kill",
        /// It goes on with the new note.
        Steal = "steal",
    }
}

choice! {
    /// What the stereo control does.
    StereoMode {
        /// Narrows.
        Spread = "spread",
        /// Turns.
        Rotate = "rotate",
    }
}

choice! {
    /// How often the voice is computed per output sample.
    Oversampling {
        /// Once.
        X1 = "1",
        /// Twice.
        X2 = "2",
        /// Four times.
        X4 = "4",
        /// Eight times.
        X8 = "8",
    }
}

module! {
    /// How notes become voices, and what happens to the whole sound.
    Voicing {
        mode: choice(VoicingMode::Poly) "" "Voicing" "One voice or many; one is Vital's polyphony 1.";
        voices: int(1, 64, 8, "voices", false) "polyphony" "Voices" "Most voices at once where poly; export clamps to 32.";
        legato: flag(false) "legato" "Legato" "Whether a tied note keeps its envelopes running.";
        glide_s: real(0.0, 16.0, 0.0, "s", Exponential, true) "portamento_time" "Glide" "Time from note to note, 0 for none.";
        glide_slope: real(-8.0, 8.0, 0.0, "", Linear, true) "portamento_slope" "Glide slope" "Bend of the glide.";
        glide_octave_scaled: flag(false) "portamento_scale" "Octave scale" "Whether wider steps take longer.";
        glide_always: flag(false) "portamento_force" "Always glide" "Whether it glides without a held note.";
        priority: choice(Priority::RoundRobin) "voice_priority" "Priority" "Which note is kept at the limit.";
        override_mode: choice(Override::Kill) "voice_override" "Override" "What happens to a voice whose place is needed.";
        bend_range_st: int(0, 48, 2, "semitones", true) "pitch_bend_range" "Bend range" "What the full pitch wheel means.";
        velocity_to_amp: real(-1.0, 1.0, 0.0, "", Linear, true) "velocity_track" "Velocity" "How much soft notes are softer.";
        voice_transpose: int(-48, 48, 0, "semitones", true) "voice_transpose" "Transpose" "Pitch of all voices in semitones.";
        voice_tune_cents: real(-100.0, 100.0, 0.0, "cents", Hundredth, true) "voice_tune" "Tune" "Pitch of all voices in cents.";
        stereo_mode: choice(StereoMode::Spread) "stereo_mode" "Stereo mode" "What the stereo width does.";
        stereo_width: real(0.0, 1.0, 1.0, "", Linear, true) "stereo_routing" "Stereo width" "0 mono, 1 as it is.";
        master_db: real(-80.0, 6.0206, -6.02, "dB", Volume, true) "volume" "Volume" "Level of the whole.";
        oversampling: choice(Oversampling::X2) "oversampling" "Oversampling" "Quality against cost.";
    }
}
