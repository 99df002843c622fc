//! The arguments of every command, with the help that people read. Nothing is done here.

mod ask;
mod jobs;
mod operate;
mod place;
mod service;
mod tools;
mod values;

use std::sync::LazyLock;

use clap::builder::styling::{AnsiColor, Style, Styles};
use clap::{Parser, Subcommand};
use songwalker_schemas::SCHEMA_VERSION;

pub use self::ask::{Again, DEFAULT_OUT, Delivery, Details, Generate, Refine, Submit};
pub use self::jobs::{DEFAULT_LIMIT, Fetch, Job, JobCommand, List, OneJob, Rm, Share, Shares, Show, Star};
pub use self::operate::{LetterCommand, Limit, OneLetter, PauseKind, PlanCommand, PlanGive, PlanLimits};
pub use self::place::{Place, Target};
pub use self::service::{
    Admin, AdminCommand, ApiProcess, Audit, Backup, Health, KeyAdd, KeyCommand, KeyList, KeyRevoke, Plain,
    Restore, Serve, UserAdd, UserCommand, WorkerProcess,
};
pub use self::tools::{
    Analyse, Completions, Doctor, Explain, Export, Import, Render, Synth, Templates, Verify,
};
pub use self::values::{IdPrefix, JobReference, Knob, MacroSetting, Seed};

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

const ABOUT: &str = "Type what a sound should be, get a playable patch.";

const LONG_ABOUT: &str = "\
Type what a sound should be, get a playable patch: a preview to hear, a .vital file to open in Vital, \
variations, and all of it in one zip. Works without network, key or service, and sends nothing anywhere \
unless --server says so.";

const AFTER_HELP: &str = "\
Examples:
  songwalker generate \"warm analog pad with slow movement, wide\"
  songwalker generate dark reese bass, 2 Hz wobble --variations 0 --play
  songwalker again
  songwalker refine last darker and shorter
  songwalker list
  songwalker serve --open
  songwalker render \"songwalker-out/Warm Pad/patch.json\" --note 48 --out pad.wav
  songwalker templates --category bass

Exit codes:
  0    done                            5    the sound could not be rendered, or not in time
  2    the command line is wrong       6    a file, data directory or server does not answer
  3    bad input                       7    verification failed, or an audit found something
  4    the planner failed              130  stopped by Ctrl-C

