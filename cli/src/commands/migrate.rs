//! `songwalker migrate`: brings the database to this version, with a copy of what was before.

use serde_json::json;
use songwalker_jobs::open::examine::{Closeness, Examined};
use songwalker_jobs::open::look;

use crate::args::Plain;
use crate::client::Here;
use crate::failure::Failure;
use crate::terminal::{self, BOLD, DIM, paint};
use crate::{logging, runtime, settings};

/// Migrates, and says what was done.
pub fn run(args: &Plain) -> Result<(), Failure> {
    let config = settings::load(&args.place)?;
    logging::of_command(&config)?;
    #[cfg(feature = "distributed")]
    if config.database.url.is_some() {
        return shared(&config, args.json);
    }
    let data_dir = config.data_dir.clone();
    let (before, after) = runtime::block_on(async {
        let before = steps(look(&data_dir, Closeness::Glance).await?);
        Here::open(config).await?.close().await?;
        Ok((before, steps(look(&data_dir, Closeness::Glance).await?)))
    })?;
    let applied: Vec<&String> = after.iter().filter(|step| !before.contains(step)).collect();
    if args.json {
        return terminal::print_json(&json!({
            "data_dir": data_dir.to_string_lossy(), "applied": applied, "steps": after,
        }));
    }
    terminal::print(&in_words(&applied))
}

/// The database of many machines.
#[cfg(feature = "distributed")]
fn shared(config: &songwalker_jobs::Config, wants_json: bool) -> Result<(), Failure> {
    let applied = runtime::block_on(async { Ok(songwalker_jobs::open::shared::migrate(config).await?) })?;
    if wants_json {
        return terminal::print_json(&json!({ "applied": applied }));
    }
    terminal::print(&in_words(&applied.iter().collect::<Vec<_>>()))
}

fn in_words(applied: &[&String]) -> String {
    let mut text = String::new();
    for step in applied {
        text.push_str(&format!("{} {}\n", paint(BOLD, step), paint(DIM, "applied")));
    }
    if applied.is_empty() {
        text.push_str(&format!(
            "{}\n",
            paint(DIM, "The database is at this version already.")
        ));
    }
    text
}

/// The steps that a database has seen.
fn steps(looked: Option<Examined>) -> Vec<String> {
    match looked {
        Some(Examined::Ours { applied, .. }) => applied,
        Some(Examined::Empty) | None => Vec::new(),
    }
}
