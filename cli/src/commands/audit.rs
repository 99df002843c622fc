//! `songwalker audit`: the promises of the job system, checked from database and store alone. It changes nothing.

use serde_json::json;
use songwalker_jobs::audit::{Finding, Looked, Options, Report, audit_by};
use songwalker_schemas::{ErrorCode, Fault};

use crate::args::Audit;
use crate::commands::admin::on_existing_data_dir;
use crate::failure::Failure;
use crate::terminal::{self, DIM, GOOD, paint};

/// Checks, and says what was found.
pub fn run(args: &Audit) -> Result<(), Failure> {
    let options = Options {
        is_deep: args.deep,
        with_history: args.history,
        patience: args.patience.map(Into::into),
    };
    let report = on_existing_data_dir(&args.place, async |system| Ok(audit_by(system, &options).await?))?;
    if !report.findings.is_empty() {
        let count = report.findings.len() as u64 + report.more;
        let message = format!(
            "{count} finding{} in {}",
            if count == 1 { "" } else { "s" },
            counts(&report.looked)
        );
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
    let running = if looked.is_running {
        ""
    } else {
        ", while nobody runs jobs"
    };
    format!(
        "{} nothing found  {}\n",
        paint(GOOD, "✓"),
        paint(DIM, format!("{}{running}", counts(looked)))
    )
}

/// What was looked at, in words.
fn counts(looked: &Looked) -> String {
    let states: Vec<String> = looked
        .states
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let states = if states.is_empty() {
        String::new()
    } else {
        format!(" ({})", states.join(", "))
    };
    let others = [
        (looked.attempts, "attempts"),
        (looked.events, "events"),
        (looked.prompts, "prompts"),
        (looked.outputs, "outputs of stages"),
        (looked.hints, "hints to be sent"),
        (looked.shares, "shares"),
        (looked.deliveries, "deliveries to webhooks"),
        (looked.receipts, "receipts of erasure"),
        (looked.objects, "objects"),
        (looked.unreferred, "of them referred to by nobody"),
        (looked.read, "of them read"),
    ];
    let others = others
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {count} {what}"));
    format!("{} jobs{states}{}", looked.jobs, others.collect::<String>())
}
