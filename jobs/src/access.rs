//! Who asks, and what they may do: from the secret that comes with a request to a [`Caller`].
//!
//! One query finds a key or a session by its hash, together with user and plan. Whatever is wrong with a secret, the
//! answer is the same (R10). Making and revoking are the affair of `keys.rs` and `sessions.rs`.

use sea_orm::prelude::Uuid;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationDef, Select,
};
use songwalker_schemas::{KeyId, Scope, UserId};

use crate::entity::{api_keys, plans, sessions, users};
use crate::error::JobsError;
use crate::secret::{self, Secret};
use crate::system::System;
use crate::{keys, sessions as browser};

/// What a caller showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A key, as bearer token.
    Key(KeyId),
    /// A browser's session, as cookie.
    Session,
}

/// Somebody whose secret holds. Its `Debug` shows ids only.
#[derive(Clone, PartialEq)]
pub struct Caller {
    /// Who it is.
    pub user_id: UserId,
    /// The user's name.
    pub name: String,
    /// The plan that limits follow from.
    pub plan: plans::Model,
    /// What the key, or the key that opened the session, may do.
    pub scopes: Vec<Scope>,
    /// What was shown.
    pub credential: Credential,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller")
            .field("user_id", &self.user_id)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// Whether the caller may do what needs `scope`.
    ///
    /// # Errors
    /// [`JobsError::Forbidden`].
    pub fn needs(&self, scope: Scope) -> Result<(), JobsError> {
        if self.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(JobsError::Forbidden(scope))
        }
    }
}

/// The caller that shows this bearer token.
///
/// # Errors
/// [`JobsError::Unauthenticated`]: malformed, unknown, revoked, expired, or of an account that is being erased.
pub async fn by_bearer(system: &System, token: &str) -> Result<Caller, JobsError> {
    if !secret::is_of_form(token, keys::PREFIX, 256) {
        return Err(JobsError::Unauthenticated);
    }
    let holder = of_token(system, token)
        .into_model::<Holder>()
        .one(system.db.read())
        .await?
        .ok_or(JobsError::Unauthenticated)?;
    let credential = Credential::Key(KeyId(holder.key_id));
    Ok(holder.into_caller(credential))
}

/// The caller that shows this cookie, and the token that everything which changes something must carry beside it.
///
/// # Errors
/// [`JobsError::Unauthenticated`]: malformed, unknown, ended, expired; or its key is revoked or expired.
pub async fn by_session(system: &System, cookie: &str) -> Result<(Caller, Secret), JobsError> {
    if !secret::is_of_form(cookie, "", browser::BITS) {
        return Err(JobsError::Unauthenticated);
    }
    let session = of_cookie(system, cookie)
        .into_model::<SessionHolder>()
        .one(system.db.read())
        .await?
        .ok_or(JobsError::Unauthenticated)?;
    let csrf_token = Secret::new(session.csrf_token);
    Ok((session.holder.into_caller(Credential::Session), csrf_token))
}

/// The key of a bearer token, if it works.
fn of_token(system: &System, token: &str) -> Select<plans::Entity> {
    holders(system).filter(api_keys::Column::Hash.eq(secret::hash(token).to_vec()))
}

/// The key that opened the session of a cookie, if both work.
fn of_cookie(system: &System, cookie: &str) -> Select<plans::Entity> {
    let of_key: RelationDef = api_keys::Entity::belongs_to(sessions::Entity)
        .from(api_keys::Column::Id)
        .to(sessions::Column::KeyId)
        .into();
    holders(system)
        .join(JoinType::InnerJoin, of_key)
        .column_as(sessions::Column::CsrfToken, "csrf_token")
        .filter(sessions::Column::Hash.eq(secret::hash(cookie).to_vec()))
        .filter(sessions::Column::ExpiresAt.gt(system.clock.now().0))
}

/// Every key that works, with its user and the user's plan.
fn holders(system: &System) -> Select<plans::Entity> {
    let of_plan: RelationDef = plans::Entity::belongs_to(users::Entity)
        .from(plans::Column::Name)
        .to(users::Column::Plan)
        .into();
    let of_user: RelationDef = users::Entity::belongs_to(api_keys::Entity)
        .from(users::Column::Id)
        .to(api_keys::Column::UserId)
        .into();
    plans::Entity::find()
        .join(JoinType::InnerJoin, of_plan)
        .join(JoinType::InnerJoin, of_user)
        .column_as(users::Column::Id, "user_id")
        .column_as(users::Column::Name, "user_name")
        .column_as(api_keys::Column::Id, "key_id")
        .column_as(api_keys::Column::Scopes, "scopes")
        .filter(users::Column::EraseRequestedAt.is_null())
        .filter(keys::works(system.clock.now()))
}

/// A key's row of the join.
#[derive(FromQueryResult)]
struct Holder {
    #[sea_orm(nested)]
    plan: plans::Model,
    user_id: Uuid,
    user_name: String,
    key_id: Uuid,
    scopes: String,
}

/// The same through a session.
#[derive(FromQueryResult)]
struct SessionHolder {
    #[sea_orm(nested)]
    holder: Holder,
    csrf_token: String,
}

impl Holder {
    fn into_caller(self, credential: Credential) -> Caller {
        Caller {
            user_id: UserId(self.user_id),
            name: self.user_name,
            plan: self.plan,
            scopes: keys::scopes(&self.scopes),
            credential,
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, QueryTrait, Statement};

    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn secrets_are_found_by_the_indexes_of_their_hashes_and_no_table_is_read_through() {
        let system = testing::system().await;
        for query in [of_token(&system, "token"), of_cookie(&system, "cookie")] {
            let query = query.build(DbBackend::Sqlite);
            let explained = Statement {
                sql: format!("EXPLAIN QUERY PLAN {}", query.sql),
                ..query
            };
            let steps: Vec<String> = system
                .db
                .read()
                .query_all_raw(explained)
                .await
                .unwrap()
                .iter()
                .map(|step| step.try_get("", "detail").unwrap())
                .collect();
            assert!(steps[0].contains("(hash=?)"), "{steps:?}");
            assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
        }
    }
}
