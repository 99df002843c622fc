//! API keys: made, listed, revoked.
//!
//! A key is 256 random bits behind `swk_`; the database holds its SHA-256 only, and its secret is told once (R10). A key
//! never has more scopes than the one that made it. What a request with a key may do is decided in `access.rs`.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use songwalker_schemas::limits::{MAX_KEYS, MAX_LABEL_CHARS};
use songwalker_schemas::wire::{CreateKey, Key, NewKey};
use songwalker_schemas::{ErrorCode, Fault, KeyId, Scope, Timestamp, UserId, text};

use crate::config::Span;
use crate::entity::{api_keys, sessions};
use crate::error::JobsError;
use crate::system::System;
use crate::{expiry, quota, secret};

/// What every key starts with.
pub const PREFIX: &str = "swk_";
/// The name of the key that stands in the token file of a machine.
pub(crate) const LOCAL_TOKEN: &str = "local token";
/// The longest life that a key may be given; without one it works until it is revoked.
pub const LONGEST: Span = Span::from_days(3_650);
/// How many keys that work no more stay in a user's list: the youngest.
const ENDED_KEPT: u64 = 100;

/// Makes a key with scopes out of `within`, which are those of whoever asks.
///
/// # Errors
/// Every fault of the request; a scope that is not in `within`; as many keys as may be.
pub async fn create(
    system: &System,
    user: UserId,
    request: CreateKey,
    within: &[Scope],
) -> Result<NewKey, JobsError> {
    let (name, scopes, life) = check(&request)?;
    if let Some(beyond) = scopes.iter().find(|scope| !within.contains(scope)) {
        return Err(JobsError::Forbidden(*beyond));
    }
    let token = secret::token(PREFIX, 256)?;
    let now = system.clock.now();
    let row = api_keys::Model {
        id: Uuid::now_v7(),
        user_id: user.0,
        name,
        hash: secret::hash(token.expose()).to_vec(),
        scopes: written(&scopes),
        created_at: now.0,
        expires_at: life.map(|life| now.plus(life).0),
        revoked_at: None,
    };
    let tx = system.db.begin().await?;
    quota::lock_user(&tx, user).await?;
    let working = api_keys::Entity::find()
        .filter(api_keys::Column::UserId.eq(user.0))
        .filter(works(now))
        .count(&tx)
        .await?;
    if working >= MAX_KEYS && system.config.quotas.enabled {
        return Err(JobsError::Conflict(format!(
            "{working} keys of yours work, at most {MAX_KEYS} may; revoke one first"
        )));
    }
    api_keys::Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    forget_ended(&tx, user, now).await?;
    tx.commit().await?;
    tracing::info!(key.id = %row.id, user.id = %user, "key created");
    Ok(NewKey {
        key: told(row),
        secret: token.expose().to_owned(),
    })
}

/// What a request asks for, or every fault of it.
fn check(request: &CreateKey) -> Result<(String, Vec<Scope>, Option<std::time::Duration>), JobsError> {
    let mut faults = Vec::new();
    let name = text::name(&request.name, MAX_LABEL_CHARS).unwrap_or_else(|refused| {
        faults.extend(Vec::<Fault>::from(refused));
        request.name.clone()
    });
    let mut fault = |pointer: &str, problem: &str| {
        faults.push(Fault {
            pointer: pointer.to_owned(),
            problem: problem.to_owned(),
        });
    };
    if name.is_empty() {
        fault("/name", "empty");
    }
    let mut scopes = request.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        fault("/scopes", "empty");
    } else if request.scopes.len() > Scope::ALL.len() {
        fault("/scopes", "more than there are");
    }
    let life = match request
        .expires_in
        .as_deref()
        .map(|text| expiry::parse(text, LONGEST))
    {
        None => None,
        Some(Ok(life)) => Some(life),
        Some(Err(problem)) => {
            faults.push(problem);
            None
        }
    };
    if faults.is_empty() {
        Ok((name, scopes, life))
    } else {
        Err(JobsError::refused_for(ErrorCode::InvalidRequest, faults))
    }
}

