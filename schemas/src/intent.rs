//! What a planner may say about a sound, and nothing more. Degrees are −1..1 against the category's neutral sound
//! (slightly ±0.25, plain ±0.5, very ±0.75, extremely ±1); exact values have their unit in the name.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Category;
use crate::choice::choice;
use crate::patch::fx::DelayStyle;
use crate::patch::rate::{RateMode, Sync};
use crate::patch::voicing::VoicingMode;
use crate::table::Described;

choice! {
    /// What must hold in the result, each with its measured predicate.
    Invariant {
        /// One voice.
        Mono = "mono",
        /// Several voices.
        Poly = "poly",
        /// Loses at most 3 dB when summed to mono.
        MonoSafe = "mono_safe",
        /// Louder than −60 dBFS.
        NonSilent = "non_silent",
        /// Decays by 20 dB while held.
        Pluck = "pluck",
        /// No reverb.
        NoReverb = "no_reverb",
        /// No delay.
        NoDelay = "no_delay",
        /// No chorus.
        NoChorus = "no_chorus",
        /// No distortion.
        NoDistortion = "no_distortion",
        /// No noise.
        NoNoise = "no_noise",
        /// One voice per oscillator.
        NoUnison = "no_unison",
        /// No vibrato.
        NoVibrato = "no_vibrato",
        /// Movement at most 0.1.
        Static = "static",
        /// Side energy at most 2 %.
        Centered = "centered",
        /// No effects at all.
        NoEffects = "no_effects",
        /// Nothing an octave below the note.
        NoSub = "no_sub",
    }
}

choice! {
    /// What the user does not want.
    Feature {
        /// Reverb.
        Reverb = "reverb",
        /// Delay.
        Delay = "delay",
        /// Chorus.
        Chorus = "chorus",
        /// Phaser.
        Phaser = "phaser",
        /// Flanger.
        Flanger = "flanger",
        /// Distortion.
        Distortion = "distortion",
        /// Noise.
        Noise = "noise",
        /// Unison.
        Unison = "unison",
        /// Vibrato.
        Vibrato = "vibrato",
        /// Movement.
        Movement = "movement",
        /// Sub.
        Sub = "sub",
        /// Resonance.
        Resonance = "resonance",
        /// Glide.
        Glide = "glide",
        /// A click at the start.
        Click = "click",
        /// High frequencies.
        Highs = "highs",
        /// Low frequencies.
        Lows = "lows",
        /// Any effect.
        Effects = "effects",
    }
}

choice! {
    /// What the movement moves.
    MovementTarget {
        /// The filter's cutoff.
        Filter = "filter",
        /// The level.
        Level = "level",
        /// The pitch.
        Pitch = "pitch",
        /// The place in the wavetable.
        Position = "position",
        /// The place in stereo.
        Pan = "pan",
    }
}

choice! {
    /// How the movement goes.
    MovementShape {
        /// Round.
        Sine = "sine",
        /// Straight up and down.
        Triangle = "triangle",
        /// Up, then at once down.
        SawUp = "saw_up",
        /// Down, then at once up.
        SawDown = "saw_down",
        /// On and off.
        Square = "square",
        /// Random steps.
        SampleHold = "sample_hold",
        /// Chopped.
        Gate = "gate",
    }
}

choice! {
    /// What the oscillators play.
    Waveform {
        /// One partial.
        Sine = "sine",
        /// Few odd partials.
        Triangle = "triangle",
        /// All partials.
        Saw = "saw",
        /// Odd partials.
        Square = "square",
        /// A narrow pulse.
        Pulse = "pulse",
        /// Several detuned saws.
        Supersaw = "supersaw",
        /// No pitch.
        Noise = "noise",
        /// Drawbars.
        Organ = "organ",
        /// Frequency modulation.
        Fm = "fm",
        /// Formants.
        Vowel = "vowel",
        /// Inharmonic partials.
        Bell = "bell",
        /// Bright, hard spectra.
        Digital = "digital",
    }
}

choice! {
    /// What the filter lets through.
    FilterKind {
        /// Lows.
        LowPass = "low_pass",
        /// A band.
        BandPass = "band_pass",
        /// Highs.
        HighPass = "high_pass",
    }
}

