//! `songwalker admin queue`, `pause`, `resume`: how the queues stand, and holding them.

use anstyle::Style;
use serde_json::json;
use songwalker_jobs::admin::queues;
use songwalker_jobs::clock::{Clock, SystemClock};
use songwalker_jobs::pause;
use songwalker_schemas::JobKind;
use songwalker_schemas::wire::{Lane, Pause, Queues};

use super::on_data_dir;
use crate::args::{PauseKind, Plain};
use crate::failure::Failure;
use crate::moment;
use crate::named::short;
use crate::table::Table;
use crate::terminal::{self, BOLD, DIM, GOOD, NOTICE, clean, paint};

/// How the queues stand.
pub fn look(args: &Plain) -> Result<(), Failure> {
    let queues = on_data_dir(&args.place, async |system| Ok(queues::look(system).await?))?;
    if args.json {
        return terminal::print_json(&json!(queues));
    }
    terminal::print(&said(&queues))
}

/// Nobody takes jobs any more.
pub fn pause(args: &PauseKind) -> Result<(), Failure> {
    let kind = args.kind.as_deref().and_then(JobKind::from_name);
    let paused = on_data_dir(&args.place, async |system| Ok(pause::pause(system, kind).await?))?;
    tell(args, &paused)
}

/// Workers take jobs again.
pub fn resume(args: &PauseKind) -> Result<(), Failure> {
    let kind = args.kind.as_deref().and_then(JobKind::from_name);
    let paused = on_data_dir(&args.place, async |system| Ok(pause::resume(system, kind).await?))?;
    tell(args, &paused)
}

fn tell(args: &PauseKind, paused: &[Pause]) -> Result<(), Failure> {
    if args.json {
        return terminal::print_json(&json!({ "items": paused }));
    }
    if paused.is_empty() {
        return terminal::print("nothing is paused\n");
    }
    terminal::print(&pauses(paused))
}

fn pauses(paused: &[Pause]) -> String {
    let line = |pause: &Pause| {
        let kind = pause
            .kind
            .map_or("every job".to_owned(), |kind| format!("jobs of the kind {kind}"));
        let since = paint(DIM, format!("since {}", moment::second(pause.paused_at)));
        format!("{} {kind} {since}\n", paint(NOTICE, "paused:"))
    };
    paused.iter().map(line).collect()
}

fn said(queues: &Queues) -> String {
    let mut table = Table::new();
    for lane in &queues.lanes {
        table.row([
            (BOLD, lane.kind.to_string()),
            (DIM, format!("plan {}", clean(&lane.plan))),
            (Style::new(), format!("{} waiting", lane.queued)),
            (Style::new(), format!("{} running", lane.running)),
            (NOTICE, reasons(lane)),
        ]);
    }
    let mut text = pauses(&queues.pauses);
    if queues.lanes.is_empty() {
        text.push_str("no job waits or runs\n");
    }
    text.push_str(&table.text(0));
    let now = SystemClock::new().now();
    let mut workers = Table::new();
    for worker in &queues.workers {
        let (style, word) = if worker.is_alive {
            (GOOD, "alive")
        } else {
            (NOTICE, "silent")
        };
        workers.row([
            (Style::new(), format!("worker {}", short(worker.id))),
            (style, word.to_owned()),
            (Style::new(), format!("{} of {} slots", worker.jobs, worker.slots)),
            (DIM, format!("seen {}", moment::age(now, worker.seen_at))),
        ]);
    }
    if queues.workers.is_empty() {
        text.push_str("no worker is there\n");
    }
    text.push_str(&workers.text(0));
    text
}

/// Why jobs of a lane wait, beyond that others are before them.
fn reasons(lane: &Lane) -> String {
    let counts = &lane.waiting;
    let each = [
        (counts.paused, "paused"),
        (counts.no_worker, "without a worker"),
        (counts.backoff, "resting after a failure"),
    ];
    let said: Vec<String> = each
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
    said.join(", ")
}