With --json a result is one JSON object on stdout. An error is
{\"error\": {\"code\", \"message\", \"retryable\", \"details\"?}} on stderr, and stdout stays empty.
NO_COLOR switches colours off. docs/CONFIGURATION.md lists every setting,
docs/TROUBLESHOOTING.md what to do when.";

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
    #[command(visible_alias = "gen", after_long_help = ask::GENERATE_HELP)]
    Generate(Generate),
    /// Make another version of the last sound
    #[command(after_long_help = ask::AGAIN_HELP)]
    Again(Again),
    /// Change a sound that is there by words about it
    #[command(after_long_help = ask::REFINE_HELP)]
    Refine(Refine),
    /// List what was made, the newest first
    #[command(visible_alias = "ls", after_long_help = jobs::LIST_HELP)]
    List(List),
    /// Say what is in a bundle, or in a job
    #[command(after_long_help = jobs::SHOW_HELP)]
    Show(Show),
    /// Put a star on a job
    Star(Star),
    /// Delete jobs with everything that belongs to them
    #[command(after_long_help = jobs::RM_HELP)]
    Rm(Rm),
    /// Let others hear a sound: a link, or one page as a file
    #[command(after_long_help = jobs::SHARE_HELP)]
    Share(Share),
    /// List the links that were shared, or revoke one
    Shares(Shares),
    /// One job: ask, follow, stop, do again, fetch, read its log
    Job(Job),
    /// Run the service: jobs, HTTP API, pages
    #[command(after_long_help = service::SERVE_HELP)]
    Serve(Serve),
    /// Run the HTTP API alone, on services that many machines share
    #[command(after_long_help = service::API_HELP)]
    Api(ApiProcess),
    /// Run workers alone, on services that many machines share
    #[command(after_long_help = service::WORKER_HELP)]
    Worker(WorkerProcess),
    /// Run alone what happens by the clock, on services that many machines share
    #[command(after_long_help = service::SCHEDULER_HELP)]
    Scheduler(Plain),
    /// Play a patch into a WAV file
    #[command(after_long_help = tools::RENDER_HELP)]
    Render(Render),
    /// Measure one recorded note
    #[command(visible_alias = "analyze")]
    Analyse(Analyse),
    /// Write a patch as another synthesiser's file
    Export(Export),
    /// Read another synthesiser's file as a patch
    #[command(after_long_help = tools::IMPORT_HELP)]
    Import(Import),
    /// Check every file, hash and rule of a bundle
    Verify(Verify),
    /// List the sounds that a patch can start from
    Templates(Templates),
    /// Say how a prompt is understood, word by word
    #[command(after_long_help = tools::EXPLAIN_HELP)]
    Explain(Explain),
    /// Look after users and keys
    Admin(Admin),
    /// Copy the whole data directory into one file
    #[command(after_long_help = service::BACKUP_HELP)]
    Backup(Backup),
    /// Bring a backup back
    #[command(after_long_help = service::RESTORE_HELP)]
    Restore(Restore),
    /// Bring the database to this version
    #[command(after_long_help = service::MIGRATE_HELP)]
    Migrate(Plain),
    /// Check the promises of the job system
    #[command(after_long_help = service::AUDIT_HELP)]
    Audit(Audit),
    /// Print the description of the HTTP API
    Openapi,
    /// Check that everything works on this machine
    Doctor(Doctor),
    /// Ask a process whether it lives or is ready
    #[command(after_long_help = service::HEALTH_HELP)]
    Health(Health),
    /// Print a shell's completion script
    Completions(Completions),
}

