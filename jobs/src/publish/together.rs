//! Several results in one transaction (R3, R6): each row under its own fence, each object under its own lock.

use std::collections::{HashMap, HashSet};

use futures::future::BoxFuture;
use sea_orm::prelude::Uuid;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::json;
use songwalker_schemas::UserId;
use songwalker_schemas::job::JobState;

use super::{Packaged, success};
use crate::attempt::is_owned;
use crate::claim::Ownership;
use crate::counts;
use crate::entity::jobs;
use crate::error::JobsError;
use crate::group::{Member, Told};
use crate::objects;
use crate::ports::ObjectKey;
use crate::row::JobRow;
use crate::row::together::{save_all, statement};
use crate::system::System;
use crate::webhooks;

/// An attempt that has its result.
pub(crate) struct Success {
    pub own: Ownership,
    pub packaged: Packaged,
}

impl Member for Success {
    fn alone(&self) -> Uuid {
        self.own.job_id.0
    }
}

/// The names of objects that nobody else holds, held from here on until the transaction ends. Never waited for: who holds
/// several names must not wait for another.
const HELD: &str = "
SELECT k.name FROM json_array_elements_text($1::json) AS k(name)
WHERE pg_try_advisory_xact_lock(hashtextextended(k.name, 0))";

const STANDING: &str = "
SELECT object_key AS name FROM tombstones
WHERE object_key = ANY (ARRAY(SELECT k.name FROM json_array_elements_text($1::json) AS k(name)))";

/// Rows that nobody else has locked, and how long their users' plan keeps artifacts.
const ROWS: &str = "
SELECT j.*, p.keep_artifacts_ms AS keep_ms FROM jobs j
JOIN users u ON u.id = j.user_id JOIN plans p ON p.name = u.plan
WHERE j.id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id)))
FOR UPDATE OF j SKIP LOCKED";

/// What is to be told of their ends is written, and their claims go; which those were.
fn end_claims() -> String {
    let told = webhooks::outbox::all_ended();
    format!(
        "WITH told AS ({told})
        DELETE FROM stage_outputs WHERE content IS NULL
            AND job_id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id)))
        RETURNING job_id, user_id, sha256"
    )
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

#[derive(FromQueryResult)]
struct Running {
    #[sea_orm(nested)]
    job: jobs::Model,
    keep_ms: Option<i64>,
}

#[derive(FromQueryResult)]
struct Dropped {
    job_id: Uuid,
    user_id: Uuid,
    sha256: String,
}

/// Says `succeeded` for all of them.
pub(crate) fn succeed_all<'a>(
    system: &'a System,
    all: &'a [Success],
) -> BoxFuture<'a, Result<Told<Vec<ObjectKey>>, JobsError>> {
    Box::pin(say(system, all))
}

async fn say(system: &System, all: &[Success]) -> Result<Told<Vec<ObjectKey>>, JobsError> {
    let mut told: Told<Vec<ObjectKey>> = all.iter().map(|_| None).collect();
    let keys = all
        .iter()
        .map(|one| ObjectKey::bundle(one.own.user_id, &one.packaged.sha256))
        .collect::<Result<Vec<_>, _>>()?;
    let tx = system.db.begin().await?;
    let free = free(&tx, &keys).await?;
    let ids: Vec<Uuid> = all
        .iter()
        .zip(&keys)
        .filter(|(_, key)| free.contains(key.as_str()))
        .map(|(one, _)| one.own.job_id.0)
        .collect();
    let found = Running::find_by_statement(statement(ROWS, [json!(ids).to_string().into()]))
        .all(&tx)
        .await?;
    let mut found: HashMap<Uuid, Running> = found.into_iter().map(|one| (one.job.id, one)).collect();
    let (mut rows, mut places, mut event) = (Vec::new(), Vec::new(), None);
    for (place, one) in all.iter().enumerate() {
        let Some(Running { job, keep_ms }) = found.remove(&one.own.job_id.0) else {
            continue;
        };
        let mut row = JobRow::from(job);
        let refused = if !is_owned(&row, &one.own)? {
            Some(JobsError::Stale)
        } else if row.state()? != JobState::Running {
            Some(JobsError::Stopping)
        } else {
            None
        };
        if let Some(refused) = refused {
            told[place] = Some(Err(refused));
            continue;
        }
        event = Some(success(
            system,
            &mut row,
            &one.packaged,
            system.keep_artifacts_of(keep_ms),
        )?);
        rows.push(row);
        places.push(place);
    }
    if let Some(event) = &event {
        save_all(&tx, &mut rows, event).await?;
        for (place, graves) in places.into_iter().zip(drop_claims(&tx, system, &rows).await?) {
            told[place] = Some(Ok(graves));
        }
    }
    tx.commit().await?;
    rows.iter().for_each(counts::succeeded);
    Ok(told)
}

/// Those of some objects that are held now and over which no tombstone stands.
async fn free(tx: &DatabaseTransaction, keys: &[ObjectKey]) -> Result<HashSet<String>, JobsError> {
    let names: HashSet<&str> = keys.iter().map(ObjectKey::as_str).collect();
    let held = Name::find_by_statement(statement(HELD, [json!(names).to_string().into()]))
        .all(tx)
        .await?;
    let mut held: HashSet<String> = held.into_iter().map(|one| one.name).collect();
    // Another statement: it must see what was committed before the names were held.
    let standing = Name::find_by_statement(statement(STANDING, [json!(held).to_string().into()]))
        .all(tx)
        .await?;
    for one in standing {
        held.remove(&one.name);
    }
    Ok(held)
}

/// Writes what is to be told of jobs that have just succeeded, and takes their claims out of the database; what is to be
/// buried, for each.
async fn drop_claims(
    tx: &DatabaseTransaction,
    system: &System,
    rows: &[JobRow],
) -> Result<Vec<Vec<ObjectKey>>, JobsError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.model.id).collect();
    let dropped = Dropped::find_by_statement(statement(&end_claims(), [json!(ids).to_string().into()]))
        .all(tx)
        .await?;
    let mut graves: Vec<Vec<ObjectKey>> = rows.iter().map(|_| Vec::new()).collect();
    for one in dropped {
        let Some(place) = rows.iter().position(|row| row.model.id == one.job_id) else {
            continue;
        };
        // The object of the result is referred to by the row itself.
        if rows[place].model.bundle_sha256.as_deref() != Some(&one.sha256) {
            graves[place].extend(objects::entomb(tx, system, UserId(one.user_id), &one.sha256).await?);
        }
    }
    Ok(graves)
}
