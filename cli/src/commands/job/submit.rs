//! `songwalker job submit`: asks for a sound and does not wait for it.

use serde_json::json;
use songwalker_schemas::wire::Job;

use crate::args::Submit;
use crate::client::Client;
use crate::commands::generate::{prompt, request, with_similar_templates};
use crate::commands::list::{called, state};
use crate::failure::Failure;
use crate::named::short;
use crate::terminal::{self, COMMAND, DIM, NOTICE, paint};
use crate::{runtime, whereabouts};

/// Asks.
pub fn run(args: &Submit) -> Result<(), Failure> {
    let request = request(&prompt(&args.prompt)?, &args.details);
    let submitted = runtime::block_on(async {
        let client = Client::connect(&args.target).await?;
        let done = client.submit(&request).await;
        let waits = super::waits_for_a_runner(&client).await;
        client.close().await?;
        done.map(|submitted| (submitted, waits))
    });
    let (submitted, waits) =
        submitted.map_err(|failure| with_similar_templates(failure, args.details.template.as_deref()))?;
    say(&submitted.job, submitted.is_new, waits, args.json)
}

/// Says which job it is, and what it waits for.
///
/// # Errors
/// It cannot be printed.
pub fn say(job: &Job, is_new: bool, waits: bool, json: bool) -> Result<(), Failure> {
    let waits = waits && !job.state.is_final();
    if json {
        return terminal::print_json(&json!({ "job": job, "new": is_new, "waits_for_a_runner": waits }));
    }
    let (style, word) = state(job);
    let before = if is_new { "" } else { "  asked for before" };
    let mut text = format!(
        "{}  {}  {}{}\n",
        paint(COMMAND, short(job.id)),
        paint(style, word),
        called(job),
        paint(DIM, before)
    );
    if waits {
        text.push_str(&format!(
            "  {} nobody runs jobs here now: {} or {} does\n",
            paint(NOTICE, "!"),
            paint(
                COMMAND,
                whereabouts::line(&format!("job watch {}", short(job.id)))
            ),
            paint(COMMAND, whereabouts::line("serve"))
        ));
    }
    terminal::print(&text)
}
