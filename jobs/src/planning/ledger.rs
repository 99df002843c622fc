//! Sums of calls, and the budgets that they stand against.

use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement, Value};
use songwalker_schemas::job::PlannerFallback;
use songwalker_schemas::{JobId, Timestamp};

use super::LOST;
use crate::claim::Ownership;
use crate::config::Llm;
use crate::error::JobsError;

/// A day, milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What calls took, or what is set aside for those that go on.
#[derive(Debug, Default)]
pub(super) struct Sum {
    /// How many.
    pub calls: u64,
    /// Those that began and never ended.
    pub open: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost_micros: u64,
    pub estimated: bool,
}

#[derive(FromQueryResult)]
struct Row {
    calls: i64,
    open: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_micros: i64,
    estimated: i64,
}

/// Both databases make wider numbers of a sum; they are brought back.
const SUM: &str = "
SELECT CAST(COUNT(*) AS BIGINT) AS calls,
    CAST(COUNT(*) - COUNT(ended_at) AS BIGINT) AS open,
    CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens,
    CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens,
    CAST(COALESCE(SUM(cost_micros), 0) AS BIGINT) AS cost_micros,
    CAST(COALESCE(MAX(CASE WHEN estimated THEN 1 ELSE 0 END), 0) AS BIGINT) AS estimated
FROM model_calls WHERE ";

async fn sum<const N: usize>(
    tx: &DatabaseTransaction,
    condition: &str,
    values: [Value; N],
) -> Result<Sum, JobsError> {
    let sql = format!("{SUM}{condition}");
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let Some(row) = Row::find_by_statement(statement).one(tx).await? else {
        return Ok(Sum::default());
    };
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Sum {
        calls: number(row.calls),
        open: number(row.open),
        input_tokens: number(row.input_tokens),
        output_tokens: number(row.output_tokens),
        cost_micros: number(row.cost_micros),
        estimated: row.estimated > 0,
    })
}

/// What a job's calls took.
pub(super) async fn of_job(tx: &DatabaseTransaction, job: JobId) -> Result<Sum, JobsError> {
    sum(tx, "job_id = $1", [job.0.into()]).await
}

/// Why a call of so many tokens, and of such a cost, may not be made now.
pub(super) async fn refusal(
    tx: &DatabaseTransaction,
    llm: &Llm,
    own: &Ownership,
    now: Timestamp,
    tokens: u64,
    cost_micros: u64,
) -> Result<Option<PlannerFallback>, JobsError> {
    let today = now.0 - now.0.rem_euclid(DAY_MS);
    let of_job = of_job(tx, own.job_id).await?;
    if of_job.open >= LOST {
        return Ok(Some(PlannerFallback::WorkerLost));
    }
    let holds = |sum: &Sum, most_tokens: Option<u64>, most_cost: Option<f64>| {
        let after = (sum.input_tokens + sum.output_tokens).saturating_add(tokens);
        let costs = (sum.cost_micros as f64 + cost_micros as f64) / 1e6;
        most_tokens.is_none_or(|most| after <= most) && most_cost.is_none_or(|most| costs <= most)
    };
    if !holds(&of_job, llm.job_tokens, llm.job_cost) {
        return Ok(Some(PlannerFallback::JobBudget));
    }
    if llm.user_day_tokens.is_some() || llm.user_day_cost.is_some() {
        let values: [Value; 2] = [own.user_id.0.into(), today.into()];
        let of_user = sum(tx, "user_id = $1 AND begun_at >= $2", values).await?;
        if !holds(&of_user, llm.user_day_tokens, llm.user_day_cost) {
            return Ok(Some(PlannerFallback::UserBudget));
        }
    }
    if llm.day_tokens.is_some() || llm.day_cost.is_some() {
        let of_all = sum(tx, "begun_at >= $1", [today.into()]).await?;
        if !holds(&of_all, llm.day_tokens, llm.day_cost) {
            return Ok(Some(PlannerFallback::InstallationBudget));
        }
    }
    Ok(None)
}