/// The keys of a user, newest first: all that work, and the youngest of those that do no more.
///
/// # Errors
/// The database does not answer.
pub async fn list(system: &System, user: UserId) -> Result<Vec<Key>, JobsError> {
    let rows = api_keys::Entity::find()
        .filter(api_keys::Column::UserId.eq(user.0))
        .order_by_desc(api_keys::Column::CreatedAt)
        .order_by_desc(api_keys::Column::Id)
        .all(system.db.read())
        .await?;
    Ok(rows.into_iter().map(told).collect())
}

/// Whether any key works but that of the machine's own token file: without one, nobody from elsewhere could come in.
///
/// # Errors
/// The database does not answer.
pub async fn any_beside_local(system: &System) -> Result<bool, JobsError> {
    let found = api_keys::Entity::find()
        .filter(works(system.clock.now()))
        .filter(api_keys::Column::Name.ne(LOCAL_TOKEN))
        .one(system.db.read())
        .await?;
    Ok(found.is_some())
}

/// Revokes a key and ends the sessions that it opened; idempotent.
///
/// # Errors
/// There is no such key of this user.
pub async fn revoke(system: &System, user: UserId, key: KeyId) -> Result<Key, JobsError> {
    let tx = system.db.begin().await?;
    let mut row = api_keys::Entity::find_by_id(key.0)
        .filter(api_keys::Column::UserId.eq(user.0))
        .lock_exclusive()
        .one(&tx)
        .await?
        .ok_or(JobsError::NotFound("key"))?;
    if row.revoked_at.is_none() {
        let now = system.clock.now();
        row.revoked_at = Some(now.0);
        api_keys::Entity::update_many()
            .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
            .filter(api_keys::Column::Id.eq(row.id))
            .exec(&tx)
            .await?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::KeyId.eq(row.id))
            .exec(&tx)
            .await?;
        tracing::info!(key.id = %key, user.id = %user, "key revoked");
    }
    tx.commit().await?;
    Ok(told(row))
}

/// The same, whose key it may be.
///
/// # Errors
/// There is no such key.
pub async fn revoke_any(system: &System, key: KeyId) -> Result<Key, JobsError> {
    let row = api_keys::Entity::find_by_id(key.0)
        .one(system.db.read())
        .await?
        .ok_or(JobsError::NotFound("key"))?;
    revoke(system, UserId(row.user_id), key).await
}

/// Revokes every key of a user and ends every session, within the caller's transaction.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn revoke_all(
    tx: &DatabaseTransaction,
    user: UserId,
    now: Timestamp,
) -> Result<(), JobsError> {
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
        .filter(api_keys::Column::UserId.eq(user.0))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    sessions::Entity::delete_many()
        .filter(sessions::Column::UserId.eq(user.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// That a key works at `now`.
pub(crate) fn works(now: Timestamp) -> Condition {
    Condition::all().add(api_keys::Column::RevokedAt.is_null()).add(
        Condition::any()
            .add(api_keys::Column::ExpiresAt.is_null())
            .add(api_keys::Column::ExpiresAt.gt(now.0)),
    )
}

/// Removes what works no more beyond the youngest, so that making and revoking keys fills nothing.
async fn forget_ended(tx: &DatabaseTransaction, user: UserId, now: Timestamp) -> Result<(), JobsError> {
    let old: Vec<Uuid> = api_keys::Entity::find()
        .select_only()
        .column(api_keys::Column::Id)
        .filter(api_keys::Column::UserId.eq(user.0))
        .filter(works(now).not())
        .order_by_desc(api_keys::Column::CreatedAt)
        .order_by_desc(api_keys::Column::Id)
        .offset(ENDED_KEPT)
        .limit(ENDED_KEPT)
        .into_tuple()
        .all(tx)
        .await?;
    if !old.is_empty() {
        api_keys::Entity::delete_many()
            .filter(api_keys::Column::Id.is_in(old))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Scopes as the column holds them: their words, a blank between them.
pub(crate) fn written(scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    words.join(" ")
}

/// The scopes of a column. A word that this program does not know permits nothing.
pub(crate) fn scopes(column: &str) -> Vec<Scope> {
    column.split(' ').filter_map(Scope::from_name).collect()
}

fn told(row: api_keys::Model) -> Key {
    Key {
        id: KeyId(row.id),
        scopes: scopes(&row.scopes),
        name: row.name,
        created_at: Timestamp(row.created_at),
        expires_at: row.expires_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}
