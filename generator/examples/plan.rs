//! The embedded planner as a process that stays warm, for scripts that measure: a prompt as a line of JSON (a string)
//! in, `{"intent", "understood", "unknown", "patch"}` as a line of JSON out. The patch is what is mapped at seed 0 before
//! anybody listens.

use std::error::Error;
use std::io::{BufRead, Write};

use serde_json::json;
use songwalker_generator::mapper::{Corrections, choose, map};
use songwalker_generator::planner::{PlanRequest, plan};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let prompt: String = serde_json::from_str(&line?)?;
        let plan = plan(&PlanRequest {
            prompt: &prompt,
            ..PlanRequest::default()
        });
        let understood: Vec<_> = plan
            .understood
            .iter()
            .map(|heard| json!({"word": heard.word, "entry": heard.entry, "effect": heard.effect, "guess": heard.guess}))
            .collect();
        let unknown: Vec<_> = plan.unknown.iter().map(|word| word.word.as_str()).collect();
        let patch = choose::template(&plan.intent, 0)
            .map(|entry| map(&plan.intent, entry, 0, &Corrections::default()).to_value());
        writeln!(
            out,
            "{}",
            json!({"intent": plan.intent, "understood": understood, "unknown": unknown, "patch": patch})
        )?;
        out.flush()?;
    }
    Ok(())
}
