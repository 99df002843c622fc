//! What is to be told of a job's end: written in the transaction that ends the job, so that whatever dies afterwards
//! loses none of it (as R1 for hints). Nothing of the job is copied; the message is made from its row when it is sent.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, Statement,
};
use songwalker_schemas::limits::MAX_JOB_WEBHOOKS;
use songwalker_schemas::{ErrorCode, JobId};

use crate::entity::job_webhooks;
use crate::error::JobsError;
use crate::row::JobRow;
use crate::webhooks;

const INTO: &str = "INSERT INTO webhook_deliveries
    (webhook_id, user_id, job_id, url, event, state, attempts, created_at, due_at)";

/// To the webhooks of the user that want to know of such an end. `$1` is the job.
const TO_WEBHOOKS: &str =
    "SELECT w.id, j.user_id, j.id, CAST(NULL AS TEXT), 'job.' || j.state, 'pending', 0, j.finished_at, 0
    FROM jobs j JOIN webhooks w ON w.user_id = j.user_id
    WHERE j.id = $1 AND w.url IS NOT NULL AND w.disabled_at IS NULL
        AND ' ' || w.events || ' ' LIKE '% job.' || j.state || ' %'
        AND j.finished_at IS NOT NULL AND j.delete_requested_at IS NULL";

/// To the addresses that the job names itself.
const TO_ADDRESSES: &str =
    "SELECT w.id, j.user_id, j.id, a.url, 'job.' || j.state, 'pending', 0, j.finished_at, 0
    FROM jobs j JOIN job_webhooks a ON a.job_id = j.id JOIN webhooks w ON w.user_id = j.user_id
    WHERE j.id = $1 AND w.url IS NULL AND w.disabled_at IS NULL
        AND j.finished_at IS NOT NULL AND j.delete_requested_at IS NULL";

/// Writes what is to be told of a job that has just ended.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn ended(tx: &DatabaseTransaction, job: JobId) -> Result<(), JobsError> {
    let sql = format!("{INTO} {TO_WEBHOOKS} UNION ALL {TO_ADDRESSES}");
    let sql = Statement::from_sql_and_values(tx.get_database_backend(), sql, [job.0.into()]);
    tx.execute_raw(sql).await?;
    Ok(())
}

/// The statement that writes it for several, in PostgreSQL. `$1` is a list of jobs as JSON.
pub(crate) fn all_ended() -> String {
    let any = "j.id = ANY (ARRAY(SELECT t.id::uuid FROM json_array_elements_text($1::json) AS t(id)))";
    let [to_webhooks, to_addresses] = [TO_WEBHOOKS, TO_ADDRESSES].map(|sql| sql.replace("j.id = $1", any));
    format!("{INTO} {to_webhooks} UNION ALL {to_addresses}")
}

/// A request names an address to be told of its job's end. Where the job has ended already, that is told now.
///
/// # Errors
/// The user has no webhook whose secret signs it; the job has as many addresses as may be.
pub(crate) async fn add_address(tx: &DatabaseTransaction, row: &JobRow, url: &str) -> Result<(), JobsError> {
    let refused = |problem: String| Err(JobsError::refused(ErrorCode::Conflict, "/webhook_url", problem));
    if webhooks::for_jobs(tx, row.user_id()).await?.is_none() {
        return refused(
            "nothing to sign it with: make a webhook without an address first (POST /v1/webhooks)".to_owned(),
        );
    }
    let key = (row.model.id, url.to_owned());
    if job_webhooks::Entity::find_by_id(key).one(tx).await?.is_some() {
        return Ok(());
    }
    let named = job_webhooks::Entity::find()
        .filter(job_webhooks::Column::JobId.eq(row.model.id))
        .count(tx)
        .await?;
    if named >= MAX_JOB_WEBHOOKS {
        return refused(format!("the job tells {named} addresses already"));
    }
    insert_address(tx, row, url).await?;
    if row.state()?.is_final() {
        let sql = format!("{INTO} {TO_ADDRESSES} AND a.url = $2");
        let values = [row.model.id.into(), url.into()];
        tx.execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            sql,
            values,
        ))
        .await?;
    }
    Ok(())
}

/// A job that is done again tells those whom the one before was to tell.
pub(crate) async fn inherit(tx: &DatabaseTransaction, before: JobId, row: &JobRow) -> Result<(), JobsError> {
    if webhooks::for_jobs(tx, row.user_id()).await?.is_none() {
        return Ok(());
    }
    let addresses = job_webhooks::Entity::find()
        .filter(job_webhooks::Column::JobId.eq(before.0))
        .all(tx)
        .await?;
    for address in addresses {
        insert_address(tx, row, &address.url).await?;
    }
    Ok(())
}

async fn insert_address(tx: &DatabaseTransaction, row: &JobRow, url: &str) -> Result<(), JobsError> {
    let model = job_webhooks::Model {
        job_id: row.model.id,
        url: url.to_owned(),
    };
    job_webhooks::Entity::insert(model.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
