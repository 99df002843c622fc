//! How fast something runs: in hertz, seconds or note values.

use crate::choice::choice;
use crate::table::module;

choice! {
    /// Whether a rate is free or follows the tempo.
    RateMode {
        /// In hertz.
        Hz = "hz",
        /// A note value.
        Tempo = "tempo",
        /// A dotted note value: a rate of two thirds.
        Dotted = "dotted",
        /// A triplet note value: a rate of three halves.
        Triplet = "triplet",
        /// Follows the note's pitch.
        Keytrack = "keytrack",
    }
}

choice! {
    /// A note value; 1/1 is four beats in any metre.
    Sync {
        /// Stands still.
        Freeze = "freeze",
        /// 32 bars.
        Bars32 = "32/1",
        /// 16 bars.
        Bars16 = "16/1",
        /// 8 bars.
        Bars8 = "8/1",
        /// 4 bars.
        Bars4 = "4/1",
        /// 2 bars.
        Bars2 = "2/1",
        /// One bar.
        Whole = "1/1",
        /// A half.
        Half = "1/2",
        /// A quarter.
        Quarter = "1/4",
        /// An eighth.
        Eighth = "1/8",
        /// A sixteenth.
        Sixteenth = "1/16",
        /// A thirty-second.
        ThirtySecond = "1/32",
        /// A sixty-fourth.
        SixtyFourth = "1/64",
    }
}

impl Sync {
    /// Cycles per beat: 1/128 (32/1) to 16 (1/64); 0 for freeze.
    #[must_use]
    pub fn cycles_per_beat(self) -> f64 {
        match self.index() {
            0 => 0.0,
            index => libm::exp2(index as f64 - 8.0),
        }
    }
}

module! {
    /// Rate of an LFO.
    LfoRate {
        mode: choice(RateMode::Tempo) "sync" "Rate mode" "Whether the rate is in hertz, in note values or follows the note.";
        hz: real(0.007813, 512.0, 2.0, "Hz", Exponential, true) "frequency" "Rate" "Speed where the mode is hz.";
        sync: choice(Sync::Half) "tempo" "Note value" "Speed where the mode follows the tempo.";
        transpose: int(-60, 36, -12, "semitones", true) "keytrack_transpose" "Rate transpose" "Semitones from the note where the mode is keytrack.";
        tune_cents: real(-100.0, 100.0, 0.0, "cents", Hundredth, true) "keytrack_tune" "Rate tune" "Fine tuning where the mode is keytrack.";
    }
}

module! {
    /// Rate of a random source.
    RandomRate {
        mode: choice(RateMode::Tempo) "sync" "Rate mode" "Whether the rate is in hertz, in note values or follows the note.";
        hz: real(0.007813, 512.0, 2.0, "Hz", Exponential, true) "frequency" "Rate" "Speed where the mode is hz.";
        sync: choice(Sync::Quarter) "tempo" "Note value" "Speed where the mode follows the tempo.";
        transpose: int(-60, 36, -12, "semitones", true) "keytrack_transpose" "Rate transpose" "Semitones from the note where the mode is keytrack.";
        tune_cents: real(-100.0, 100.0, 0.0, "cents", Hundredth, true) "keytrack_tune" "Rate tune" "Fine tuning where the mode is keytrack.";
    }
}

module! {
    /// Rate of the chorus.
    ChorusRate {
        mode: choice_in(RateMode::Tempo, Hz, Triplet) "sync" "Rate mode" "Whether the rate is in hertz or in note values.";
        hz: real(0.015625, 8.0, 0.125, "Hz", Exponential, true) "frequency" "Rate" "Speed where the mode is hz.";
        sync: choice_in(Sync::Bars4, Freeze, Sixteenth) "tempo" "Note value" "Speed where the mode follows the tempo.";
    }
}

module! {
    /// Rate of the flanger.
    FlangerRate {
        mode: choice_in(RateMode::Tempo, Hz, Triplet) "sync" "Rate mode" "Whether the rate is in hertz or in note values.";
        hz: real(0.03125, 4.0, 4.0, "Hz", Exponential, true) "frequency" "Rate" "Speed where the mode is hz.";
        sync: choice_in(Sync::Bars4, Freeze, Sixteenth) "tempo" "Note value" "Speed where the mode follows the tempo.";
    }
}

module! {
    /// Rate of the phaser.
    PhaserRate {
        mode: choice_in(RateMode::Tempo, Hz, Triplet) "sync" "Rate mode" "Whether the rate is in hertz or in note values.";
        hz: real(0.03125, 4.0, 0.125, "Hz", Exponential, true) "frequency" "Rate" "Speed where the mode is hz.";
        sync: choice_in(Sync::Bars8, Freeze, Sixteenth) "tempo" "Note value" "Speed where the mode follows the tempo.";
    }
}

module! {
    /// Time of a delay line.
    DelayTime {
        mode: choice_in(RateMode::Tempo, Hz, Triplet) "sync" "Time mode" "Whether the time is in seconds (hz) or in note values; dotted is longer, triplet shorter.";
        seconds: real(0.001954, 4.0, 0.25, "s", InverseExponential, true) "frequency" "Time" "Time where the mode is hz.";
        sync: choice_in(Sync::Eighth, Bars4, SixtyFourth) "tempo" "Note value" "Time where the mode follows the tempo.";
    }
}
