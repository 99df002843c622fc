//! A random source.

use crate::choice::choice;
use crate::patch::rate::RandomRate;
use crate::table::module;

choice! {
    /// How the random values follow each other.
    RandomStyle {
        /// Smooth noise.
        Perlin = "perlin",
        /// Steps.
        SampleHold = "sample_hold",
        /// Half cosines between values.
        Sine = "sine",
        /// A chaotic orbit.
        Lorenz = "lorenz",
    }
}

choice! {
    /// What starts the source anew.
    Restart {
        /// Each note.
        Note = "note",
        /// The song.
        Song = "song",
    }
}

module! {
    /// A random source.
    RandomSource {
        style: choice(RandomStyle::Perlin) "style" "Style" "How the values follow each other.";
        rate: group(RandomRate) "" "Rate" "How many values a second.";
        stereo: flag(false) "stereo" "Stereo" "Whether left and right differ.";
        restart: choice(Restart::Note) "sync_type" "Restart" "What starts it anew.";
    }
}
