//! How far a generation is: a bar where a person watches, plain lines where none does, nothing with `--json`; and how
//! long each stage took, by the clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use songwalker_schemas::Stage;

use crate::{interrupt, terminal};

/// Steps of the whole bar.
const STEPS: f64 = 1_000.0;

/// The name under which `timings_ms` lists what is no stage of a job: putting files in place.
const WRITING: &str = "writing";

/// What a stage is called while it runs, and its usual share of the whole.
const fn described(stage: Stage) -> (&'static str, f64) {
    match stage {
        Stage::Planning => ("reading the prompt", 0.03),
        Stage::Mapping => ("building the patch", 0.02),
        Stage::Checking => ("listening and correcting", 0.30),
        Stage::Rendering => ("playing the preview", 0.20),
        Stage::Varying => ("making variations", 0.30),
        Stage::Packaging => ("packing", 0.12),
        Stage::Publishing => ("putting it away", 0.03),
    }
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

struct Clock {
    started: Instant,
    current: Option<(&'static str, Instant)>,
    spent_ms: BTreeMap<&'static str, f64>,
}

/// The progress of one generation.
pub struct Progress {
    shown: Shown,
    clock: Mutex<Clock>,
}

impl Progress {
    /// Starts the clock.
    pub fn start(json: bool) -> Self {
        let shown = if json {
            Shown::Nothing
        } else if terminal::is_watched() {
            Shown::Bar(bar())
        } else {
            Shown::Lines
        };
        let clock = Clock {
            started: Instant::now(),
            current: None,
            spent_ms: BTreeMap::new(),
        };
        Self {
            shown,
            clock: Mutex::new(clock),
        }
    }

    /// A stage is at `share` (0..1) of its work.
    pub fn at(&self, stage: Stage, share: f64) {
        self.job_at(stage, before(stage) + described(stage).1 * share.clamp(0.0, 1.0));
    }

    /// A stage has begun.
    pub fn begun(&self, stage: Stage) {
        self.job_at(stage, before(stage));
    }

    /// A job is in that stage, and at `whole` (0..1) of everything.
    pub fn job_at(&self, stage: Stage, whole: f64) {
        self.show(stage.name(), described(stage).0, whole.clamp(0.0, 1.0));
    }

    /// The job waits for its turn.
    pub fn waiting(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message("waiting for its turn");
        }
    }

    /// A word on what goes on beside the stages.
    pub fn notice(&self, text: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(|| terminal::complain(&format!("{text}\n"))),
            Shown::Lines => terminal::complain(&format!("{text}\n")),
            Shown::Nothing => {}
        }
    }

    /// The files are being put in place.
    pub fn writing(&self) {
        self.show(WRITING, "writing files", 1.0);
    }

    fn show(&self, stage: &'static str, words: &'static str, whole: f64) {
        let mut clock = self.lock();
        let is_first =
            !clock.spent_ms.contains_key(stage) && clock.current.is_none_or(|(name, _)| name != stage);
        clock.enter(Some(stage));
        drop(clock);
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_message(if interrupt::is_asked() { "stopping" } else { words });
                // Checking sends the patch back to mapping; the bar never goes back with it.
                bar.set_position(bar.position().max((STEPS * whole) as u64));
            }
            Shown::Lines if is_first => terminal::complain(&format!("{words}\n")),
            Shown::Lines | Shown::Nothing => {}
        }
    }

    /// Takes the bar away and stops the clock: milliseconds by stage, and in all.
    pub fn finish(&self) -> BTreeMap<&'static str, f64> {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        let mut clock = self.lock();
        clock.enter(None);
        let mut timings = clock.spent_ms.clone();
        for name in Stage::NAMES.iter().chain([&WRITING]) {
            timings.entry(*name).or_insert(0.0);
        }
        timings.insert("total", millis(clock.started));
        timings
    }

    fn lock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

impl Clock {
    fn enter(&mut self, stage: Option<&'static str>) {
        if let Some((name, since)) = self.current.take() {
            *self.spent_ms.entry(name).or_insert(0.0) += millis(since);
        }
        self.current = stage.map(|name| (name, Instant::now()));
    }
}

/// The share of everything that is done when a stage begins.
fn before(stage: Stage) -> f64 {
    Stage::ALL
        .iter()
        .take_while(|s| **s != stage)
        .map(|s| described(*s).1)
        .sum()
}

/// Milliseconds since then, to a thousandth.
fn millis(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(STEPS as u64);
    let template = if terminal::is_coloured() {
        "{spinner:.cyan} {bar:32.cyan/dim} {percent:>3} %  {wide_msg}"
    } else {
        "{spinner} {bar:32} {percent:>3} %  {wide_msg}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(
            style
                .progress_chars("━╸─")
                .tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]),
        );
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(80));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_its_share_and_the_shares_are_the_whole() {
        let sum: f64 = Stage::ALL.iter().map(|stage| described(*stage).1).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn timings_name_every_stage_even_one_that_never_ran() {
        let progress = Progress::start(true);
        progress.at(Stage::Mapping, 0.0);
        progress.at(Stage::Checking, 0.5);
        progress.at(Stage::Mapping, 0.0);
        progress.writing();
        let timings = progress.finish();
        let names: Vec<&str> = timings.keys().copied().collect();
        assert_eq!(
            names,
            [
                "checking",
                "mapping",
                "packaging",
                "planning",
                "publishing",
                "rendering",
                "total",
                "varying",
                "writing"
            ]
        );
        assert_eq!(timings["varying"], 0.0);
        assert!(
            timings
                .iter()
                .filter(|(name, _)| **name != "total")
                .map(|(_, ms)| ms)
                .sum::<f64>()
                <= timings["total"] + 0.01
        );
    }
}
