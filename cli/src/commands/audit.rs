//! `songwalker audit`: the promises of the job system, checked from database and store alone. It changes nothing.

use serde_json::json;
use songwalker_jobs::audit::{Finding, Report, audit};
use songwalker_schemas::{ErrorCode, Fault};

use crate::args::Audit;
use crate::commands::admin::on_existing_data_dir;
use crate::failure::Failure;
use crate::terminal::{self, DIM, GOOD, paint};

/// Checks, and says what was found.
pub fn run(args: &Audit) -> Result<(), Failure> {
    let report = on_existing_data_dir(&args.place, async |system| Ok(audit(system, args.deep).await?))?;
    if !report.findings.is_empty() {
        let count = report.findings.len() as u64 + report.more;
        let message = format!("{count} finding{}", if count == 1 { "" } else { "s" });
        return Err(Failure::new(ErrorCode::VerificationFailed, message)
            .with_faults(report.findings.iter().map(as_fault).collect())
            .with_hint("docs/INVARIANTS.md says what each means; keep a copy of the data directory before you mend it"));
    }
    if args.json {
        return terminal::print_json(&json!(report));
    }
    terminal::print(&in_words(&report))
}

/// The invariant and the job stand where the pointer of a document's fault would.
fn as_fault(finding: &Finding) -> Fault {
    Fault {
        pointer: finding.job_id.map_or_else(
            || finding.invariant.to_owned(),
            |id| format!("{} {id}", finding.invariant),
        ),
        problem: finding.what.clone(),
    }
}

fn in_words(report: &Report) -> String {
    let looked = &report.looked;
    let read = if looked.read > 0 {
        format!(", {} of them read", looked.read)
    } else {
        String::new()
    };
    let running = if looked.is_running {
        ""
    } else {
        ", while nobody runs jobs"
    };
    format!(
        "{} nothing found  {}\n",
        paint(GOOD, "✓"),
        paint(
            DIM,
            format!(
                "{} jobs ({} unfinished), {} events, {} objects{read}{running}",
                looked.jobs, looked.unfinished, looked.events, looked.objects
            )
        )
    )
}
