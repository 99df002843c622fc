//! Who there is: the user of an embedded installation, and users that an administrator makes.
//!
//! Every user has a secret of 32 random bytes from which job keys are made (R2); it never leaves the database. What a
//! user may do is the keys' affair, how much the plan's.

use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};
use serde::Serialize;
use songwalker_schemas::limits::MAX_LABEL_CHARS;
use songwalker_schemas::{ErrorCode, Fault, Timestamp, UserId, text};

use crate::entity::{plans, users};
use crate::error::JobsError;
use crate::secret;
use crate::system::System;

/// The name of the user of an embedded installation, and of its plan.
pub const LOCAL: &str = "local";

/// A user as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: String,
    /// The plan that limits follow from.
    pub plan: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it asked for everything to be erased.
    pub erase_requested_at: Option<Timestamp>,
}

impl From<users::Model> for User {
    fn from(model: users::Model) -> Self {
        Self {
            id: UserId(model.id),
            name: model.name,
            plan: model.plan,
            created_at: Timestamp(model.created_at),
            erase_requested_at: model.erase_requested_at.map(Timestamp),
        }
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
    Ok(user.into())
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
    Ok(rows.into_iter().map(User::from).collect())
}

/// The user of that name.
///
/// # Errors
/// There is none.
pub async fn find(system: &System, name: &str) -> Result<User, JobsError> {
    named(system.db.read(), name)
        .await?
        .map(User::from)
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
