//! Arguments of the service: the server, who may use it, and what its operator does.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use songwalker_jobs::config::Span;
use songwalker_schemas::Scope;

use super::operate::{LetterCommand, PauseKind, PlanCommand};
use super::place::Place;
use super::values::listen;

pub const SERVE_HELP: &str = "\
Runs everything in one process: jobs, their workers, what happens by the clock, and the HTTP API
with its pages. It listens on 127.0.0.1:7761 unless told otherwise. Every request needs a key:
the local one is in the file `token` of the data directory, which only this account can read.
Ctrl-C lets running jobs finish, a second one stops at once; jobs that did not finish go on at
the next start.

Examples:
  songwalker serve --open
  songwalker serve --listen 127.0.0.1:8080 --data-dir /srv/songwalker
  curl -H \"Authorization: Bearer $(cat ~/.local/share/songwalker/token)\" \\
    http://127.0.0.1:7761/v1/jobs";

pub const API_HELP: &str = "\
One of the processes of a service on many machines: the HTTP API and its pages. Any number may
run beside each other. The configuration names what they share: database.url (PostgreSQL),
queue.url (RabbitMQ), store.bucket (S3) and, so that they tell each other at once, redis.url.
Bring the database up to date first: songwalker migrate. The first key comes from
songwalker admin user add, songwalker admin key add.

Example:
  SONGWALKER__DATABASE__URL_FILE=/run/secrets/database songwalker api --listen 0.0.0.0:7761";

pub const WORKER_HELP: &str = "\
One of the processes of a service on many machines: takes jobs from the queue and does them in
children that are limited and can be killed. Told to stop (SIGTERM, Ctrl-C), it takes no more
jobs, lets those that run go on for worker.shutdown_grace, and hands the rest back.
Health and metrics are at metrics.listen, where that is set.

Example:
  songwalker worker --slots 4";

pub const SCHEDULER_HELP: &str = "\
One of the processes of a service on many machines: does what happens by the clock. It sends
what stands in the outbox, wakes what is due, finds what was lost, and erases what is past its
date. Two are enough, for the case that one is away.
Health and metrics are at metrics.listen, where that is set.";

pub const MIGRATE_HELP: &str = "\
A data directory is brought up to date by every command that uses it, after a copy. The database
of many machines only by this one: run it once, before the new processes start. Processes of the
version before may go on meanwhile.";

pub const ADMIN_HELP: &str = "\
Works on the data directory itself, whether a server runs on it or not.

Examples:
  songwalker admin user add ada
  songwalker admin key add --user ada --name laptop --expires 90d \\
    --scope jobs:read --scope jobs:write
  songwalker admin key list --user ada
  songwalker admin key revoke 0191e2a0
  songwalker admin plan set standard --unfinished-jobs 4
  songwalker admin queue
  songwalker admin pause
  songwalker admin dead-letters requeue 0191e2a0";

pub const BACKUP_HELP: &str = "\
Writes one file with the database and every bundle, consistent also while a server runs. It
holds prompts and the hashes of keys, so keep it as you keep the data directory itself. The
local token is not in it.

Example:
  songwalker backup songwalker-backup.zip";

pub const RESTORE_HELP: &str = "\
Checks every hash of the backup first. A data directory that is in use is left alone; one that
holds a database is replaced only with --force, and then its old content is moved aside, not
deleted.

Example:
  songwalker restore songwalker-backup.zip --data-dir /srv/songwalker";

pub const AUDIT_HELP: &str = "\
Reads database and store and lists whatever breaks a promise of the job system: a job that
nobody will wake, a bundle that is missing or changed, an object that nobody owns, a prompt past
its date. It changes nothing.

Exit code 7 where it found something.";

pub const HEALTH_HELP: &str = "\
For what watches over containers, where nothing else can ask. /health/live says that the process
answers, /health/ready that its parts do. Nothing else is looked at: no key, no settings.

Examples:
  songwalker health
  songwalker health http://127.0.0.1:7762/health/ready";

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Open the page in a browser, signed in
    #[arg(long)]
    pub open: bool,
    /// Where to listen: an address with its port, or a port; 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = listen)]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `api`.
#[derive(Debug, Args)]
pub struct ApiProcess {
    /// Where to listen: an address with its port, or a port; 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = listen)]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `worker`.
#[derive(Debug, Args)]
pub struct WorkerProcess {
    /// How many jobs run at once [default: half of the machine's cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub slots: Option<u16>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admin`.
#[derive(Debug, Args)]
#[command(after_help = ADMIN_HELP)]
pub struct Admin {
    #[command(subcommand)]
    pub command: AdminCommand,
}

/// What an operator looks after.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Users
    #[command(subcommand)]
    User(UserCommand),
    /// Keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Plans: what users may do, and how long things are kept
    #[command(subcommand)]
    Plan(PlanCommand),
    /// How the queues stand: who waits and why, and which workers are there
    Queue(Plain),
    /// Let no worker take jobs until `resume`; what runs goes on, what is accepted waits
    Pause(PauseKind),
    /// Let workers take jobs again
    Resume(PauseKind),
    /// Jobs that failed because their attempts ran out
    #[command(subcommand)]
    DeadLetters(LetterCommand),
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user
    Add(UserAdd),
    /// List them
    List(Plain),
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; its secret is told once
    Add(KeyAdd),
    /// List a user's keys
    List(KeyList),
    /// Make a key work no more
    Revoke(KeyRevoke),
}

/// Nothing but where, and how it is said.
#[derive(Debug, Args)]
pub struct Plain {
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admin user add`.
#[derive(Debug, Args)]
pub struct UserAdd {
    /// What to call the user
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The plan that limits follow from: `standard`, or `local` for what has none
    #[arg(long, value_name = "PLAN", default_value = "standard")]
    pub plan: String,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admin key add`.
#[derive(Debug, Args)]
pub struct KeyAdd {
    /// Whose key, by name or id
    #[arg(long, value_name = "USER", default_value = "local")]
    pub user: String,
    /// What to call it
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it may do; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", value_parser = PossibleValuesParser::new(Scope::NAMES),
        default_values = ["jobs:read", "jobs:write", "shares:write"])]
    pub scopes: Vec<String>,
    /// How long it works: a whole number with s, m, h or d [default: until it is revoked]
    #[arg(long, value_name = "SPAN")]
    pub expires: Option<String>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admin key list`.
#[derive(Debug, Args)]
pub struct KeyList {
    /// Whose keys, by name or id
    #[arg(long, value_name = "USER", default_value = "local")]
    pub user: String,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admin key revoke`.
#[derive(Debug, Args)]
pub struct KeyRevoke {
    /// Its id, or the first digits of it
    #[arg(value_name = "KEY")]
    pub key: String,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `health`.
#[derive(Debug, Args)]
pub struct Health {
    /// What to ask
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:7761/health/live")]
    pub url: String,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The file that `backup` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace what the data directory holds, and move that aside
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Also read every bundle and compare its hash
    #[arg(long)]
    pub deep: bool,
    /// Also hold the past against today's plans: where no plan was changed and no clock set back
    #[arg(long)]
    pub history: bool,
    /// By how much something may be late before it is a fault [default: a lease, two full sweeps and a minute]
    #[arg(long, value_name = "TIME")]
    pub patience: Option<Span>,
    #[command(flatten)]
    pub place: Place,
    /// Print one JSON object instead of words
    #[arg(long)]
    pub json: bool,
}
