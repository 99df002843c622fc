//! The arguments of every command, with the help that people read. Nothing is done here.

mod values;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValuesParser;
use clap::builder::styling::{AnsiColor, Style, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use songwalker_schemas::limits::MAX_SEED;
use songwalker_schemas::{Category, SCHEMA_VERSION};

pub use self::values::{Knob, MacroSetting, Seed};
use self::values::{real, whole};

/// What `--version` prints after the program's name.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}\nengine     {}\ngenerator  {}\nschemas    {SCHEMA_VERSION}",
        env!("CARGO_PKG_VERSION"),
        songwalker_engine::ENGINE_VERSION,
        songwalker_generator::generator_version(),
    )
});

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new().dimmed())
    .valid(AnsiColor::Cyan.on_default())
    .invalid(AnsiColor::Yellow.on_default())
    .error(AnsiColor::Red.on_default().bold());

/// Where bundles go.
pub const DEFAULT_OUT: &str = "songwalker-out";
/// How many variations are made.
pub const DEFAULT_VARIATIONS: u8 = 3;

const ABOUT: &str = "Type what a sound should be, get a playable patch.";

const LONG_ABOUT: &str = "\
Type what a sound should be, get a playable patch: a preview to hear, a .vital file to open in Vital, \
variations, and all of it in one zip. Works without network, key or service, and sends nothing anywhere.";

const AFTER_HELP: &str = "\
Examples:
  songwalker generate \"warm analog pad with slow movement, wide\"
  songwalker generate dark reese bass, 2 Hz wobble --variations 0 --play
  songwalker render \"songwalker-out/Warm Pad/patch.json\" --note 48 --out pad.wav
  songwalker templates --category bass

Exit codes:
  0    done                            5    the sound could not be rendered, or not in time
  2    the command line is wrong       6    a file could not be written or read
  3    bad input                       7    verification failed
  4    the planner failed              130  stopped by Ctrl-C

With --json a result is one JSON object on stdout. An error is
{\"error\": {\"code\", \"message\", \"retryable\", \"details\"?}} on stderr, and stdout stays empty.
NO_COLOR switches colours off.";

const GENERATE_HELP: &str = "\
What it writes, in songwalker-out/<name>/ (or --out DIR):
  <name>.zip                the whole bundle, the same bytes for the same prompt and seed
  vital/<name>.vital        opens in Vital 1.0.x and 1.5.x
  preview/preview.flac      how it sounds, with the notes (.mid) and a spectrogram (.png)
  variations/               each as .vital and .flac
  patch.json, meta/         the patch, what was understood, what was measured

A folder of that name with other content is never touched: the new one is called <name>-2.
The same sound a second time is recognised and left as it is.

Examples:
  songwalker generate \"warm analog pad with slow movement, wide\"
  songwalker generate plucky bell, 1/8 delay, no reverb --seed random
  songwalker generate --template bass_reese \"darker, 2 Hz wobble\" --install vital
  echo \"soft felt piano\" | songwalker generate -
  songwalker generate --intent \"songwalker-out/Warm Pad/Warm Pad.zip\" --seed 0";

const RENDER_HELP: &str = "\
Writes a 32-bit float stereo WAV of exactly round((hold + tail) × sample rate) frames; with --midi, from the first \
beat to the end of the last note plus the tail. The same arguments give the same bytes on every machine.

Examples:
  songwalker render patch.json --out c4.wav
  songwalker render \"Warm Pad.zip\" --midi song.mid --tail 4 --out song.wav
  songwalker render patch.json --macro TONE_BRIGHTNESS=1 --macro space=0.2 --out bright.wav";

const SHOW_HELP: &str = "\
A bundle does not hold the prompt it came from, only what was understood of it. --command prints the line that makes \
the same bytes again from that.

Examples:
  songwalker show \"songwalker-out/Warm Pad\"
  eval \"$(songwalker show \"Warm Pad.zip\" --command)\"";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "songwalker", bin_name = "songwalker", version, long_version = LONG_VERSION.as_str(), about = ABOUT, long_about = LONG_ABOUT)]
#[command(after_long_help = AFTER_HELP, styles = STYLES, max_term_width = 110, infer_subcommands = false)]
pub struct Cli {
    /// What to do; without one, a short welcome.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a patch from words: preview, .vital file, variations, zip
    #[command(visible_alias = "gen", after_long_help = GENERATE_HELP)]
    Generate(Generate),
    /// Play a patch into a WAV file
    #[command(after_long_help = RENDER_HELP)]
    Render(Render),
    /// Measure one recorded note
    #[command(visible_alias = "analyze")]
    Analyse(Analyse),
    /// Write a patch as another synthesiser's file
    Export(Export),
    /// Check every file, hash and rule of a bundle
    Verify(Verify),
    /// Say what is in a bundle
    #[command(after_long_help = SHOW_HELP)]
    Show(Show),
    /// List the sounds that a patch can start from
    Templates(Templates),
    /// Check that everything works on this machine
    Doctor(Doctor),
    /// Print a shell's completion script
    Completions(Completions),
}

impl Command {
    /// Whether the answer is wanted as JSON.
    pub const fn json(&self) -> bool {
        match self {
            Self::Generate(args) => args.json,
            Self::Render(args) => args.json,
            Self::Analyse(args) => args.json,
            Self::Export(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Show(args) => args.json,
            Self::Templates(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Completions(_) => false,
        }
    }
}

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// What the sound should be, quoted or not; `-` reads it from standard input
    #[arg(
        value_name = "PROMPT",
        required_unless_present = "intent",
        conflicts_with = "intent"
    )]
    pub prompt: Vec<String>,
    /// Instead of a prompt: an intent, as a JSON file or inside a bundle (a zip or its folder)
    #[arg(long, value_name = "PATH", conflicts_with_all = ["tags", "template"])]
    pub intent: Option<PathBuf>,
    /// Words to find the patch by, at most 20
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Start from this template (`songwalker templates` lists them)
    #[arg(long, value_name = "ID")]
    pub template: Option<String>,
    /// Another seed, another version of the same answer: a whole number or `random`
    #[arg(
        long,
        value_name = "N|random",
        allow_negative_numbers = true,
        default_value = "0"
    )]
    pub seed: Seed,
    /// How many variations, 0 to 5
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = DEFAULT_VARIATIONS, value_parser = whole::<u8, 0, 5>)]
    pub variations: u8,
    /// Who reads the prompt
    #[arg(long, value_enum, default_value_t = Planner::Auto)]
    pub planner: Planner,
    /// Where to put it
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub out: PathBuf,
    /// Play the preview when it is done
    #[arg(long)]
    pub play: bool,
    /// Also put the patch into that synthesiser's browser (VITAL_PRESETS_DIR names another folder)
    #[arg(long, value_name = "SYNTH", value_enum)]
    pub install: Option<Synth>,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Who turns words into an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Planner {
    /// The best that is at hand: here, the embedded one
    Auto,
    /// The one inside this program: no network, the same answer always
    Embedded,
}

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

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// A bundle: its zip, or the folder it was unpacked to
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Print the line that makes it again, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub command: bool,
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
    /// Print one JSON list instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
