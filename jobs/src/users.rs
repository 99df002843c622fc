//! Who there is: the user of an embedded installation, and users that an administrator makes.
//!
//! Every user has a secret of 32 random bytes from which job keys are made (R2); it never leaves the database. What a
//! user may do is the keys' affair, how much the plan's.

use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use songwalker_schemas::limits::{MAX_LABEL_CHARS, MAX_PAGE};
use songwalker_schemas::wire::Page;
pub use songwalker_schemas::wire::User;
use songwalker_schemas::{ErrorCode, Fault, Timestamp, UserId, text};

use crate::entity::{plans, users};
use crate::error::JobsError;
use crate::system::System;
use crate::{quota, read, secret};

/// How many a page has where nothing is said.
const USUAL: u64 = 20;

/// The name of the user of an embedded installation, and of its plan.
pub const LOCAL: &str = "local";

fn told(model: users::Model) -> User {
    User {
        id: UserId(model.id),
        name: model.name,
        plan: model.plan,
        created_at: Timestamp(model.created_at),
        erase_requested_at: model.erase_requested_at.map(Timestamp),
    }
}

/// The user of an embedded installation, made where there is none: at the first start, and after an erasure.
///
/// # Errors
/// The database does not answer.
pub async fn local(system: &System) -> Result<UserId, JobsError> {
    if let Some(user) = named(system.db.read(), LOCAL).await? {
        return Ok(UserId(user.id));
    }
    let tx = system.db.begin().await?;
    let user = match named(&tx, LOCAL).await? {
        Some(user) => user,
        None => insert(&tx, system, LOCAL, LOCAL).await?,
    };
    tx.commit().await?;
    Ok(UserId(user.id))
}

/// Makes a user under a plan.
///
/// # Errors
/// The name is empty, too long or taken; there is no such plan.
pub async fn create(system: &System, name: &str, plan: &str) -> Result<User, JobsError> {
    let mut faults = Vec::new();
    let name = match text::name(name, MAX_LABEL_CHARS) {
        Ok(name) => name,
        Err(refused) => {
            faults.extend(Vec::<Fault>::from(refused));
            name.to_owned()
        }
    };
    if name.is_empty() {
        faults.push(Fault {
            pointer: "/name".to_owned(),
            problem: "empty".to_owned(),
        });
    }
    let tx = system.db.begin().await?;
    if plans::Entity::find_by_id(plan).one(&tx).await?.is_none() {
        faults.push(Fault {
            pointer: "/plan".to_owned(),
            problem: "there is no such plan".to_owned(),
        });
    }
    if !faults.is_empty() {
        return Err(JobsError::refused_for(ErrorCode::InvalidRequest, faults));
    }
    if named(&tx, &name).await?.is_some() {
        return Err(JobsError::Conflict("there is a user of this name".to_owned()));
    }
    let user = insert(&tx, system, &name, plan).await?;
    tx.commit().await?;
    tracing::info!(user.id = %user.id, plan.name = plan, "user created");
    Ok(told(user))
}

/// Every user, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(system: &System) -> Result<Vec<User>, JobsError> {
    let rows = users::Entity::find()
        .order_by_asc(users::Column::Name)
        .all(system.db.read())
        .await?;
    Ok(rows.into_iter().map(told).collect())
}

/// A page of the users, the youngest first.
///
/// # Errors
/// The cursor or the limit is none.
pub async fn page(
    system: &System,
    cursor: Option<&str>,
    limit: Option<u64>,
) -> Result<Page<User>, JobsError> {
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MAX_PAGE).contains(&limit) {
        let problem = format!("1 to {MAX_PAGE}");
        return Err(JobsError::refused(ErrorCode::InvalidRequest, "/limit", problem));
    }
    let mut query = users::Entity::find()
        .order_by_desc(users::Column::CreatedAt)
        .order_by_desc(users::Column::Id)
        .limit(limit + 1);
    if let Some(cursor) = cursor {
        query = query.filter(read::behind(cursor, users::Column::CreatedAt, users::Column::Id)?);
    }
    let rows = query.all(system.db.read()).await?;
    let (rows, next_cursor) = read::page(rows, limit, |row| (row.created_at, row.id));
    let items = rows.into_iter().map(told).collect();
    Ok(Page { items, next_cursor })
}

/// The user of that id.
///
/// # Errors
/// There is none.
pub async fn of(system: &System, id: UserId) -> Result<User, JobsError> {
    users::Entity::find_by_id(id.0)
        .one(system.db.read())
        .await?
        .map(told)
        .ok_or(JobsError::NotFound("user"))
}

/// Puts a user under another plan; what is decided from now on follows from it.
///
/// # Errors
/// There is no such user, or it is being erased; there is no such plan.
pub async fn set_plan(system: &System, id: UserId, plan: &str) -> Result<User, JobsError> {
    let tx = system.db.begin().await?;
    let mut user = quota::lock_user(&tx, id).await?.user;
    if plans::Entity::find_by_id(plan).one(&tx).await?.is_none() {
        return Err(JobsError::refused(
            ErrorCode::InvalidRequest,
            "/plan",
            "there is no such plan",
        ));
    }
    user.plan = plan.to_owned();
    users::Entity::update(user.clone().into_active_model().reset_all())
        .exec(&tx)
        .await?;
    tx.commit().await?;
    tracing::info!(user.id = %id, plan.name = plan, "user's plan changed");
    Ok(told(user))
}

/// The user of that name.
///
/// # Errors
/// There is none.
pub async fn find(system: &System, name: &str) -> Result<User, JobsError> {
    named(system.db.read(), name)
        .await?
        .map(told)
        .ok_or(JobsError::NotFound("user"))
}

async fn named<C: ConnectionTrait>(connection: &C, name: &str) -> Result<Option<users::Model>, JobsError> {
    Ok(users::Entity::find()
        .filter(users::Column::Name.eq(name))
        .one(connection)
        .await?)
}

async fn insert(
    tx: &DatabaseTransaction,
    system: &System,
    name: &str,
    plan: &str,
) -> Result<users::Model, JobsError> {
    let user = users::Model {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        plan: plan.to_owned(),
        job_key_secret: secret::random_bytes::<32>()?.to_vec(),
        created_at: system.clock.now().0,
        erase_requested_at: None,
    };
    users::Entity::insert(user.clone().into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(user)
}
