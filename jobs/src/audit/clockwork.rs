//! What should have happened by the clock: the wakers of unfinished jobs (R4, R8), erasure (R10), the sweeps (R12).

use std::time::Duration;

use sea_orm::{DatabaseTransaction, EntityTrait};
use songwalker_schemas::Timestamp;

use super::rows::{Check, run};
use super::{Late, Report};
use crate::entity::sweeps;
use crate::error::JobsError;
use crate::sweep::{Sweep, deliveries};
use crate::system::System;
use crate::webhooks::delivery::MOST_ATTEMPTS;

/// What is late if it was due before `{steady}` on the steady clock, or `{wall}` on the wall clock. `{steady_now}` is now;
/// `{listed}`, `{events}` and `{outputs}` are the moments before which such things are kept no more, `{most}` the most
/// attempts of a delivery.
const LATE: &[(&str, &str, &str)] = &[
    (
        "R4",
        "its lease is over, and nobody took it from its owner",
        "SELECT id, 0 FROM jobs WHERE state IN ('running', 'cancelling') AND lease_until < {steady}",
    ),
    (
        "R4",
        "it is past the deadline of the queue and still waits",
        "SELECT id, 0 FROM jobs WHERE state = 'queued' AND queue_deadline < {steady}
            AND NOT EXISTS (SELECT 1 FROM pauses p WHERE p.kind IN ('*', jobs.kind))",
    ),
    (
        "R4",
        "its pause is over, and nobody woke it",
        "SELECT id, 0 FROM jobs WHERE state = 'queued' AND not_before < {steady}",
    ),
    (
        "R4",
        "its hint is not being sent",
        "SELECT j.id, 0 FROM jobs j JOIN outbox o ON o.job_id = j.id
            WHERE j.state = 'queued' AND o.created_at < {wall}",
    ),
    (
        "R8",
        "it was to stop long ago and has not",
        "SELECT id, 0 FROM jobs WHERE state = 'cancelling' AND cancel_requested_at < {wall}",
    ),
    (
        "R6",
        "an object that is being deleted is not gone",
        "SELECT NULL, 0 FROM tombstones WHERE at < {steady}",
    ),
    (
        "R12",
        "its artifacts are past their retention and still there",
        "SELECT id, 0 FROM jobs
            WHERE state = 'succeeded' AND retain_until < {wall} AND artifacts_deleted_at IS NULL",
    ),
    (
        "R12",
        "its deletion was asked for long ago and is not done",
        "SELECT id, 0 FROM jobs WHERE delete_requested_at < {wall} AND state IN ({final})",
    ),
    (
        "R4",
        "its webhook is due, and nobody sends anything to webhooks of its user",
        "SELECT d.job_id, 0 FROM webhook_deliveries d
            WHERE d.state = 'pending' AND d.due_at < {steady} AND d.created_at < {wall} AND d.attempts < {most}
            AND (d.lease_until IS NULL OR d.lease_until < {steady})
            AND NOT EXISTS (SELECT 1 FROM webhook_deliveries o WHERE o.user_id = d.user_id AND o.lease_until >= {steady_now})",
    ),
    (
        "R4",
        "the last attempt at its webhook is over, and nobody ended it",
        "SELECT job_id, 0 FROM webhook_deliveries
            WHERE state = 'pending' AND attempts >= {most} AND lease_until < {steady}",
    ),
    (
        "R12",
        "a delivery to its webhook is listed for too long",
        "SELECT job_id, 0 FROM webhook_deliveries WHERE ended_at < {listed}",
    ),
    (
        "R12",
        "{} of its events are past their time and still there",
        "SELECT j.id, COUNT(*) FROM jobs j JOIN job_events e ON e.job_id = j.id
            WHERE j.finished_at < {events} GROUP BY j.id",
    ),
    (
        "R12",
        "{} outputs of its stages are past their time and still there",
        "SELECT j.id, COUNT(*) FROM jobs j JOIN stage_outputs s ON s.job_id = j.id
            WHERE j.finished_at < {outputs} GROUP BY j.id",
    ),
    (
        "R12",
        "{} idempotency keys are past their time and still there",
        "SELECT NULL, COUNT(*) FROM idempotency_keys WHERE expires_at < {wall} HAVING COUNT(*) > 0",
    ),
];

/// What is promised to people whether a process runs or not.
const PROMISED: &[(&str, &str, &str)] = &[
    (
        "R10",
        "its prompt is past its date and not erased",
        "SELECT j.id, 0 FROM prompts p JOIN jobs j ON j.id = p.job_id
            WHERE p.erase_at < {wall} AND j.state IN ({final})",
    ),
    (
        "R10",
        "an erasure is overdue",
        "SELECT job_id, 0 FROM erasures WHERE done_at IS NULL AND due_at < {now}",
    ),
];

pub(super) async fn check(
    snapshot: &DatabaseTransaction,
    system: &System,
    late: Option<&Late>,
    patience: Duration,
    report: &mut Report,
) -> Result<(), JobsError> {
    let now = system.clock.now();
    let wall = now.minus(patience);
    let (steady, steady_now) = late.map_or((wall, now), |late| (late.steady, late.steady_now));
    let retention = &system.config.retention;
    let kept = |time: Duration| wall.minus(time).0.to_string();
    let timely = if late.is_some() { LATE } else { &[] };
    for (invariant, what, sql) in PROMISED.iter().chain(timely) {
        let sql = sql
            .replace("{now}", &now.0.to_string())
            .replace("{wall}", &wall.0.to_string())
            .replace("{steady}", &steady.0.to_string())
            .replace("{steady_now}", &steady_now.0.to_string())
            .replace("{listed}", &kept(deliveries::LISTED))
            .replace("{events}", &kept(retention.events.duration()))
            .replace("{outputs}", &kept(retention.stage_outputs.duration()))
            .replace("{most}", &MOST_ATTEMPTS.to_string());
        let check = Check {
            invariant,
            what,
            sql: &sql,
        };
        run(snapshot, &check, report).await?;
    }
    match late {
        Some(late) => sweeps(snapshot, late, report).await,
        None => Ok(()),
    }
}

/// R12: every sweep has seen every row not long ago, once the process has run for that long.
async fn sweeps(snapshot: &DatabaseTransaction, late: &Late, report: &mut Report) -> Result<(), JobsError> {
    if late.since.is_none_or(|since| since > late.wall) {
        return Ok(());
    }
    let done = sweeps::Entity::find().all(snapshot).await?;
    for sweep in Sweep::ALL {
        let last = done.iter().find(|done| done.name == sweep.name());
        if last.is_none_or(|last| Timestamp(last.last_full_at) < late.wall) {
            report.find(
                "R12",
                None,
                format!("the sweep {} has not been through for long", sweep.name()),
            );
        }
    }
    Ok(())
}
