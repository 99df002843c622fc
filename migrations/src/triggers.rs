//! What the database itself refuses, whoever writes: steps that are not in the transition table, changes to a result
//! that is final (R5), fences that go back (R3). Made from the table in `schemas`, never written twice.

use sea_orm_migration::sea_orm::DbBackend;
use songwalker_schemas::job::{JobState, TRANSITIONS};

/// What the database says when a step is not in the transition table.
pub const TRANSITION: &str = "job_transition";
/// What it says when a final row's result would change.
pub const FINAL: &str = "job_final";
/// What it says when a fence would go back.
pub const FENCE: &str = "job_fence";

/// `'a', 'b'`.
#[must_use]
pub fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}

fn steps() -> String {
    let steps: Vec<String> = TRANSITIONS
        .iter()
        .map(|(from, to)| format!("(OLD.state = '{from}' AND NEW.state = '{to}')"))
        .collect();
    steps.join(" OR ")
}

fn final_states() -> String {
    let states: Vec<&str> = JobState::ALL
        .iter()
        .filter(|state| state.is_final())
        .map(|state| state.name())
        .collect();
    quoted(&states)
}

/// The columns of a final row that nothing may change; what a user calls it, retention and erasure may.
const RESULT: [&str; 6] = [
    "bundle_sha256",
    "error",
    "finished_at",
    "fence",
    "attempt",
    "stopped_at",
];

/// The statements that put the guards up.
#[must_use]
pub fn statements(backend: DbBackend) -> Vec<String> {
    let step = format!("NEW.state <> OLD.state AND NOT ({})", steps());
    let differs = match backend {
        DbBackend::Postgres => "IS DISTINCT FROM",
        _ => "IS NOT",
    };
    let changed: Vec<String> = RESULT
        .iter()
        .map(|column| format!("NEW.{column} {differs} OLD.{column}"))
        .collect();
    let result = format!("OLD.state IN ({}) AND ({})", final_states(), changed.join(" OR "));
    let guards = [
        ("jobs_step", "UPDATE", step, TRANSITION),
        ("jobs_result", "UPDATE", result, FINAL),
        ("jobs_fence", "UPDATE", "NEW.fence < OLD.fence".to_owned(), FENCE),
        (
            "jobs_start",
            "INSERT",
            format!("NEW.state <> '{}'", JobState::Queued),
            TRANSITION,
        ),
    ];
    guards
        .iter()
        .flat_map(|(name, event, when, says)| match backend {
            DbBackend::Postgres => vec![
                format!(
                    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{says}'; END $$"
                ),
                format!("CREATE TRIGGER {name} BEFORE {event} ON jobs FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()"),
            ],
            _ => vec![format!(
                "CREATE TRIGGER {name} BEFORE {event} ON jobs FOR EACH ROW WHEN {when} BEGIN SELECT RAISE(ABORT, '{says}'); END"
            )],
        })
        .collect()
}
