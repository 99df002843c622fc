//! `songwalker job …`: one job, step by step.

mod fetch;
mod log;
mod submit;
mod watch;

use anstyle::Style;
use serde_json::json;
use songwalker_schemas::wire::{Job, PlannerUse};

use crate::args::{JobCommand, OneJob};
use crate::client::{Client, Standing};
use crate::commands::deliver::by_model;
use crate::commands::list::{called, state};
use crate::failure::Failure;
use crate::follow::waiting_for;
use crate::named::{self, short};
use crate::table::Table;
use crate::terminal::{self, BOLD, COMMAND, DIM, NOTICE, clean, paint};
use crate::{moment, runtime, whereabouts};

/// Does what was asked for.
pub fn run(command: &JobCommand) -> Result<(), Failure> {
    match command {
        JobCommand::Submit(args) => submit::run(args),
        JobCommand::Show(args) => show(args),
        JobCommand::Watch(args) => watch::run(args),
        JobCommand::Cancel(args) => cancel(args),
        JobCommand::Retry(args) => retry(args),
        JobCommand::Fetch(args) => fetch::run(args),
        JobCommand::Log(args) => log::run(args),
    }
}

fn show(args: &OneJob) -> Result<(), Failure> {
    let job = on_one(args, async |_, job| Ok(job))?;
    say(&job, Said::Whole, args.json)
}

fn cancel(args: &OneJob) -> Result<(), Failure> {
    let job = on_one(args, async |client, job| client.cancel(job.id).await)?;
    say(&job, Said::Line, args.json)
}

fn retry(args: &OneJob) -> Result<(), Failure> {
    let (job, is_new, waits) = on_one(args, async |client, job| {
        let submitted = client.retry(job.id).await?;
        Ok((submitted.job, submitted.is_new, waits_for_a_runner(client).await))
    })?;
    submit::say(&job, is_new, waits, args.json)
}

/// Does something with the job that is meant.
fn on_one<T>(args: &OneJob, act: impl AsyncFnOnce(&Client, Job) -> Result<T, Failure>) -> Result<T, Failure> {
    runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let done = async {
            let job = named::job(&client, &args.job).await?;
            act(&client, job).await
        };
        let done = done.await;
        client.close().await?;
        done
    })
}

/// Whether nobody runs jobs where this one was put.
async fn waits_for_a_runner(client: &Client) -> bool {
    match client {
        Client::Here(here) => matches!(here.standing(), Ok(Standing::Nobody)),
        Client::There(_) => false,
    }
}

/// How much is said of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// One line.
    Line,
    /// Everything.
    Whole,
}

/// Says how a job stands.
///
/// # Errors
/// It cannot be printed.
pub fn say(job: &Job, how: Said, json: bool) -> Result<(), Failure> {
    if json {
        return terminal::print_json(&json!({ "job": job }));
    }
    terminal::print(&match how {
        Said::Line => line(job),
        Said::Whole => whole(job),
    })
}

fn line(job: &Job) -> String {
    let (style, word) = state(job);
    let star = if job.starred {
        paint(NOTICE, "  ★")
    } else {
        String::new()
    };
    format!(
        "{}  {}  {}{star}\n",
        paint(COMMAND, short(job.id)),
        paint(style, word),
        called(job)
    )
}

/// Everything of a job, as a table.
pub fn whole(job: &Job) -> String {
    let (style, word) = state(job);
    let mut text = format!("{}  {}\n\n", paint(BOLD, called(job)), paint(style, word));
    let mut facts = Table::new();
    let mut fact = |name: &str, value: String| {
        facts.row([(DIM, name.to_owned()), (Style::new(), clean(&value))]);
    };
    fact("job", job.id.to_string());
    match &job.request.prompt {
        Some(prompt) => fact("prompt", prompt.replace('\n', " ")),
        None => fact("prompt", "erased".to_owned()),
    }
    if let Some(template) = &job.request.template_id {
        fact("template", template.clone());
    }
    if let Some(planner) = job.planner.as_ref().and_then(planned_by) {
        fact("planner", planner);
    }
    fact("seed", job.request.seed.to_string());
    fact("variations", job.request.variations.to_string());
    if !job.tags.is_empty() {
        fact("tags", job.tags.join(", "));
    }
    if job.starred {
        fact("star", "★".to_owned());
    }
    if let Some(rating) = job.rating {
        fact("rating", format!("{rating} of 5"));
    }
    if let Some(waiting) = waiting_for(job) {
        fact("waiting", waiting);
    }
    if !job.state.is_final() && job.attempt > 0 {
        let share = (job.progress * 100.0).round();
        fact(
            "progress",
            format!("{share} %, attempt {} of {}", job.attempt, job.max_attempts),
        );
    }
    if let Some(error) = &job.error {
        fact("error", format!("{}: {}", error.code, error.message));
    }
    fact("asked", moment::past(job.created_at));
    if let Some(at) = job.finished_at {
        fact("ended", moment::past(at));
    }
    if let Some(at) = job.retain_until {
        fact("kept until", moment::second(at));
    }
    if let Some(bundle) = &job.bundle {
        fact(
            "bundle",
            format!("{} bytes, sha256 {}", bundle.bytes, bundle.sha256),
        );
    }
    text.push_str(&facts.text(2));
    let next = next(job);
    if !next.is_empty() {
        text.push_str(&format!("\n{}\n{}", paint(BOLD, "Next"), next));
    }
    text
}

/// Who planned, and what that cost, where a language model had to do with it.
fn planned_by(planner: &PlannerUse) -> Option<String> {
    by_model(planner.asked)?;
    let mut text = match (planner.used, planner.fallback) {
        (_, Some(why)) => format!("embedded in place of {}: {why}", planner.asked),
        (Some(used), None) => used.to_string(),
        (None, None) => format!("{}, not yet", planner.asked),
    };
    if let Some(model) = &planner.model {
        text.push_str(&format!(", model {model}"));
    }
    if planner.calls > 0 {
        let about = if planner.estimated { "about " } else { "" };
        text.push_str(&format!(
            ", {} {}, {about}{} tokens",
            planner.calls,
            if planner.calls == 1 { "call" } else { "calls" },
            planner.input_tokens + planner.output_tokens
        ));
    }
    if let Some(cost) = planner.cost {
        text.push_str(&format!(", cost {cost}"));
    }
    Some(text)
}

fn next(job: &Job) -> String {
    let id = short(job.id);
    let mut table = Table::new();
    let mut line = |what: &str, command: String| table.row([(DIM, what.to_owned()), (COMMAND, command)]);
    if job.links.bundle.is_some() {
        line("get it", whereabouts::line(&format!("job fetch {id}")));
        line("macros and measures", whereabouts::line(&format!("show {id}")));
    }
    if job.links.cancel.is_some() {
        line("follow it", whereabouts::line(&format!("job watch {id}")));
        line("stop it", whereabouts::line(&format!("job cancel {id}")));
    }
    if job.links.retry.is_some() {
        line("do it again", whereabouts::line(&format!("job retry {id}")));
    }
    line("what happened", whereabouts::line(&format!("job log {id}")));
    table.text(2)
}
