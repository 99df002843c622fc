//! `songwalker list`: what was made, the newest first.

use anstyle::Style;
use songwalker_jobs::clock::{Clock, SystemClock};
use songwalker_schemas::job::JobState;
use songwalker_schemas::wire::{Job, Page};
use songwalker_schemas::{ErrorCode, Timestamp};

use crate::args::{DEFAULT_LIMIT, List};
use crate::client::{Client, Wanted};
use crate::failure::Failure;
use crate::moment::age;
use crate::named::short;
use crate::table::Table;
use crate::terminal::{self, BAD, COMMAND, DIM, GOOD, NOTICE, clean, paint, quoted};
use crate::{runtime, whereabouts};

/// Characters of a name or prompt that are shown.
const SHOWN_CHARS: usize = 44;

/// Prints the list.
pub fn run(args: &List) -> Result<(), Failure> {
    let wanted = Wanted {
        state: args.state.clone(),
        category: args.category.clone(),
        tag: args.tag.clone(),
        starred: args.starred,
        q: args.q.clone(),
        limit: args.limit,
        cursor: args.cursor.clone(),
    };
    let page = runtime::block_on(async {
        let Some(client) = Client::existing_or_none(&args.target).await? else {
            return Ok(Page {
                items: Vec::new(),
                next_cursor: None,
            });
        };
        let page = client.list(&wanted).await;
        client.close().await?;
        page
    })?;
    if args.json {
        let page = serde_json::to_value(&page);
        let page = page.map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))?;
        return terminal::print_json(&page);
    }
    if page.items.is_empty() {
        return terminal::print(&format!("{}\n", paint(DIM, nothing(args))));
    }
    let mut text = in_words(&page.items, SystemClock::new().now());
    if let Some(cursor) = &page.next_cursor {
        text.push_str(&format!(
            "\n{}\n",
            paint(COMMAND, whereabouts::line(&next_page(args, cursor)))
        ));
    }
    terminal::print(&text)
}

/// Why the list is empty, and what helps.
fn nothing(args: &List) -> String {
    if narrowings(args).is_empty() && args.cursor.is_none() {
        let generate = whereabouts::said("generate \"…\"");
        format!("Nothing here. {generate} makes a sound.")
    } else {
        format!(
            "No job is like that. {} shows them all.",
            whereabouts::said("list")
        )
    }
}

/// The command that lists what comes after, narrowed down like this one.
fn next_page(args: &List, cursor: &str) -> String {
    let limit = if args.limit == DEFAULT_LIMIT {
        String::new()
    } else {
        format!(" --limit {}", args.limit)
    };
    format!("list{}{limit} --cursor {}", narrowings(args), quoted(cursor))
}

/// The options that narrow the list down, with a space before each.
fn narrowings(args: &List) -> String {
    let valued = [
        ("state", &args.state),
        ("category", &args.category),
        ("tag", &args.tag),
        ("q", &args.q),
    ];
    let mut options: String = valued
        .into_iter()
        .filter_map(|(name, value)| Some(format!(" --{name} {}", quoted(value.as_deref()?))))
        .collect();
    if args.starred {
        options.push_str(" --starred");
    }
    options
}

fn in_words(jobs: &[Job], now: Timestamp) -> String {
    let mut table = Table::new();
    for job in jobs {
        let star = if job.starred { "★" } else { "" };
        table.row([
            (COMMAND, short(job.id)),
            (NOTICE, star.to_owned()),
            state(job),
            (Style::new(), called(job)),
            (DIM, job.category.clone().unwrap_or_default()),
            (DIM, age(now, job.created_at)),
        ]);
    }
    table.text(0)
}

/// A job's state, in the colour that says how good that is.
pub fn state(job: &Job) -> (Style, String) {
    let style = match job.state {
        JobState::Succeeded => GOOD,
        JobState::Failed => BAD,
        JobState::Cancelled => DIM,
        JobState::Queued | JobState::Running | JobState::Cancelling => NOTICE,
    };
    let word = match (job.state, job.stage) {
        (JobState::Running, Some(stage)) => stage.name().to_owned(),
        _ => job.state.name().to_owned(),
    };
    (style, word)
}

/// What a job is called: its name, or the beginning of its prompt.
pub fn called(job: &Job) -> String {
    let text = match (&job.name, &job.request.prompt) {
        (Some(name), _) => name.clone(),
        (None, Some(prompt)) => format!("“{}”", prompt.split_whitespace().collect::<Vec<_>>().join(" ")),
        (None, None) => String::new(),
    };
    let text = clean(&text);
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    let start: String = text.chars().take(SHOWN_CHARS - 1).collect();
    format!("{start}…")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use songwalker_schemas::JobId;
    use songwalker_schemas::job::JobKind;
    use songwalker_schemas::wire::{Links, RequestEcho};

    /// A queued job that was asked for so.
    pub fn job(request: RequestEcho) -> Job {
        Job {
            id: JobId(uuid::Uuid::now_v7()),
            kind: JobKind::Patch,
            state: JobState::Queued,
            stage: None,
            progress: 0.0,
            attempt: 0,
            max_attempts: 3,
            request,
            name: None,
            category: None,
            tags: Vec::new(),
            starred: false,
            rating: None,
            waiting: None,
            error: None,
            bundle: None,
            planner: None,
            stages: Vec::new(),
            parent_job_id: None,
            retry_of: None,
            created_at: Timestamp(0),
            queued_at: Timestamp(0),
            started_at: None,
            cancel_requested_at: None,
            cancel_acknowledged_at: None,
            stopped_at: None,
            finished_at: None,
            retain_until: None,
            links: Links::default(),
        }
    }

    #[test]
    fn a_job_without_name_is_called_by_its_prompt_which_commands_no_terminal() {
        let mut job = job(RequestEcho {
            prompt: Some(format!("warm\n\u{1b}[2J {}", "x".repeat(90))),
            tags: Vec::new(),
            template_id: None,
            seed: 0,
            variations: 0,
            planner: songwalker_schemas::job::PlannerChoice::Embedded,
        });
        let words = called(&job);
        assert!(
            words.starts_with("“warm \\u{1b}[2J") && words.chars().count() == SHOWN_CHARS,
            "{words}"
        );
        job.name = Some("Warm Pad".to_owned());
        assert_eq!(called(&job), "Warm Pad");
    }
}
