//! Arguments of what works on files alone: rendering, measuring, exporting, checking, looking at templates.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use songwalker_schemas::Category;
use songwalker_schemas::limits::MAX_SEED;

use super::place::Place;
use super::values::{MacroSetting, real, whole};

pub const RENDER_HELP: &str = "\
Writes a 32-bit float stereo WAV of exactly round((hold + tail) × sample rate) frames; with
--midi, from the first beat to the end of the last note plus the tail. The same arguments give
the same bytes on every machine.

Examples:
  songwalker render patch.json --out c4.wav
  songwalker render \"Warm Pad.zip\" --midi song.mid --tail 4 --out song.wav
  songwalker render patch.json --macro TONE_BRIGHTNESS=1 --macro space=0.2 --out bright.wav";

/// Where a patch can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Synth {
    /// Vital 1.0.x and 1.5.x
    Vital,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct Render {
    /// A patch (JSON), or a bundle (its zip or folder)
    #[arg(value_name = "PATCH|BUNDLE")]
    pub source: PathBuf,
    /// The WAV file to write
    #[arg(long, short, value_name = "X.wav")]
    pub out: PathBuf,
    /// The note to play; 60 is C4
    #[arg(long, value_name = "0..127", allow_negative_numbers = true, default_value_t = 60, value_parser = whole::<u8, 0, 127>)]
    pub note: u8,
    /// Play the notes of a MIDI file instead, in its own tempo and velocities
    #[arg(long, value_name = "F.mid", conflicts_with_all = ["note", "hold"])]
    pub midi: Option<PathBuf>,
    /// How hard --note is struck
    #[arg(long, value_name = "0..1", allow_negative_numbers = true, default_value_t = 0.8, value_parser = real::<0, 1>)]
    pub velocity: f64,
    /// How long --note is held, seconds
    #[arg(long, value_name = "S", allow_negative_numbers = true, default_value_t = 4.0, value_parser = real::<0, 600>)]
    pub hold: f64,
    /// How long it goes on after the last note ends, seconds
    #[arg(long, value_name = "S", allow_negative_numbers = true, default_value_t = 8.0, value_parser = real::<0, 600>)]
    pub tail: f64,
    /// Tempo of whatever follows the tempo, beats per minute
    #[arg(long, value_name = "20..300", allow_negative_numbers = true, default_value_t = 120.0, value_parser = real::<20, 300>)]
    pub bpm: f64,
    /// Sample frames per second
    #[arg(long, value_name = "HZ", allow_negative_numbers = true, default_value_t = 44_100, value_parser = whole::<u32, 8_000, 192_000>)]
    pub sample_rate: u32,
    /// Seed of everything random in the sound
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0, value_parser = whole::<u64, 0, MAX_SEED>)]
    pub seed: u64,
    /// Turn a macro, by role or by number 1..8; may be given several times
    #[arg(long = "macro", value_name = "ROLE=V")]
    pub macros: Vec<MacroSetting>,
    /// Before it starts, play each note for 20 ms and throw away this many seconds
    #[arg(long, value_name = "S", allow_negative_numbers = true, default_value_t = 0.0, value_parser = real::<0, 60>)]
    pub warm_up: f64,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `analyse`.
#[derive(Debug, Args)]
pub struct Analyse {
    /// A WAV file (16, 24 or 32 bit, mono or stereo) of one note from its first frame
    #[arg(value_name = "X.wav")]
    pub file: PathBuf,
    /// The note that was played; 60 is C4
    #[arg(long, value_name = "0..127", allow_negative_numbers = true, default_value_t = 60, value_parser = whole::<u8, 0, 127>)]
    pub note: u8,
    /// How long it was held, seconds
    #[arg(long, value_name = "S", allow_negative_numbers = true, default_value_t = 4.0, value_parser = real::<0, 600>)]
    pub hold: f64,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// What kind of file
    #[arg(value_enum)]
    pub format: Synth,
    /// A patch (JSON), or a bundle (its zip or folder)
    #[arg(value_name = "PATCH|BUNDLE")]
    pub source: PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "X.vital")]
    pub out: PathBuf,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

pub const IMPORT_HELP: &str = "\
Wavetables and samples go into the folder `assets` beside the patch; keep the two together.
Whatever cannot be carried over is listed as a warning, and the patch is written all the same.
docs/IMPORT.md says what becomes of what.

Examples:
  songwalker import vital \"Soft Keys.vital\" -o soft-keys.json
  songwalker render soft-keys.json --out soft-keys.wav
  songwalker export vital soft-keys.json -o again.vital";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// What kind of file
    #[arg(value_enum)]
    pub format: Synth,
    /// The preset
    #[arg(value_name = "X.vital")]
    pub file: PathBuf,
    /// The patch to write
    #[arg(long, short, value_name = "PATCH.json")]
    pub out: PathBuf,
    /// Replace the patch where another one is there
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A bundle: its zip, or the folder it was unpacked to
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `templates`.
#[derive(Debug, Args)]
pub struct Templates {
    /// Only those of this category
    #[arg(long, value_name = "CATEGORY", value_parser = PossibleValuesParser::new(Category::NAMES))]
    pub category: Option<String>,
    /// List the recipes, the named ways to change a template, instead
    #[arg(long)]
    pub recipes: bool,
    /// Print one JSON list instead of words
    #[arg(long)]
    pub json: bool,
}

pub const EXPLAIN_HELP: &str = "\
Reads the prompt with the embedded planner and makes nothing. The entry of a word is its line in
the lexicon; a word marked ~ is not written so, but is the nearest one there is.

Examples:
  songwalker explain \"dark reese bass, not too wide, 2 Hz wobble\"
  songwalker explain --json warmes Pad mit viel Hall";

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// What the sound should be, quoted or not; `-` reads it from standard input
    #[arg(value_name = "PROMPT", required = true)]
    pub prompt: Vec<String>,
    /// The seed that would choose among templates
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0, value_parser = whole::<u64, 0, MAX_SEED>)]
    pub seed: u64,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
