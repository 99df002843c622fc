//! Arguments of what an operator does beyond users and keys: queues, pauses, dead letters, plans.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use songwalker_schemas::JobKind;

use super::place::Place;
use super::service::Plain;
use super::values::IdPrefix;

/// Arguments of `admin pause` and `admin resume`.
#[derive(Debug, Args)]
pub struct PauseKind {
    /// Jobs of this kind [default: every kind]
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(JobKind::NAMES))]
    pub kind: Option<String>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// What can be done with dead letters: jobs that failed because their attempts ran out.
#[derive(Debug, Subcommand)]
pub enum LetterCommand {
    /// List them, the newest first
    List(Plain),
    /// Show one with all that happened
    Show(OneLetter),
    /// Do one again, as its user could
    Requeue(OneLetter),
    /// Take one off the list; its job stays as it is
    Drop(OneLetter),
}

/// One dead letter.
#[derive(Debug, Args)]
pub struct OneLetter {
    /// The job's id, or the first digits of it
    #[arg(value_name = "JOB")]
    pub job: IdPrefix,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// What can be done with plans.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// List them with what each allows
    List(Plain),
    /// Make a plan; what is not named has no limit
    Add(PlanLimits),
    /// Change what a plan allows; what is not named stays as it is
    Set(PlanLimits),
    /// Put a user under another plan
    Give(PlanGive),
}

/// A plan and what it allows.
#[derive(Debug, Args)]
pub struct PlanLimits {
    /// The plan's name
    #[arg(value_name = "PLAN")]
    pub name: String,
    /// Jobs of a user that are not finished, or `none` for no limit
    #[arg(long, value_name = "N|none", value_parser = limit)]
    pub unfinished_jobs: Option<Limit>,
    /// Requests of a user each minute, or `none`
    #[arg(long, value_name = "N|none", value_parser = limit)]
    pub requests_per_minute: Option<Limit>,
    /// Plugin builds of a user each hour, or `none`
    #[arg(long, value_name = "N|none", value_parser = limit)]
    pub plugin_builds_per_hour: Option<Limit>,
    /// How long artifacts are kept: a whole number with s, m, h or d, or `keep`
    #[arg(long, value_name = "SPAN|keep")]
    pub keep_artifacts: Option<String>,
    /// How long prompts are kept, or `keep`
    #[arg(long, value_name = "SPAN|keep")]
    pub keep_prompts: Option<String>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admin plan give`.
#[derive(Debug, Args)]
pub struct PlanGive {
    /// Whose plan, by name or id
    #[arg(value_name = "USER")]
    pub user: String,
    /// The plan
    #[arg(value_name = "PLAN")]
    pub plan: String,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// A limit, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub Option<u32>);

fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    text.parse()
        .map(|limit| Limit(Some(limit)))
        .map_err(|_| "write a whole number, or `none`".to_owned())
}
