//! The one user of an embedded installation, and the file with its API key: what the command line and the web page on
//! this machine use. The file is readable by this account only (R10); the database holds the key's hash.

use std::os::unix::fs::PermissionsExt;

use sea_orm::prelude::{Expr, Uuid};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
};
use songwalker_schemas::Timestamp;
use songwalker_schemas::scope::Scope;

use super::LOCAL_USER;
use crate::data_dir::{DataDir, cannot_use};
use crate::db::Db;
use crate::entity::{api_keys, users};
use crate::error::JobsError;
use crate::secret::{self, Secret};

/// The plan of the local user.
const LOCAL_PLAN: &str = "local";
/// The name of the key in the file.
const TOKEN_NAME: &str = "local token";

/// Sees to it that there is a local user, and that the file holds a key of that user which works.
pub(super) async fn ensure(db: &Db, dir: &DataDir, now: Timestamp) -> Result<(), JobsError> {
    let file = dir.token();
    let found = users::Entity::find()
        .filter(users::Column::Name.eq(LOCAL_USER))
        .filter(users::Column::EraseRequestedAt.is_null())
        .one(db.read())
        .await?;
    if let Some(user) = &found
        && is_private(dir)
        && let Ok(token) = Secret::from_file(&file)
        && works(db, user.id, &token, now).await?
    {
        return Ok(());
    }
    let token = secret::token("swk_", 256).map_err(|error| JobsError::Unusable(error.to_string()))?;
    let tx = db.begin().await?;
    let user = match found {
        Some(user) => user.id,
        None => insert(&tx, now).await?,
    };
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
        .filter(api_keys::Column::UserId.eq(user))
        .filter(api_keys::Column::Name.eq(TOKEN_NAME))
        .filter(api_keys::Column::RevokedAt.is_null())
        .exec(&tx)
        .await?;
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    let key = api_keys::Model {
        id: Uuid::now_v7(),
        user_id: user,
        name: TOKEN_NAME.to_owned(),
        hash: secret::hash(token.expose()).to_vec(),
        scopes: scopes.join(" "),
        created_at: now.0,
        expires_at: None,
        revoked_at: None,
    };
    api_keys::Entity::insert(key.into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    // The key is committed first: a file that holds a key which works never holds one that is unknown. Where the
    // process dies in between, the next one makes another key.
    dir.write_private(&file, format!("{}\n", token.expose()).as_bytes())
        .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))
}

/// Whether only this account can read the file; a key that others may have read is replaced.
fn is_private(dir: &DataDir) -> bool {
    std::fs::symlink_metadata(dir.token())
        .is_ok_and(|found| found.is_file() && found.permissions().mode().trailing_zeros() >= 6)
}

async fn works(db: &Db, user: Uuid, token: &Secret, now: Timestamp) -> Result<bool, JobsError> {
    let key = api_keys::Entity::find()
        .filter(api_keys::Column::Hash.eq(secret::hash(token.expose()).to_vec()))
        .filter(api_keys::Column::UserId.eq(user))
        .filter(api_keys::Column::RevokedAt.is_null())
        .one(db.read())
        .await?;
    Ok(key.is_some_and(|key| key.expires_at.is_none_or(|at| at > now.0)))
}

async fn insert(tx: &DatabaseTransaction, now: Timestamp) -> Result<Uuid, JobsError> {
    // An account that is being erased keeps its row until that is done, and gives the name away.
    let id = Uuid::now_v7();
    users::Entity::update_many()
        .col_expr(users::Column::Name, Expr::value(format!("erased {id}")))
        .filter(users::Column::Name.eq(LOCAL_USER))
        .exec(tx)
        .await?;
    let mut job_key_secret = vec![0_u8; 32];
    getrandom::fill(&mut job_key_secret)
        .map_err(|error| JobsError::Unusable(format!("the system gives no random bits: {error}")))?;
    let user = users::Model {
        id,
        name: LOCAL_USER.to_owned(),
        plan: LOCAL_PLAN.to_owned(),
        job_key_secret,
        created_at: now.0,
        erase_requested_at: None,
    };
    users::Entity::insert(user.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(id)
}
