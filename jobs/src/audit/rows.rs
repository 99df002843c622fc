//! What rows say that must not be, each as one query: the job that it is about, or none, and a number for the text.

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use songwalker_schemas::JobId;
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::MAX_ATTEMPTS;

use super::Report;
use crate::error::JobsError;
use crate::system::System;

/// From how many characters on a prompt stands in no text of ours by chance.
const TELLING_CHARS: usize = 24;

/// A query that finds nothing where all is well. Its words `{final}` and `{open}` are lists of states, `{attempts}` the
/// most attempts, `{telling}` the length of a prompt that is looked for; `{}` in what it says is the number of the second column.
pub(super) struct Check<'a> {
    pub invariant: &'static str,
    pub what: &'static str,
    pub sql: &'a str,
}

const fn none(invariant: &'static str, what: &'static str, sql: &'static str) -> Check<'static> {
    Check { invariant, what, sql }
}

const CHECKS: &[Check<'static>] = &[
    none(
        "R1",
        "it is not finished and has no prompt",
        "SELECT j.id, 0 FROM jobs j LEFT JOIN prompts p ON p.job_id = j.id
            WHERE j.state IN ({open}) AND p.job_id IS NULL",
    ),
    none(
        "R2",
        "{} jobs answer the same request",
        "SELECT MIN(id), COUNT(*) FROM jobs
            WHERE job_key IS NOT NULL AND state NOT IN ('failed', 'cancelled') AND artifacts_deleted_at IS NULL
                AND delete_requested_at IS NULL
            GROUP BY user_id, job_key HAVING COUNT(*) > 1",
    ),
    none(
        "R3",
        "it has an output of the fence {}, which it never had",
        "SELECT s.job_id, s.fence FROM stage_outputs s JOIN jobs j ON j.id = s.job_id WHERE s.fence > j.fence",
    ),
    none(
        "R4",
        "it has an owner without a lease, or a lease without an owner",
        "SELECT id, 0 FROM jobs
            WHERE (state IN ('running', 'cancelling')) <> (lease_until IS NOT NULL AND worker_id IS NOT NULL)",
    ),
    none(
        "R4",
        "it is queued, and nothing will wake it: no hint, none to be sent, no end of a pause",
        "SELECT j.id, 0 FROM jobs j WHERE j.state = 'queued' AND j.hinted_at IS NULL AND j.not_before IS NULL
            AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = j.id)",
    ),
    none(
        "R5",
        "something happened to it after its end, in event {}",
        "SELECT e.job_id, MIN(e.seq) FROM job_events e
            JOIN (SELECT job_id, MIN(seq) AS seq FROM job_events WHERE kind = 'state' AND state IN ({final})
                GROUP BY job_id) f ON f.job_id = e.job_id
            WHERE e.seq > f.seq GROUP BY e.job_id",
    ),
    none(
        "R5",
        "its last event tells of another state than its row",
        "SELECT j.id, 0 FROM jobs j JOIN job_events e ON e.job_id = j.id AND e.seq = j.event_seq
            WHERE e.state <> j.state",
    ),
    none(
        "R5",
        "it is not finished, and {} of its events are missing",
        "SELECT j.id, j.event_seq - (SELECT COUNT(*) FROM job_events e WHERE e.job_id = j.id AND e.seq <= j.event_seq)
            FROM jobs j WHERE j.state IN ({open})
            AND j.event_seq <> (SELECT COUNT(*) FROM job_events e WHERE e.job_id = j.id AND e.seq <= j.event_seq)",
    ),
    none(
        "R5",
        "it is final without a time of its end, or has one and is not final",
        "SELECT id, 0 FROM jobs WHERE (state IN ({final})) <> (finished_at IS NOT NULL)",
    ),
    none(
        "R6",
        "it succeeded without a result, or has a result without having succeeded",
        "SELECT id, 0 FROM jobs WHERE (state = 'succeeded') <> (bundle_sha256 IS NOT NULL)",
    ),
    none(
        "R6",
        "it is final and still claims an object",
        "SELECT j.id, 0 FROM jobs j JOIN stage_outputs s ON s.job_id = j.id
            WHERE s.content IS NULL AND j.state IN ({final})",
    ),
    none(
        "R7",
        "it was attempted {} times",
        "SELECT id, attempt FROM jobs WHERE attempt > max_attempts OR attempt > {attempts}",
    ),
    none(
        "R7",
        "it is queued, and has no attempt left after {}",
        "SELECT id, attempt FROM jobs WHERE state = 'queued' AND attempt >= max_attempts",
    ),
    none(
        "R7",
        "it has more attempts than fences or fewer than its {} deaths",
        "SELECT id, deaths FROM jobs WHERE fence < attempt OR attempt < deaths",
    ),
    none(
        "R8",
        "it was cancelled, and when that was asked for or when it stopped is not known",
        "SELECT id, 0 FROM jobs WHERE (state = 'cancelled' AND (cancel_requested_at IS NULL OR stopped_at IS NULL))
            OR (state = 'cancelling' AND cancel_requested_at IS NULL)",
    ),
    none(
        "R8",
        "it was cancelled and left {} outputs",
        "SELECT j.id, COUNT(*) FROM jobs j JOIN stage_outputs s ON s.job_id = j.id
            WHERE j.state = 'cancelled' AND s.content IS NOT NULL GROUP BY j.id",
    ),
    none(
        "R10",
        "its prompt is erased, and its key, a hash of the prompt, is not",
        "SELECT j.id, 0 FROM jobs j LEFT JOIN prompts p ON p.job_id = j.id
            WHERE j.state IN ({final}) AND j.job_key IS NOT NULL AND p.job_id IS NULL",
    ),
    none(
        "R10",
        "its prompt stands in its error",
        "SELECT j.id, 0 FROM jobs j JOIN prompts p ON p.job_id = j.id
            WHERE LENGTH(p.prompt) >= {telling} AND INSTR(j.error, p.prompt) > 0",
    ),
    none(
        "R10",
        "its prompt stands in event {}",
        "SELECT e.job_id, MIN(e.seq) FROM job_events e JOIN prompts p ON p.job_id = e.job_id
            WHERE LENGTH(p.prompt) >= {telling}
                AND (INSTR(e.message, p.prompt) > 0 OR INSTR(e.error, p.prompt) > 0)
            GROUP BY e.job_id",
    ),
    none(
        "R10",
        "an API key stands in event {}",
        "SELECT job_id, MIN(seq) FROM job_events WHERE INSTR(message, 'swk_') > 0 OR INSTR(error, 'swk_') > 0
            GROUP BY job_id",
    ),
];

