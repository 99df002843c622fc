//! `songwalker job log`: what happened to a job.

use anstyle::Style;
use serde_json::json;

use crate::args::OneJob;
use crate::failure::Failure;
use crate::moment;
use crate::table::Table;
use crate::terminal::{self, DIM, clean, paint};

/// Prints it, line by line.
pub fn run(args: &OneJob) -> Result<(), Failure> {
    let lines = super::on_one(args, async |client, job| client.log(job.id).await)?;
    if args.json {
        return terminal::print_json(&json!(lines));
    }
    if lines.is_empty() {
        let word = "Its log is past its retention.";
        return terminal::print(&format!("{}\n", paint(DIM, word)));
    }
    let mut table = Table::new();
    for line in &lines {
        let attempt = if line.attempt == 0 {
            String::new()
        } else {
            format!("attempt {}", line.attempt)
        };
        table.row([
            (DIM, moment::second(line.at)),
            (DIM, attempt),
            (
                DIM,
                line.stage
                    .map_or_else(String::new, |stage| stage.name().to_owned()),
            ),
            (Style::new(), clean(&line.message)),
        ]);
    }
    terminal::print(&table.text(0))
}