impl Command {
    /// Whether the answer is wanted as JSON.
    pub const fn json(&self) -> bool {
        match self {
            Self::Generate(args) => args.json,
            Self::Again(args) => args.json,
            Self::Refine(args) => args.json,
            Self::List(args) => args.json,
            Self::Show(args) => args.json,
            Self::Star(args) => args.json,
            Self::Rm(args) => args.json,
            Self::Share(args) => args.json,
            Self::Shares(args) => args.json,
            Self::Job(args) => args.command.json(),
            Self::Serve(args) => args.json,
            Self::Api(args) => args.json,
            Self::Worker(args) => args.json,
            Self::Scheduler(args) => args.json,
            Self::Render(args) => args.json,
            Self::Analyse(args) => args.json,
            Self::Export(args) => args.json,
            Self::Import(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Templates(args) => args.json,
            Self::Explain(args) => args.json,
            Self::Admin(args) => args.command.json(),
            Self::Backup(args) => args.json,
            Self::Restore(args) => args.json,
            Self::Migrate(args) => args.json,
            Self::Audit(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Openapi | Self::Health(_) | Self::Completions(_) => false,
        }
    }
}

impl Command {
    /// Where it looks for what is kept; nothing for what works on files alone.
    pub fn target(&self) -> Option<Target> {
        let here = |place: &Place| {
            Some(Target {
                place: place.clone(),
                ..Target::default()
            })
        };
        match self {
            Self::Generate(args) => Some(args.target.clone()),
            Self::Again(args) => Some(args.target.clone()),
            Self::Refine(args) => Some(args.target.clone()),
            Self::List(args) => Some(args.target.clone()),
            Self::Show(args) => Some(args.target.clone()),
            Self::Star(args) => Some(args.target.clone()),
            Self::Rm(args) => Some(args.target.clone()),
            Self::Share(args) => Some(args.target.clone()),
            Self::Shares(args) => Some(args.target.clone()),
            Self::Job(args) => Some(args.command.target().clone()),
            Self::Serve(args) => here(&args.place),
            Self::Api(args) => here(&args.place),
            Self::Worker(args) => here(&args.place),
            Self::Scheduler(args) => here(&args.place),
            Self::Admin(args) => here(args.command.place()),
            Self::Backup(args) => here(&args.place),
            Self::Restore(args) => here(&args.place),
            Self::Migrate(args) => here(&args.place),
            Self::Audit(args) => here(&args.place),
            Self::Doctor(args) => here(&args.place),
            Self::Render(_)
            | Self::Analyse(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Verify(_)
            | Self::Templates(_)
            | Self::Explain(_)
            | Self::Openapi
            | Self::Health(_)
            | Self::Completions(_) => None,
        }
    }
}

impl JobCommand {
    const fn target(&self) -> &Target {
        match self {
            Self::Submit(args) => &args.target,
            Self::Fetch(args) => &args.target,
            Self::Show(args)
            | Self::Watch(args)
            | Self::Cancel(args)
            | Self::Retry(args)
            | Self::Log(args) => &args.target,
        }
    }

    const fn json(&self) -> bool {
        match self {
            Self::Submit(args) => args.json,
            Self::Fetch(args) => args.json,
            Self::Show(args)
            | Self::Watch(args)
            | Self::Cancel(args)
            | Self::Retry(args)
            | Self::Log(args) => args.json,
        }
    }
}

impl AdminCommand {
    const fn place(&self) -> &Place {
        match self {
            Self::User(UserCommand::Add(args)) => &args.place,
            Self::User(UserCommand::List(args)) => &args.place,
            Self::Key(KeyCommand::Add(args)) => &args.place,
            Self::Key(KeyCommand::List(args)) => &args.place,
            Self::Key(KeyCommand::Revoke(args)) => &args.place,
            Self::Plan(PlanCommand::List(args)) | Self::Queue(args) => &args.place,
            Self::Plan(PlanCommand::Add(args) | PlanCommand::Set(args)) => &args.place,
            Self::Plan(PlanCommand::Give(args)) => &args.place,
            Self::Pause(args) | Self::Resume(args) => &args.place,
            Self::DeadLetters(LetterCommand::List(args)) => &args.place,
            Self::DeadLetters(
                LetterCommand::Show(args) | LetterCommand::Requeue(args) | LetterCommand::Drop(args),
            ) => &args.place,
        }
    }

    const fn json(&self) -> bool {
        match self {
            Self::User(UserCommand::Add(args)) => args.json,
            Self::User(UserCommand::List(args)) => args.json,
            Self::Key(KeyCommand::Add(args)) => args.json,
            Self::Key(KeyCommand::List(args)) => args.json,
            Self::Key(KeyCommand::Revoke(args)) => args.json,
            Self::Plan(PlanCommand::List(args)) | Self::Queue(args) => args.json,
            Self::Plan(PlanCommand::Add(args) | PlanCommand::Set(args)) => args.json,
            Self::Plan(PlanCommand::Give(args)) => args.json,
            Self::Pause(args) | Self::Resume(args) => args.json,
            Self::DeadLetters(LetterCommand::List(args)) => args.json,
            Self::DeadLetters(
                LetterCommand::Show(args) | LetterCommand::Requeue(args) | LetterCommand::Drop(args),
            ) => args.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_stands_behind_the_options_fits_a_narrow_terminal() {
        fn look(command: &clap::Command, seen: &mut usize) {
            for help in [command.get_after_help(), command.get_after_long_help()] {
                for line in help.map(ToString::to_string).unwrap_or_default().lines() {
                    *seen += 1;
                    assert!(line.chars().count() <= 96, "{}: {line}", command.get_name());
                }
            }
            command.get_subcommands().for_each(|command| look(command, seen));
        }
        let mut seen = 0;
        look(&Cli::command(), &mut seen);
        assert!(seen > 50, "{seen} lines were looked at");
    }
}
