//! The closed list of categories a sound can belong to.

crate::choice::choice! {
    /// What kind of instrument a patch is.
    Category {
        /// Low, fundamental; mono by default.
        Bass = "bass",
        /// Melodic voice in front.
        Lead = "lead",
        /// Sustained background.
        Pad = "pad",
        /// Short, decays to silence while held.
        Pluck = "pluck",
        /// Electric pianos, clavs, synth keys.
        Keys = "keys",
        /// Drawbar and pipe organs.
        Organ = "organ",
        /// Struck metal and glass.
        Bell = "bell",
        /// Struck wood: marimba, kalimba, xylophone.
        Mallet = "mallet",
        /// Bowed strings and string machines.
        Strings = "strings",
        /// Synth and sectional brass.
        Brass = "brass",
        /// Flutes, reeds, whistles.
        Wind = "wind",
        /// Several singers.
        Choir = "choir",
        /// One voice, talking or singing.
        Vox = "vox",
        /// Plucked and distorted guitars.
        Guitar = "guitar",
        /// One short chordal hit.
        Stab = "stab",
        /// For arpeggios: short and even.
        Arp = "arp",
        /// Moves in rhythm by itself.
        Sequence = "sequence",
        /// Drums and percussion.
        Drum = "drum",
        /// Risers, impacts, sweeps, noises.
        Fx = "fx",
        /// Endless tone.
        Drone = "drone",
    }
}

impl Category {
    /// The note by which a sound of this kind is measured: C2 (36) for bass and drum, else C4 (60).
    #[must_use]
    pub const fn reference_note(self) -> u8 {
        match self {
            Self::Bass | Self::Drum => 36,
            _ => 60,
        }
    }
}
