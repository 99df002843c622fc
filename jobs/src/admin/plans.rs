//! Plans: what a user may do at once, each minute, and how long things are kept. A change holds for whatever is decided
//! from its commit on; dates that were written before stay as they are.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use songwalker_schemas::limits::{MAX_LABEL_CHARS, MAX_PLAN_LIMIT};
use songwalker_schemas::wire::{CreatePlan, Plan, UpdatePlan};
use songwalker_schemas::{ErrorCode, Fault};

use crate::config::Span;
use crate::entity::{plans, users};
use crate::error::JobsError;
use crate::expiry;
use crate::system::System;

/// The longest time for which a plan may keep something.
pub const LONGEST: Span = Span::from_days(3_650);

/// Every plan, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(system: &System) -> Result<Vec<Plan>, JobsError> {
    let rows = plans::Entity::find()
        .order_by_asc(plans::Column::Name)
        .all(system.db.read())
        .await?;
    let counts: Vec<(String, i64)> = users::Entity::find()
        .select_only()
        .column(users::Column::Plan)
        .column_as(sea_orm::ColumnTrait::count(&users::Column::Id), "users")
        .group_by(users::Column::Plan)
        .into_tuple()
        .all(system.db.read())
        .await?;
    let counts: HashMap<String, i64> = counts.into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let users = counts.get(&row.name).copied().unwrap_or(0);
            told(row, u64::try_from(users).unwrap_or(0))
        })
        .collect())
}

/// Makes a plan.
///
/// # Errors
/// Every fault of the request; there is one of this name.
pub async fn create(system: &System, request: CreatePlan) -> Result<Plan, JobsError> {
    let mut faults = Faults::default();
    faults.unless(is_name(&request.name), "/name", "1 to 64 of a–z, 0–9, - and _");
    let row = plans::Model {
        name: request.name,
        unfinished_jobs: faults.limit("/unfinished_jobs", request.unfinished_jobs),
        requests_per_minute: faults.limit("/requests_per_minute", request.requests_per_minute),
        plugin_builds_per_hour: faults.limit("/plugin_builds_per_hour", request.plugin_builds_per_hour),
        keep_artifacts_ms: faults.span("/keep_artifacts", request.keep_artifacts.as_deref()),
        keep_prompts_ms: faults.span("/keep_prompts", request.keep_prompts.as_deref()),
    };
    faults.none()?;
    let tx = system.db.begin().await?;
    if plans::Entity::find_by_id(&row.name).one(&tx).await?.is_some() {
        return Err(JobsError::Conflict("there is a plan of this name".to_owned()));
    }
    plans::Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    tracing::info!(plan.name = row.name, "plan created");
    Ok(told(row, 0))
}

/// Changes what a plan allows.
///
/// # Errors
/// Every fault of the request; there is no such plan.
pub async fn update(system: &System, name: &str, request: UpdatePlan) -> Result<Plan, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = plans::Entity::find_by_id(name)
        .lock_exclusive()
        .one(&tx)
        .await?
        .ok_or(JobsError::NotFound("plan"))?;
    let mut faults = Faults::default();
    if let Some(limit) = request.unfinished_jobs {
        row.unfinished_jobs = faults.limit("/unfinished_jobs", limit);
    }
    if let Some(limit) = request.requests_per_minute {
        row.requests_per_minute = faults.limit("/requests_per_minute", limit);
    }
    if let Some(limit) = request.plugin_builds_per_hour {
        row.plugin_builds_per_hour = faults.limit("/plugin_builds_per_hour", limit);
    }
    if let Some(keep) = &request.keep_artifacts {
        row.keep_artifacts_ms = faults.span("/keep_artifacts", keep.as_deref());
    }
    if let Some(keep) = &request.keep_prompts {
        row.keep_prompts_ms = faults.span("/keep_prompts", keep.as_deref());
    }
    faults.none()?;
    plans::Entity::update(row.clone().into_active_model().reset_all())
        .exec(&tx)
        .await?;
    let users = users_of(&tx, name).await?;
    tx.commit().await?;
    tracing::info!(plan.name = row.name, "plan changed");
    Ok(told(row, users))
}

async fn users_of<C: ConnectionTrait>(connection: &C, plan: &str) -> Result<u64, JobsError> {
    Ok(users::Entity::find()
        .filter(sea_orm::ColumnTrait::eq(&users::Column::Plan, plan))
        .count(connection)
        .await?)
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=MAX_LABEL_CHARS).contains(&name.len()) && name.bytes().all(plain)
}

/// What is wrong with a request.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn unless(&mut self, holds: bool, pointer: &str, problem: &str) {
        if !holds {
            self.0.push(Fault {
                pointer: pointer.to_owned(),
                problem: problem.to_owned(),
            });
        }
    }

    /// A limit as the column holds it.
    fn limit(&mut self, pointer: &str, limit: Option<u32>) -> Option<i64> {
        let problem = format!("at most {MAX_PLAN_LIMIT}");
        self.unless(
            limit.is_none_or(|limit| limit <= MAX_PLAN_LIMIT),
            pointer,
            &problem,
        );
        limit.map(i64::from)
    }

    /// A span as the column holds it.
    fn span(&mut self, pointer: &str, text: Option<&str>) -> Option<i64> {
        match expiry::parse(text?, LONGEST) {
            Ok(span) => i64::try_from(span.as_millis()).ok(),
            Err(fault) => {
                self.unless(false, pointer, &fault.problem);
                None
            }
        }
    }

    fn none(self) -> Result<(), JobsError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(JobsError::refused_for(ErrorCode::InvalidRequest, self.0))
        }
    }
}

fn told(row: plans::Model, users: u64) -> Plan {
    let limit = |column: Option<i64>| column.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    let keep = |ms: Option<i64>| ms.map(|ms| Span::from_millis(u64::try_from(ms).unwrap_or(0)).to_string());
    Plan {
        name: row.name,
        unfinished_jobs: limit(row.unfinished_jobs),
        requests_per_minute: limit(row.requests_per_minute),
        plugin_builds_per_hour: limit(row.plugin_builds_per_hour),
        keep_artifacts: keep(row.keep_artifacts_ms),
        keep_prompts: keep(row.keep_prompts_ms),
        users,
    }
}
