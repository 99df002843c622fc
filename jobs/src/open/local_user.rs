//! The one user of an embedded installation, and the file with its API key: what the command line and the web page on
//! this machine use. The file is readable by this account only (R10); the database holds the key's hash.

use std::os::unix::fs::PermissionsExt;

use sea_orm::prelude::{Expr, Uuid};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect,
};
use songwalker_schemas::scope::Scope;
use songwalker_schemas::{Timestamp, UserId};

use crate::data_dir::{DataDir, cannot_use, write_private};
use crate::entity::{api_keys, sessions};
use crate::error::JobsError;
use crate::secret::{self, Secret};
use crate::system::System;
use crate::{keys, users};

/// The name of the key in the file.
const TOKEN_NAME: &str = keys::LOCAL_TOKEN;

/// Sees to it that there is a local user, and that the file holds a key of that user which works.
pub(super) async fn ensure(system: &System, dir: &DataDir) -> Result<(), JobsError> {
    let user = users::local(system).await?;
    let file = dir.token();
    if is_private(dir)
        && let Ok(token) = Secret::from_file(&file)
        && works(system, user, &token).await?
    {
        return permit_everything(system, &token).await;
    }
    let token = secret::token(keys::PREFIX, 256)?;
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    revoke_earlier(&tx, user, now).await?;
    let key = api_keys::Model {
        id: Uuid::now_v7(),
        user_id: user.0,
        name: TOKEN_NAME.to_owned(),
        hash: secret::hash(token.expose()).to_vec(),
        scopes: keys::written(Scope::ALL),
        created_at: now.0,
        expires_at: None,
        revoked_at: None,
    };
    api_keys::Entity::insert(key.into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    // The key is committed first, so that a file never holds a key that nobody knows. Where the process dies in
    // between, the next one makes another key.
    write_private(&file, format!("{}\n", token.expose()).as_bytes())
        .map_err(|error| JobsError::Unusable(cannot_use(dir.path(), &error)))
}

/// Whether only this account can read the file; a key that others may have read is replaced.
fn is_private(dir: &DataDir) -> bool {
    std::fs::symlink_metadata(dir.token())
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 == 0)
}

async fn works(system: &System, user: UserId, token: &Secret) -> Result<bool, JobsError> {
    let found = api_keys::Entity::find()
        .filter(api_keys::Column::Hash.eq(secret::hash(token.expose()).to_vec()))
        .filter(api_keys::Column::UserId.eq(user.0))
        .filter(keys::works(system.clock.now()))
        .count(system.db.read())
        .await?;
    Ok(found == 1)
}

/// The key in the file may do everything that this program knows; one of an earlier version may know less of it.
async fn permit_everything(system: &System, token: &Secret) -> Result<(), JobsError> {
    let everything = keys::written(Scope::ALL);
    let of_token = api_keys::Column::Hash.eq(secret::hash(token.expose()).to_vec());
    let outdated = api_keys::Entity::find()
        .filter(of_token.clone())
        .filter(api_keys::Column::Scopes.ne(&everything));
    if outdated.count(system.db.read()).await? == 0 {
        return Ok(());
    }
    let tx = system.db.begin().await?;
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::Scopes, Expr::value(everything))
        .filter(of_token)
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// The keys that stood in the file before work no more, and what they opened is closed.
async fn revoke_earlier(tx: &DatabaseTransaction, user: UserId, now: Timestamp) -> Result<(), JobsError> {
    let earlier: Vec<Uuid> = api_keys::Entity::find()
        .select_only()
        .column(api_keys::Column::Id)
        .filter(api_keys::Column::UserId.eq(user.0))
        .filter(api_keys::Column::Name.eq(TOKEN_NAME))
        .filter(api_keys::Column::RevokedAt.is_null())
        .into_tuple()
        .all(tx)
        .await?;
    api_keys::Entity::update_many()
        .col_expr(api_keys::Column::RevokedAt, Expr::value(now.0))
        .filter(api_keys::Column::Id.is_in(earlier.iter().copied()))
        .exec(tx)
        .await?;
    sessions::Entity::delete_many()
        .filter(sessions::Column::KeyId.is_in(earlier))
        .exec(tx)
        .await?;
    Ok(())
}
