//! Named steps, run one after the other, each under its heading, with a table at the end.
//!
//! A step that fails does not stop the others: one run says everything that is wrong.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step ended, when it did not fail.
pub enum Outcome {
    Passed,
    /// Not run, and why.
    Skipped(String),
}

/// What happened to one step.
struct Record {
    name: &'static str,
    verdict: &'static str,
    note: String,
    took: Duration,
}

/// The steps run so far.
#[derive(Default)]
pub struct Steps {
    records: Vec<Record>,
}

impl Steps {
    /// Runs one step under its heading and records how it ended.
    pub fn run(&mut self, name: &'static str, title: &str, step: impl FnOnce() -> Result<Outcome>) {
        println!("\n━━ {name}: {title}");
        let started = Instant::now();
        let (verdict, note) = match step() {
            Ok(Outcome::Passed) => ("passed", String::new()),
            Ok(Outcome::Skipped(why)) => {
                println!("skipped: {why}");
                ("skipped", why)
            }
            Err(fault) => {
                eprintln!("failed: {fault:#}");
                ("FAILED", format!("{fault:#}"))
            }
        };
        self.records.push(Record {
            name,
            verdict,
            note,
            took: started.elapsed(),
        });
    }

    fn count(&self, verdict: &str) -> usize {
        self.records.iter().filter(|r| r.verdict == verdict).count()
    }

    /// Prints the table and the closing line; true when nothing failed.
    pub fn finish(&self) -> bool {
        println!("\n━━ summary");
        for record in &self.records {
            let first_line = record.note.lines().next().unwrap_or_default();
            println!(
                "{:12} {:8} {:>6.1} s  {first_line}",
                record.name,
                record.verdict,
                record.took.as_secs_f64()
            );
        }
        let total: Duration = self.records.iter().map(|r| r.took).sum();
        println!("{:21} {:>6.1} s\n", "total", total.as_secs_f64());
        let failed = self.count("FAILED");
        println!(
            "{} passed, {failed} failed, {} skipped",
            self.count("passed"),
            self.count("skipped")
        );
        failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_run_and_the_next_one_still_runs() {
        let mut steps = Steps::default();
        steps.run("first", "fails", || anyhow::bail!("no"));
        steps.run("second", "passes", || Ok(Outcome::Passed));
        steps.run("third", "is skipped", || Ok(Outcome::Skipped("not here".into())));
        assert_eq!(
            (
                steps.count("passed"),
                steps.count("FAILED"),
                steps.count("skipped")
            ),
            (1, 1, 1)
        );
        assert!(!steps.finish());
    }

    #[test]
    fn skipping_alone_fails_nothing() {
        let mut steps = Steps::default();
        steps.run("only", "is skipped", || Ok(Outcome::Skipped("not here".into())));
        assert!(steps.finish());
    }
}
