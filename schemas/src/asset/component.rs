//! What wavetables are made of: four sources and six ways to change a frame, each with keyframes along the table.
//!
//! They are Vital's, in our words; what each does to a frame is the engine's business (`wavetable/components`).
//! Values between keyframes follow the component's `path`; before the first and behind the last keyframe they stay.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::packed::{Recording, Wave};
use super::{MAX_KEYFRAMES, MAX_LINE_POINTS, MAX_SAMPLE_FRAMES, SAMPLE_RATES, WAVE_SAMPLES};
use crate::Faults;
use crate::choice::choice;
use crate::table::Described;

choice! {
    /// How values go from keyframe to keyframe.
    Path {
        /// They stay until the next keyframe.
        Hold = "hold",
        /// Straight.
        Linear = "linear",
        /// By a cubic.
        Cubic = "cubic",
    }
}

choice! {
    /// How two waves become one between them.
    WaveBlend {
        /// Sample by sample.
        Time = "time",
        /// Harmonic by harmonic.
        Harmonics = "harmonics",
    }
}

choice! {
    /// How a frame is cut out of a recording.
    Cut {
        /// From the place itself, its end faded into its beginning.
        Fade = "fade",
        /// The whole cycle before the place.
        Cycle = "cycle",
        /// The two cycles around the place, mixed sample by sample.
        Time = "time",
        /// The two cycles around the place, mixed harmonic by harmonic.
        Harmonics = "harmonics",
    }
}

choice! {
    /// What becomes of the harmonics' phases.
    Phases {
        /// They stay.
        Own = "own",
        /// All alike.
        Aligned = "aligned",
        /// By chance, the same in every frame.
        Random = "random",
    }
}

choice! {
    /// Which harmonics a phase shift moves, and how far.
    PhaseShift {
        /// The wave as a whole: harmonic k by k times the phase.
        All = "all",
        /// Even and odd harmonics against each other.
        EvenOdd = "even_odd",
        /// Every harmonic by the same phase.
        Harmonic = "harmonic",
        /// Every harmonic by the same phase, even and odd against each other.
        HarmonicEvenOdd = "harmonic_even_odd",
        /// All phases are set to it.
        Clear = "clear",
    }
}

choice! {
    /// How a frame's ends are faded.
    WindowShape {
        /// A cosine.
        Cosine = "cosine",
        /// Half a sine.
        HalfSine = "half_sine",
        /// Straight.
        Linear = "linear",
        /// At once.
        Square = "square",
        /// A sine that swings.
        Wiggle = "wiggle",
    }
}

choice! {
    /// What a frequency filter keeps.
    FilterShape {
        /// What is below the cutoff.
        LowPass = "low_pass",
        /// What is around the cutoff.
        BandPass = "band_pass",
        /// What is above the cutoff.
        HighPass = "high_pass",
        /// Teeth.
        Comb = "comb",
    }
}

/// A component's JSON type, field by field, and its schema, from one list.
macro_rules! part {
    ($(#[doc = $doc:literal])* $name:ident $tag:literal { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty = $schema:expr;)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[doc = $fdoc])+ pub $field: $type,)* }

        impl Described for $name {
            fn schema() -> Value {
                let tag: &str = $tag;
                let mut fields: Vec<(&str, Value)> = Vec::new();
                if !tag.is_empty() {
                    fields.push(("type", json!({ "const": tag })));
                }
                $(
                    let mut field: Value = $schema;
                    field["description"] = json!([$($fdoc),+].concat().trim());
                    fields.push((stringify!($field), field));
                )*
                object(fields)
            }
        }
    };
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "required": required });
    let properties: Map<String, Value> = fields.into_iter().map(|(name, s)| (name.to_owned(), s)).collect();
    schema["properties"] = Value::Object(properties);
    schema
}

fn number(min: f64, max: f64) -> Value {
    json!({ "type": "number", "minimum": min, "maximum": max })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn position() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 256 })
}

fn keyframes<T: Described>() -> Value {
    json!({ "type": "array", "minItems": 1, "maxItems": MAX_KEYFRAMES, "items": T::schema() })
}

/// Characters of `bytes` bytes in base64.
const fn base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

part! {
    /// A drawn wave at a place of the table.
    WaveKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// 2,048 samples as little-endian 32-bit floats in base64.
        wave: Wave = json!({ "type": "string", "maxLength": base64(4 * WAVE_SAMPLES) });
    }
}

part! {
    /// Source: drawn waves.
    Waves "waves" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// How two waves become one between them.
        blend: WaveBlend = WaveBlend::schema();
        /// The waves.
        keyframes: Vec<WaveKey> = keyframes::<WaveKey>();
    }
}

part! {
    /// A corner of a line.
    LinePoint "" {
        /// Place in the cycle 0..1.
        x: f64 = number(0.0, 1.0);
        /// Height 0..1, upwards.
        y: f64 = number(0.0, 1.0);
        /// How the line bends on its way to the next corner; 0 is straight.
        power: f64 = number(-20.0, 20.0);
    }
}

