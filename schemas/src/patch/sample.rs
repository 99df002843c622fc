//! The noise and sample slot.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::patch::osc::{Destination, HALF_POWER};
use crate::table::{Described, module};

choice! {
    /// What the slot plays.
    SampleSource {
        /// White noise.
        White = "white",
        /// Noise of a colour.
        Colored = "colored",
        /// An imported sample beside the patch.
        Asset = "asset",
    }
}

/// SHA-256 of an imported sample, empty for none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetName(pub String);

impl Described for AssetName {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^([0-9a-f]{64})?$", "description": "SHA-256 of an imported sample, empty for none." })
    }
}

module! {
    /// Noise or a sample, beside the oscillators.
    SampleOsc {
        enabled: flag(false) "on" "Noise" "Switches the noise or sample on.";
        source: choice(SampleSource::White) "" "Source" "White noise, coloured noise or a sample.";
        asset: data(AssetName) "" "Sample" "The imported sample.";
        color: real(-1.0, 1.0, 0.0, "", Linear, false) "" "Colour" "Tilt of coloured noise: −1 dark, 0 white, 1 bright.";
        level: real(0.0, 1.0, HALF_POWER, "", Linear, true) "level" "Level" "How loud it is; the gain is its square.";
        pan: real(-1.0, 1.0, 0.0, "", Linear, true) "pan" "Pan" "Left to right, constant power.";
        transpose: int(-48, 48, 0, "semitones", true) "transpose" "Transpose" "Playing speed in semitones.";
        tune_cents: real(-100.0, 100.0, 0.0, "cents", Hundredth, true) "tune" "Tune" "Playing speed in cents.";
        keytrack: flag(false) "keytrack" "Keytrack" "Whether the speed follows the note (root 60).";
        loop_on: flag(true) "loop" "Loop" "Whether it starts again at its end.";
        bounce: flag(false) "bounce" "Bounce" "Whether it turns round at its ends.";
        random_start: flag(false) "random_phase" "Random start" "Whether each note starts elsewhere.";
        destination: choice(Destination::Effects) "destination" "Destination" "Where the sound goes.";
    }
}
