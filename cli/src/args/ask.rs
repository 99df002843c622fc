//! Arguments of what makes a sound from words: what is asked for, and where the result goes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::limits::DEFAULT_VARIATIONS;

use super::place::Target;
use super::tools::Synth;
use super::values::{Seed, whole};

/// Where bundles go.
pub const DEFAULT_OUT: &str = "songwalker-out";

pub const GENERATE_HELP: &str = "\
What it writes, in songwalker-out/<name>/ (or --out DIR):
  <name>.zip                the whole bundle, the same bytes for the same prompt and seed
  vital/<name>.vital        opens in Vital 1.0.x and 1.5.x
  preview/preview.flac      how it sounds, with the notes (.mid) and a spectrogram (.png)
  variations/               each as .vital and .flac
  patch.json, meta/         the patch, what was understood, what was measured

A folder of that name with other content is never touched: the new one is called <name>-2.
The same sound a second time is recognised and left as it is.

Each prompt becomes a job in the data directory: it is listed by `songwalker list`, cancelled by
Ctrl-C, gone on with after a crash when it is asked for again, and answered at once when it was
made before. A server that runs on that directory makes it; otherwise this command does.
--intent takes the short way: no prompt, so no job.

Examples:
  songwalker generate \"warm analog pad with slow movement, wide\"
  songwalker generate plucky bell, 1/8 delay, no reverb --seed random
  songwalker generate --template bass_reese \"darker, 2 Hz wobble\" --install vital
  echo \"soft felt piano\" | songwalker generate -
  songwalker generate --intent \"songwalker-out/Warm Pad/Warm Pad.zip\" --seed 0";

pub const AGAIN_HELP: &str = "\
Takes the newest job that still has its prompt, and asks for the same with the next seed that
was not used yet.

Examples:
  songwalker again
  songwalker again --seed 7 --play";

pub const REFINE_HELP: &str = "\
Only what the words speak of changes, by steps that can be heard; the rest stays as it is. The
result is a bundle of its own beside the first one. meta/refinement.json in it is the JSON Patch
(RFC 6902) from the one patch to the other; --json prints it.

A job is refined by a new job; a patch or a bundle here and now.

Examples:
  songwalker refine last \"darker and shorter\"
  songwalker refine \"songwalker-out/Warm Pad/patch.json\" \"a bit wider, but keep the attack\"
  songwalker refine last less reverb --variations 0 --json | jq .refinement.patch";

pub const SUBMIT_HELP: &str = "\
Prints the job and does not wait for it. The same request again is the same job. Where no server
runs on the data directory, the job waits until `songwalker job watch` or `songwalker serve`
runs it.

Examples:
  songwalker job submit \"warm analog pad\"
  songwalker job watch \"$(songwalker job submit 'soft bell' --json | jq -r .job.id)\"";

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
    /// Instead of a prompt: an intent, as a JSON file or inside a bundle (a zip or its folder); makes no job
    #[arg(long, value_name = "PATH", conflicts_with_all = ["tags", "template", "data_dir", "config", "server"])]
    pub intent: Option<PathBuf>,
    #[command(flatten)]
    pub details: Details,
    #[command(flatten)]
    pub delivery: Delivery,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `refine`.
#[derive(Debug, Args)]
pub struct Refine {
    /// A patch as JSON, a bundle (its zip, or the folder it was unpacked to), or a job: its id, the first digits of it,
    /// or `last`
    #[arg(value_name = "PATCH|BUNDLE|JOB")]
    pub what: PathBuf,
    /// What is to change, quoted or not; `-` reads it from standard input
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,
    /// Another seed, other variations: a whole number or `random`
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
    #[command(flatten)]
    pub delivery: Delivery,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `job submit`.
#[derive(Debug, Args)]
pub struct Submit {
    /// What the sound should be, quoted or not; `-` reads it from standard input
    #[arg(value_name = "PROMPT", required = true)]
    pub prompt: Vec<String>,
    #[command(flatten)]
    pub details: Details,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `again`.
#[derive(Debug, Args)]
pub struct Again {
    /// Another seed than the next one: a whole number or `random`
    #[arg(long, value_name = "N|random", allow_negative_numbers = true)]
    pub seed: Option<Seed>,
    #[command(flatten)]
    pub delivery: Delivery,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// What is asked for beyond the words.
#[derive(Debug, Clone, Args)]
pub struct Details {
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
}

/// Where the result goes.
#[derive(Debug, Clone, Args)]
pub struct Delivery {
    /// Where to put it
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub out: PathBuf,
    /// Play the preview when it is done
    #[arg(long)]
    pub play: bool,
    /// Also put the patch into that synthesiser's browser (VITAL_PRESETS_DIR names another folder)
    #[arg(long, value_name = "SYNTH", value_enum)]
    pub install: Option<Synth>,
}

/// Who turns words into an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Planner {
    /// The best that is at hand: hybrid where a language model is set up, else embedded
    Auto,
    /// The one inside this program: no network, the same answer always
    Embedded,
    /// A language model, checked and completed by the embedded planner
    Hybrid,
    /// A language model alone
    Llm,
}

impl Planner {
    /// The word of the wire for it.
    pub const fn choice(self) -> PlannerChoice {
        match self {
            Self::Auto => PlannerChoice::Auto,
            Self::Embedded => PlannerChoice::Embedded,
            Self::Hybrid => PlannerChoice::Hybrid,
            Self::Llm => PlannerChoice::Llm,
        }
    }
}
