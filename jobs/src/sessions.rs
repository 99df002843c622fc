//! Browsers' sessions: opened with a key, ended by their user, by the key's end, or by time.
//!
//! The cookie is 256 random bits, stored as SHA-256 (R10). Beside it stands the token that a page must send with
//! everything that changes something, so that no other page can. Who a cookie belongs to is found in `access.rs`.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use songwalker_schemas::{Timestamp, UserId};
use subtle::ConstantTimeEq;

use crate::access::{Caller, Credential};
use crate::entity::{api_keys, sessions};
use crate::error::JobsError;
use crate::keys;
use crate::secret::{self, Secret};
use crate::system::System;

/// Random bits of a cookie.
pub(crate) const BITS: usize = 256;
/// Random bits of the token beside it.
const CSRF_BITS: usize = 128;
/// How many sessions of a user stay open; the oldest makes room.
const MOST: u64 = 100;

/// A session that was just opened: the only time that its cookie is told.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What the browser keeps and no script sees.
    pub cookie: Secret,
    /// What the page sends with everything that changes something.
    pub csrf_token: Secret,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Opens a session for whoever shows a key; it lives no longer than the key.
///
/// # Errors
/// The caller shows a session: it would live for ever. The key works no more.
pub async fn create(system: &System, caller: &Caller) -> Result<NewSession, JobsError> {
    let Credential::Key(key) = caller.credential else {
        return Err(JobsError::Unauthenticated);
    };
    let now = system.clock.now();
    let cookie = secret::token("", BITS)?;
    let csrf_token = secret::token("", CSRF_BITS)?;
    let tx = system.db.begin().await?;
    let key = api_keys::Entity::find_by_id(key.0)
        .filter(api_keys::Column::UserId.eq(caller.user_id.0))
        .filter(keys::works(now))
        .lock_exclusive()
        .one(&tx)
        .await?
        .ok_or(JobsError::Unauthenticated)?;
    let by_itself = now.plus(system.config.auth.session.duration());
    let expires_at = key
        .expires_at
        .map_or(by_itself, |end| by_itself.min(Timestamp(end)));
    let session = sessions::Model {
        hash: secret::hash(cookie.expose()).to_vec(),
        user_id: key.user_id,
        key_id: key.id,
        csrf_token: csrf_token.expose().to_owned(),
        created_at: now.0,
        expires_at: expires_at.0,
    };
    sessions::Entity::insert(session.into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    make_room(&tx, caller.user_id, now).await?;
    tx.commit().await?;
    Ok(NewSession {
        cookie,
        csrf_token,
        expires_at,
    })
}

/// Ends a session; one that is not there is fine.
///
/// # Errors
/// The database does not answer.
pub async fn end(system: &System, cookie: &str) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    sessions::Entity::delete_by_id(secret::hash(cookie).to_vec())
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Whether a page sent the token that belongs to its session; takes as long whatever it sent.
#[must_use]
pub fn is_csrf_token(expected: &Secret, sent: &str) -> bool {
    expected.expose().as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Removes what is over, and the oldest beyond the most that may be open.
async fn make_room(tx: &DatabaseTransaction, user: UserId, now: Timestamp) -> Result<(), JobsError> {
    sessions::Entity::delete_many()
        .filter(sessions::Column::UserId.eq(user.0))
        .filter(sessions::Column::ExpiresAt.lte(now.0))
        .exec(tx)
        .await?;
    let oldest: Vec<Vec<u8>> = sessions::Entity::find()
        .select_only()
        .column(sessions::Column::Hash)
        .filter(sessions::Column::UserId.eq(user.0))
        .order_by_desc(sessions::Column::CreatedAt)
        .order_by_desc(sessions::Column::ExpiresAt)
        .offset(MOST)
        .limit(MOST)
        .into_tuple()
        .all(tx)
        .await?;
    if !oldest.is_empty() {
        sessions::Entity::delete_many()
            .filter(sessions::Column::Hash.is_in(oldest))
            .exec(tx)
            .await?;
    }
    Ok(())
}