part! {
    /// A line at a place of the table.
    LineKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// How fast this line gives way to the next; 0 is even.
        pull: f64 = number(-100.0, 100.0);
        /// Corners are rounded.
        smooth: bool = flag();
        /// The corners, as many in every keyframe.
        points: Vec<LinePoint> = json!({ "type": "array", "minItems": 2, "maxItems": MAX_LINE_POINTS, "items": LinePoint::schema() });
    }
}

part! {
    /// Source: lines through corners.
    Lines "lines" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// The lines.
        keyframes: Vec<LineKey> = keyframes::<LineKey>();
    }
}

part! {
    /// A place in a recording for a place of the table.
    RecordingKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// Where the frame starts, in samples.
        start: f64 = number(0.0, 1e8);
        /// Share of the frame that is faded, 0..1.
        fade: f64 = number(0.0, 1.0);
        /// How many samples a frame spans.
        window: f64 = number(1.0, 1e8);
    }
}

part! {
    /// Source: cycles cut out of a recording.
    Cycles "cycles" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// How a frame is cut out of the recording.
        cut: Cut = Cut::schema();
        /// Samples of a cycle, for the cuts by whole cycles.
        cycle: f64 = number(1.0, 1e8);
        /// What becomes of the harmonics' phases.
        phases: Phases = Phases::schema();
        /// Decides random phases.
        seed: i32 = json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX });
        /// Frames are brought to a peak of 1 (quieter ones only where `boost` says so).
        normalize: bool = flag();
        /// Normalising also makes quiet frames louder.
        boost: bool = flag();
        /// Sample frames per second at which it was recorded.
        sample_rate: u32 = json!({ "type": "integer", "minimum": *SAMPLE_RATES.start(), "maximum": *SAMPLE_RATES.end() });
        /// The recording: little-endian 16-bit samples in base64.
        recording: Recording = json!({ "type": "string", "maxLength": base64(2 * MAX_SAMPLE_FRAMES) });
        /// The places.
        keyframes: Vec<RecordingKey> = keyframes::<RecordingKey>();
    }
}

part! {
    /// A phase shift at a place of the table.
    PhaseShiftKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// Radians.
        phase: f64 = number(-1e4, 1e4);
        /// Share of the shifted wave, 0..1.
        mix: f64 = number(0.0, 1.0);
    }
}

part! {
    /// Change: harmonics' phases are moved.
    PhaseShifts "phase_shift" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// Which harmonics are moved, and how far.
        mode: PhaseShift = PhaseShift::schema();
        /// The shifts.
        keyframes: Vec<PhaseShiftKey> = keyframes::<PhaseShiftKey>();
    }
}

part! {
    /// A window at a place of the table.
    WindowKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// Where the fade at the beginning ends, 0..1 of the frame.
        left: f64 = number(0.0, 1.0);
        /// Where the fade at the end begins, 0..1 of the frame.
        right: f64 = number(0.0, 1.0);
    }
}

part! {
    /// Change: both ends of a frame are faded.
    Windows "window" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// The shape of the fades.
        shape: WindowShape = WindowShape::schema();
        /// The windows.
        keyframes: Vec<WindowKey> = keyframes::<WindowKey>();
    }
}

part! {
    /// A frequency filter at a place of the table.
    FilterKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// Cutoff in octaves above the fundamental.
        cutoff: f64 = number(0.0, 16.0);
        /// Steepness, or the comb's shape, 0..1.
        shape: f64 = number(0.0, 1.0);
    }
}

part! {
    /// Change: harmonics are weakened by their number.
    Filters "filter" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// What is kept.
        shape: FilterShape = FilterShape::schema();
        /// Frames are brought back to a peak of 1.
        normalize: bool = flag();
        /// The filters.
        keyframes: Vec<FilterKey> = keyframes::<FilterKey>();
    }
}

part! {
    /// A slew limit at a place of the table.
    SlewKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// How far rising is limited, 0..1.
        rise: f64 = number(0.0, 1.0);
        /// How far falling is limited, 0..1.
        fall: f64 = number(0.0, 1.0);
    }
}

part! {
    /// Change: rises and falls are limited.
    Slews "slew" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// The limits.
        keyframes: Vec<SlewKey> = keyframes::<SlewKey>();
    }
}

part! {
    /// A folder at a place of the table.
    FoldKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// How often the wave is folded; 1 is neutral.
        boost: f64 = number(0.0, 1e4);
    }
}

part! {
    /// Change: the wave is folded by a sine.
    Folds "fold" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// The folders.
        keyframes: Vec<FoldKey> = keyframes::<FoldKey>();
    }
}

