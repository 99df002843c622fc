//! An envelope.

use crate::table::module;

module! {
    /// Delay, attack, hold, decay, sustain, release.
    Envelope {
        delay_s: real(0.0, 4.0, 0.0, "s", Quartic, true) "delay" "Delay" "Silence before the attack.";
        attack_s: real(0.0, 32.0, 0.0005, "s", Quartic, true) "attack" "Attack" "Time to the top.";
        attack_power: real(-20.0, 20.0, 0.0, "", Linear, false) "attack_power" "Attack curve" "Bend of the attack.";
        hold_s: real(0.0, 4.0, 0.0, "s", Quartic, true) "hold" "Hold" "Time at the top.";
        decay_s: real(0.0, 32.0, 1.0, "s", Quartic, true) "decay" "Decay" "Time to the sustain level.";
        decay_power: real(-20.0, 20.0, -2.0, "", Linear, false) "decay_power" "Decay curve" "Bend of the decay.";
        sustain: real(0.0, 1.0, 1.0, "", Linear, true) "sustain" "Sustain" "Level while held; envelope 0 acts squared.";
        release_s: real(0.0, 32.0, 0.09, "s", Quartic, true) "release" "Release" "Time to silence after the key.";
        release_power: real(-20.0, 20.0, -2.0, "", Linear, false) "release_power" "Release curve" "Bend of the release.";
    }
}