macro_rules! asked {
    ($(#[$meta:meta])* $name:ident { $($field:ident : $kind:ident ( $($args:tt)* ) $doc:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $(#[doc = $doc] #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<asked!(@type $kind $($args)*)>,)* }

        impl Described for $name {
            fn schema() -> Value {
                let mut properties = serde_json::Map::new();
                $({
                    let mut schema = asked!(@schema $kind $($args)*);
                    schema["description"] = json!($doc);
                    properties.insert(stringify!($field).to_owned(), schema);
                })*
                json!({ "type": "object", "additionalProperties": false, "properties": properties })
            }
        }
    };
    (@type degree) => { f64 };
    (@type real $min:expr, $max:expr) => { f64 };
    (@type int $min:expr, $max:expr) => { i64 };
    (@type flag) => { bool };
    (@type of $type:ty) => { $type };
    (@schema degree) => { json!({ "type": "number", "minimum": -1, "maximum": 1 }) };
    (@schema real $min:expr, $max:expr) => { json!({ "type": "number", "minimum": $min, "maximum": $max }) };
    (@schema int $min:expr, $max:expr) => { json!({ "type": "integer", "minimum": $min, "maximum": $max }) };
    (@schema flag) => { json!({ "type": "boolean" }) };
    (@schema of $type:ty) => { <$type as Described>::schema() };
}

asked! {
    /// A periodic movement.
    Movement {
        depth: real(0.0, 1.0) "How far, 0..1.";
        rate_hz: real(0.01, 40.0) "How fast, Hz.";
        rate_sync: of(Sync) "How fast, as a note value.";
        sync_mode: of(RateMode) "Straight (tempo), dotted or triplet.";
        target: of(MovementTarget) "What it moves.";
        shape: of(MovementShape) "How it goes.";
    }
}

asked! {
    /// An echo.
    DelayAsk {
        amount: degree() "How much.";
        time_s: real(0.002, 4.0) "Time, s.";
        sync: of(Sync) "Time as a note value.";
        sync_mode: of(RateMode) "Straight (tempo), dotted or triplet.";
        style: of(DelayStyle) "How the lines are connected.";
    }
}

asked! {
    /// What is asked of the sound. What is absent stays as the template has it.
    Descriptors {
        brightness: degree() "Dark to bright.";
        warmth: degree() "Cold and thin to warm and full.";
        roughness: degree() "Smooth to rough.";
        punch: degree() "Soft to punchy start.";
        attack: degree() "Fastest to slowest attack.";
        length: degree() "Short to long decay and sustain.";
        release: degree() "Short to long release.";
        width: degree() "Mono to wide.";
        space: degree() "Dry to deep room.";
        drive: degree() "Clean to distorted.";
        noise: degree() "No noise to noisy.";
        detune: degree() "In tune to detuned.";
        sub: degree() "No sub to strong sub.";
        complexity: degree() "Pure to rich.";
        resonance: degree() "Flat to resonant.";
        movement_amount: degree() "Still to lively.";
        movement_speed: degree() "Slow to fast movement.";
        attack_s: real(0.0, 32.0) "Attack time, s.";
        decay_s: real(0.0, 32.0) "Decay time, s.";
        sustain: real(0.0, 1.0) "Sustain level.";
        release_s: real(0.0, 32.0) "Release time, s.";
        glide_s: real(0.0, 16.0) "Glide time, s.";
        cutoff_hz: real(13.0, 21000.0) "Filter cutoff, Hz.";
        resonance_exact: real(0.0, 1.0) "Filter resonance, 0..1.";
        filter_kind: of(FilterKind) "What the filter lets through.";
        filter_slope: int(12, 24) "Filter slope, 12 or 24 dB an octave.";
        vibrato_hz: real(0.1, 20.0) "Vibrato rate, Hz.";
        vibrato_cents: real(0.0, 200.0) "Vibrato depth, cents each way.";
        tremolo_hz: real(0.1, 40.0) "Tremolo rate, Hz.";
        movement: of(Movement) "A periodic movement.";
        delay: of(DelayAsk) "An echo.";
        reverb_s: real(0.05, 60.0) "Reverb time, s.";
        chorus: degree() "How much chorus.";
        phaser: degree() "How much phaser.";
        flanger: degree() "How much flanger.";
        unison_voices: int(1, 16) "Voices per oscillator.";
        unison_cents: real(0.0, 200.0) "Detuning of the outermost voices, cents each side.";
        waveform: of(Waveform) "What the oscillators play.";
        fm_ratio: real(0.25, 16.0) "Ratio of the modulator to the carrier.";
        transpose_octaves: int(-3, 3) "Octaves up or down.";
        oscillators: int(1, 3) "How many oscillators.";
    }
}

/// The notes a sound is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Lowest MIDI note.
    pub low_note: u8,
    /// Highest MIDI note.
    pub high_note: u8,
}

