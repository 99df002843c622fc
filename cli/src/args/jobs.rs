//! Arguments of what looks after jobs: one job, the list of them, stars, deletion, shares.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use songwalker_schemas::limits::MAX_PAGE;
use songwalker_schemas::{Category, JobState};

use super::ask::{Delivery, SUBMIT_HELP, Submit};
use super::place::Target;
use super::values::{JobReference, whole};

/// How many jobs a list shows.
pub const DEFAULT_LIMIT: u64 = 20;

const JOB_HELP: &str = "\
A job is named by its id, by the first digits of it (at least four, as many as are needed), or
by `last`.

Examples:
  songwalker job watch last
  songwalker job log 0191e2a0
  songwalker job fetch last --out sounds";

pub const LIST_HELP: &str = "\
Examples:
  songwalker list
  songwalker list --starred --category pad
  songwalker list --q \"warm\" --limit 100 --json";

pub const SHOW_HELP: &str = "\
What is no file is taken for a job: its id, the first digits of it (at least four), or `last`.

A bundle does not hold the prompt it came from, only what was understood of it. --command prints
the line that makes the same bytes again: from the prompt where a job still has it, else from
what was understood.

Examples:
  songwalker show last
  songwalker show \"songwalker-out/Warm Pad\"
  eval \"$(songwalker show \"Warm Pad.zip\" --command)\"";

pub const RM_HELP: &str = "\
Deletes jobs with their prompts, bundles and share links. A job that still runs is cancelled
first. Folders that `generate` wrote stay.

Examples:
  songwalker rm last
  songwalker rm 0191e2a0 0191e2b7 --yes";

pub const SHARE_HELP: &str = "\
A link shows the patch, its name and how it sounds, never the prompt. It is told once: only its
hash is kept.

A link needs an address that others reach: set server.public_url, or ask such a server with
--server. --html needs none: it writes one page that holds everything, to be sent or put
anywhere.

Examples:
  songwalker share last --expires 30d
  songwalker share last --html pad.html";

/// Arguments of `job`.
#[derive(Debug, Args)]
#[command(after_help = JOB_HELP)]
pub struct Job {
    #[command(subcommand)]
    pub command: JobCommand,
}

/// What can be done with one job.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Ask for a sound and do not wait for it
    #[command(after_long_help = SUBMIT_HELP)]
    Submit(Submit),
    /// Say how it stands
    Show(OneJob),
    /// Follow it to its end; runs it where nobody else does. Ctrl-C stops following, not the job
    Watch(OneJob),
    /// Stop it
    Cancel(OneJob),
    /// Do a failed or cancelled one again
    Retry(OneJob),
    /// Put its bundle into a folder, as `generate` does
    Fetch(Fetch),
    /// What happened to it, line by line
    Log(OneJob),
}

/// A job, and nothing else.
#[derive(Debug, Args)]
pub struct OneJob {
    /// Its id, the first digits of it, or `last`
    #[arg(value_name = "JOB")]
    pub job: JobReference,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `job fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    /// Its id, the first digits of it, or `last`
    #[arg(value_name = "JOB")]
    pub job: JobReference,
    #[command(flatten)]
    pub delivery: Delivery,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only those in this state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(JobState::NAMES))]
    pub state: Option<String>,
    /// Only those of this category
    #[arg(long, value_name = "CATEGORY", value_parser = PossibleValuesParser::new(Category::NAMES))]
    pub category: Option<String>,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Only those with a star
    #[arg(long)]
    pub starred: bool,
    /// Only those with these letters in name, tags, category or prompt
    #[arg(long, value_name = "WORDS")]
    pub q: Option<String>,
    /// At most so many, the newest first
    #[arg(long, value_name = "N", default_value_t = DEFAULT_LIMIT, value_parser = whole::<u64, 1, MAX_PAGE>)]
    pub limit: u64,
    /// Those that come after: `next_cursor` of the list before
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// A bundle (its zip, or the folder it was unpacked to), or a job
    #[arg(value_name = "BUNDLE|JOB")]
    pub what: PathBuf,
    /// Print the line that makes it again, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub command: bool,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `star`.
#[derive(Debug, Args)]
pub struct Star {
    /// Its id, the first digits of it, or `last`
    #[arg(value_name = "JOB")]
    pub job: JobReference,
    /// Take the star away
    #[arg(long)]
    pub off: bool,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rm`.
#[derive(Debug, Args)]
pub struct Rm {
    /// Their ids, the first digits of them, or `last`
    #[arg(value_name = "JOB", required = true)]
    pub jobs: Vec<JobReference>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `share`.
#[derive(Debug, Args)]
pub struct Share {
    /// Its id, the first digits of it, or `last`
    #[arg(value_name = "JOB")]
    pub job: JobReference,
    /// How long the link works: a whole number with s, m, h or d [default: 7d]
    #[arg(long, value_name = "SPAN", conflicts_with = "html")]
    pub expires: Option<String>,
    /// Instead of a link: write one self-contained page with player and bundle
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Replace the file that --html names, where there is one
    #[arg(long, requires = "html")]
    pub force: bool,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shares`.
#[derive(Debug, Args)]
pub struct Shares {
    /// Make this one's link lead nowhere: its id or the first digits of it
    #[arg(long, value_name = "SHARE")]
    pub revoke: Option<String>,
    #[command(flatten)]
    pub target: Target,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}
