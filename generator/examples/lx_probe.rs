//! Throw-away probe.
use std::io::{self, BufRead, Write};
use songwalker_generator::planner::{PlanRequest, plan};
use songwalker_generator::templates;
fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let p = plan(&PlanRequest { prompt: &line, ..PlanRequest::default() });
        let sub = p.intent.subcategory.clone().unwrap_or_default();
        let s: Vec<String> = templates::serving(p.intent.category, &sub).iter().map(|e| e.template.id.to_string()).collect();
        let h: Vec<String> = p.understood.iter().map(|u| format!("{}={}", u.word, u.effect)).collect();
        writeln!(out, "{}\t{}\t{}\t{}\t{:.2}\t{}", line, p.intent.category.name(), sub, s.join(","), p.intent.confidence, h.join(" | "))?;
    }
    Ok(())
}
