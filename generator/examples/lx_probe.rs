//! Throw-away probe.
use songwalker_generator::mapper::choose;
use songwalker_generator::planner::{PlanRequest, plan};
use std::io::{self, BufRead, Write};
fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let p = plan(&PlanRequest { prompt: &line, ..PlanRequest::default() });
        let sub = p.intent.subcategory.clone().unwrap_or_default();
        let mut s: Vec<String> = (0..4).filter_map(|k| choose::template(&p.intent, k)).map(|e| e.template.id.to_string()).collect();
        s.sort();
        s.dedup();
        let h: Vec<String> = p.understood.iter().map(|u| format!("{}={}", u.word, u.effect)).collect();
        writeln!(out, "{}\t{}\t{}\t{}\t{:.2}\t{}", line, p.intent.category.name(), sub, s.join(","), p.intent.confidence, h.join(" | "))?;
    }
    Ok(())
}