/// Guards that the database itself holds up, and what each upholds.
const GUARDS: &[(&str, &str)] = &[
    ("one_job_per_key", "R2"),
    ("jobs_fence", "R3"),
    ("jobs_result", "R5"),
    ("jobs_start", "R5"),
    ("jobs_step", "R5"),
];

pub(super) async fn check(
    snapshot: &DatabaseTransaction,
    system: &System,
    report: &mut Report,
) -> Result<(), JobsError> {
    for check in CHECKS {
        run(snapshot, check, report).await?;
    }
    guards(snapshot, report).await?;
    references(snapshot, report).await?;
    quotas(snapshot, system, report).await
}

/// Runs one query and tells what it found.
pub(super) async fn run(
    snapshot: &DatabaseTransaction,
    check: &Check<'_>,
    report: &mut Report,
) -> Result<(), JobsError> {
    let sql = check
        .sql
        .replace("{final}", &states(JobState::is_final))
        .replace("{open}", &states(|state| !state.is_final()))
        .replace("{attempts}", &MAX_ATTEMPTS.to_string())
        .replace("{telling}", &TELLING_CHARS.to_string());
    let sql = spelled(sql, snapshot.get_database_backend());
    let rows = snapshot
        .query_all_raw(Statement::from_string(snapshot.get_database_backend(), sql))
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let job: Option<Uuid> = row.try_get_by_index(0)?;
        let number: i64 = row.try_get_by_index(1)?;
        found.push((job.map(JobId), check.what.replace("{}", &number.to_string())));
    }
    report.find_all(check.invariant, found);
    Ok(())
}

/// The few words that PostgreSQL has another name for.
fn spelled(sql: String, backend: DbBackend) -> String {
    if backend != DbBackend::Postgres {
        return sql;
    }
    let sql = sql
        .replace("MIN(id)", "(ARRAY_AGG(id ORDER BY id))[1]")
        .replace("MIN(j.id)", "(ARRAY_AGG(j.id ORDER BY j.id))[1]")
        .replace("INSTR(", "STRPOS(");
    // It has numbers of several lengths.
    format!("SELECT found.job, found.number::BIGINT FROM ({sql}) AS found (job, number)")
}

fn states(wanted: impl Fn(JobState) -> bool) -> String {
    let names: Vec<&str> = JobState::ALL
        .iter()
        .filter(|state| wanted(**state))
        .map(|state| state.name())
        .collect();
    songwalker_migrations::triggers::quoted(&names)
}

async fn guards(snapshot: &DatabaseTransaction, report: &mut Report) -> Result<(), JobsError> {
    let rows = snapshot
        .query_all_raw(Statement::from_string(
            snapshot.get_database_backend(),
            match snapshot.get_database_backend() {
                DbBackend::Postgres => {
                    "SELECT tgname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
                        WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
                    UNION SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema()"
                }
                _ => "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'index')",
            },
        ))
        .await?;
    let mut there = Vec::with_capacity(rows.len());
    for row in rows {
        there.push(row.try_get_by_index::<String>(0)?);
    }
    for (guard, invariant) in GUARDS {
        if !there.iter().any(|name| name == guard) {
            report.find(
                invariant,
                None,
                format!("the database has lost its guard {guard}"),
            );
        }
    }
    Ok(())
}

/// A row that belongs to nothing is found by no sweep.
async fn references(snapshot: &DatabaseTransaction, report: &mut Report) -> Result<(), JobsError> {
    if snapshot.get_database_backend() == DbBackend::Postgres {
        // There a reference cannot be switched off, and cannot be broken.
        return Ok(());
    }
    let rows = snapshot
        .query_all_raw(Statement::from_string(
            snapshot.get_database_backend(),
            "SELECT \"table\", COUNT(*) FROM pragma_foreign_key_check GROUP BY \"table\"",
        ))
        .await?;
    for row in rows {
        let (table, count): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let what = format!("{count} rows of {table} belong to something that is not there");
        report.find("R12", None, what);
    }
    Ok(())
}

/// R9: nobody has more unfinished jobs than the plan allows.
async fn quotas(
    snapshot: &DatabaseTransaction,
    system: &System,
    report: &mut Report,
) -> Result<(), JobsError> {
    if !system.config.quotas.enabled {
        return Ok(());
    }
    let over = Check {
        invariant: "R9",
        what: "its user has {} unfinished jobs, more than the plan allows",
        sql: "SELECT MIN(j.id), COUNT(*) FROM jobs j JOIN users u ON u.id = j.user_id JOIN plans p ON p.name = u.plan
            WHERE j.state IN ({open}) GROUP BY j.user_id, p.unfinished_jobs HAVING COUNT(*) > p.unfinished_jobs",
    };
    run(snapshot, &over, report).await
}