part! {
    /// A warp at a place of the table.
    WarpKey "" {
        /// Frame 0..256.
        position: u16 = position();
        /// Bend of time; 0 is neutral.
        horizontal: f64 = number(-100.0, 100.0);
        /// Bend of height; 0 is neutral.
        vertical: f64 = number(-100.0, 100.0);
    }
}

part! {
    /// Change: time and height are bent.
    Warps "warp" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// Time is bent over the whole cycle, not to both sides of its middle.
        horizontal_asymmetric: bool = flag();
        /// Height is bent from bottom to top, not to both sides of zero.
        vertical_asymmetric: bool = flag();
        /// The warps.
        keyframes: Vec<WarpKey> = keyframes::<WarpKey>();
    }
}

part! {
    /// Source: a wave that becomes itself an octave up along the table.
    Shepards "shepard" {
        /// How values go from keyframe to keyframe.
        path: Path = Path::schema();
        /// How the wave and its octave become one.
        blend: WaveBlend = WaveBlend::schema();
        /// The wave; only the first counts.
        keyframes: Vec<WaveKey> = keyframes::<WaveKey>();
    }
}

macro_rules! components {
    ($($(#[doc = $doc:literal])* $variant:ident($type:ident) = $tag:literal,)*) => {
        /// One component of a wavetable.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        pub enum Component { $($(#[doc = $doc])* #[serde(rename = $tag)] $variant($type),)* }

        impl Component {
            /// Its `type` in JSON.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $tag,)* }
            }

            /// Positions of its keyframes.
            #[must_use]
            pub fn positions(&self) -> Vec<u16> {
                match self { $(Self::$variant(part) => part.keyframes.iter().map(|key| key.position).collect(),)* }
            }
        }

        impl Described for Component {
            fn schema() -> Value {
                json!({ "oneOf": [$($type::schema()),*] })
            }
        }
    };
}

components! {
    /// Source: drawn waves.
    Waves(Waves) = "waves",
    /// Source: lines.
    Lines(Lines) = "lines",
    /// Source: a recording.
    Cycles(Cycles) = "cycles",
    /// Source: a wave and its octave.
    Shepard(Shepards) = "shepard",
    /// Change: phases.
    PhaseShift(PhaseShifts) = "phase_shift",
    /// Change: fades at both ends.
    Window(Windows) = "window",
    /// Change: harmonics by number.
    Filter(Filters) = "filter",
    /// Change: slopes.
    Slew(Slews) = "slew",
    /// Change: folding.
    Fold(Folds) = "fold",
    /// Change: bending.
    Warp(Warps) = "warp",
}

impl Component {
    /// Adds every fault that the JSON Schema cannot say.
    pub(super) fn check(&self, at: &str, faults: &mut Faults) {
        for (i, pair) in self.positions().windows(2).enumerate() {
            if pair[1] < pair[0] {
                faults.push(format!("{at}/keyframes/{}/position", i + 1), "positions fall");
            }
        }
        match self {
            Self::Waves(Waves { keyframes, .. }) | Self::Shepard(Shepards { keyframes, .. }) => {
                for (i, key) in keyframes.iter().enumerate() {
                    let at = format!("{at}/keyframes/{i}/wave");
                    if key.wave.0.len() != WAVE_SAMPLES {
                        faults.push(
                            at,
                            format!("{} samples, must be {WAVE_SAMPLES}", key.wave.0.len()),
                        );
                    } else if key.wave.0.iter().any(|x| x.is_nan() || x.abs() > 1e6) {
                        faults.push(at, "a sample is no number within ±1e6");
                    }
                }
            }
            Self::Lines(lines) => {
                let count = lines.keyframes.first().map_or(0, |key| key.points.len());
                for (i, key) in lines.keyframes.iter().enumerate() {
                    let at = format!("{at}/keyframes/{i}/points");
                    if key.points.len() != count {
                        faults.push(
                            at,
                            format!("{} points, the first line has {count}", key.points.len()),
                        );
                    } else if let Some(j) = key.points.windows(2).position(|p| p[1].x < p[0].x) {
                        faults.push(format!("{at}/{}/x", j + 1), "x falls");
                    }
                }
            }
            Self::Cycles(cycles) if cycles.recording.0.is_empty() => {
                faults.push(format!("{at}/recording"), "is empty");
            }
            _ => {}
        }
    }
}

/// A small table, as an example.
pub(super) fn example() -> Value {
    json!({
        "schema_version": "1.0", "name": "Folded Ramp", "author": "", "normalize": true, "remove_dc": true,
        "groups": [{ "components": [
            { "type": "lines", "path": "linear", "keyframes": [{ "position": 0, "pull": 0, "smooth": false,
                "points": [{ "x": 0, "y": 0, "power": 0 }, { "x": 1, "y": 1, "power": 0 }] }] },
            { "type": "fold", "path": "linear", "keyframes": [{ "position": 0, "boost": 1 }, { "position": 256, "boost": 8 }] }
        ] }]
    })
}
