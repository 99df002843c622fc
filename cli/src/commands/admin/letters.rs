//! `songwalker admin dead-letters …`: jobs that failed because their attempts ran out.

use anstyle::Style;
use serde_json::json;
use songwalker_jobs::System;
use songwalker_jobs::admin::dead_letters;
use songwalker_schemas::JobId;
use songwalker_schemas::wire::DeadLetter;
use uuid::Uuid;

use super::on_data_dir;
use crate::args::{IdPrefix, LetterCommand, OneLetter, Plain};
use crate::failure::Failure;
use crate::moment;
use crate::named::{self, short};
use crate::table::Table;
use crate::terminal::{self, BOLD, COMMAND, DIM, clean, paint};

/// Does what was asked for.
pub fn run(command: &LetterCommand) -> Result<(), Failure> {
    match command {
        LetterCommand::List(args) => list(args),
        LetterCommand::Show(args) => show(args),
        LetterCommand::Requeue(args) => requeue(args),
        LetterCommand::Drop(args) => discard(args),
    }
}

async fn all(system: &System) -> Result<Vec<DeadLetter>, Failure> {
    let mut letters = Vec::new();
    let mut cursor = None;
    loop {
        let page = dead_letters::list(system, cursor.as_deref(), Some(100)).await?;
        letters.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(letters);
        }
    }
}

/// The job that is meant.
async fn meant(system: &System, prefix: &IdPrefix) -> Result<JobId, Failure> {
    if let Some(id) = prefix.whole() {
        return Ok(JobId(id));
    }
    let ids: Vec<Uuid> = all(system).await?.iter().map(|letter| letter.job.id.0).collect();
    Ok(JobId(named::only(&ids, prefix, "dead letter")?))
}

fn list(args: &Plain) -> Result<(), Failure> {
    let letters = on_data_dir(&args.place, async |system| all(system).await)?;
    if args.json {
        return terminal::print_json(&json!({ "items": letters }));
    }
    if letters.is_empty() {
        return terminal::print("there is no dead letter\n");
    }
    let mut table = Table::new();
    for letter in &letters {
        table.row([
            (COMMAND, short(letter.job.id)),
            (BOLD, code(letter)),
            (Style::new(), format!("{} attempts", letter.job.attempt)),
            (DIM, moment::second(letter.job.created_at)),
            (DIM, format!("user {}", letter.user_id)),
        ]);
    }
    terminal::print(&table.text(0))
}

fn code(letter: &DeadLetter) -> String {
    let error = letter.job.error.as_ref();
    error.map_or_else(String::new, |error| error.code.to_string())
}

fn show(args: &OneLetter) -> Result<(), Failure> {
    let detail = on_data_dir(&args.place, async |system| {
        Ok(dead_letters::show(system, meant(system, &args.job).await?).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!(detail));
    }
    let letter = &detail.letter;
    let mut text = format!(
        "{}  {}\n{}\n",
        paint(BOLD, letter.job.id),
        code(letter),
        paint(
            DIM,
            format!(
                "user {}, {} attempts, {} workers died",
                letter.user_id, letter.job.attempt, letter.deaths
            )
        )
    );
    let mut table = Table::new();
    for line in &detail.log {
        table.row([
            (DIM, moment::second(line.at)),
            (DIM, format!("attempt {}", line.attempt)),
            (Style::new(), clean(&line.message)),
        ]);
    }
    text.push_str(&table.text(2));
    terminal::print(&text)
}

fn requeue(args: &OneLetter) -> Result<(), Failure> {
    let again = on_data_dir(&args.place, async |system| {
        Ok(dead_letters::requeue(system, meant(system, &args.job).await?).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!(again));
    }
    terminal::print(&format!("done again as {}\n", paint(BOLD, again.job.id)))
}

fn discard(args: &OneLetter) -> Result<(), Failure> {
    let id = on_data_dir(&args.place, async |system| {
        let id = meant(system, &args.job).await?;
        dead_letters::discard(system, id).await?;
        Ok(id)
    })?;
    if args.json {
        return terminal::print_json(&json!({ "dropped": id }));
    }
    terminal::print(&format!("{} is off the list\n", short(id)))
}
