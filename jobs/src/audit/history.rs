//! The past (R9): from the stamps of the jobs, whether a user ever had more unfinished jobs than the plan allows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};
use songwalker_schemas::JobId;

use super::Report;
use crate::error::JobsError;
use crate::system::System;

/// By how many milliseconds the clocks of two machines may differ: who accepts a job stamps it, and who ends one.
const CLOCKS_DIFFER_MS: i64 = 50;

const STAMPS: &str = "SELECT j.user_id, j.id, j.created_at, j.finished_at, p.unfinished_jobs
    FROM jobs j JOIN users u ON u.id = j.user_id JOIN plans p ON p.name = u.plan
    WHERE p.unfinished_jobs IS NOT NULL ORDER BY j.user_id, j.created_at, j.id";

pub(super) async fn check(
    snapshot: &DatabaseTransaction,
    system: &System,
    report: &mut Report,
) -> Result<(), JobsError> {
    if !system.config.quotas.enabled {
        return Ok(());
    }
    let statement = Statement::from_string(snapshot.get_database_backend(), STAMPS);
    let mut found = Vec::new();
    let mut whose = None;
    let mut ends = BinaryHeap::new();
    for row in snapshot.query_all_raw(statement).await? {
        let user: Uuid = row.try_get_by_index(0)?;
        let id: Uuid = row.try_get_by_index(1)?;
        let created: i64 = row.try_get_by_index(2)?;
        let finished: Option<i64> = row.try_get_by_index(3)?;
        let limit: i64 = row.try_get_by_index(4)?;
        if whose != Some(user) {
            whose = Some(user);
            ends.clear();
        }
        while ends
            .peek()
            .is_some_and(|Reverse(end)| *end <= created + CLOCKS_DIFFER_MS)
        {
            ends.pop();
        }
        ends.push(Reverse(finished.unwrap_or(i64::MAX)));
        if i64::try_from(ends.len()).is_ok_and(|unfinished| unfinished > limit) {
            let what = format!(
                "with it, its user had {} unfinished jobs, more than the plan allows",
                ends.len()
            );
            found.push((Some(JobId(id)), what));
        }
    }
    report.find_all("R9", found);
    Ok(())
}
