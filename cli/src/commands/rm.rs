//! `songwalker rm`: deletes jobs with everything that belongs to them. On a terminal it asks first.

use std::io::{self, IsTerminal};

use serde_json::json;
use songwalker_schemas::ErrorCode;
use songwalker_schemas::wire::Job;

use crate::args::Rm;
use crate::client::{Client, Deleted};
use crate::commands::list::called;
use crate::failure::Failure;
use crate::named::{self, short};
use crate::runtime;
use crate::terminal::{self, DIM, NOTICE, paint};

/// Deletes, where it is meant.
pub fn run(args: &Rm) -> Result<(), Failure> {
    let deleted = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let done = delete(&client, args).await;
        client.close().await?;
        done
    })?;
    if args.json {
        let deleted: Vec<_> = deleted
            .iter()
            .map(|(job, how)| json!({ "id": job.id, "gone": *how == Deleted::Gone }))
            .collect();
        return terminal::print_json(&json!({ "deleted": deleted }));
    }
    let mut text = String::new();
    for (job, how) in &deleted {
        let how = match how {
            Deleted::Gone => "deleted",
            Deleted::Stopping => "deleted as soon as it has stopped",
        };
        text.push_str(&format!(
            "{}  {}  {}\n",
            short(job.id),
            called(job),
            paint(DIM, how)
        ));
    }
    terminal::print(&text)
}

async fn delete(client: &Client, args: &Rm) -> Result<Vec<(Job, Deleted)>, Failure> {
    // All are found before one is deleted: a slip in the last leaves the first alone.
    let mut jobs: Vec<Job> = Vec::new();
    for reference in &args.jobs {
        let job = named::job(client, reference).await?;
        if jobs.iter().all(|other| other.id != job.id) {
            jobs.push(job);
        }
    }
    if !args.yes && !is_meant(&jobs)? {
        return Err(Failure::new(ErrorCode::Cancelled, "nothing was deleted"));
    }
    let mut deleted = Vec::with_capacity(jobs.len());
    for job in jobs {
        let how = client.delete(job.id).await?;
        deleted.push((job, how));
    }
    Ok(deleted)
}

/// Asks a person; a script must have said it before.
fn is_meant(jobs: &[Job]) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = "nobody is there to be asked whether this is meant";
        return Err(Failure::new(ErrorCode::Usage, message).with_hint("say so with --yes"));
    }
    let mut text = String::new();
    for job in jobs {
        text.push_str(&format!("  {}  {}\n", short(job.id), called(job)));
    }
    let what = if jobs.len() == 1 { "it" } else { "them" };
    terminal::complain(&format!(
        "{text}{} ",
        paint(NOTICE, format!("Delete {what} for good? [y/N]"))
    ));
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::new(ErrorCode::StorageUnavailable, error.to_string()))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