/// Words that asked for opposite things, and what was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// What it is about: a descriptor's name, `category`, `voicing`.
    pub about: String,
    /// The words that disagree, from the lexicon.
    pub asked: Vec<String>,
    /// The one that was kept.
    pub kept: String,
}

/// What a planner made of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Always "1.0".
    pub schema_version: String,
    /// A name for the sound, of letters, digits, blanks, `'` and `-`.
    pub name: String,
    /// What kind of instrument it is.
    pub category: Category,
    /// Finer kind, open.
    pub subcategory: Option<String>,
    /// The template to start from, where one was named.
    pub template_id: Option<String>,
    /// One voice or many; absent: as the template has it.
    pub voicing: Option<VoicingMode>,
    /// The notes it is meant for.
    pub register: Option<Register>,
    /// What is asked of the sound.
    pub descriptors: Descriptors,
    /// What must hold.
    pub invariants: Vec<Invariant>,
    /// What must not be there.
    pub avoid: Vec<Feature>,
    /// Tempo, 20..300.
    pub tempo_bpm: Option<f64>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Contradictions and how they were settled.
    pub conflicts: Vec<Conflict>,
    /// Why, in words of the lexicon, at most 280 characters. It stays out of bundles.
    pub rationale: String,
    /// How sure the planner is, 0..1.
    pub confidence: f64,
}

impl Intent {
    /// An intent that asks for nothing but a category.
    #[must_use]
    pub fn neutral(category: Category) -> Self {
        Self {
            schema_version: crate::SCHEMA_VERSION.to_owned(),
            name: "Untitled".to_owned(),
            category,
            subcategory: None,
            template_id: None,
            voicing: None,
            register: None,
            descriptors: Descriptors::default(),
            invariants: Vec::new(),
            avoid: Vec::new(),
            tempo_bpm: None,
            tags: Vec::new(),
            conflicts: Vec::new(),
            rationale: String::new(),
            confidence: 1.0,
        }
    }
}

impl Described for Intent {
    fn schema() -> Value {
        let word = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["schema_version", "name", "category", "subcategory", "template_id", "voicing", "register", "descriptors",
                "invariants", "avoid", "tempo_bpm", "tags", "conflicts", "rationale", "confidence"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "name": { "type": "string", "pattern": "^[A-Za-z0-9 '-]{1,48}$" },
                "category": Category::schema(),
                "subcategory": { "type": ["string", "null"], "pattern": "^[a-z0-9_]{1,32}$" },
                "template_id": { "type": ["string", "null"], "pattern": "^[a-z0-9_]{1,64}$" },
                "voicing": { "enum": [null, "mono", "poly"] },
                "register": { "oneOf": [{ "type": "null" }, { "type": "object", "additionalProperties": false, "required": ["low_note", "high_note"],
                    "properties": { "low_note": { "type": "integer", "minimum": 0, "maximum": 127 }, "high_note": { "type": "integer", "minimum": 0, "maximum": 127 } } }] },
                "descriptors": Descriptors::schema(),
                "invariants": { "type": "array", "maxItems": 16, "items": Invariant::schema() },
                "avoid": { "type": "array", "maxItems": 17, "items": Feature::schema() },
                "tempo_bpm": { "type": ["number", "null"], "minimum": 20, "maximum": 300 },
                "tags": { "type": "array", "maxItems": crate::limits::MAX_TAGS, "items": word },
                "conflicts": { "type": "array", "maxItems": 32, "items": { "type": "object", "additionalProperties": false, "required": ["about", "asked", "kept"],
                    "properties": { "about": word, "asked": { "type": "array", "maxItems": 16, "items": word }, "kept": word } } },
                "rationale": { "type": "string", "maxLength": 280 },
                "confidence": { "type": "number", "minimum": 0, "maximum": 1 }
            }
        })
    }
}
